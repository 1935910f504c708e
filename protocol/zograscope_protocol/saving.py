"""Writes what a job answered to a file, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import Buffer


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file beside its final name, which it takes as the block ends well.

    Its folder is made where it is missing. Raises ZograscopeError `output-exists` for an OSError.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error
    finally:
        with suppress(OSError):
            part.unlink()


def write_file(path: Path, data: Buffer | np.ndarray) -> None:
    """Write a file as `whole_file` does.

    Takes bytes or a 1-D uint8 array, which is not copied however large it is.
    Raises ZograscopeError `output-exists`.
    """
    with whole_file(path) as part, part.open("wb") as file:
        file.write(memoryview(data))
