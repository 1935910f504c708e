"""What a job is asked with, and the files that go into one and come out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError


@dataclass(frozen=True)
class Request:
    """A job that has not been submitted yet."""

    task: str
    parameters: dict[str, Any]
    inputs: Mapping[str, np.ndarray | bytes]


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


def write_file(path: Path, data: bytes) -> None:
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
