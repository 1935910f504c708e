"""Runs jobs: maps their inputs, calls the task, writes the result, and says how it went."""

import logging
import queue
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import MOST_CHUNK_BYTES, byte_view, describe_array

from zograscope_server.models.cache import ModelCache
from zograscope_server.progress import OnProgress
from zograscope_server.result_file import write_result
from zograscope_server.tasks import Cancelled, Paused, TaskContext, load_tasks
from zograscope_server.worker.broker_link import BrokerLink
from zograscope_server.worker.settings import WorkerSettings
from zograscope_server.worker.spooled_files import SpooledFiles

logger = logging.getLogger(__name__)

# How often an idle worker looks for models to let go.
UNLOAD_INTERVAL = 5.0
# Characters of a stage, and of how far within it.
MOST_WORDS = 300


class Worker:
    """One device with its loaded models.

    It reports what it is doing in words: "idle", "busy", "loading torch", "loading model NAME".
    """

    def __init__(self, settings: WorkerSettings, link: BrokerLink) -> None:
        self._link = link
        self._device = settings.device
        self._settings = settings.server
        self._models = ModelCache(
            self._load_model, settings.server.idle_seconds, self._report_state
        )
        self._tasks = load_tasks()

    def run(self) -> NoReturn:
        """Run jobs for as long as the broker lives."""
        self._report_state("idle")
        while True:
            try:
                request = self._link.jobs.get(timeout=UNLOAD_INTERVAL)
            except queue.Empty:
                if self._models.unload_idle():
                    self._report_state("idle")
                continue
            self._report_state("busy")
            self._link.send(self._run_job(request))
            self._report_state("idle")

    def _run_job(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run one job and return the message that tells its end."""
        job = request["job"]
        try:
            inputs = {array["name"]: _map_input(array) for array in request["inputs"]}
            task = self._tasks[request["task"]]
            options = task.options.read(request["parameters"])
            files = SpooledFiles(request, lambda news: self._link.send({**news, "job": job}))
            result = task.function(inputs, options, self._context(request, files))
            durable = files.durable
            if durable:
                files.sync_parts()
            write_result(
                Path(request["result"]),
                Path(request["temporary"]),
                result.arrays,
                result.metadata,
                files.parts,
                durable=durable,
            )
        except Cancelled:
            return {"type": "cancelled", "job": job}
        except Paused:
            return {"type": "paused", "job": job}
        except ZograscopeError as error:
            return {"type": "failed", "job": job, **error.to_header()}
        except Exception as error:
            logger.exception("job %s failed", job)
            code = "out-of-memory" if _is_out_of_memory(error) else "internal"
            failure = ZograscopeError(code, details=traceback.format_exc())
            return {"type": "failed", "job": job, **failure.to_header()}
        return {"type": "done", "job": job}

    def _context(self, request: dict[str, Any], files: SpooledFiles) -> TaskContext:
        job = request["job"]
        return TaskContext(
            guest=request["owner"],
            settings=self._settings,
            models=self._models,
            choose_device=self._choose_device,
            on_progress=self._progress_reporter(job),
            on_preview=lambda array: self._send_preview(job, array),
            cancel_asked=self._link.cancel_asked,
            pause_asked=self._link.pause_asked,
            files=files,
        )

    def _progress_reporter(self, job: str) -> OnProgress:
        """Return a function that reports progress; the link sends as much as an eye can follow."""

        def report(fraction: float | None, stage: str, detail: str = "") -> None:
            self._link.send_latest(
                {
                    "type": "progress",
                    "job": job,
                    "fraction": fraction,
                    "stage": stage[:MOST_WORDS],
                    "detail": detail[:MOST_WORDS],
                }
            )

        return report

    def _send_preview(self, job: str, array: np.ndarray) -> None:
        array = np.ascontiguousarray(array)
        if array.nbytes > MOST_CHUNK_BYTES:
            raise ValueError(f"a preview of {array.nbytes} bytes is too large to send")
        header = {"type": "preview", "job": job, **describe_array("preview", array)}
        self._link.send_latest(header, byte_view(array.copy()))

    def _report_state(self, state: str) -> None:
        self._link.send(
            {
                "type": "state",
                "state": state,
                "device": self._device,
                "models": self._models.names,
            }
        )

    def _choose_device(self) -> str:
        if self._device == "auto":
            self._import_torch()
            from zograscope_server.models.loading import best_device

            self._device = best_device()
        return self._device

    def _load_model(self, name: str) -> Any:
        self._import_torch()
        from zograscope_server.models.loading import load_model

        self._report_state(f"loading model {name}")
        return load_model(name, self._settings.models_folder, self._choose_device())

    def _import_torch(self) -> None:
        if "torch" not in sys.modules:
            self._report_state("loading torch")
            import torch  # noqa: F401

            self._report_state("busy")


def _map_input(array: dict[str, Any]) -> np.ndarray:
    """Return an input as a read-only array over its file in the spool."""
    shape = tuple(array["shape"])
    if not array["bytes"]:
        return np.empty(shape, array["dtype"])
    return np.memmap(array["path"], array["dtype"], "r", shape=shape).view(np.ndarray)


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    # torch on the CPU and OpenCV have no exception of their own for it.
    return "can't allocate memory" in str(error) or "Insufficient memory" in str(error)
