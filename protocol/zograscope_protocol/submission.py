"""What is handed to a server as a job: a task, its parameters and its inputs."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import Buffer


class Submission(NamedTuple):
    """A job that has not been submitted yet: `client.submit(*submission)`.

    Attributes:
        task: what it runs.
        parameters: a JSON object; `Options.parameters` makes one.
        inputs: arrays by name; a file's bytes travel as a 1-D uint8 array.
    """

    task: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, np.ndarray | Buffer] = MappingProxyType({})


def file_input(path: Path) -> np.ndarray:
    """Return a file's bytes as an input, uint8 (n,), of which only what is sent is in memory.

    Raises ZograscopeError `file-not-found` or `file-unreadable`.
    """
    try:
        if not path.stat().st_size:
            return np.empty(0, np.uint8)  # nothing can be mapped of it
        return np.memmap(path, np.uint8, "r").view(np.ndarray)
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error
