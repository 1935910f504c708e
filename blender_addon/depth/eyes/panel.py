"""The sidebar's section for two eyes."""

import bpy

from ...server_panel import Sidebar
from ..selection import NeedsDiorama
from .setup import CARD, OFF, VR180, mode_of


class ZOGRASCOPE_PT_two_eyes(NeedsDiorama, Sidebar):
    """How the selected diorama is shown to two eyes."""

    bl_label = "Two Eyes"
    topic = "two eyes"
    bl_parent_id = "ZOGRASCOPE_PT_diorama"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 5

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_two_eyes
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "mode")
        if settings.mode != OFF:
            if settings.mode != VR180:
                layout.prop(settings, "rest")
            layout.prop(settings, "parallax")
        layout.operator("zograscope.two_eyes", icon="CAMERA_STEREO")
        if mode_of(context.scene) == CARD:
            layout.operator("zograscope.render_card", icon="RENDER_STILL")


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_PT_two_eyes,))
