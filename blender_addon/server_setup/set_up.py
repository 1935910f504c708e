"""The set-up itself: a process that makes a new server beside the old one, and then switches.

It has no bpy and needs no network but for what is fetched. It may be killed at any moment: every
attempt makes an environment of its own, downloads stay in the cache, and the note of which server
is in use is written last. The next attempt fetches what is missing only.
"""

import contextlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import backends, installation, programs
from .backends import Backend
from .installation import BusyError, Installation
from .orders import INSTALL, MOVE, REMOVE, REPAIR, TIDY, Order
from .programs import CancelledError, FailedError

MEGABYTE = 1_000_000
ROOM_TO_SPARE = 300 * MEGABYTE
MEASURE_INTERVAL = 2.0  # seconds between two measurements of what has come

# Seconds.
LOCK_PATIENCE = 20.0
UV_PATIENCE = 60.0
TRIAL_PATIENCE = 900.0  # a scanner of viruses reads all of torch when it is first loaded
MODELS_PATIENCE = 180.0

# Where each stage begins, of all.
BEGIN, PYTHON, PACKAGES, MODELS, TRIAL, SWITCH = 0.0, 0.02, 0.05, 0.86, 0.9, 0.99

NO_SMALL_TORCH = "small-torch-missing"
NO_DEVICE = "device-failed"
NO_MODELS = "models-missing"


class Progress:
    """How far a set-up is, in a file that Blender reads.

    Attributes:
        told: all of it.
    """

    def __init__(self, folder: Path, action: str) -> None:
        self._path = folder / installation.PROGRESS
        self._quiet = action == TIDY
        self.told: dict[str, Any] = {"state": "running", "action": action, "pid": os.getpid()}

    def tell(self, **news: Any) -> None:
        """Write what is new. A full disk is no reason to end here."""
        self.told |= news
        if not self._quiet:
            with contextlib.suppress(OSError):
                installation.write_json(self._path, self.told)

    def tell_failure(self, failure: FailedError) -> None:
        """Write why it has ended."""
        self.tell(**failure.told())


def main(order: Order) -> int:
    """Do what was ordered, and print how it ended; return 0 where it was done.

    It is printed as well as written, since a full disk takes no file.
    """
    progress = Progress(order.path, order.action)
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            with installation.held(order.path):
                _work(order, progress)
            break
        except BusyError:
            if time.monotonic() > deadline:
                # Only printed: the file is the other's.
                progress.told |= FailedError("busy").told()
                break
            time.sleep(programs.LOOK)
        except OSError as error:
            progress.told |= programs.reason(str(error)).told()
            break
    print(json.dumps(progress.told))
    return int(progress.told["state"] != "done")


def _work(order: Order, progress: Progress) -> None:
    (order.path / installation.CANCEL).unlink(missing_ok=True)
    progress.tell(stage="Beginning", fraction=BEGIN)
    try:
        _ACTIONS[order.action](order, progress)
    except CancelledError:
        progress.tell(state="cancelled")
    except FailedError as failure:
        progress.tell_failure(failure)
    except OSError as error:
        progress.tell_failure(programs.reason(str(error)))
    else:
        progress.tell(state="done", stage="Ready", fraction=1.0)


def _install(order: Order, progress: Progress) -> None:
    NewServer(order, progress).make()


def _repair(order: Order, progress: Progress) -> None:
    """Make the server anew, of what the cache holds; where that is what is broken, fetch all."""
    try:
        NewServer(order, progress).make()
    except FailedError as failure:
        if failure.code not in ("trial-failed", "no-answer", "download-damaged"):
            raise
        shutil.rmtree(order.path / "cache", ignore_errors=True)
        NewServer(order, progress).make()


def _move(order: Order, progress: Progress) -> None:
    """Make the server anew elsewhere; what was fetched comes along."""
    cache, former = order.path / "cache", Path(order.former) / "cache"
    if not cache.exists() and former.is_dir():
        progress.tell(stage="Copying what was fetched")
        part = order.path / "cache.part"
        shutil.rmtree(part, ignore_errors=True)
        try:
            shutil.copytree(former, part, symlinks=True)
        except BaseException:  # a disk too small is not left full
            shutil.rmtree(part, ignore_errors=True)
            raise
        part.rename(cache)
    NewServer(order, progress).make()


def _remove(order: Order, progress: Progress) -> None:
    progress.tell(stage="Removing")
    installation.remove_all(order.path)


def _tidy(order: Order, progress: Progress) -> None:
    """Delete what is in use no more: former servers here, and the place it has moved from."""
    installation.remove_leftovers(order.path)
    server = installation.noted(order.path)
    if server is None or not server.former:
        return
    former = Path(server.former)
    if former != order.path and former.is_dir():
        with installation.held(former):
            installation.remove_all(former)
        for name in (installation.LOCK, installation.PROGRESS):
            (former / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            former.rmdir()  # unless it has other files
    installation.switch_to(order.path, replace(server, former=""))


_ACTIONS: dict[str, Callable[[Order, Progress], None]] = {
    INSTALL: _install,
    REPAIR: _repair,
    MOVE: _move,
    REMOVE: _remove,
    TIDY: _tidy,
}


class NewServer:
    """A server on its way: an environment that nobody uses before it has answered a job."""

    def __init__(self, order: Order, progress: Progress) -> None:
        self._order = order
        self._progress = progress
        self._folder = order.path
        self._environment = programs.environment_for(order)
        self._id = installation.new_id()
        self._python = str(installation.python_of(self._folder, self._id))
        self._backend = _backend(order)
        self._notes: list[dict[str, Any]] = []
        self._stage = (BEGIN, BEGIN)
        self._next_measure = 0.0

    def make(self) -> None:
        """Make it, try it, and switch to it. Raises FailedError, CancelledError and OSError."""
        installation.remove_leftovers(self._folder)
        self._uv = programs.place_uv(self._order)
        self._run([self._uv, "--version"], UV_PATIENCE)
        try:
            self._begin("Finding a Python", PYTHON, PACKAGES)
            self._make_environment()
            self._begin("Fetching and unpacking", PACKAGES, MODELS)
            self._install_packages()
            self._begin("Fetching small models", MODELS, TRIAL)
            self._fetch_models()
            self._begin("Trying the new server", TRIAL, SWITCH)
            device = self._prove_device()
            self._answer_a_job(device)
        except BaseException:
            shutil.rmtree(self._folder / "servers" / self._id, ignore_errors=True)
            raise
        self._begin("Switching to the new server", SWITCH, 1.0)
        self._switch(device)

    # The steps

    def _make_environment(self) -> None:
        """Make it with the first of several Pythons that can be had."""
        version = self._order.python_version
        fetched = ["--managed-python", "--python", version]
        choices = [["--python", version]]
        if self._order.online or "UV_PYTHON_INSTALL_MIRROR" in self._environment:
            choices.insert(0, fetched)
        if self._order.blenders_python:
            choices.append(["--python", self._order.blenders_python])
        target = self._folder / "servers" / self._id
        failures = []
        for choice in choices:
            try:
                self._uv_run("venv", "--no-project", "--quiet", *choice, str(target))
                break
            except FailedError as failure:
                if failure.code in ("disk-full", "folder-not-writable", "program-blocked"):
                    raise
                failures.append(failure)
        else:
            details = "\n".join(failure.details for failure in failures)
            raise FailedError("no-python", details, version=version)

    def _install_packages(self) -> None:
        lists = Path(self._order.requirements)
        sources = _sources_of_torch(self._order, self._backend, self._environment)
        for number, (backend, arguments) in enumerate(sources):
            self._check_room(backend)
            self._backend = backend
            try:
                self._uv_run(
                    *("pip", "install", "--python", self._python),
                    *("--requirements", str(lists / "server.txt")),
                    *arguments,
                    *self._where_from(),
                    *self._order.wheels,
                )
                break
            except FailedError as failure:
                last = number == len(sources) - 1
                if last or failure.code not in ("no-network", "package-missing", "index-refuses"):
                    raise
                self._notes.append({"code": NO_SMALL_TORCH})

    def _where_from(self) -> list[str]:
        if self._order.wheelhouse:
            return ["--no-index", "--find-links", self._order.wheelhouse]
        return [] if self._order.online else ["--offline"]

    def _fetch_models(self) -> None:
        """Bring the small models that a first run wants; the server works without them too."""
        if not (self._order.online or self._order.wheelhouse):
            self._notes.append({"code": NO_MODELS})
            return
        command = [self._python, "-I", "-m", "zograscope_server.command_line", "models", "fetch"]
        try:
            self._run(command, MODELS_PATIENCE)
        except FailedError:
            self._notes.append({"code": NO_MODELS})

    def _prove_device(self) -> str:
        """Return the device that really computes: the one that was asked for, or the processor."""
        device = self._backend.device
        try:
            self._try("device", device)
        except FailedError as failure:
            if device == "cpu":
                raise FailedError(
                    "trial-failed", failure.details, problem=_words(failure)
                ) from failure
            self._notes.append(
                {"code": NO_DEVICE, "title": self._backend.title, "problem": _words(failure)}
            )
            device = "cpu"
        return device

    def _answer_a_job(self, device: str) -> None:
        state = self._folder / "servers" / self._id / "trial"
        try:
            self._try("job", device, str(state))
        except FailedError as failure:
            raise FailedError("trial-failed", failure.details, problem=_words(failure)) from failure
        shutil.rmtree(state, ignore_errors=True)

    def _try(self, *arguments: str) -> None:
        self._run([self._python, "-I", self._order.trial, *arguments], TRIAL_PATIENCE)

    def _switch(self, device: str) -> None:
        order = self._order
        server = Installation(
            self._id, order.version, self._backend.name, device, former=order.former
        )
        installation.switch_to(self._folder, server)
        if not self._is_linked():
            shutil.rmtree(self._folder / "cache", ignore_errors=True)
        disk = installation.bytes_in(self._folder)
        self._progress.tell(notes=self._notes, disk=disk)
        installation.switch_to(self._folder, replace(server, disk=disk))

    def _is_linked(self) -> bool:
        """Whether environment and cache share their files, so that the cache costs no room."""
        if sys.platform == "darwin":
            return True  # whose copies share what is the same
        files = (self._folder / "servers" / self._id).rglob("*.py")
        return any(path.stat().st_nlink > 1 for path in files)

    # What the steps share

    def _check_room(self, backend: Backend) -> None:
        here = installation.bytes_in(self._folder / "cache")
        needed = max(0, backend.disk * MEGABYTE - here) + ROOM_TO_SPARE
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise FailedError("no-room", needed=_gigabytes(needed), free=_gigabytes(free))

    def _begin(self, stage: str, start: float, end: float) -> None:
        self._stage = (start, end)
        self._progress.tell(stage=stage, fraction=start, bytes=0)

    def _uv_run(self, *arguments: str) -> None:
        self._run([self._uv, *arguments], None)

    def _run(self, command: list[str], patience: float | None) -> None:
        log = self._folder / installation.LOG
        programs.run(command, self._environment, self._folder, log, self._look, patience)

    def _look(self) -> None:
        """Heed a cancel, and tell how much has come; what is unpacked in the cache says it."""
        if (self._folder / installation.CANCEL).exists():
            raise CancelledError
        now = time.monotonic()
        if now < self._next_measure:
            return
        here = installation.bytes_in(self._folder / "cache")
        self._next_measure = time.monotonic() + max(MEASURE_INTERVAL, 10 * (time.monotonic() - now))
        start, end = self._stage
        if start == PACKAGES:
            share = min(1.0, here / (self._backend.disk * MEGABYTE))
            self._progress.tell(fraction=start + share * (end - start), bytes=here)


def _backend(order: Order) -> Backend:
    try:
        return backends.named(order.system, order.backend)
    except KeyError as error:
        raise FailedError("system-unsupported", system=order.system) from error


def _sources_of_torch(
    order: Order, backend: Backend, environment: dict[str, str]
) -> list[tuple[Backend, list[str]]]:
    """Return where torch may come from, the best first, with the options of uv for it."""
    locked = Path(order.requirements) / "torch.txt"
    versions = re.findall(r"^torch(?:vision|audio)?==[\w.+]+", locked.read_text("utf-8"), re.M)
    if programs.has_own_index(order, environment):
        return [(backend, versions)]  # whichever build it has
    if not backend.torch_index:
        return [(backend, ["--requirements", str(locked)])]
    sources = [(backend, [*versions, "--torch-backend", backend.torch_index])]
    if (order.system, backend.name) == ("linux-x64", "cpu"):
        usual = backends.PROCESSOR_OF_LINUX_REGISTRY
        sources.append((usual, ["--requirements", str(locked)]))
    return sources


def _words(failure: FailedError) -> str:
    """Say in a few words why a trial failed: its last line."""
    if failure.code == "no-answer":
        return f"no answer in {failure.facts['seconds'] // 60} minutes"
    return programs.last_line(failure.details)[:200] or failure.code


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def started_by_blender() -> int:
    """Read the order from standard input, and carry it out."""
    return main(Order.from_json(sys.stdin.read()))
