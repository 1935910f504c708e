"""The sidebar's panels for dioramas: they draw, and nothing else."""

import bpy

from ..model_menu import draw_model
from ..server_panel import Sidebar
from .geometry_nodes import SETTING_RANGES
from .selection import NeedsDiorama, made_from_file, selected_diorama, source_of


class ZOGRASCOPE_PT_new_diorama(Sidebar):
    """What the next diorama is made of."""

    bl_label = "New Diorama"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_depth
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "photograph")
        draw_model(layout, context, "depth", settings.model)
        layout.prop(settings, "quality")
        layout.prop(settings, "camera")
        layout.prop(settings, "frames")
        column = layout.column(heading="Options")
        column.prop(settings, "crop")
        column.prop(settings, "own_scene")
        layout.prop(settings, "stereo")
        layout.prop(settings, "depth_map")
        if settings.depth_map:
            layout.prop(settings, "depth_map_near", expand=True)
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.build_diorama", icon="OUTLINER_OB_CAMERA")


class ZOGRASCOPE_PT_diorama(NeedsDiorama, Sidebar):
    """The selected diorama."""

    bl_label = "Diorama"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, diorama = self.layout, selected_diorama(context)
        root = diorama.root
        layout.use_property_split = True
        layout.label(text=root.name, icon="OUTLINER_OB_EMPTY")
        if made_from_file(context):
            source = source_of(diorama)
            if source.get("paper_border"):
                box = layout.box()
                box.label(text="This scan has a paper border.", icon="INFO")
                box.operator("zograscope.crop_border", icon="FULLSCREEN_EXIT")
            for warning in source.get("warnings", ()):
                layout.label(text=warning, icon="INFO")
        column = layout.column(align=True)
        column.enabled = diorama.is_live
        for setting, (label, *_) in SETTING_RANGES.items():
            if setting in root:
                column.prop(root, f'["{setting}"]', text=label)
        layout.prop(root, '["lit"]', text="Lit", slider=True)
        row = layout.row(align=True)
        row.operator("zograscope.picture_filter", text="Exact").smooth = False
        row.operator("zograscope.picture_filter", text="Smooth").smooth = True
        layout.operator("zograscope.apply_camera", icon="CAMERA_DATA")
        row = layout.row(align=True)
        row.operator("zograscope.update_depth", icon="FILE_REFRESH")
        row.operator("zograscope.rebuild_diorama", icon="LOOP_BACK")
        layout.operator("zograscope.bake", icon="MESH_GRID")
        row = layout.row(align=True)
        row.operator("zograscope.export_mesh", icon="EXPORT")
        row.operator("zograscope.export_depth", icon="IMAGE_ZDEPTH")
        layout.operator("zograscope.delete_diorama", icon="TRASH")


class ZOGRASCOPE_PT_diorama_in_scene(NeedsDiorama, Sidebar):
    """The selected diorama and the scene that it is in."""

    bl_label = "In the Scene"
    bl_parent_id = "ZOGRASCOPE_PT_diorama"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, diorama = self.layout, selected_diorama(context)
        layout.operator("zograscope.use_camera", icon="VIEW_CAMERA")
        layout.operator("zograscope.match_colours", icon="COLOR")
        layout.operator("zograscope.bring_into_scene", icon="SCENE_DATA")
        if diorama.dome is not None:
            shown = not diorama.dome.hide_render
            layout.operator(
                "zograscope.show_dome", icon="HIDE_OFF" if shown else "HIDE_ON", depress=shown
            )


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_PT_new_diorama, ZOGRASCOPE_PT_diorama, ZOGRASCOPE_PT_diorama_in_scene)
)
