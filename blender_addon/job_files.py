"""The files that go into a job and come out of it."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.results import wrong_answer
from zograscope_protocol.saving import write_file
from zograscope_protocol.wire import Buffer

FORBIDDEN = set('\\:*?"<>|\0')
NUMBERED = {f"{kind}{number}" for kind in ("com", "lpt") for number in range(10)}
DEVICES = {"con", "prn", "aux", "nul"} | NUMBERED
"""What Windows takes for something else than a file."""


def read_file(path: Path) -> bytes:
    """Return a file's bytes, or raise a ZograscopeError that says why not."""
    if path.is_dir():
        raise ZograscopeError("is-a-folder", path=str(path))
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error


def unpack(data: Buffer | np.ndarray, folder: Path) -> None:
    """Unpack a zip that the server made into a folder; nothing goes outside of it.

    Raises ZograscopeError `output-exists`, or `result-wrong` for a zip with names that lead out of
    the folder, on this system or on another.
    """
    archive_path = folder.with_name(f".{folder.name}.zip")
    write_file(archive_path, data)
    try:
        with zipfile.ZipFile(archive_path) as archive:
            for name in archive.namelist():
                if not _stays_inside(name):
                    raise wrong_answer(f"it names {quoted(name)}")
            archive.extractall(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise wrong_answer("it is no whole zip") from error
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(folder)) from error
    finally:
        archive_path.unlink(missing_ok=True)


def _stays_inside(name: str) -> bool:
    """Whether a name in a zip leads nowhere else, on Windows neither: no drive, no device."""
    steps = name.removesuffix("/").split("/")
    return not FORBIDDEN & set(name) and all(
        step and step == step.rstrip(" .") and step.partition(".")[0].lower() not in DEVICES
        for step in steps
    )
