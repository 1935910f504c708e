"""Where a server lies that the set-up made, and which of several is the one in use.

FOLDER/installation.json   which server is in use: written last, and whole or not at all
FOLDER/servers/ID          a Python environment each; all but that one are leftovers
FOLDER/cache               what was fetched; environments link to it, so that it costs no room
FOLDER/python, FOLDER/uv   the Python that uv fetched, and uv
FOLDER/setup.lock          held by the set-up that works here
FOLDER/progress.json       how far it is
"""

import contextlib
import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

RECORD = "installation.json"
PROGRESS = "progress.json"
LOCK = "setup.lock"
LOG = "setup.log"
CANCEL = "cancel"
PLACE = "server_folder.json"
USUAL = "server"
OWN_NAMES = (RECORD, PROGRESS, LOCK, LOG, CANCEL, "servers", "cache", "python", "uv")


@dataclass(frozen=True)
class Installation:
    """A server that has answered a job.

    Attributes:
        id: of its folder below `servers`.
        version: of its package.
        backend: its name.
        device: what it computes on, as `zograscope serve --device` takes it.
        disk: bytes of everything in the folder.
        former: a folder that it has moved from, which is to be deleted; or "".
    """

    id: str
    version: str
    backend: str
    device: str
    disk: int = 0
    former: str = ""


def folder_of(state: Path) -> Path:
    """Return where the server is, or would be, of the user with a state folder."""
    chosen = read_json(state / PLACE).get("folder")
    return Path(chosen) if isinstance(chosen, str) and chosen else state / USUAL


def choose_folder(state: Path, folder: Path | None) -> None:
    """Say where the server is from now on, to every Blender of this user; None for the usual."""
    if folder is None:
        (state / PLACE).unlink(missing_ok=True)
    else:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(state / PLACE, {"folder": str(folder)})


def installed(folder: Path) -> Installation | None:
    """Return the server in use; None where there is none, or its Python has gone."""
    known = noted(folder)
    return known if known is not None and python_of(folder, known.id).exists() else None


def noted(folder: Path) -> Installation | None:
    """Return what is noted of the server in use, whether it is whole or not."""
    content = read_json(folder / RECORD)
    try:
        return Installation(**content) if content else None
    except TypeError:
        return None


def switch_to(folder: Path, installation: Installation) -> None:
    """Make a server the one in use."""
    if hasattr(os, "sync"):
        os.sync()  # so that a power cut leaves no note of what is not there
    write_json(folder / RECORD, asdict(installation))


def new_id() -> str:
    """Return a name that no environment has had."""
    return uuid.uuid4().hex[:8]  # short: paths on Windows end at 260 characters


def python_of(folder: Path, environment: str) -> Path:
    """Return the Python of an environment."""
    inside = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return folder.joinpath("servers", environment, *inside)


def command_of(folder: Path, installation: Installation) -> list[str]:
    """Return the command line that serves, without options; a script could be blocked."""
    python = str(python_of(folder, installation.id))
    module = ["-I", "-m", "zograscope_server.command_line"]
    return [python, *module, "serve", "--device", installation.device]


def is_newer(version: str, other: str) -> bool:
    """Whether a version of three numbers comes after another."""
    return _numbers(version) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def remove_leftovers(folder: Path) -> None:
    """Delete every environment but the one in use, and what the killed left behind.

    What cannot be deleted, since a program still runs from it, stays until the next time.
    """
    known = noted(folder)
    for environment in _entries(folder / "servers"):
        if known is None or environment.name != known.id:
            shutil.rmtree(environment, ignore_errors=True)
    for unfinished in (folder / "cache").glob(".tmp*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def remove_all(folder: Path) -> None:
    """Delete what the set-up has ever made in a folder, and nothing else of it.

    Raises OSError where something cannot be deleted; then no server is in use any more.
    """
    (folder / RECORD).unlink(missing_ok=True)
    for name in OWN_NAMES:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif name not in (LOCK, PROGRESS):  # which are in use
            path.unlink(missing_ok=True)


def bytes_in(folder: Path) -> int:
    """Return the bytes of a folder's files; what several names are linked to counts once."""
    total, seen = 0, set()
    waiting = [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                    continue
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if found.st_nlink > 1 and (found.st_dev, found.st_ino) in seen:
                        continue
                    seen.add((found.st_dev, found.st_ino))
                    total += found.st_size
    return total


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


class BusyError(Exception):
    """Another set-up works in the folder."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which the system lets go of however the holder ends.

    Raises BusyError, and OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as file:
        try:
            _lock(file)
        except OSError as error:
            raise BusyError from error
        yield


def is_held(folder: Path) -> bool:
    """Whether a set-up works in a folder."""
    if not (folder / LOCK).exists():
        return False
    try:
        with held(folder):
            return False
    except (BusyError, OSError):
        return True


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_json(path: Path) -> dict[str, Any]:
    """Return a file's object; empty where there is none, or it is something else."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file so that nobody ever reads half of it.

    As the protocol's `write_private_json` does, which a set-up's process does not have.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
