"""The worker processes: started, watched, fed with jobs, stopped, and replaced when they die."""

import contextlib
import itertools
import json
import logging
import math
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import zmq
from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError, quoted

from zograscope_server.settings import ServerSettings
from zograscope_server.worker.settings import WorkerSettings

logger = logging.getLogger(__name__)

# Seconds. A task should look for a cancel every second; a worker that does not is killed.
CANCEL_GRACE = 4.0
STOP_GRACE = 3.0
MEMORY_INTERVAL = 0.25
LONGEST_RESTART_PAUSE = 30.0
# Messages that are taken from workers at a turn, so that clients get theirs.
MESSAGES_AT_A_TURN = 64
_MOST_WORDS = 300
_MOST_MODELS = 32
# What workers say, and the fields that are text in it.
_NEWS: dict[str, tuple[str, ...]] = {
    "state": ("state", "device"),
    "progress": ("job", "stage", "detail"),
    "preview": ("job",),
    "part": ("job",),
    "checkpoint": ("job",),
    "paused": ("job",),
    "done": ("job",),
    "cancelled": ("job",),
    "failed": ("job", "code"),
}
_COUNTS: dict[str, tuple[str, ...]] = {"part": ("number", "bytes"), "checkpoint": ("bytes",)}
_DESCRIPTION = ("name", "dtype", "shape", "bytes")
_MOST_PREVIEW_HEADER = 4096
_ENDS = ("done", "failed", "cancelled", "paused")


@dataclass(frozen=True)
class WorkerLost:
    """A worker is gone that had a job: which job, and the error that says why."""

    job: str
    error: ZograscopeError


@dataclass
class Worker:
    """One worker as the broker sees it."""

    number: int
    device: str
    generation: int = 0
    process: subprocess.Popen | None = None
    state: str = "starting"
    models: list[str] = field(default_factory=list)
    memory: int = 0
    job: str | None = None
    cancel_deadline: float | None = None
    kill_reason: ZograscopeError | None = None
    restart_at: float = 0.0
    failed_starts: int = 0
    secret: str = ""

    @property
    def identity(self) -> str:
        """Its address; a process that takes another's place gets a new one.

        It is told to the process only, so that nobody else speaks in its name.
        """
        return f"worker-{self.number}-{self.generation}-{self.secret}"

    def to_status(self) -> dict[str, Any]:
        """Return what the status message says of it."""
        return {
            "device": self.device,
            "state": self.state,
            "pid": None if self.process is None else self.process.pid,
            "job": self.job,
            "memory": self.memory,
            "models": self.models,
        }


class WorkerPool:
    """The workers of one broker, one for each device."""

    def __init__(
        self, socket: zmq.Socket, endpoint: str, keys: dict[str, str], settings: ServerSettings
    ) -> None:
        """`socket` is a ROUTER bound to `endpoint`; `keys` are a worker's CURVE keys, if any."""
        self.socket = socket
        self.workers = [Worker(number, device) for number, device in enumerate(settings.devices)]
        self._endpoint = endpoint
        self._keys = keys
        self._settings = settings
        self._next_memory_look = 0.0

    def start(self) -> None:
        """Start all workers."""
        for worker in self.workers:
            self._spawn(worker)

    def idle_worker(self) -> Worker | None:
        """Return a worker that waits for a job, or None."""
        for worker in self.workers:
            if worker.state == "idle" and worker.job is None and worker.kill_reason is None:
                return worker
        return None

    def run(self, worker: Worker, job: str, request: dict[str, Any]) -> None:
        """Give the idle worker a job: `request` is the message that describes it.

        Raises ValueError for one that is too long.
        """
        self._send(worker, {"type": "run", "job": job, **request})
        worker.job = job

    def cancel(self, job: str) -> None:
        """Ask the worker that runs the job to stop, and see to it that it does."""
        for worker in self.workers:
            if worker.job == job and worker.cancel_deadline is None:
                worker.cancel_deadline = time.monotonic() + CANCEL_GRACE
                self._send(worker, {"type": "cancel", "job": job})

    def pause(self, job: str) -> None:
        """Ask the worker that runs the job to save how far it is and let go of it."""
        for worker in self.workers:
            if worker.job == job:
                self._send(worker, {"type": "pause", "job": job})

    def replace(self, worker: Worker, reason: ZograscopeError) -> None:
        """Kill the worker; `watch` will report the loss with that reason and start another."""
        worker.kill_reason = reason
        if worker.process is not None:
            worker.process.kill()

    def receive(
        self, most: int | None = MESSAGES_AT_A_TURN
    ) -> Iterator[tuple[Worker, dict[str, Any], memoryview | None]]:
        """Yield messages that have come, having noted what they say about the workers.

        Args:
            most: of messages; None for all that are there.

        What is no worker's, or no message of one, is noted in the log and forgotten.
        """
        for _ in itertools.count() if most is None else range(most):
            try:
                identity, *frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            worker = self._worker_of(identity)
            if worker is None:
                continue
            try:
                header, buffer = _news(frames, worker)
            except ZograscopeError as error:
                logger.error("worker %d says what it cannot: %s", worker.number, error.details)
                continue
            match header["type"]:
                case "state":
                    worker.state = header["state"]
                    worker.device = header["device"]
                    worker.models = header["models"]
                    worker.failed_starts = 0
                case kind if kind in _ENDS:
                    worker.job = None
                    worker.cancel_deadline = None
            yield worker, header, buffer

    def any_ended(self) -> bool:
        """Whether a worker's process has ended that `watch` has not told of."""
        return any(
            worker.process is not None and worker.process.poll() is not None
            for worker in self.workers
        )

    def watch(self) -> list[WorkerLost]:
        """Look after the processes; call it several times a second. Return the losses."""
        now = time.monotonic()
        if now >= self._next_memory_look:
            self._next_memory_look = now + MEMORY_INTERVAL
            for worker in self.workers:
                self._look_at_memory(worker)
        losses = []
        for worker in self.workers:
            if worker.cancel_deadline is not None and now > worker.cancel_deadline:
                worker.cancel_deadline = None
                self.replace(worker, ZograscopeError("job-cancelled"))
            if worker.process is None:
                if now >= worker.restart_at:
                    self._spawn(worker)
            elif worker.process.poll() is not None:
                losses += self._bury(worker)
        return losses

    def stop(self) -> None:
        """Stop all workers: those that do not leave by themselves are killed."""
        processes = [worker.process for worker in self.workers if worker.process is not None]
        for process in processes:
            _let_go(process)
        for process in processes:
            try:
                process.wait(STOP_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.socket.close(linger=0)

    def _spawn(self, worker: Worker) -> None:
        worker.generation += 1
        worker.secret = secrets.token_hex(16)
        worker.state = "starting"
        settings = WorkerSettings(
            endpoint=self._endpoint,
            identity=worker.identity,
            device=self._settings.devices[worker.number],
            server=self._settings,
            **self._keys,
        )
        try:
            # With -P: no file of the folder that the server was started in is taken for a module.
            worker.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "zograscope_server.worker"],
                stdin=subprocess.PIPE,
                env=os.environ | _thread_bounds(self._settings.threads),
            )
        except OSError:
            # No process or file is to be had now; a later try may find one.
            logger.exception("worker %d cannot be started", worker.number)
            self._pause_before_restart(worker)
            return
        assert worker.process.stdin is not None
        # A process that ended at once is found by `watch`.
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.write(settings.to_line())
            worker.process.stdin.flush()

    def _pause_before_restart(self, worker: Worker) -> None:
        worker.failed_starts += 1
        pause = min(2.0**worker.failed_starts - 1, LONGEST_RESTART_PAUSE)
        worker.restart_at = time.monotonic() + pause

    def _bury(self, worker: Worker) -> list[WorkerLost]:
        """Note that the worker's process has ended, and when to start another."""
        assert worker.process is not None
        status = worker.process.returncode
        logger.warning("worker %d (%s) ended with %d", worker.number, worker.device, status)
        _let_go(worker.process)
        worker.process = None
        worker.models = []
        worker.memory = 0
        losses = []
        worker.restart_at = 0.0
        if worker.state == "starting":
            self._pause_before_restart(worker)
        if worker.job is not None:
            reason = worker.kill_reason or ZograscopeError(
                "worker-died", details=f"the process ended with status {status}"
            )
            if worker.cancel_deadline is not None:
                reason = ZograscopeError("job-cancelled")
            losses.append(WorkerLost(worker.job, reason))
        worker.state = "starting"
        worker.job = None
        worker.kill_reason = None
        worker.cancel_deadline = None
        return losses

    def _look_at_memory(self, worker: Worker) -> None:
        if worker.process is None:
            return
        try:
            memory = psutil.Process(worker.process.pid).memory_info()
        except (psutil.Error, OSError):
            return
        # Files that are mapped are no burden: the system lets go of them when it needs the room.
        worker.memory = memory.rss - getattr(memory, "shared", 0)
        limit = self._settings.memory_limit
        if limit is not None and worker.memory > limit and worker.kill_reason is None:
            details = f"the worker used {worker.memory} bytes, its limit is {limit}"
            self.replace(worker, ZograscopeError("out-of-memory", details=details))

    def _worker_of(self, identity: bytes) -> Worker | None:
        for worker in self.workers:
            if secrets.compare_digest(worker.identity.encode(), identity):
                return worker
        return None

    def _send(self, worker: Worker, header: dict[str, Any]) -> None:
        self.socket.send_multipart([worker.identity.encode(), *wire.encode(header)])


def _news(frames: list[bytes], worker: Worker) -> tuple[dict[str, Any], memoryview | None]:
    """Return a worker's message, checked. Raises ZograscopeError `bad-message`."""
    header, buffer = wire.decode(frames)
    kind = header["type"]
    if kind not in _NEWS:
        raise ZograscopeError("bad-message", f"unknown type {quoted(kind)}")
    for name in _NEWS[kind]:
        if not isinstance(header.get(name), str):
            raise ZograscopeError("bad-message", f"{kind}: {name} is {quoted(header.get(name))}")
        header[name] = header[name][:_MOST_WORDS]
    for name in _COUNTS.get(kind, ()):
        if type(header.get(name)) is not int or header[name] < 0:
            raise ZograscopeError("bad-message", f"{kind}: {name} is {quoted(header.get(name))}")
    if "job" in _NEWS[kind] and header["job"] != worker.job:
        raise ZograscopeError("bad-message", f"{kind} of a job that it does not have")
    match kind:
        case "state":
            models = header.get("models")
            models = models[:_MOST_MODELS] if isinstance(models, list) else []
            header["models"] = [str(model)[:_MOST_WORDS] for model in models]
        case "progress":
            header["fraction"] = _fraction(header.get("fraction"))
        case "preview":
            wire.check_descriptions([{key: header.get(key) for key in _DESCRIPTION}])
            if buffer is None or len(json.dumps(header)) > _MOST_PREVIEW_HEADER:
                raise ZograscopeError("bad-message", "a preview that is none")
    return header, buffer


def _fraction(fraction: object) -> float | None:
    if not isinstance(fraction, int | float) or not math.isfinite(fraction):
        return None
    return min(max(float(fraction), 0.0), 1.0)


def _let_go(process: subprocess.Popen) -> None:
    """Close the process's standard input, which is how a worker knows that it must leave."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _thread_bounds(threads: int) -> dict[str, str]:
    """Return the environment that keeps the number libraries to so many threads."""
    names = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
    )
    return dict.fromkeys(names, str(threads))
