"""The sidebar's panels for dioramas: they draw, and nothing else."""

import bpy

from .. import tour
from ..lighting import draw_lit
from ..model_menu import draw_model
from ..selection import is_another_s, is_anything_in
from ..server_panel import NEW, SELECTED, Sidebar, draw_warnings, fold, wrapped
from . import building, materials
from .plates import background
from .selection import (
    RELIEF_PRESETS,
    NeedsDiorama,
    made_from_file,
    selected_diorama,
    source_of,
    warnings_of,
)

RELIEF_ROWS = (
    {"near": "Near", "far": "Far", "relief_strength": "Strength"},
    {"cut_threshold": "Cut", "smoothing": "Smoothing"},
    {"viewport_resolution": "Viewport", "render_resolution": "Render"},
)
"""Settings of the relief as the panel groups them, with words that fit its usual width."""


class _NewDiorama(Sidebar):
    """What the next diorama is made of."""

    bl_label = "New Diorama"
    topic = "diorama"
    presets = "depth"
    bl_order = NEW

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_depth
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "photograph")
        draw_model(layout, "depth", settings.model)
        layout.prop(settings, "quality")
        layout.prop(settings, "camera")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.build_diorama", icon="OUTLINER_OB_CAMERA")
        if not settings.photograph and tour.is_over():
            layout.operator("zograscope.example_photograph", icon="IMAGE_DATA")
        options = fold(layout, "zograscope_diorama_options", "Options")
        if options:
            _draw_options(options, settings)


def _draw_options(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw what is rarely chosen of a new diorama."""
    column = layout.column(heading="Build")
    column.prop(settings, "own_scene")
    column.prop(settings, "crop", text="Crop Border")
    column = layout.column(align=True)
    column.prop(settings, "frames")
    draw_reach(column, settings)
    layout.prop(settings, "stereo", text="Stereo Card")
    layout.prop(settings, "depth_map")
    if settings.depth_map:
        layout.prop(settings, "depth_map_near", expand=True)


def draw_reach(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw how far a move goes, with a warning where that is too far."""
    layout.prop(settings, "reach", slider=True)
    if settings.reach > 1:
        layout.label(text="Past 1, flaws are seen", icon="ERROR")


class ZOGRASCOPE_PT_new_diorama(_NewDiorama):
    """What the first diorama of a scene is made of."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is nothing else to look at."""
        return not is_anything_in(context.scene)


class ZOGRASCOPE_PT_another_diorama(_NewDiorama):
    """What the next diorama is made of, folded away while there is something to work on."""

    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is something."""
        return is_anything_in(context.scene)


class ZOGRASCOPE_PT_diorama(NeedsDiorama, Sidebar):
    """The selected diorama."""

    bl_label = "Diorama"
    topic = "diorama"
    bl_order = SELECTED

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a diorama is meant."""
        return super().poll(context) and not is_another_s(context.object, building.NAME)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw which one it is, and what becomes of it as a whole."""
        layout, diorama = self.layout, selected_diorama(context)
        layout.label(text=diorama.root.name, icon="OUTLINER_OB_EMPTY")
        draw_warnings(layout, context, warnings_of(diorama))
        if background.is_left_unpainted(diorama):
            box = layout.box()
            box.label(text="Behind it is only a sketch.", icon="INFO")
            box.operator("zograscope.paint_background", icon="BRUSH_DATA")
        if made_from_file(context):
            source = source_of(diorama)
            if source.get("paper_border"):
                box = layout.box()
                box.label(text="This scan has a paper border.", icon="INFO")
                box.operator("zograscope.crop_border", icon="FULLSCREEN_EXIT")
            for line in wrapped(credit, context) if (credit := source.get("credit")) else ():
                layout.label(text=line)
        row = layout.row(align=True)
        row.operator("zograscope.update_depth", icon="FILE_REFRESH")
        row.operator("zograscope.rebuild_diorama", icon="LOOP_BACK")
        row.operator("zograscope.delete_diorama", text="", icon="TRASH")


class _DioramaPart(Sidebar):
    """A part of the selected diorama's panel."""

    bl_parent_id = "ZOGRASCOPE_PT_diorama"


class ZOGRASCOPE_PT_diorama_relief(_DioramaPart, bpy.types.Panel):
    """The selected diorama's surface."""

    bl_label = "Relief"
    presets = RELIEF_PRESETS.name
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, diorama = self.layout, selected_diorama(context)
        layout.use_property_split = True
        layout.enabled = diorama.is_live
        for group in RELIEF_ROWS:
            column = layout.column(align=True)
            for setting, label in group.items():
                if setting in diorama.root:
                    column.prop(diorama.root, f'["{setting}"]', text=label)
        layout.operator("zograscope.bake", icon="MESH_GRID")


class ZOGRASCOPE_PT_diorama_camera(_DioramaPart, bpy.types.Panel):
    """How the selected diorama's camera moves."""

    bl_label = "Camera"
    topic = "camera"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_depth
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "camera", text="Move")
        layout.prop(settings, "frames")
        draw_reach(layout, settings)
        layout.operator("zograscope.apply_camera", icon="CAMERA_DATA")


class ZOGRASCOPE_PT_diorama_look(_DioramaPart, bpy.types.Panel):
    """How the selected diorama's picture is shown."""

    bl_label = "Look"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, diorama = self.layout, selected_diorama(context)
        smooth = materials.is_smooth(diorama.photograph.data.materials[0])
        row = layout.row(align=True)
        for text, choice in (("Exact", False), ("Smooth", True)):
            pressed = smooth == choice
            row.operator("zograscope.picture_filter", text=text, depress=pressed).smooth = choice
        draw_lit(layout, diorama.root)


class ZOGRASCOPE_PT_diorama_in_scene(_DioramaPart, bpy.types.Panel):
    """The selected diorama and the scene that it is in."""

    bl_label = "In the Scene"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 6

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


class ZOGRASCOPE_PT_diorama_export(_DioramaPart, bpy.types.Panel):
    """The selected diorama for other programs."""

    bl_label = "Export"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 7

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        row = self.layout.row(align=True)
        row.operator("zograscope.export_mesh", text="Model", icon="EXPORT")
        row.operator("zograscope.export_depth", text="Depth", icon="IMAGE_ZDEPTH")


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_PT_new_diorama,
        ZOGRASCOPE_PT_another_diorama,
        ZOGRASCOPE_PT_diorama,
        ZOGRASCOPE_PT_diorama_relief,
        ZOGRASCOPE_PT_diorama_camera,
        ZOGRASCOPE_PT_diorama_look,
        ZOGRASCOPE_PT_diorama_in_scene,
        ZOGRASCOPE_PT_diorama_export,
    )
)
