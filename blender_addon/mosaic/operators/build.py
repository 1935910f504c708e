"""The operator that lays a collection out."""

import bpy
from zograscope_protocol.job import Job

from ...job_operators import BuildOperator
from .. import building
from ..selection import selected_mosaic


class ZOGRASCOPE_OT_build_mosaic(BuildOperator):
    """Lay the images of the collection out as a mosaic"""

    bl_idname = "zograscope.build_mosaic"
    bl_label = "Build Mosaic"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the mosaic is built when its result is here."""
        return building.start(context.scene)


class ZOGRASCOPE_OT_rebuild_mosaic(BuildOperator):
    """Lay the collection out anew, as it is chosen above, in the place of the selected mosaic"""

    bl_idname = "zograscope.rebuild_mosaic"
    bl_label = "Rebuild"
    capability = building.NAME

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None and super().poll(context)

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the mosaic takes its place when its result is here."""
        return building.start(context.scene, selected_mosaic(context))


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_OT_build_mosaic, ZOGRASCOPE_OT_rebuild_mosaic)
)
