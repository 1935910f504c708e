"""What a task is: a named function over arrays that a worker runs and a client waits for.

    @task(PosterOptions, version=1, cacheable=False)
    def mosaic_poster(inputs, options, context) -> TaskResult: ...

Tasks are declared in the modules `tasks` of the capabilities. A task whose result grows emits parts
(`TaskContext.emit`); one that runs for long makes checkpoints and lets itself be paused.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.options import Options, refusal

from zograscope_server import capabilities
from zograscope_server.errors import ServerError
from zograscope_server.models.cache import ModelCache
from zograscope_server.models.catalogue import find_model
from zograscope_server.progress import OnProgress, no_progress
from zograscope_server.settings import ServerSettings


class Cancelled(Exception):  # noqa: N818 - it is how a task stops when asked, not an error
    """The job was cancelled: the task unwinds and the worker says so."""


class Paused(Exception):  # noqa: N818
    """The job was paused after its latest checkpoint: the task unwinds and the worker says so."""


@dataclass
class TaskResult:
    """What a task gives back: arrays by name (any dtype but object) and a JSON object."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


class JobFiles(Protocol):
    """Where a running task's parts and checkpoints go; the worker keeps them in the spool."""

    parts: int
    """How many parts there are."""

    def add_part(self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
        """Keep the next part."""

    def latest_checkpoint(self) -> Path | None:
        """Return the folder of the latest whole checkpoint."""

    def begin_checkpoint(self) -> Path:
        """Return an empty folder to fill."""

    def finish_checkpoint(self) -> None:
        """Put what was filled in the place of the checkpoint before it."""


def _no_preview(array: np.ndarray) -> None:
    pass


def _no_models(name: str) -> Any:
    raise LookupError(f"this context has no model loader, so it cannot load {name!r}")


def _cpu() -> str:
    return "cpu"


@dataclass
class TaskContext:
    """What a running task may ask of the worker around it.

    Without arguments it is a context for notebooks and tests: nothing listens, there are no models,
    and parts are kept nowhere.

    Attributes:
        guest: the key of the client whose job it is; empty for the server's own user.
    """

    settings: ServerSettings = field(default_factory=ServerSettings)
    models: ModelCache = field(default_factory=lambda: ModelCache(_no_models))
    choose_device: Callable[[], str] = _cpu
    on_progress: OnProgress = no_progress
    on_preview: Callable[[np.ndarray], None] = _no_preview
    cancel_asked: threading.Event = field(default_factory=threading.Event)
    pause_asked: threading.Event = field(default_factory=threading.Event)
    files: JobFiles | None = None
    guest: str = ""

    def load_model(self, name: str, purpose: str) -> Any:
        """Return a model for a purpose ("depth", "embedding"), `default` included.

        Raises ZograscopeError `unknown-model`, `model-of-another-task`, `model-not-installed`
        or `model-file-wrong`.
        """
        return self.models.load(find_model(name, self.settings.models_folder, purpose).name)

    def check_may_read(self, path: Path) -> None:
        """Raise ZograscopeError `folder-not-shared` for a path that clients may not name."""
        folders = self.settings.shared_folders
        if folders is None:
            return
        try:
            resolved = path.resolve()
        except (OSError, ValueError) as error:  # links in a circle, no possible name
            raise ServerError("folder-not-shared", path=str(path)) from error
        if not any(resolved.is_relative_to(folder) for folder in folders):
            raise ServerError("folder-not-shared", path=str(path))

    @property
    def device(self) -> str:
        """The torch device to compute on; asking may import torch to find out."""
        return self.choose_device()

    def progress(self, fraction: float | None, stage: str, detail: str = "") -> None:
        """Say how far the job is (see `OnProgress`). Raises Cancelled when it was cancelled."""
        self.check_cancelled()
        self.on_progress(fraction, stage, detail)

    def preview(self, array: np.ndarray) -> None:
        """Show a first impression of the result (at most 1 MiB). Raises Cancelled.

        A picture: (height, width) or (height, width, 3), uint8, or float from 0 to 1.
        """
        self.check_cancelled()
        self.on_preview(array)

    def check_cancelled(self) -> None:
        """Raise Cancelled when the job was cancelled; call it at least once a second."""
        if self.cancel_asked.is_set():
            raise Cancelled

    # Parts

    @property
    def parts(self) -> int:
        """How many parts there are: of earlier attempts at first, which are not made again."""
        return 0 if self.files is None else self.files.parts

    def emit(
        self,
        number: int,
        arrays: Mapping[str, np.ndarray],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the part of that number to the result; clients get it while the job goes on.

        A part that is there already is left as it is, so that a task may simply begin anew.

        Raises:
            Cancelled: the job was cancelled.
            ValueError: the part before it is missing.
            ZograscopeError: `spool-full`, `result-indescribable`.
        """
        self.check_cancelled()
        if self.files is None or number < self.files.parts:
            return
        if number > self.files.parts:
            raise ValueError(f"part {number} comes before part {self.files.parts}")
        self.files.add_part(arrays, metadata or {})

    # Checkpoints, for tasks that were declared with `pausable`

    @property
    def latest_checkpoint(self) -> Path | None:
        """The folder of the latest checkpoint, to go on from; None where there is none."""
        return None if self.files is None else self.files.latest_checkpoint()

    @contextmanager
    def checkpoint(self) -> Iterator[Path]:
        """Fill an empty folder with what it takes to go on from here.

        It takes the place of the checkpoint before it as the block ends, on the disk for good: from
        then on neither a killed worker nor a power cut costs what was done until now, the parts
        included. Raises ZograscopeError `spool-full`.
        """
        if self.files is None:
            raise LookupError("this context keeps no checkpoints")
        yield self.files.begin_checkpoint()
        self.files.finish_checkpoint()

    def pause_if_asked(self) -> None:
        """End the task here when it was asked to pause; call it right after a checkpoint.

        Raises Paused.
        """
        if self.pause_asked.is_set():
            raise Paused


TaskFunction = Callable[[Mapping[str, np.ndarray], Any, TaskContext], TaskResult]
Revision = Callable[[Any, Path], str]


def _no_revision(options: Any, models_folder: Path) -> str:
    return ""


@dataclass(frozen=True)
class Task:
    """A task function with what the broker must know about it."""

    options: type[Options]
    version: int
    cacheable: bool
    pausable: bool
    function: TaskFunction
    revision: Revision

    @property
    def name(self) -> str:
        """What a job's submit calls it."""
        return self.options.task


_registry: dict[str, Task] = {}


def task(
    options: type[Options],
    *,
    version: int,
    cacheable: bool,
    pausable: bool = False,
    revision: Revision = _no_revision,
) -> Callable[[TaskFunction], TaskFunction]:
    """Declare a function as the task that these options are of; it gets them read and checked.

    A cacheable task gives the same answer to the same question: same version, inputs, parameters
    and `revision(options, models_folder)`, which names the exact model that would answer. The
    broker calls `revision`, so it must be quick and import nothing heavy. A pausable task makes
    checkpoints and pauses when it is asked to; a short job that waits for the only worker asks too.
    """

    def declare(function: TaskFunction) -> TaskFunction:
        if options.task in _registry:
            raise ValueError(f"the task {options.task!r} is declared twice")
        _registry[options.task] = Task(options, version, cacheable, pausable, function, revision)
        return function

    return declare


def load_tasks() -> Mapping[str, Task]:
    """Import the modules that declare tasks and return all tasks by name."""
    capabilities.modules("tasks")
    return _registry


def required_numbers(
    inputs: Mapping[str, np.ndarray],
    name: str,
    shape: tuple[int | None, ...],
    most: float = 1e9,
) -> np.ndarray:
    """Return an input of whole or other numbers, finite, none beyond -`most` or `most`.

    Args:
        inputs: of the task.
        name: of the input, also for the sentence.
        shape: that it must have; None is any length.
        most: how large its numbers may be.

    Raises:
        ZograscopeError: `bad-parameters`.
    """
    array = required(inputs, name)
    fits = array.ndim == len(shape) and all(
        wanted in (None, side) for wanted, side in zip(shape, array.shape, strict=True)
    )
    if array.dtype.kind not in "fiu" or not fits:
        wanted = " x ".join("any" if side is None else str(side) for side in shape)
        raise refusal(f"the {name} must be {wanted} numbers, and have the shape {array.shape}")
    if array.size and not (array.min() >= -most and array.max() <= most):  # nor is any NaN
        raise refusal(f"the {name} must be numbers, none of them beyond {most:g}")
    return array


def required(inputs: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return an input that must be there. Raises ZograscopeError `bad-parameters`."""
    if name not in inputs:
        raise ZograscopeError("bad-parameters", problem=f"the input {name!r} is missing")
    return inputs[name]
