"""What is handed to a server as a job: a task, its parameters and its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zograscope_protocol.wire import Buffer


@dataclass(frozen=True)
class Submission:
    """A job that has not been submitted yet.

    Attributes:
        task: what it runs.
        parameters: a JSON object; `Options.parameters` makes one.
        inputs: arrays by name; a file's bytes travel as a 1-D uint8 array.
    """

    task: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, np.ndarray | Buffer] = field(default_factory=dict)
