"""The spool: the bytes of jobs on disk, inputs as they come in and results as they were computed.

    inputs/JOB/0, 1, ...   one file for each input array; its size is how much of it has come
    results/KEY            one result file (see result_file.py), there whole or not at all

JOB is a checked uuid and KEY a digest or such a uuid: nothing a client says becomes a path. Results
are kept until the spool's limit asks for their room, least recently used first.
"""

import contextlib
import errno
import os
import re
import shutil
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.result_file import TEMPORARY_PREFIX, ResultFile

JOB_ID = re.compile(r"[0-9a-f]{32}")
RESULT_KEY = re.compile(r"(job-[0-9a-f]{32}|[0-9a-f]{64})")

# Room that is left on the disk for the job store and whatever else must go on.
DISK_RESERVE = 4 << 20


class Upload:
    """One input array on its way in: a file that grows as chunks come."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab", buffering=0)
        self.received = self._file.tell()

    def write(self, buffer: memoryview) -> None:
        """Append the bytes. Raises ZograscopeError `spool-full` when the disk is full."""
        left = buffer
        try:
            while left.nbytes:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _spool_full(error) from error
        self.received += buffer.nbytes

    def close(self) -> None:
        """Close the file; what has come stays."""
        self._file.close()


class Spool:
    """The spool folder of one broker, held under `limit` bytes."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.limit = limit
        self.folder = folder
        self.results_folder = folder / "results"
        self._inputs_folder = folder / "inputs"
        self.results_folder.mkdir(parents=True, exist_ok=True)
        self._inputs_folder.mkdir(exist_ok=True)
        self._remover = ThreadPoolExecutor(1, "spool remover")
        self._reserved: dict[str, int] = {}
        self._results: OrderedDict[str, int] = OrderedDict()
        self._find_results()

    @property
    def bytes_used(self) -> int:
        """Bytes of all results, and of all inputs as large as they were announced."""
        return sum(self._results.values()) + sum(self._reserved.values())

    def close(self) -> None:
        """Finish what is being removed."""
        self._remover.shutdown()

    # Inputs

    def reserve_inputs(self, job_id: str, sizes: list[int]) -> None:
        """Make room for a job's inputs. Raises ZograscopeError `spool-full`."""
        folder = self._input_folder(job_id)
        self._reserved[job_id] = sum(sizes)
        try:
            self.make_room(sum(sizes))
            folder.mkdir(exist_ok=True)
        except OSError as error:
            self._reserved.pop(job_id)
            raise _spool_full(error) from error
        except ZograscopeError:
            self._reserved.pop(job_id)
            raise

    def open_upload(self, job_id: str, index: int) -> Upload:
        """Open the file of the job's input number `index`, to go on where it stopped."""
        return Upload(self.input_path(job_id, index))

    def input_path(self, job_id: str, index: int) -> Path:
        """Return where the job's input number `index` lies."""
        return self._input_folder(job_id) / str(index)

    def remove_inputs(self, job_id: str) -> None:
        """Remove the job's inputs: it needs them no more."""
        self._reserved.pop(job_id, None)
        # To remove a large file takes a while, and nobody waits for it.
        self._remover.submit(shutil.rmtree, self._input_folder(job_id), ignore_errors=True)

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
        self._results[key] = result.size
        self._results.move_to_end(key)
        return result

    def make_room(self, size: int = 0) -> None:
        """Drop old results until `size` more bytes fit on the disk and all is under the limit.

        Raises ZograscopeError `spool-full` when they do not fit even without results.
        """
        if sum(self._reserved.values()) > self.limit:
            raise _spool_full(f"{self.folder}: unfinished jobs alone exceed the limit {self.limit}")
        while self.bytes_used > self.limit or _free_bytes(self.folder) < size + DISK_RESERVE:
            if not self._results:
                raise _spool_full(f"{self.folder}: {size} bytes asked, limit {self.limit}")
            self._remove_result(next(iter(self._results)))

    def _remove_result(self, key: str) -> None:
        self._results.pop(key, None)
        # Windows refuses while a client still downloads it; the next start finds it again.
        with contextlib.suppress(OSError):
            self.result_path(key).unlink()

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


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _spool_full(reason: object) -> ZograscopeError:
    if isinstance(reason, OSError) and reason.errno not in (errno.ENOSPC, errno.EDQUOT):
        return ZograscopeError("internal", details=str(reason))
    return ZograscopeError("spool-full", details=str(reason))
