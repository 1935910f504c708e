"""What an artist can do with a diorama and scenes: look through it, match it, take it along."""

from typing import Any

import bpy
from zograscope_protocol.job import Job

from ..deleting import delete
from ..scenes import show_colours_untouched
from . import building
from .selection import FromFile, NeedsDiorama, selected_diorama, source_of

_scene_names: list[tuple[str, str, str]] = []
"""Blender wants the texts of a menu kept for as long as it shows them."""


class ZOGRASCOPE_OT_use_camera(NeedsDiorama, bpy.types.Operator):
    """Look through the selected diorama's camera, at the photograph's size"""

    bl_idname = "zograscope.use_camera"
    bl_label = "Use This Camera"
    bl_options = {"REGISTER", "UNDO"}

    resolution: bpy.props.BoolProperty(
        name="Photograph's Size",
        description="Let the scene have as many pixels as the photograph",
        default=True,
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make it the scene's."""
        diorama, scene = selected_diorama(context), context.scene
        scene.camera = diorama.camera
        if self.resolution:
            camera, render = diorama.intrinsics, scene.render
            render.resolution_x, render.resolution_y = camera.width, camera.height
            render.pixel_aspect_x = render.pixel_aspect_y = 1.0
        return {"FINISHED"}


class ZOGRASCOPE_OT_match_colours(NeedsDiorama, bpy.types.Operator):
    """Show the photograph's colours untouched; all of the scene is shown so then"""

    bl_idname = "zograscope.match_colours"
    bl_label = "Match the Photograph's Colours"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the scene's colour management."""
        show_colours_untouched(context.scene)
        return {"FINISHED"}


def _other_scenes(
    operator: bpy.types.Operator, context: bpy.types.Context
) -> list[tuple[str, str, str]]:
    _scene_names[:] = [
        (scene.name, scene.name, f"Show the diorama in {scene.name} too")
        for scene in bpy.data.scenes
        if scene != context.scene
    ]
    return _scene_names


class ZOGRASCOPE_OT_bring_into_scene(NeedsDiorama, bpy.types.Operator):
    """Show the selected diorama in another scene too: the same objects in both"""

    bl_idname = "zograscope.bring_into_scene"
    bl_label = "Bring into Scene"
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "scene"

    scene: bpy.props.EnumProperty(
        name="Scene", description="Where it is to be seen", items=_other_scenes
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Let the artist choose among several scenes."""
        others = _other_scenes(self, context)
        if len(others) > 1:
            context.window_manager.invoke_search_popup(self)
            return {"RUNNING_MODAL"}
        if others:
            self.scene = others[0][0]
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Link the diorama's collection there."""
        target: bpy.types.Scene | None = bpy.data.scenes.get(self.scene)
        collection = selected_diorama(context).collection
        if target is None:
            self.report({"WARNING"}, "There is no other scene")
            return {"CANCELLED"}
        if collection.name in target.collection.children:
            self.report({"INFO"}, f"{target.name} shows it already")
            return {"CANCELLED"}
        target.collection.children.link(collection)
        return {"FINISHED"}


class ZOGRASCOPE_OT_show_dome(NeedsDiorama, bpy.types.Operator):
    """Show what lies around: a sphere about all of the scene, behind the photograph"""

    bl_idname = "zograscope.show_dome"
    bl_label = "Surround"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show it, or hide it again."""
        dome = selected_diorama(context).dome
        if dome is None:
            return {"CANCELLED"}
        dome.hide_viewport = dome.hide_render = not dome.hide_render
        return {"FINISHED"}


class ZOGRASCOPE_OT_delete_diorama(NeedsDiorama, bpy.types.Operator):
    """Delete the selected diorama with its pictures and its camera, and the scene made for it"""

    bl_idname = "zograscope.delete_diorama"
    bl_label = "Delete Diorama"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete it."""
        delete(selected_diorama(context).root)
        return {"FINISHED"}


class ZOGRASCOPE_OT_rebuild_diorama(FromFile):
    """Build the selected diorama anew, with what is chosen above, in the place of this one"""

    bl_idname = "zograscope.rebuild_diorama"
    bl_label = "Rebuild"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job with the same photograph."""
        diorama, settings = selected_diorama(context), context.scene.zograscope_depth
        source = source_of(diorama)
        source["parameters"] |= {
            "crop": "auto" if settings.crop else "none",
            "stereo": settings.stereo,
        }
        building.choose_estimate(source, settings)
        return building.start_instead_of(diorama, context.scene, source)


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_OT_use_camera,
        ZOGRASCOPE_OT_match_colours,
        ZOGRASCOPE_OT_bring_into_scene,
        ZOGRASCOPE_OT_show_dome,
        ZOGRASCOPE_OT_delete_diorama,
        ZOGRASCOPE_OT_rebuild_diorama,
    )
)
