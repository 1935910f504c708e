"""The files that go into a job and come out of it."""

import zipfile
from pathlib import Path

import numpy as np
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.saving import write_file
from zograscope_protocol.wire import Buffer


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

    Raises ZograscopeError `output-exists`, or `internal` for a zip that leads out of the folder.
    """
    archive_path = folder.with_name(f".{folder.name}.zip")
    write_file(archive_path, data)
    try:
        with zipfile.ZipFile(archive_path) as archive:
            for name in archive.namelist():
                if not (folder / name).resolve().is_relative_to(folder.resolve()):
                    raise ZograscopeError("internal", f"{name!r} leads out of {folder}")
            archive.extractall(folder)
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(folder)) from error
    finally:
        archive_path.unlink(missing_ok=True)
