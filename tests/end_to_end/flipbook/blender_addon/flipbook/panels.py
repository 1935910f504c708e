"""The sidebar's panel for flip books."""

import bpy

from ..server_panel import Sidebar


class ZOGRASCOPE_PT_flipbook(Sidebar, bpy.types.Panel):
    """What the next flip book is made of."""

    bl_label = "New Flip Book"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_flipbook
        layout.use_property_split = True
        for choice in ("word", "frames", "own_scene"):
            layout.prop(settings, choice)
        layout.operator("zograscope.draw_flipbook", icon="RENDER_ANIMATION")


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_PT_flipbook,))
