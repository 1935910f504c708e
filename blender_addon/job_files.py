"""The files that go into a job and come out of it."""

from pathlib import Path

from zograscope_protocol.errors import ZograscopeError
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


def write_file(path: Path, data: Buffer) -> None:
    """Write a result beside its final name and rename it, so that it is whole or not there.

    Raises ZograscopeError `output-exists`.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error
