"""The tasks `null`, `sleep` and `count`."""

import time
from collections.abc import Mapping

import numpy as np
from zograscope_protocol.diagnostics import CountOptions, NullOptions, SleepOptions

from zograscope_server.tasks import TaskContext, TaskResult, task

LONGEST_PAUSE = 0.1
COUNT_FILE = "count.npy"


@task(NullOptions, version=1, cacheable=False)
def null(
    inputs: Mapping[str, np.ndarray], options: NullOptions, context: TaskContext
) -> TaskResult:
    """Reply with zeros of `reply_shape` and `reply_dtype`, or with the inputs as they came."""
    if options.reply_shape is None:
        return TaskResult(dict(inputs))
    zeros = np.zeros(options.reply_shape, options.reply_dtype)
    numbers = range(1, options.reply_arrays)
    arrays = {"reply": zeros} | {f"reply.{number}": zeros for number in numbers}
    filling = "x" * options.reply_metadata_bytes
    return TaskResult(arrays, {"filling": filling} if filling else {})


@task(SleepOptions, version=1, cacheable=True)
def sleep(
    inputs: Mapping[str, np.ndarray], options: SleepOptions, context: TaskContext
) -> TaskResult:
    """Sleep in steps, reporting each, and reply with the steps' numbers."""
    ballast = np.ones(options.megabytes << 20, np.uint8)
    for step in range(options.steps):
        context.progress(step / options.steps, "Sleeping", f"step {step + 1} of {options.steps}")
        _sleep(options.seconds / options.steps, context)
    steps = np.arange(options.steps, dtype=np.int32)
    return TaskResult({"steps": steps}, {"ballast": ballast.nbytes})


@task(CountOptions, version=1, cacheable=True, pausable=True)
def count(
    inputs: Mapping[str, np.ndarray], options: CountOptions, context: TaskContext
) -> TaskResult:
    """Emit the sums 0, 0 + 1, 0 + 1 + 2, ... as parts, and reply with the last.

    The sum is what its checkpoints hold: a task that lost it could not go on.
    """
    first, total = 0, 0
    if context.latest_checkpoint is not None:
        first, total = map(int, np.load(context.latest_checkpoint / COUNT_FILE))
    for number in range(first, options.parts):
        due = options.checkpoint_every and number % options.checkpoint_every == 0
        if due or context.pause_asked.is_set():
            with context.checkpoint() as folder:
                np.save(folder / COUNT_FILE, [number, total])
            context.pause_if_asked()
        context.progress(number / options.parts, "Counting", f"{number} of {options.parts}")
        total += number
        data = np.full(options.part_bytes // 8, total, np.int64)
        context.emit(number, {"data": data}, {"sum": total})
        _sleep(options.seconds, context)
    return TaskResult({"sum": np.array(total)})


def _sleep(seconds: float, context: TaskContext) -> None:
    """Sleep, but no longer than the job is wanted; raises Cancelled."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        context.check_cancelled()
        time.sleep(min(left, LONGEST_PAUSE))
