"""What an artist can do with dioramas: gather input, start a job, hand its result to a builder."""

import json
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper
from zograscope_protocol.client import Job
from zograscope_protocol.commands.diorama import DEPTH_SUFFIXES, MESH_SUFFIXES, NO_CAMERA
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import Request

from ..job_files import write_file
from ..scene_jobs import SceneJobs
from ..scenes import (
    VIEWPORT_TYPE,
    look_through_camera,
    push_undo,
    scene_of_its_own,
    select_only,
    storable,
)
from ..server_link import link
from ..server_panel import Watched, refuse
from . import builders, cameras, jobs

SOURCE = "zograscope_source"  # on the root: how the diorama was asked for, as JSON
PICTURES = "*.jpg;*.jpeg;*.png;*.tif;*.tiff;*.webp;*.bmp;*.jp2;*.gif"
SUFFIXES = PICTURES.replace("*", "")


class ZOGRASCOPE_OT_build_diorama(Watched, bpy.types.Operator):
    """Turn the photograph into a scene that a camera can fly through"""

    bl_idname = "zograscope.build_diorama"
    bl_label = "Build Diorama"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only one build waits for a scene at a time."""
        return not link.jobs

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job; the diorama is built when its result is here."""
        settings = context.scene.zograscope_depth
        if not settings.photograph:
            return refuse(
                self, ZograscopeError("bad-parameters", problem="no photograph is chosen")
            )
        source = {
            "photograph": storable(settings.photograph),
            "depth_map": storable(settings.depth_map),
            "parameters": {
                "model": settings.model,
                "quality": settings.quality,
                "crop": "auto" if settings.crop else "none",
                "depth_map_near": settings.depth_map_near,
            },
        }
        return _start(self, context.scene, source)


class ZOGRASCOPE_OT_import_photograph(bpy.types.Operator, ImportHelper):
    """Choose a photograph and build its diorama"""

    bl_idname = "zograscope.import_photograph"
    bl_label = "Photograph to Diorama"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=PICTURES, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Build a file that was dropped at once; else let the artist choose one."""
        return self.execute(context) if self.filepath else super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Build the chosen file."""
        context.scene.zograscope_depth.photograph = storable(self.filepath)
        call = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
        return bpy.ops.zograscope.build_diorama(call)


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


class ZOGRASCOPE_OT_update_depth(Watched, bpy.types.Operator):
    """Estimate the selected diorama's depth anew, with the model and quality chosen above.

    Camera, animation and settings stay as they are
    """

    bl_idname = "zograscope.update_depth"
    bl_label = "Update Depth"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that was made from a file."""
        return _made_from_file(context) and not link.jobs

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job with the same photograph and crop."""
        settings = context.scene.zograscope_depth
        source = source_of(selected_diorama(context))
        source["parameters"] |= {
            "model": settings.model,
            "quality": settings.quality,
            "depth_map_near": settings.depth_map_near,
        }
        source["depth_map"] = storable(settings.depth_map)
        source["updates"] = selected_diorama(context).root.name
        return _start(self, context.scene, source)


class ZOGRASCOPE_OT_crop_border(Watched, bpy.types.Operator):
    """Build the diorama anew without the paper around the photograph"""

    bl_idname = "zograscope.crop_border"
    bl_label = "Crop and Build Again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that was made from a file."""
        return _made_from_file(context) and not link.jobs

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job with the border that was found."""
        source = source_of(selected_diorama(context))
        source["parameters"]["crop"] = "auto"
        return _start(self, context.scene, source)


class ZOGRASCOPE_OT_apply_camera(bpy.types.Operator):
    """Give the selected diorama's camera this move, in place of its present one"""

    bl_idname = "zograscope.apply_camera"
    bl_label = "Apply Camera Move"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama."""
        return selected_diorama(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the key frames."""
        settings, scene = context.scene.zograscope_depth, context.scene
        if settings.camera != NO_CAMERA:
            _move_camera(selected_diorama(context), scene)
        return {"FINISHED"}


class ZOGRASCOPE_OT_bake(bpy.types.Operator):
    """Turn the selected diorama's live relief into plain meshes"""

    bl_idname = "zograscope.bake"
    bl_label = "Bake to Mesh"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that is live."""
        diorama = selected_diorama(context)
        return diorama is not None and diorama.is_live

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Bake all layers."""
        builders.bake(selected_diorama(context))
        return {"FINISHED"}


class ZOGRASCOPE_OT_picture_filter(bpy.types.Operator):
    """Choose between the photograph's exact pixels and a smooth picture for close views"""

    bl_idname = "zograscope.picture_filter"
    bl_label = "Picture Filter"
    bl_options = {"REGISTER", "UNDO"}

    smooth: bpy.props.BoolProperty(name="Smooth")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama."""
        return selected_diorama(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the filter of all layers."""
        builders.set_smooth_filter(selected_diorama(context), self.smooth)
        return {"FINISHED"}


class _Export(ExportHelper):
    """What both exports share: a file browser, a job, and a file when its result is here."""

    check_extension = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama."""
        return selected_diorama(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job."""
        path = jobs.mesh_file(Path(self.filepath).with_suffix(self.suffix))

        def write(job: Job) -> None:
            write_file(path, job.result.bytes("file"))

        try:
            link.submit(self.request(selected_diorama(context)), write)
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_export_mesh(bpy.types.Operator, _Export):
    """Save the selected diorama as a textured model, for a web page or another program"""

    bl_idname = "zograscope.export_mesh"
    bl_label = "Export Model"

    filename_ext = ".glb"
    suffix: bpy.props.EnumProperty(
        name="Format", items=[(suffix, suffix[1:].upper(), "") for suffix in MESH_SUFFIXES]
    )

    def request(self, diorama: builders.Diorama) -> Request:
        """Return the job to start."""
        return jobs.mesh_export_request(diorama, self.suffix)


class ZOGRASCOPE_OT_export_depth(bpy.types.Operator, _Export):
    """Save the selected diorama's depth as a 16-bit PNG or a float EXR"""

    bl_idname = "zograscope.export_depth"
    bl_label = "Export Depth"

    filename_ext = ".png"
    suffix: bpy.props.EnumProperty(
        name="Format", items=[(suffix, suffix[1:].upper(), "") for suffix in DEPTH_SUFFIXES]
    )

    def request(self, diorama: builders.Diorama) -> Request:
        """Return the job to start."""
        return jobs.depth_export_request(diorama, self.suffix)


def selected_diorama(context: bpy.types.Context) -> builders.Diorama | None:
    """Return the diorama of the active object, or the scene's only one."""
    found = builders.find_diorama(context.object)
    if found is None:
        all_of_scene = list(builders.dioramas(context.scene))
        found = all_of_scene[0] if len(all_of_scene) == 1 else None
    return found


def source_of(diorama: builders.Diorama) -> dict[str, Any]:
    """Return how a diorama was asked for: photograph, depth map, parameters, paper border."""
    return json.loads(diorama.root[SOURCE])


def _start(
    operator: bpy.types.Operator, scene: bpy.types.Scene, source: dict[str, Any]
) -> set[str]:
    """Submit the job of a diorama and note in the file that it waits for it."""
    photograph = Path(bpy.path.abspath(source["photograph"]))
    depth_map = Path(bpy.path.abspath(source["depth_map"])) if source["depth_map"] else None
    try:
        request = jobs.diorama_request(photograph, source["parameters"], depth_map)
        scene_jobs.start(scene, request, source)
    except ZograscopeError as error:
        return refuse(operator, error)
    return {"FINISHED"}


def _build_or_update(job: Job, scene: bpy.types.Scene, source: dict[str, Any]) -> None:
    """Hand a result to the builders."""
    arrays, metadata = job.result.arrays, job.result.metadata
    root = bpy.data.objects.get(source.pop("updates", ""))
    if root is not None and (diorama := builders.find_diorama(root)):
        try:
            diorama = builders.update_depth(diorama, arrays, metadata)
        except ValueError as error:
            raise ZograscopeError("bad-parameters", problem=str(error)) from error
    else:
        name = bpy.path.display_name_from_filepath(source["photograph"])
        settings = scene.zograscope_depth
        if settings.own_scene:
            scene = scene_of_its_own(scene, name)
        diorama = builders.build_diorama(arrays, metadata, name, scene)
        if settings.own_scene:
            builders.prepare_scene(scene, diorama)
            look_through_camera(scene)
        if settings.camera != NO_CAMERA:
            _move_camera(diorama, scene)
    applied = source["parameters"].get("crop") != "none"
    source["paper_border"] = None if applied else metadata.get("paper_border")
    source["model"] = metadata["depth"]["model"]
    source["licence"] = metadata["depth"]["licence"]
    source["warnings"] = metadata.get("warnings", [])
    diorama.root[SOURCE] = json.dumps(source)
    select_only(diorama.root, scene)
    push_undo("Build Diorama")


def _made_from_file(context: bpy.types.Context) -> bool:
    diorama = selected_diorama(context)
    return diorama is not None and SOURCE in diorama.root


def _move_camera(diorama: builders.Diorama, scene: bpy.types.Scene) -> None:
    settings = scene.zograscope_depth
    cameras.apply_preset(diorama, settings.camera, settings.frames, scene.render.fps)
    scene.frame_start, scene.frame_end = 1, settings.frames


scene_jobs = SceneJobs("zograscope_depth", _build_or_update)

_CLASSES = (
    ZOGRASCOPE_OT_build_diorama,
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
_register_classes, _unregister_classes = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Add the operators, and look at each file that is opened."""
    _register_classes()
    scene_jobs.register()


def unregister() -> None:
    """Take them away again."""
    scene_jobs.unregister()
    _unregister_classes()
