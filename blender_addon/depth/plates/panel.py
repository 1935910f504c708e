"""The sidebar's section for plates."""

import bpy

from ...server_panel import Sidebar
from ..selection import NeedsDiorama, selected_diorama
from .depth import DEPTH_OFFSET, FLATNESS
from .plate import is_plate


class ZOGRASCOPE_PT_plates(NeedsDiorama, Sidebar):
    """The plates of the selected diorama."""

    bl_label = "Plates"
    topic = "plates"
    bl_parent_id = "ZOGRASCOPE_PT_diorama"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, diorama = self.layout, selected_diorama(context)
        layout.use_property_split = True
        layout.prop(context.scene.zograscope_plates, "plate_name")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.click_object", icon="EYEDROPPER")
        for plate in diorama.plates:
            box = layout.box()
            row = box.row(align=True)
            active = plate == context.object
            row.prop(plate, "name", text="", icon="LAYER_ACTIVE" if active else "LAYER_USED")
            row.prop(plate, "hide_viewport", text="", emboss=False)
            row.prop(plate, "hide_render", text="", emboss=False)
            box.prop(plate, f'["{DEPTH_OFFSET}"]', text="Depth Offset")
            box.prop(plate, f'["{FLATNESS}"]', text="Flatness", slider=True)
        if is_plate(context.object):
            layout.operator("zograscope.put_back_plate", icon="LOOP_BACK")
        layout.operator("zograscope.paint_background", icon="BRUSH_DATA")
        row = layout.row(align=True)
        row.operator("zograscope.export_plates", icon="EXPORT")
        row.operator("zograscope.import_plates", icon="IMPORT")


register, unregister = bpy.utils.register_classes_factory((ZOGRASCOPE_PT_plates,))
