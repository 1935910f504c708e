"""What is handed to a server as a job: a task, its parameters and its inputs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

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
