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
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.blank_files import BlankFiles
from zograscope_server.job_files import are_durable, sync_inputs

JOB_ID = re.compile(r"[0-9a-f]{32}")

_COUNT_BYTES = 8
# Windows would change line ends in what it takes for text.
_BINARY = getattr(os, "O_BINARY", 0)


class Upload:
    """One input array on its way in, written from the front; how far it is survives the broker."""

    def __init__(self, path: Path, counts: Path, index: int) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | _BINARY), "wb", 0)
        self._counts = counts.open("r+b", buffering=0)
        self._count_offset = index * _COUNT_BYTES
        self._counts.seek(self._count_offset)
        self.received = int.from_bytes(self._counts.read(_COUNT_BYTES), "little")
        self._file.seek(self.received)

    def write(self, buffer: memoryview) -> None:
        """Append the bytes. Raises ZograscopeError `spool-full` when the disk is full."""
        left = buffer
        try:
            while left.nbytes:
                left = left[self._file.write(left) :]
            self.received += buffer.nbytes
            self._counts.seek(self._count_offset)
            self._counts.write(self.received.to_bytes(_COUNT_BYTES, "little"))
        except OSError as error:
            raise disk_error(error) from error

    def close(self) -> None:
        """Close the file; what has come stays."""
        self._file.close()
        self._counts.close()


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
        return Upload(path, path.with_name("received"), index)

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
