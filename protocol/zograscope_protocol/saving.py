"""Writes what a job answered to a file, whole or not at all."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import Buffer


def write_file(path: Path, data: Buffer | np.ndarray) -> None:
    """Write a file beside its final name and rename it; its folder is made where it is missing.

    Takes bytes or a 1-D uint8 array, which is not copied however large it is.
    Raises ZograscopeError `output-exists`.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(memoryview(data))
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error
