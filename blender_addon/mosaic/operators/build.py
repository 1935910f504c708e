"""The operator that lays a collection out."""

import bpy
from zograscope_protocol.job import Job

from ... import examples
from ...job_operators import BuildOperator
from ...scenes import storable
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


class ZOGRASCOPE_OT_example_collection(BuildOperator):
    """Build a mosaic of a collection that comes along: 144 prints that never were"""

    bl_idname = "zograscope.example_collection"
    bl_label = "Example Collection"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Choose it and start the job, as for any other."""
        context.scene.zograscope_mosaic.collection = str(examples.COLLECTION)
        return building.start(context.scene)


class ZOGRASCOPE_OT_import_collection(bpy.types.Operator):
    """Choose a folder of images and build its mosaic"""

    bl_idname = "zograscope.import_collection"
    bl_label = "Collection to Mosaic"

    directory: bpy.props.StringProperty(
        name="Folder", description="A folder of images", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Let the artist choose."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Build the chosen folder's mosaic."""
        context.scene.zograscope_mosaic.collection = storable(self.directory)
        if not bpy.ops.zograscope.build_mosaic.poll():  # type: ignore[attr-defined]
            self.report({"WARNING"}, "This scene waits for a mosaic already.")
            return {"CANCELLED"}
        result: set[str] = bpy.ops.zograscope.build_mosaic()  # type: ignore[attr-defined]
        return result


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
    (
        ZOGRASCOPE_OT_build_mosaic,
        ZOGRASCOPE_OT_example_collection,
        ZOGRASCOPE_OT_rebuild_mosaic,
        ZOGRASCOPE_OT_import_collection,
    )
)
