"""The operator that lays a collection out."""

import bpy
from zograscope_protocol.job import Job

from ...job_operators import BuildOperator
from .. import building


class ZOGRASCOPE_OT_build_mosaic(BuildOperator):
    """Lay the images of the collection out as a mosaic"""

    bl_idname = "zograscope.build_mosaic"
    bl_label = "Build Mosaic"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the mosaic is built when its result is here."""
        return building.start(context.scene)


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_OT_build_mosaic,))
