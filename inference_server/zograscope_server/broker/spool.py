"""The spool: the bytes of jobs on disk, inputs as they come in and results as they were computed.

    inputs/JOB/            see inputs.py
    results/KEY            one result file (see result_file.py), there whole or not at all
    parts/KEY/             the parts of a result that grows (see job_files.py)
    checkpoints/KEY/       what its job goes on from
    blank/                 files to write over (see blank_files.py)
    boot                   since when this computer runs, while a broker is at work

JOB is a checked uuid and KEY a digest or such a uuid: nothing a client says becomes a path. Results
are kept until the spool's limit asks for their room, least recently used first. Nothing is synced
to the disk but what jobs with checkpoints need: after a power cut, which `boot` tells of, that is
what the spool starts with.
"""

import contextlib
import itertools
import os
import re
import shutil
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.blank_files import BlankFiles
from zograscope_server.broker.inputs import JOB_ID, Inputs, disk_error
from zograscope_server.job_files import CheckpointFolder, PartsFolder
from zograscope_server.result_file import ResultFile

RESULT_KEY = re.compile(r"(job-[0-9a-f]{32}|[0-9a-f]{64})")
RUN = re.compile(r"[0-9a-f]{8}")
TEMPORARY_PREFIX = "."

# Room that is left on the disk for the job store and whatever else must go on.
DISK_RESERVE = 4 << 20
# Results that answer their own job only are of little use once fetched: so much of them is kept.
MOST_PRIVATE_BYTES = 64 << 20
PRIVATE_PREFIX = "job-"
MOST_OPEN_PARTS = 8

# The time of the start is reckoned from the clock, which may be set a little.
_BOOT_TOLERANCE = 60.0


class Spool:
    """The spool folder of one broker, held under `limit` bytes.

    Args:
        folder: it is made where it is missing.
        limit: of all files together, in bytes.
        durable: tells which jobs' files may have been synced, by their ids, and their results'
            keys. Asked only after a power cut.
    """

    def __init__(
        self, folder: Path, limit: int, durable: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.limit = limit
        self.folder = folder
        self.results_folder = folder / "results"
        self._parts_folder = folder / "parts"
        self._checkpoints_folder = folder / "checkpoints"
        self._rubbish_folder = folder / "rubbish"
        self._boot_file = folder / "boot"
        for path in (
            self.results_folder,
            self._parts_folder,
            self._checkpoints_folder,
            self._rubbish_folder,
        ):
            path.mkdir(parents=True, exist_ok=True)
        self._rubbish_numbers = itertools.count()
        self._sweeper = ThreadPoolExecutor(1, "sweeper")
        for path in self._rubbish_folder.iterdir():
            self._sweeper.submit(shutil.rmtree, path, ignore_errors=True)
        self._blank_files = BlankFiles(folder / "blank")
        self.inputs = Inputs(folder / "inputs", self._blank_files)
        if self._lost_power():
            self._keep_only(durable())
        self._boot_file.write_text(str(psutil.boot_time()))
        self._reserved: dict[str, int] = {}
        # Of results that jobs work on: their parts and their checkpoints.
        self._growing: dict[str, int] = {}
        self._checkpointed: dict[str, int] = {}
        self._results: OrderedDict[str, int] = OrderedDict()
        self._open_maps: weakref.WeakKeyDictionary[object, str] = weakref.WeakKeyDictionary()
        self._open_parts: OrderedDict[tuple[str, int], ResultFile] = OrderedDict()
        self._find_results()

    def close(self) -> None:
        """Leave the spool, whose contents the system may now write to the disk in peace."""
        self._sweeper.shutdown()
        self._boot_file.unlink(missing_ok=True)

    @property
    def bytes_used(self) -> int:
        """Bytes of all files, the inputs as large as they were announced."""
        kept = sum(self._results.values()) + self._blank_files.bytes_used
        return kept + sum(self._reserved.values()) + self._held

    @property
    def _held(self) -> int:
        """Bytes of what unfinished jobs have made so far."""
        return sum(self._growing.values()) + sum(self._checkpointed.values())

    # Inputs

    def reserve_inputs(self, job_id: str, sizes: list[int]) -> None:
        """Make room for a job's inputs. Raises ZograscopeError `spool-full`."""
        self._reserved[job_id] = sum(sizes)
        try:
            self.make_room(sum(sizes))
            self.inputs.make_room_for(job_id, len(sizes))
        except OSError as error:
            self._reserved.pop(job_id)
            raise disk_error(error) from error
        except ZograscopeError:
            self._reserved.pop(job_id)
            raise

    def remove_inputs(self, job_id: str) -> None:
        """Remove the job's inputs: it needs them no more."""
        self._reserved.pop(job_id, None)
        self.inputs.remove(job_id)

    # Results

    def result_path(self, key: str) -> Path:
        """Return where the result of that key lies, or will lie."""
        return self.results_folder / _checked(key)

    def temporary_path(self, job_id: str, run: str) -> Path:
        """Return where a worker writes what becomes a result: no two ever write the same file."""
        if not JOB_ID.fullmatch(job_id) or not RUN.fullmatch(run):
            raise ValueError(f"not a run of a job: {job_id!r}, {run!r}")
        return self.results_folder / f"{TEMPORARY_PREFIX}{job_id}.{run}"

    def begin_result(self, job_id: str, run: str) -> Path:
        """Return `temporary_path`, where a file to write over may lie."""
        path = self.temporary_path(job_id, run)
        self._blank_files.take(path, self.limit)
        return path

    def abandon_result(self, job_id: str, run: str) -> None:
        """Remove what a worker began and did not finish, if it did."""
        self._blank_files.put(self.temporary_path(job_id, run))

    def open_result(self, key: str) -> ResultFile | None:
        """Open the result for reading, or return None when there is none that is whole."""
        path = self.result_path(key)
        try:
            result = ResultFile(path)
            os.utime(path)
        except FileNotFoundError:
            if not self.parts(key).folder.is_dir():
                self._results.pop(key, None)
            return None
        except ValueError:
            self._remove_result(key)
            return None
        if result.map is not None:
            self._open_maps[result.map] = key
        if key not in self._results:
            self._results[key] = result.size + self._growing.pop(key, 0)
        self._results.move_to_end(key)
        return result

    # Results that grow

    def parts(self, key: str) -> PartsFolder:
        """Return the parts of the result of that key."""
        return PartsFolder(self._parts_folder / _checked(key))

    def checkpoints(self, key: str) -> CheckpointFolder:
        """Return the checkpoints of the job whose result has that key."""
        return CheckpointFolder(self._checkpoints_folder / _checked(key))

    def begin_growing(self, key: str) -> int:
        """Let a worker add to the result of that key; return how many parts there are."""
        parts = self.parts(key)
        count = parts.count()
        parts.keep(count)
        self._results.pop(key, None)
        self._growing[key] = parts.bytes()
        self._checkpointed[key] = self.checkpoints(key).bytes()
        return count

    def has_grown(self, key: str, size: int) -> None:
        """Count `size` more bytes of a result that grows.

        Raises ZograscopeError `spool-full` where all else that can be dropped leaves no room.
        """
        self._growing[key] = self._growing.get(key, 0) + size
        self.make_room()

    def has_checkpoint(self, key: str, size: int) -> None:
        """Count a checkpoint of `size` bytes. Raises ZograscopeError `spool-full`."""
        self._checkpointed[key] = size
        self.make_room()

    def end_growing(self, key: str, *, keep_checkpoint: bool = False) -> None:
        """Keep what has grown as any result, to be dropped when its room is needed."""
        size = self._growing.pop(key, 0)
        checkpoint = self._checkpointed.pop(key, 0)
        if not keep_checkpoint:
            self._rubbish(self._checkpoints_folder / _checked(key))
        else:
            size += checkpoint
        if size and key not in self._results:
            self._results[key] = size

    def drop(self, key: str) -> None:
        """Drop a result, its parts and checkpoints: nobody wants them."""
        self._growing.pop(key, None)
        self._checkpointed.pop(key, None)
        self._remove_result(key)

    def open_part(self, key: str, number: int) -> ResultFile | None:
        """Open a part for reading, or return None when there is none that is whole."""
        part = self._open_parts.get((key, number)) or self.parts(key).open(number)
        if part is not None:
            self._open_parts[key, number] = part
            if len(self._open_parts) > MOST_OPEN_PARTS:
                self._open_parts.popitem(last=False)
            if key in self._results:
                self._results.move_to_end(key)
        return part

    # Room

    def make_room(self, size: int = 0) -> None:
        """Drop old results until `size` more bytes fit on the disk and all is under the limit.

        Raises ZograscopeError `spool-full` when they do not fit even without results.
        """
        if sum(self._reserved.values()) + self._held > self.limit:
            details = f"{self.folder}: unfinished jobs alone exceed the limit {self.limit}"
            raise ZograscopeError("spool-full", details=details)
        if not self._fits(size):
            self._blank_files.remove_all()
        while not self._fits(size):
            if not self._results:
                details = f"{self.folder}: {size} bytes asked, limit {self.limit}"
                raise ZograscopeError("spool-full", details=details)
            self._remove_result(next(iter(self._results)), keep_blank=False)

    def drop_private_results(self) -> None:
        """Drop the older results of jobs that nobody can ask the same question again.

        Not those with parts: a client may come for them in the morning.
        """
        private = [
            key
            for key in self._results
            if key.startswith(PRIVATE_PREFIX) and not self.parts(key).folder.is_dir()
        ]
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
        for folder in (self._parts_folder, self._checkpoints_folder):
            self._rubbish(folder / _checked(key))
        path = self.result_path(key)
        if keep_blank and key not in self._open_maps.values():
            self._blank_files.put(path)
            return
        # Who downloads it still has it. Windows refuses then; the next start finds it again.
        with contextlib.suppress(OSError):
            path.unlink()

    def _rubbish(self, folder: Path) -> None:
        """Remove a folder, in the background: one of many frames takes its time."""
        target = self._rubbish_folder / f"{os.getpid()}-{next(self._rubbish_numbers)}"
        with contextlib.suppress(OSError):
            folder.rename(target)
            self._sweeper.submit(shutil.rmtree, target, ignore_errors=True)

    # What an earlier broker left

    def _find_results(self) -> None:
        found: dict[str, tuple[float, int]] = {}
        for path in self.results_folder.iterdir():
            if path.name.startswith(TEMPORARY_PREFIX):
                path.unlink(missing_ok=True)
            elif RESULT_KEY.fullmatch(path.name):
                status = path.stat()
                found[path.name] = (status.st_mtime, status.st_size)
        for path in self._parts_folder.iterdir():
            if RESULT_KEY.fullmatch(path.name):
                used, size = found.get(path.name, (path.stat().st_mtime, 0))
                found[path.name] = (used, size + PartsFolder(path).bytes())
        for key, (_, size) in sorted(found.items(), key=lambda item: item[1]):
            self._results[key] = size

    def _keep_only(self, durable: Mapping[str, str]) -> None:
        """Drop what was not synced when the power was cut."""
        to_go_on = {job: key for job, key in durable.items() if self.inputs.are_durable(job)}
        self.inputs.remove_all_but(to_go_on)
        keys = {*to_go_on.values(), *filter(self._is_durable, durable.values())}
        for folder in (self.results_folder, self._parts_folder, self._checkpoints_folder):
            for path in folder.iterdir():
                if path.name not in keys:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        for key in keys:
            # A durable result was synced after all of its parts.
            if not self._is_durable(key):
                self.result_path(key).unlink(missing_ok=True)
                self.parts(key).keep(self.checkpoints(key).parts())

    def _is_durable(self, key: str) -> bool:
        try:
            return ResultFile(self.result_path(key)).durable
        except (FileNotFoundError, ValueError):
            return False

    def _lost_power(self) -> bool:
        """Whether the computer has started again since a broker that never came to its end."""
        try:
            then = float(self._boot_file.read_text())
        except (FileNotFoundError, ValueError):
            return False
        return abs(then - psutil.boot_time()) > _BOOT_TOLERANCE


def _checked(key: str) -> str:
    if not RESULT_KEY.fullmatch(key):
        raise ValueError(f"not a result key: {key!r}")
    return key
