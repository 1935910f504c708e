"""The inputs of jobs in the spool, as they come in.

    inputs/JOB/0, 1, ...   one file for each input array
    inputs/JOB/received    how many bytes of each have come
    inputs/JOB/durable     says that they were synced

JOB is a checked uuid: nothing that a client says becomes a path.
"""

import errno
import os
import re
import shutil
from collections.abc import Collection
from io import FileIO
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.blank_files import BlankFiles
from zograscope_server.job_files import are_durable, sync_inputs

JOB_ID = re.compile(r"[0-9a-f]{32}")

_COUNT_BYTES = 8
# Windows would change line ends in what it takes for text.
_BINARY = getattr(os, "O_BINARY", 0)


class Upload:
    """One input array on its way in, written from the front; how far it is survives the broker.

    Its files are open only while they are written: there may be more uploads than a process may
    open files.
    """

    def __init__(self, path: Path, counts: Path, index: int) -> None:
        self._path = path
        self._counts = counts
        self._count_offset = index * _COUNT_BYTES
        self.received = min(self._counted(), _size(path))

    def write(self, buffer: memoryview) -> None:
        """Append the bytes. Raises ZograscopeError `spool-full` when the disk is full."""
        left = buffer
        try:
            with _opened_to_write(self._path) as file:
                file.seek(self.received)
                while left.nbytes:
                    left = left[file.write(left) :]
            with _opened_to_write(self._counts) as counts:
                counts.seek(self._count_offset)
                counts.write((self.received + buffer.nbytes).to_bytes(_COUNT_BYTES, "little"))
        except OSError as error:
            raise disk_error(error) from error
        self.received += buffer.nbytes

    def _counted(self) -> int:
        with self._counts.open("rb") as counts:
            counts.seek(self._count_offset)
            return int.from_bytes(counts.read(_COUNT_BYTES), "little")


def _opened_to_write(path: Path) -> FileIO:
    return FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | _BINARY), "w")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class Inputs:
    """The folder of all jobs' inputs. JOB is a checked uuid: nothing a client says is a path."""

    def __init__(self, folder: Path, blank_files: BlankFiles) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._blank_files = blank_files

    def make_room_for(self, job_id: str, count: int) -> None:
        """Make a job's folder for so many inputs, unless it is there. Raises OSError."""
        folder = self.folder(job_id)
        counts = folder / "received"
        if not counts.exists():
            folder.mkdir(exist_ok=True)
            counts.write_bytes(bytes(_COUNT_BYTES * count))

    def open_upload(self, job_id: str, index: int, size: int) -> Upload:
        """Open the file of the job's input number `index`, to go on where it stopped."""
        path = self.path(job_id, index)
        if not path.exists():
            self._blank_files.take(path, size)
        upload = Upload(path, path.with_name("received"), index)
        # Counts that cannot be right are damaged.
        upload.received = upload.received if upload.received <= size else 0
        return upload

    def are_here(self, job_id: str, sizes: list[int]) -> bool:
        """Whether all inputs of a job are here to the last byte."""
        try:
            counts = (self.folder(job_id) / "received").read_bytes()
        except FileNotFoundError:
            return False
        return counts == b"".join(size.to_bytes(_COUNT_BYTES, "little") for size in sizes)

    def path(self, job_id: str, index: int) -> Path:
        """Return where the job's input number `index` lies."""
        return self.folder(job_id) / str(index)

    def sync(self, job_id: str) -> None:
        """Have the job's inputs written to the disk for good."""
        sync_inputs(self.folder(job_id))

    def are_durable(self, job_id: str) -> bool:
        """Whether the job's inputs outlive a power cut."""
        return are_durable(self.folder(job_id))

    def remove(self, job_id: str) -> None:
        """Remove the job's inputs: it needs them no more."""
        folder = self.folder(job_id)
        if folder.is_dir():
            for path in folder.iterdir():
                self._blank_files.put(path)
            shutil.rmtree(folder, ignore_errors=True)

    def remove_all_but(self, job_ids: Collection[str]) -> None:
        """Remove the inputs that no job needs."""
        for folder in self._folder.iterdir():
            if folder.name not in job_ids:
                shutil.rmtree(folder, ignore_errors=True)

    def folder(self, job_id: str) -> Path:
        """Return where the job's inputs lie. Raises ValueError for what is no job's id."""
        if not JOB_ID.fullmatch(job_id):
            raise ValueError(f"not a job id: {job_id!r}")
        return self._folder / job_id


def disk_error(error: OSError) -> ZograscopeError:
    """Return what an error of the disk is to a client: `spool-full`, or `internal`."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ZograscopeError("spool-full" if full else "internal", details=str(error))
