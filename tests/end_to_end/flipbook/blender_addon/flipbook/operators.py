"""What an artist can do with flip books."""

import bpy
from zograscope_protocol.flipbook.tasks import FlipbookOptions
from zograscope_protocol.job import Job

from .. import scene_jobs
from ..job_operators import JobOperator

NAME = "flipbook"


class ZOGRASCOPE_OT_draw_flipbook(JobOperator, bpy.types.Operator):
    """Draw the word's way across the pages"""

    bl_idname = "zograscope.draw_flipbook"
    bl_label = "Draw Flip Book"
    capability = NAME

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where no flip book is waited for."""
        return not scene_jobs.is_building(NAME, context.scene)

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        chosen = context.scene.zograscope_flipbook
        options = FlipbookOptions(word=chosen.word, frames=chosen.frames, seconds=chosen.seconds)
        source = {"word": chosen.word}
        return scene_jobs.start_frames(
            NAME, context.scene, options.submission(), source, chosen.word
        )


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_OT_draw_flipbook,))
