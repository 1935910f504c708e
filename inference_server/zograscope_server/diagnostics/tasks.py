"""Tasks that compute nothing, to measure and test the way there and back."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from zograscope_server.tasks import TaskContext, TaskResult, task

LONGEST_PAUSE = 0.1


@task("null", version=1, cacheable=False)
def null(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Reply with zeros of `reply_shape` and `reply_dtype`, or with the inputs as they came."""
    if "reply_shape" not in parameters:
        return TaskResult(dict(inputs))
    reply = np.zeros(parameters["reply_shape"], parameters.get("reply_dtype", "<f4"))
    return TaskResult({"reply": reply})


@task("sleep", version=1, cacheable=True)
def sleep(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Sleep for `seconds` in `steps` steps, reporting each, and reply with the steps' numbers.

    Holds `megabytes` of memory meanwhile.
    """
    seconds = float(parameters.get("seconds", 1.0))
    steps = int(parameters.get("steps", 10))
    ballast = np.ones(int(parameters.get("megabytes", 0)) << 20, np.uint8)
    for step in range(steps):
        context.progress(step / steps, f"Sleeping, step {step + 1} of {steps}")
        end = time.monotonic() + seconds / steps
        while (left := end - time.monotonic()) > 0:
            context.check_cancelled()
            time.sleep(min(left, LONGEST_PAUSE))
    return TaskResult({"steps": np.arange(steps, dtype=np.int32)}, {"ballast": ballast.nbytes})
