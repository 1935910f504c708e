"""The sidebar's section for the depth brush."""

import bpy

from ...server_panel import Sidebar
from ..selection import NeedsLiveDiorama


class ZOGRASCOPE_PT_depth_brush(NeedsLiveDiorama, Sidebar):
    """What paints on the selected diorama's depth."""

    bl_label = "Depth Brush"
    topic = "depth brush"
    bl_parent_id = "ZOGRASCOPE_PT_diorama"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_depth_brush
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.column(align=True).prop(settings, "tool", expand=True)
        layout.prop(settings, "strength")
        layout.prop(settings, "radius")
        layout.prop(settings, "on_surface")
        if settings.tool == "put":
            layout.prop(settings, "picked")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.paint_depth", icon="BRUSH_DATA")
        layout.operator("zograscope.clear_depth_edits", icon="X")


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_PT_depth_brush,))
