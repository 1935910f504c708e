"""The sidebar's panels for dioramas: they draw, and nothing else."""

from typing import Any

import bpy

from ..server_link import link
from ..server_panel import CATEGORY
from . import operators
from .geometry_nodes import SETTING_RANGES


class _Sidebar:
    bl_category = CATEGORY
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"


class ZOGRASCOPE_PT_new_diorama(_Sidebar, bpy.types.Panel):
    """What the next diorama is made of."""

    bl_label = "New Diorama"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_depth
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "photograph")
        self._draw_model(layout, settings.model)
        layout.prop(settings, "quality")
        layout.prop(settings, "camera")
        layout.prop(settings, "frames")
        column = layout.column(heading="Options")
        column.prop(settings, "crop")
        column.prop(settings, "own_scene")
        layout.prop(settings, "depth_map")
        if settings.depth_map:
            layout.prop(settings, "depth_map_near", expand=True)
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.build_diorama", icon="OUTLINER_OB_CAMERA")

    @staticmethod
    def _draw_model(layout: bpy.types.UILayout, name: str) -> None:
        """Draw the choice of model, its licence, and its download where it is not here."""
        model = link.model(name)
        row = layout.split(factor=0.4)
        row.alignment = "RIGHT"
        row.label(text="Model")
        row.menu("ZOGRASCOPE_MT_models", text=model["title"] if model else name.capitalize())
        if model is None:
            return
        licence = layout.row()
        licence.alert = not model["commercial"]
        licence.label(text=f"Licence: {model['licence']}{_licence_note(model)}", icon="COPY_ID")
        if not model["installed"]:
            size = f"Download ({model['bytes'] / 1e6:.0f} MB)"
            layout.operator("zograscope.download_model", text=size, icon="IMPORT")


class ZOGRASCOPE_MT_models(bpy.types.Menu):
    """The models of the server's catalogue."""

    bl_label = "Model"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the menu."""
        models = [model for model in link.models if model["task"] == "depth"]
        for model in models:
            self.layout.operator(
                "zograscope.choose_model",
                text=model["title"] + _licence_note(model),
                icon="CHECKMARK" if model["installed"] else "IMPORT",
            ).name = model["name"]
        if not models:
            self.layout.label(text="Start the server to see its models")


def _licence_note(model: dict[str, Any]) -> str:
    return "" if model["commercial"] else " (non-commercial)"


class ZOGRASCOPE_PT_diorama(_Sidebar, bpy.types.Panel):
    """The selected diorama."""

    bl_label = "Diorama"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is one."""
        return operators.selected_diorama(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, diorama = self.layout, operators.selected_diorama(context)
        root = diorama.root
        layout.use_property_split = True
        layout.label(text=root.name, icon="OUTLINER_OB_EMPTY")
        if operators.SOURCE in root:
            source = operators.source_of(diorama)
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
        layout.operator("zograscope.update_depth", icon="FILE_REFRESH")
        layout.operator("zograscope.bake", icon="MESH_GRID")
        row = layout.row(align=True)
        row.operator("zograscope.export_mesh", icon="EXPORT")
        row.operator("zograscope.export_depth", icon="IMAGE_ZDEPTH")


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_MT_models, ZOGRASCOPE_PT_new_diorama, ZOGRASCOPE_PT_diorama)
)
