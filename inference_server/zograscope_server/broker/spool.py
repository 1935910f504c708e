"""The spool: the bytes of jobs on disk, inputs as they come in and results as they were computed.

    inputs/JOB/            see inputs.py
    results/KEY            one result file (see result_file.py), there whole or not at all
    parts/KEY/             the parts of a result that grows (see job_files.py)
    checkpoints/KEY/       what its job goes on from
    blank/                 files to write over (see blank_files.py)
    boot                   since when this computer runs, while a broker is at work

JOB is a checked uuid and KEY a digest or such a uuid: nothing a client says becomes a path. Results
are kept until their room is needed: first those that were fetched, the least recently used before
others, then those that nobody fetched. Of these, as much as half of the spool's limit is kept
whatever comes; only a disk that is full lets them go. Nothing is synced to the disk but what jobs
with checkpoints need: after a power cut, which `boot` tells of, that is what the spool starts with.
"""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.broker.blank_files import BlankFiles
from zograscope_server.broker.inputs import JOB_ID, Inputs, Upload, disk_error
from zograscope_server.broker.job_store import RESULT_KEY
from zograscope_server.job_files import CheckpointFolder, PartsFolder
from zograscope_server.result_file import ResultFile

RUN = re.compile(r"[0-9a-f]{8}")
TEMPORARY_PREFIX = "."

# Room that is left on the disk for the job store and whatever else must go on.
DISK_RESERVE = 4 << 20
# Results that answer their own job only are of little use once fetched: so much of them is kept.
MOST_PRIVATE_BYTES = 64 << 20
PRIVATE_PREFIX = "job-"
MOST_OPEN_RESULTS = 64
# Of the limit: so much of what nobody fetched is kept whatever comes.
UNFETCHED_SHARE = 0.5

# Where only the clock tells since when a computer runs: it may be set a little.
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
        self._boot_file.write_text(_this_boot())
        self._reserved: dict[str, int] = {}
        # Of results that jobs work on: their parts and their checkpoints.
        self._growing: dict[str, int] = {}
        self._checkpointed: dict[str, int] = {}
        self._results: OrderedDict[str, int] = OrderedDict()
        # Of results: the jobs whose client has not come for them.
        self._awaited: dict[str, set[str]] = {}
        self._open_maps: weakref.WeakKeyDictionary[object, str] = weakref.WeakKeyDictionary()
        # The latest that were read from, results and parts (by their numbers).
        self._open: OrderedDict[tuple[str, int | None], ResultFile] = OrderedDict()
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
            self.remove_inputs(job_id)
            raise disk_error(error) from error
        except ZograscopeError:
            self._reserved.pop(job_id)
            raise

    def write(self, upload: Upload, buffer: memoryview) -> None:
        """Append to an input; a full disk lets old results go first.

        Raises ZograscopeError `spool-full`.
        """
        try:
            upload.write(buffer)
        except ZograscopeError as error:
            if error.code != "spool-full" or not self.let_cached_go():
                raise
            upload.write(buffer)

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
            result = self._kept_open(key, None, lambda: ResultFile(path), path)
            os.utime(path)
        except ValueError:
            self._remove_result(key)
            return None
        except OSError:
            if not self.parts(key).folder.is_dir():
                self._results.pop(key, None)
            return None
        if result.map is not None:
            self._open_maps[result.map] = key
        if key not in self._results:
            self._results[key] = result.size + self._growing.pop(key, 0)
        self._results.move_to_end(key)
        return result

    def await_fetch(self, key: str, job_id: str) -> None:
        """Note that a job's client has yet to come for the result."""
        self._awaited.setdefault(key, set()).add(job_id)

    def fetched(self, key: str, job_id: str) -> None:
        """Note that a job's client has the result, or will not come for it."""
        jobs = self._awaited.get(key, set())
        jobs.discard(job_id)
        if not jobs:
            self._awaited.pop(key, None)

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
        path = self.parts(key).path(number)
        try:
            part = self._kept_open(key, number, lambda: ResultFile(path), path)
        except (OSError, ValueError):
            return None
        if key in self._results:
            self._results.move_to_end(key)
        return part

    def _kept_open(
        self, key: str, number: int | None, open_file: Callable[[], ResultFile], path: Path
    ) -> ResultFile:
        """Return a file that was read from a moment ago, while it is there, or open it."""
        kept = self._open.pop((key, number), None)
        if kept is None or not path.exists():
            kept = open_file()
        self._open[key, number] = kept
        while len(self._open) > MOST_OPEN_RESULTS:
            self._open.popitem(last=False)
        return kept

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
            key = self._next_to_go(disk_full=not self._is_on_disk(size))
            if key is None:
                details = f"{self.folder}: {size} bytes asked, limit {self.limit}"
                raise ZograscopeError("spool-full", details=details)
            self._remove_result(key, keep_blank=False)

    def let_cached_go(self) -> bool:
        """Drop all that was fetched already: the disk is full. Say whether that was anything."""
        blank = self._blank_files.bytes_used
        self._blank_files.remove_all()
        cached = [key for key in self._results if key not in self._awaited]
        for key in cached:
            self._remove_result(key, keep_blank=False)
        self._sweeper.submit(lambda: None).result()  # once folders are gone, too
        return bool(blank or cached)

    def drop_private_results(self) -> None:
        """Drop the older results of jobs that nobody can ask the same question again.

        Not those that nobody fetched, nor those with parts: a client may come in the morning.
        """
        private = [
            key
            for key in self._results
            if key.startswith(PRIVATE_PREFIX)
            and key not in self._awaited
            and not self.parts(key).folder.is_dir()
        ]
        held = sum(self._results[key] for key in private)
        for key in private[:-1]:
            if held > MOST_PRIVATE_BYTES:
                held -= self._results[key]
                self._remove_result(key)

    def _next_to_go(self, *, disk_full: bool) -> str | None:
        """Return the result that is missed least; None where none may go."""
        cached = next((key for key in self._results if key not in self._awaited), None)
        if cached is not None:
            return cached
        unfetched = sum(self._results.values())
        if disk_full or unfetched > self.limit * UNFETCHED_SHARE:
            return next(iter(self._results), None)
        return None

    def _fits(self, size: int) -> bool:
        return self.bytes_used <= self.limit and self._is_on_disk(size)

    def _is_on_disk(self, size: int) -> bool:
        return shutil.disk_usage(self.folder).free >= size + DISK_RESERVE

    def _remove_result(self, key: str, keep_blank: bool = True) -> None:
        self._results.pop(key, None)
        self._awaited.pop(key, None)
        for kept in [kept for kept in self._open if kept[0] == key]:
            del self._open[kept]
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
                _remove(path)
            elif RESULT_KEY.fullmatch(path.name) and path.is_file():
                status = path.stat()
                found[path.name] = (status.st_mtime, status.st_size)
        for path in self._parts_folder.iterdir():
            if RESULT_KEY.fullmatch(path.name) and path.is_dir():
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
                    _remove(path)
        for key in keys:
            # A durable result was synced after all of its parts.
            if not self._is_durable(key):
                self.result_path(key).unlink(missing_ok=True)
                self.parts(key).keep(self.checkpoints(key).parts())

    def _is_durable(self, key: str) -> bool:
        try:
            return ResultFile(self.result_path(key)).durable
        except (OSError, ValueError):
            return False

    def _lost_power(self) -> bool:
        """Whether the computer has started again since a broker that never came to its end."""
        try:
            then, now = self._boot_file.read_text(), _this_boot()
        except (OSError, ValueError):
            return False
        if _is_time(then) or _is_time(now):
            # A clock told, or tells. It can be set, which is no power cut where there is a name.
            return abs(_seconds(then) - psutil.boot_time()) > _BOOT_TOLERANCE
        return then != now


def let_old_results_go(folder: Path) -> None:
    """Make room on a disk that is full: a server must be able to start on it.

    Args:
        folder: of a spool; it may be missing.
    """
    old: list[Path] = [*folder.glob("blank/*"), *folder.glob("rubbish/*")]
    results = [path for path in folder.glob("results/*") if path.is_file()]
    old += sorted(results, key=lambda path: path.stat().st_mtime)
    for path in old:
        if shutil.disk_usage(folder).free >= DISK_RESERVE:
            return
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or a folder; one that cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()


def _this_boot() -> str:
    """Return a name for the time since the computer started, whatever its clock says.

    Where the system has none (Windows) it is the time of the start, in seconds since the epoch.
    """
    try:
        if sys.platform == "linux":
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
            return subprocess.check_output(command, text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        pass
    return str(psutil.boot_time())


def _is_time(boot: str) -> bool:
    return "." in boot


def _seconds(boot: str) -> float:
    try:
        return float(boot)
    except ValueError:
        return 0.0


def _checked(key: str) -> str:
    if not RESULT_KEY.fullmatch(key):
        raise ValueError(f"not a result key: {key!r}")
    return key
