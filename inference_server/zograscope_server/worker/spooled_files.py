"""The parts and checkpoints of the job that a worker runs, written into the spool."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_server.job_files import CheckpointFolder, PartsFolder, sync_inputs


class SpooledFiles:
    """The `JobFiles` of a `TaskContext`: the broker is told of whatever comes to be.

    Args:
        request: the broker's message `run`.
        tell_broker: takes a message about the job.
    """

    def __init__(
        self, request: Mapping[str, Any], tell_broker: Callable[[dict[str, Any]], None]
    ) -> None:
        self.parts: int = request["parts"]
        self._folder = PartsFolder(Path(request["parts_folder"]))
        self._run: str = request["run"]
        self._checkpoints = CheckpointFolder(Path(request["checkpoints_folder"]), self._run)
        self._tell_broker = tell_broker
        self._inputs_folder = Path(request["inputs_folder"])
        self._synced = min(self._checkpoints.parts(), self.parts)

    def add_part(self, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
        """Keep the next part. Raises ZograscopeError `spool-full` or `result-indescribable`."""
        size = self._folder.write(self.parts, arrays, metadata, self._run)
        self._tell_broker({"type": "part", "number": self.parts, "bytes": size})
        self.parts += 1

    def latest_checkpoint(self) -> Path | None:
        """Return the folder of the latest whole checkpoint."""
        return self._checkpoints.latest()

    def begin_checkpoint(self) -> Path:
        """Return an empty folder to fill."""
        return self._checkpoints.begin()

    def finish_checkpoint(self) -> None:
        """Put what was filled in the place of the checkpoint before it, on the disk for good."""
        sync_inputs(self._inputs_folder)
        self.sync_parts()
        self._checkpoints.finish(self.parts)
        self._tell_broker({"type": "checkpoint", "bytes": self._checkpoints.bytes()})

    @property
    def durable(self) -> bool:
        """Whether the job has made checkpoints, and its result must not be lost in a power cut."""
        return self._checkpoints.latest() is not None

    def sync_parts(self) -> None:
        """Have all parts written to the disk for good."""
        self._folder.sync(self._synced, self.parts)
        self._synced = self.parts
