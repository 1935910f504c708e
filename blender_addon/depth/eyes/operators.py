"""What an artist can do with two eyes: set them up, and render cards."""

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper
from zograscope_protocol.command_options import FILM_SUFFIX
from zograscope_protocol.errors import ZograscopeError

from ... import rendering
from ...job_operators import owner_in, refuse
from ..building import NAME
from ..selection import NeedsDiorama, selected_diorama
from . import setup


class ZOGRASCOPE_OT_two_eyes(NeedsDiorama, bpy.types.Operator):
    """Set renders of the selected diorama up for two eyes, or for one again"""

    bl_idname = "zograscope.two_eyes"
    bl_label = "Apply Eyes"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set camera and renders up as chosen."""
        scene, settings = context.scene, context.scene.zograscope_two_eyes
        diorama = selected_diorama(context)
        setup.set_eyes(diorama, scene, settings.mode, settings.rest, settings.parallax)
        return {"FINISHED"}


class ZOGRASCOPE_OT_render_card(ExportHelper, bpy.types.Operator):  # type: ignore[misc]
    """Render a stereograph card of this frame as a PNG, or of all frames as a film (.mp4)"""

    bl_idname = "zograscope.render_card"
    bl_label = "Render Card"

    filename_ext = ".png"
    check_extension = None
    filter_glob: bpy.props.StringProperty(default="*.png;*.mp4", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a scene that is set up for cards."""
        return setup.mode_of(context.scene) == setup.CARD

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Render with the scene's own engine."""
        scene, path = context.scene, Path(bpy.path.abspath(self.filepath))
        engine, samples = rendering.own_engine(scene)
        finish = setup.finish_of(scene)
        try:
            if path.suffix.lower() == FILM_SUFFIX:
                rendering.render_film(scene, path, engine, samples=samples, finish=finish)
            else:
                still = path.with_suffix(".png")
                rendering.render_still(scene, still, engine, samples=samples, finish=finish)
        except ZograscopeError as error:
            return refuse(self, error, owner_in(context, NAME))
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_OT_two_eyes, ZOGRASCOPE_OT_render_card)
)
