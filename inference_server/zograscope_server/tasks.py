"""What a task is: a named function over arrays that a worker runs and a client waits for.

The broker imports the modules listed in `TASK_MODULES` to know which tasks there are, so they must
import fast: torch, OpenCV, SciPy and the like are imported inside the functions that need them.
"""

import importlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.models.cache import ModelCache
from zograscope_server.models.catalogue import find_model

TASK_MODULES = (
    "zograscope_server.diagnostics",
    "zograscope_server.depth.jobs",
    "zograscope_server.models.jobs",
    "zograscope_server.mosaic.jobs",
)


class Cancelled(Exception):  # noqa: N818 - it is how a task stops when asked, not an error
    """The job was cancelled: the task unwinds and the worker says so."""


@dataclass
class TaskResult:
    """What a task gives back: arrays by name (any dtype but object) and a JSON object."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


def _no_progress(fraction: float | None, stage: str) -> None:
    pass


def _no_preview(array: np.ndarray) -> None:
    pass


def _no_models(name: str) -> Any:
    raise LookupError(f"this context has no model loader, so it cannot load {name!r}")


def _cpu() -> str:
    return "cpu"


@dataclass
class TaskContext:
    """What a running task may ask of the worker around it.

    Without arguments it is a context for notebooks and tests: nothing listens and there are no
    models.
    """

    models: ModelCache = field(default_factory=lambda: ModelCache(_no_models))
    models_folder: Path = Path()
    cache_folder: Path = Path()
    collection_folders: list[str] | None = None
    choose_device: Callable[[], str] = _cpu
    on_progress: Callable[[float | None, str], None] = _no_progress
    on_preview: Callable[[np.ndarray], None] = _no_preview
    cancel_asked: threading.Event = field(default_factory=threading.Event)

    def load_model(self, name: str, task: str) -> Any:
        """Return a model for a task of the catalogue ("depth", "embedding"), `default` included.

        Raises ZograscopeError `unknown-model`, `model-of-another-task`, `model-not-installed` or
        `model-file-wrong`.
        """
        return self.models.load(find_model(name, self.models_folder, task).name)

    def check_may_read(self, path: Path) -> None:
        """Raise ZograscopeError `folder-not-shared` for a path that clients may not name."""
        if self.collection_folders is None:
            return
        path = path.resolve()
        if not any(path.is_relative_to(folder) for folder in self.collection_folders):
            raise ZograscopeError("folder-not-shared", path=str(path))

    @property
    def device(self) -> str:
        """The torch device to compute on; asking may import torch to find out."""
        return self.choose_device()

    def progress(self, fraction: float | None, stage: str) -> None:
        """Say how far the job is: fraction in [0, 1] or None, and a short phrase for the artist.

        Raises Cancelled when the job was cancelled.
        """
        self.check_cancelled()
        self.on_progress(fraction, stage)

    def preview(self, array: np.ndarray) -> None:
        """Show a first impression of the result (at most 1 MiB). Raises Cancelled."""
        self.check_cancelled()
        self.on_preview(array)

    def check_cancelled(self) -> None:
        """Raise Cancelled when the job was cancelled; call it at least once a second."""
        if self.cancel_asked.is_set():
            raise Cancelled


TaskFunction = Callable[[Mapping[str, np.ndarray], Mapping[str, Any], TaskContext], TaskResult]
Revision = Callable[[Mapping[str, Any], Path], str]


def _no_revision(parameters: Mapping[str, Any], models_folder: Path) -> str:
    return ""


@dataclass(frozen=True)
class Task:
    """A task function with what the broker must know about it."""

    name: str
    version: int
    cacheable: bool
    function: TaskFunction
    revision: Revision


_registry: dict[str, Task] = {}


def task(
    name: str, *, version: int, cacheable: bool, revision: Revision = _no_revision
) -> Callable[[TaskFunction], TaskFunction]:
    """Declare a function as the task `name`.

    A cacheable task gives the same answer to the same question: same version, inputs, parameters
    and `revision(parameters, models_folder)`, which names the exact model that would answer. The
    broker calls `revision`, so it must be quick and import nothing heavy.
    """

    def declare(function: TaskFunction) -> TaskFunction:
        if name in _registry:
            raise ValueError(f"the task {name!r} is declared twice")
        _registry[name] = Task(name, version, cacheable, function, revision)
        return function

    return declare


def load_tasks() -> Mapping[str, Task]:
    """Import the modules that declare tasks and return all tasks by name."""
    for module in TASK_MODULES:
        importlib.import_module(module)
    return _registry
