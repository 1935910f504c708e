"""What a job keeps on disk while it runs: the parts of its result, and its checkpoint.

    parts/KEY/0, 1, 2, ...     one result file for each part, there whole or not at all
    checkpoints/KEY/3-120/     the third checkpoint, made when there were 120 parts

KEY is the result's. The worker writes both and the broker reads them; each finds out by looking
what there is, so that either may die at any moment. For some moments two may write: the worker of a
broker that was killed lives until it notices. So what is listed may be gone, or have its name, when
it is looked at.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_server.result_file import ResultFile, write_result

_UNFINISHED = "."
_NUMBER = re.compile(r"[0-9]{1,18}")
_CHECKPOINT = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
_DURABLE = "durable"


class PartsFolder:
    """The parts of one result. `count` looks at the disk; keep what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        """Return where a part lies, or will lie."""
        return self.folder / str(number)

    def count(self) -> int:
        """Return how many parts there are, from the first up to the first that is missing."""
        numbers = {int(path.name) for path in self._files() if _NUMBER.fullmatch(path.name)}
        count = 0
        while count in numbers:
            count += 1
        return count

    def bytes(self) -> int:
        """Return the size of all files."""
        return _bytes_of(self._files())

    def keep(self, count: int) -> None:
        """Remove all but the first `count` parts."""
        for path in self._files():
            if not _NUMBER.fullmatch(path.name) or int(path.name) >= count:
                path.unlink(missing_ok=True)

    def write(
        self, number: int, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any], run: str
    ) -> int:
        """Write a part; return its size. `run` tells its writer from others still about.

        Raises ZograscopeError as `write_result`.
        """
        if number == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{_UNFINISHED}{number}.{run}"
        return write_result(self.path(number), temporary, arrays, metadata)

    def open(self, number: int) -> ResultFile | None:
        """Open a part for reading; None where there is none that is whole."""
        try:
            return ResultFile(self.path(number))
        except (OSError, ValueError):
            return None

    def sync(self, first: int, end: int) -> None:
        """Have parts written to the disk for good."""
        if end > first:
            sync_files(self.path(number) for number in range(first, end))
            sync_folder(self.folder)

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if not path.is_dir()]


class CheckpointFolder:
    """The checkpoints of one job: the latest whole one, and the next while it is made.

    Args:
        folder: of the job.
        run: tells who makes the next from others still about.
    """

    def __init__(self, folder: Path, run: str = "next") -> None:
        self.folder = folder
        self._next = folder / f"{_UNFINISHED}{run}"

    def latest(self) -> Path | None:
        """Return the folder of the latest whole checkpoint, or None."""
        whole = self._whole()
        return max(whole, key=_serial) if whole else None

    def parts(self) -> int:
        """Return how many parts there were when the latest checkpoint was made; 0 without one."""
        latest = self.latest()
        return 0 if latest is None else int(latest.name.partition("-")[2])

    def begin(self) -> Path:
        """Return an empty folder to fill; what others left unfinished goes."""
        for unfinished in self.folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        self._next.mkdir(parents=True)
        return self._next

    def finish(self, parts: int) -> None:
        """Let what was filled take the place of the checkpoint before it, on the disk for good."""
        sync_tree(self._next)
        before = self._whole()
        serial = max(map(_serial, before), default=0) + 1
        self._next.rename(self.folder / f"{serial}-{parts}")
        sync_folder(self.folder)
        for old in before:
            shutil.rmtree(old, ignore_errors=True)

    def bytes(self) -> int:
        """Return the size of all files."""
        return _bytes_of(path for path in self.folder.rglob("*") if path.is_file())

    def _whole(self) -> list[Path]:
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        return [folder for folder in folders if _CHECKPOINT.fullmatch(folder.name)]


def _bytes_of(paths: Iterable[Path]) -> int:
    size = 0
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def _serial(checkpoint: Path) -> int:
    return int(checkpoint.name.partition("-")[0])


def sync_inputs(folder: Path) -> None:
    """Have a job's inputs written to the disk for good, and note that they are, once."""
    if not are_durable(folder):
        sync_tree(folder)
        (folder / _DURABLE).touch()
        sync_folder(folder)


def are_durable(folder: Path) -> bool:
    """Whether a job's inputs in a folder outlive a power cut."""
    return (folder / _DURABLE).exists()


def sync_tree(folder: Path) -> None:
    """Have a folder and all in it written to the disk for good."""
    inside = list(folder.rglob("*"))
    sync_files(path for path in inside if path.is_file())
    for path in (folder, *(path for path in inside if path.is_dir())):
        sync_folder(path)


def sync_files(paths: Iterable[Path]) -> None:
    """Have files written to the disk for good."""
    for path in paths:
        # Windows flushes only what is open for writing.
        with path.open("r+b") as file:
            os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have a folder's list of names written to the disk for good, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
