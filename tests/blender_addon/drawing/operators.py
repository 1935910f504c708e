"""What an artist can do with drawings."""

import bpy
from zograscope_protocol.job import Job
from zograscope_protocol.submission import Submission

from .. import scene_jobs
from ..job_operators import BuildOperator


class ZOGRASCOPE_OT_draw_frames(BuildOperator):
    """Draw frames"""

    bl_idname = "zograscope.draw_frames"
    bl_label = "Draw Frames"
    capability = "drawing"

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        submission = Submission("draw_frames", {})
        return scene_jobs.start_frames("drawing", context.scene, submission, {}, "Drawing")


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_OT_draw_frames,))
