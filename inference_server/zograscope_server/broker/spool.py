"""The spool: the bytes of jobs on disk, inputs as they come in and results as they were computed.

    inputs/JOB/0, 1, ...   one file for each input array
    inputs/JOB/received    how many bytes of each have come
    results/KEY            one result file (see result_file.py), there whole or not at all
    blank/                 files to write over (see blank_files.py)
    boot                   since when this computer runs, while a broker is at work

JOB is a checked uuid and KEY a digest or such a uuid: nothing a client says becomes a path. Results
are kept until the spool's limit asks for their room, least recently used first. Nothing is synced
to the disk: after a power cut, which `boot` tells of, the spool starts empty.
"""

import contextlib
import errno
import os
import re
import shutil
import weakref
from collections import OrderedDict
from pathlib import Path

import psutil
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.blank_files import BlankFiles
from zograscope_server.result_file import ResultFile

JOB_ID = re.compile(r"[0-9a-f]{32}")
RESULT_KEY = re.compile(r"(job-[0-9a-f]{32}|[0-9a-f]{64})")
TEMPORARY_PREFIX = "."

# Room that is left on the disk for the job store and whatever else must go on.
DISK_RESERVE = 4 << 20
# Results that answer their own job only are of little use once fetched: so much of them is kept.
MOST_PRIVATE_BYTES = 64 << 20
PRIVATE_PREFIX = "job-"

_COUNT_BYTES = 8
# Windows would change line ends in what it takes for text.
_BINARY = getattr(os, "O_BINARY", 0)
# The time of the start is reckoned from the clock, which may be set a little.
_BOOT_TOLERANCE = 60.0


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
            raise _spool_full(error) from error

    def close(self) -> None:
        """Close the file; what has come stays."""
        self._file.close()
        self._counts.close()


class Spool:
    """The spool folder of one broker, held under `limit` bytes."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.limit = limit
        self.folder = folder
        self.results_folder = folder / "results"
        self._inputs_folder = folder / "inputs"
        self._boot_file = folder / "boot"
        if self._lost_power():
            shutil.rmtree(self.results_folder, ignore_errors=True)
            shutil.rmtree(self._inputs_folder, ignore_errors=True)
        self.results_folder.mkdir(parents=True, exist_ok=True)
        self._inputs_folder.mkdir(exist_ok=True)
        self._boot_file.write_text(str(psutil.boot_time()))
        self._blank_files = BlankFiles(folder / "blank")
        self._reserved: dict[str, int] = {}
        self._results: OrderedDict[str, int] = OrderedDict()
        self._open_maps: weakref.WeakKeyDictionary[object, str] = weakref.WeakKeyDictionary()
        self._find_results()

    def close(self) -> None:
        """Leave the spool, whose contents the system may now write to the disk in peace."""
        self._boot_file.unlink(missing_ok=True)

    @property
    def bytes_used(self) -> int:
        """Bytes of all files, the inputs as large as they were announced."""
        kept = sum(self._results.values()) + self._blank_files.bytes_used
        return kept + sum(self._reserved.values())

    # Inputs

    def reserve_inputs(self, job_id: str, sizes: list[int]) -> None:
        """Make room for a job's inputs. Raises ZograscopeError `spool-full`."""
        folder = self._input_folder(job_id)
        counts = folder / "received"
        self._reserved[job_id] = sum(sizes)
        try:
            self.make_room(sum(sizes))
            if not counts.exists():
                folder.mkdir(exist_ok=True)
                counts.write_bytes(bytes(_COUNT_BYTES * len(sizes)))
        except OSError as error:
            self._reserved.pop(job_id)
            raise _spool_full(error) from error
        except ZograscopeError:
            self._reserved.pop(job_id)
            raise

    def open_upload(self, job_id: str, index: int, size: int) -> Upload:
        """Open the file of the job's input number `index`, to go on where it stopped."""
        path = self.input_path(job_id, index)
        if not path.exists():
            self._blank_files.take(path, size)
        return Upload(path, path.with_name("received"), index)

    def has_inputs(self, job_id: str, sizes: list[int]) -> bool:
        """Whether all inputs of a job are here to the last byte."""
        try:
            counts = (self._input_folder(job_id) / "received").read_bytes()
        except FileNotFoundError:
            return False
        return counts == b"".join(size.to_bytes(_COUNT_BYTES, "little") for size in sizes)

    def input_path(self, job_id: str, index: int) -> Path:
        """Return where the job's input number `index` lies."""
        return self._input_folder(job_id) / str(index)

    def remove_inputs(self, job_id: str) -> None:
        """Remove the job's inputs: it needs them no more."""
        self._reserved.pop(job_id, None)
        folder = self._input_folder(job_id)
        if folder.is_dir():
            for path in folder.iterdir():
                self._blank_files.put(path)
            shutil.rmtree(folder, ignore_errors=True)

    def remove_inputs_except(self, job_ids: set[str]) -> None:
        """Remove the inputs that no job needs: what an earlier broker left behind."""
        for folder in self._inputs_folder.iterdir():
            if folder.name not in job_ids:
                shutil.rmtree(folder, ignore_errors=True)

    def _input_folder(self, job_id: str) -> Path:
        if not JOB_ID.fullmatch(job_id):
            raise ValueError(f"not a job id: {job_id!r}")
        return self._inputs_folder / job_id

    # Results

    def result_path(self, key: str) -> Path:
        """Return where the result of that key lies, or will lie."""
        if not RESULT_KEY.fullmatch(key):
            raise ValueError(f"not a result key: {key!r}")
        return self.results_folder / key

    def temporary_path(self, job_id: str, attempt: int) -> Path:
        """Return where a worker writes what becomes a result: no two ever write the same file."""
        if not JOB_ID.fullmatch(job_id):
            raise ValueError(f"not a job id: {job_id!r}")
        return self.results_folder / f"{TEMPORARY_PREFIX}{job_id}.{attempt}"

    def begin_result(self, job_id: str, attempt: int) -> Path:
        """Return `temporary_path`, where a file to write over may lie."""
        path = self.temporary_path(job_id, attempt)
        self._blank_files.take(path, self.limit)
        return path

    def abandon_result(self, job_id: str, attempt: int) -> None:
        """Remove what a worker began and did not finish, if it did."""
        self._blank_files.put(self.temporary_path(job_id, attempt))

    def open_result(self, key: str) -> ResultFile | None:
        """Open the result for reading, or return None when there is none that is whole."""
        path = self.result_path(key)
        try:
            result = ResultFile(path)
            os.utime(path)
        except FileNotFoundError:
            self._results.pop(key, None)
            return None
        except ValueError:
            self._remove_result(key)
            return None
        self._open_maps[result.map] = key
        self._results[key] = result.size
        self._results.move_to_end(key)
        return result

    def make_room(self, size: int = 0) -> None:
        """Drop old results until `size` more bytes fit on the disk and all is under the limit.

        Raises ZograscopeError `spool-full` when they do not fit even without results.
        """
        if sum(self._reserved.values()) > self.limit:
            raise _spool_full(f"{self.folder}: unfinished jobs alone exceed the limit {self.limit}")
        if not self._fits(size):
            self._blank_files.remove_all()
        while not self._fits(size):
            if not self._results:
                raise _spool_full(f"{self.folder}: {size} bytes asked, limit {self.limit}")
            self._remove_result(next(iter(self._results)), keep_blank=False)

    def drop_private_results(self) -> None:
        """Drop the older results of jobs that nobody can ask the same question again."""
        private = [key for key in self._results if key.startswith(PRIVATE_PREFIX)]
        held = sum(self._results[key] for key in private)
        for key in private[:-1]:
            if held > MOST_PRIVATE_BYTES:
                held -= self._results[key]
                self._remove_result(key)

    def _fits(self, size: int) -> bool:
        free = shutil.disk_usage(self.folder).free
        return self.bytes_used <= self.limit and free >= size + DISK_RESERVE

    def _remove_result(self, key: str, keep_blank: bool = True) -> None:
        self._results.pop(key, None)
        path = self.result_path(key)
        if keep_blank and key not in self._open_maps.values():
            self._blank_files.put(path)
            return
        # Who downloads it still has it. Windows refuses then; the next start finds it again.
        with contextlib.suppress(OSError):
            path.unlink()

    def _find_results(self) -> None:
        found = []
        for path in self.results_folder.iterdir():
            if path.name.startswith(TEMPORARY_PREFIX):
                path.unlink(missing_ok=True)
            elif RESULT_KEY.fullmatch(path.name):
                status = path.stat()
                found.append((status.st_mtime, path.name, status.st_size))
        for _, key, size in sorted(found):
            self._results[key] = size

    def _lost_power(self) -> bool:
        """Whether the computer has started again since a broker that never came to its end."""
        try:
            then = float(self._boot_file.read_text())
        except (FileNotFoundError, ValueError):
            return False
        return abs(then - psutil.boot_time()) > _BOOT_TOLERANCE


def _spool_full(reason: object) -> ZograscopeError:
    if isinstance(reason, OSError) and reason.errno not in (errno.ENOSPC, errno.EDQUOT):
        return ZograscopeError("internal", details=str(reason))
    return ZograscopeError("spool-full", details=str(reason))
