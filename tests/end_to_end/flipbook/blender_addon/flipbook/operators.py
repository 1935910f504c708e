"""What an artist can do with flip books."""

import bpy
from zograscope_protocol.flipbook.tasks import FlipbookOptions
from zograscope_protocol.job import Job

from .. import scene_jobs
from ..job_operators import BuildOperator

NAME = "flipbook"


class ZOGRASCOPE_OT_draw_flipbook(BuildOperator):
    """Draw the word's way across the pages"""

    bl_idname = "zograscope.draw_flipbook"
    bl_label = "Draw Flip Book"
    capability = NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        chosen = context.scene.zograscope_flipbook
        options = FlipbookOptions(word=chosen.word, frames=chosen.frames, seconds=chosen.seconds)
        source = {"word": chosen.word}
        return scene_jobs.start_frames(
            NAME, context.scene, options.submission(), source, chosen.word
        )


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_OT_draw_flipbook,))
