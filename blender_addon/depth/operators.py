"""What an artist can do with dioramas: gather input, start a job, hand its result to a builder."""

from functools import partial
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper
from zograscope_protocol.depth.command import DEPTH_SUFFIXES, MESH_SUFFIXES, NO_CAMERA
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.submission import Submission

from .. import examples
from ..job_operators import BuildOperator, owner_in, refuse
from ..scenes import VIEWPORT_TYPE, find_scene, storable
from ..server_link import link
from . import builders, building, submissions
from .diorama import Diorama
from .exporting import ExportOperator
from .selection import FromFile, NeedsDiorama, NeedsLiveDiorama, selected_diorama, source_of

PICTURES = "*.jpg;*.jpeg;*.png;*.tif;*.tiff;*.webp;*.bmp;*.jp2;*.gif"
SUFFIXES = PICTURES.replace("*", "")
MESH_HELP = {
    ".glb": "One file with its textures, for web pages",
    ".ply": "Points and faces with colours",
    ".obj": "With material and textures, in a zip",
}
DEPTH_HELP = {
    ".png": "16 bits, light is near",
    ".exr": "Floating point, as exact as it was estimated",
}


class ZOGRASCOPE_OT_build_diorama(BuildOperator):
    """Turn the photograph into a scene that a camera can fly through"""

    bl_idname = "zograscope.build_diorama"
    bl_label = "Build Diorama"
    capability = building.NAME

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Let the artist choose a photograph where none is."""
        if context.scene.zograscope_depth.photograph:
            return self.execute(context)
        operators = bpy.ops.zograscope  # type: ignore[attr-defined]
        result: set[str] = operators.import_photograph("INVOKE_DEFAULT")
        return result

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job; the diorama is built when its result is here."""
        source = building.new_source(context.scene.zograscope_depth)
        return building.start(context.scene, source)


class ZOGRASCOPE_OT_example_photograph(BuildOperator):
    """Build a diorama of a photograph that comes along: the Summer Palace in Beijing"""

    bl_idname = "zograscope.example_photograph"
    bl_label = "Example Photograph"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Choose it and start the job, as for any other."""
        settings = context.scene.zograscope_depth
        settings.photograph = str(examples.PHOTOGRAPH)
        return building.start(context.scene, building.new_source(settings))


class ZOGRASCOPE_OT_import_photograph(ImportHelper, bpy.types.Operator):
    """Choose photographs and build their dioramas, one after the other"""

    bl_idname = "zograscope.import_photograph"
    bl_label = "Photograph to Diorama"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"}
    )
    filter_glob: bpy.props.StringProperty(default=PICTURES, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Build files that were dropped at once; else let the artist choose some."""
        return self.execute(context) if self.paths() else super().invoke(context, event)

    def paths(self) -> list[str]:
        """Return the chosen files."""
        several = [str(Path(self.directory) / file.name) for file in self.files if file.name]
        return several or [path for path in (self.filepath,) if path]

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Build the chosen files: the first at once, each other when the one before it is there."""
        scene, owner = context.scene, owner_in(context, building.NAME)
        link.forget_errors(owner)
        paths = self.paths()
        for path in paths:
            link.pending.build_later(owner, partial(_build, scene.session_uid, path))
        waits = link.pending.is_building(owner)
        if not waits:
            start = link.pending.next_build()
            try:
                if start is not None:
                    start[1]()
            except ZograscopeError as error:
                return refuse(self, error, owner)
        if waits or len(paths) > 1:
            self.report({"INFO"}, "Photographs are built one after the other")
        return {"FINISHED"}


def _build(scene_uid: int, path: str) -> None:
    """Build a photograph in a scene, if that is there still. Raises ZograscopeError."""
    scene = find_scene(scene_uid)
    if scene is None:
        return
    scene.zograscope_depth.photograph = storable(path)
    link.watch(building.start(scene, building.new_source(scene.zograscope_depth)))


class ZOGRASCOPE_FH_photograph(bpy.types.FileHandler):
    """Photographs dropped into the viewport become dioramas."""

    bl_idname = "ZOGRASCOPE_FH_photograph"
    bl_label = "Photograph to Diorama"
    bl_import_operator = "zograscope.import_photograph"
    bl_file_extensions = SUFFIXES

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Only into a viewport."""
        return context.area is not None and context.area.type == VIEWPORT_TYPE


class ZOGRASCOPE_OT_update_depth(FromFile):
    """Estimate the selected diorama's depth anew, with the model and quality chosen above.

    Camera, animation and settings stay as they are
    """

    bl_idname = "zograscope.update_depth"
    bl_label = "Update Depth"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job with the same photograph and crop."""
        diorama = selected_diorama(context)
        source = source_of(diorama)
        building.choose_estimate(source, context.scene.zograscope_depth)
        return building.start_update(diorama, context.scene, source)


class ZOGRASCOPE_OT_crop_border(FromFile):
    """Build the diorama anew without the paper around the photograph, in the place of this one"""

    bl_idname = "zograscope.crop_border"
    bl_label = "Crop and Build Again"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job with the border that was found."""
        diorama = selected_diorama(context)
        source = source_of(diorama)
        source["parameters"]["crop"] = "auto"
        return building.start_instead_of(diorama, context.scene, source)


class ZOGRASCOPE_OT_apply_camera(NeedsDiorama, bpy.types.Operator):
    """Give the selected diorama's camera this move, in place of its present one"""

    bl_idname = "zograscope.apply_camera"
    bl_label = "Apply Camera Move"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the key frames."""
        settings, scene = context.scene.zograscope_depth, context.scene
        if settings.camera != NO_CAMERA:
            building.move_camera(selected_diorama(context), scene)
        return {"FINISHED"}


class ZOGRASCOPE_OT_bake(NeedsLiveDiorama, bpy.types.Operator):
    """Turn the selected diorama's live relief into plain meshes"""

    bl_idname = "zograscope.bake"
    bl_label = "Bake to Mesh"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake all layers."""
        builders.bake(selected_diorama(context))
        return {"FINISHED"}


class ZOGRASCOPE_OT_picture_filter(NeedsDiorama, bpy.types.Operator):
    """Choose between the photograph's exact pixels and a smooth picture for close views"""

    bl_idname = "zograscope.picture_filter"
    bl_label = "Picture Filter"
    bl_options = {"REGISTER", "UNDO"}

    smooth: bpy.props.BoolProperty(
        name="Smooth", description="Interpolate between pixels, for close views"
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the filter of all layers."""
        builders.set_smooth_filter(selected_diorama(context), self.smooth)
        return {"FINISHED"}


class ZOGRASCOPE_OT_export_mesh(ExportOperator):
    """Save the selected diorama as a textured model, for a web page or another program"""

    bl_idname = "zograscope.export_mesh"
    bl_label = "Export Model"

    filename_ext = ".glb"
    suffix: bpy.props.EnumProperty(
        name="Format",
        description="Kind of the model's file",
        items=[(suffix, suffix[1:].upper(), MESH_HELP[suffix]) for suffix in MESH_SUFFIXES],
    )

    def submission(self, diorama: Diorama) -> Submission:
        """Return the job to start."""
        return submissions.mesh_submission(diorama, self.suffix)


class ZOGRASCOPE_OT_export_depth(ExportOperator):
    """Save the selected diorama's depth as a 16-bit PNG or a float EXR"""

    bl_idname = "zograscope.export_depth"
    bl_label = "Export Depth"

    filename_ext = ".png"
    suffix: bpy.props.EnumProperty(
        name="Format",
        description="Kind of the depth's file",
        items=[(suffix, suffix[1:].upper(), DEPTH_HELP[suffix]) for suffix in DEPTH_SUFFIXES],
    )

    def submission(self, diorama: Diorama) -> Submission:
        """Return the job to start."""
        return submissions.depth_submission(diorama, self.suffix)


_CLASSES = (
    ZOGRASCOPE_OT_build_diorama,
    ZOGRASCOPE_OT_example_photograph,
    ZOGRASCOPE_OT_import_photograph,
    ZOGRASCOPE_FH_photograph,
    ZOGRASCOPE_OT_update_depth,
    ZOGRASCOPE_OT_crop_border,
    ZOGRASCOPE_OT_apply_camera,
    ZOGRASCOPE_OT_bake,
    ZOGRASCOPE_OT_picture_filter,
    ZOGRASCOPE_OT_export_mesh,
    ZOGRASCOPE_OT_export_depth,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
