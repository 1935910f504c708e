"""Writing files of a diorama: the server makes them, and here they find their place."""

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper
from zograscope_protocol.job import Job
from zograscope_protocol.saving import write_file
from zograscope_protocol.submission import Submission

from ..job_operators import JobOperator
from ..pending_jobs import Waiting
from ..server_link import link
from . import building, submissions
from .diorama import Diorama
from .selection import NeedsDiorama, selected_diorama


class ExportOperator(NeedsDiorama, ExportHelper, JobOperator):  # type: ignore[misc]
    """What exports share: a file browser, a job, and a file when its result is here."""

    capability = building.NAME
    check_extension = False

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        path = submissions.mesh_file(Path(self.filepath).with_suffix(self.suffix))
        waiting = Waiting(
            title=f"Export of {path.name}",
            on_done=lambda job: write_file(path, job.result.arrays["file"]),
            owner=self.owner(context),
        )
        return link.submit(self.submission(selected_diorama(context)), waiting)

    def submission(self, diorama: Diorama) -> Submission:
        """Return the job to start."""
        raise NotImplementedError
