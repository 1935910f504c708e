"""The sidebar's panels for portraits: they draw, and nothing else."""

import bpy
from zograscope_protocol.portrait.tasks import REGIONS

from ..depth.diorama import Diorama
from ..depth.selection import selected_diorama
from ..lighting import draw_lit
from ..model_menu import draw_model
from ..selection import is_another_s
from ..server_panel import NEW, SELECTED, Sidebar, draw_warnings
from . import building
from .moving_diorama import moves
from .operators import tracked_head
from .rig import selected_rig


class ZOGRASCOPE_PT_portrait(Sidebar):
    """What the next moving portrait is made of."""

    bl_label = "Moving Portrait"
    topic = "portrait"
    presets = "portrait"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = NEW

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_portrait
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_files(layout, context)
        draw_model(layout, building.NAME, settings.model)
        _draw_examination(layout, context)
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.move_portrait", icon="RENDER_ANIMATION")
        row = layout.row(align=True)
        row.operator("zograscope.track_driver", icon="FCURVE")
        row.operator("zograscope.make_portrait_rig", icon="USER")
        layout.operator("zograscope.likeness", icon="INFO", emboss=False)


def _draw_files(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw which portrait and which driver."""
    settings, editor = context.scene.zograscope_portrait, context.scene.sequence_editor
    row = layout.row()
    row.enabled = settings.image is None
    row.prop(settings, "picture")
    layout.prop(settings, "image")
    row = layout.row()
    row.enabled = not settings.driver_strip
    row.prop(settings, "driver")
    if editor is not None:
        layout.prop_search(settings, "driver_strip", editor, "strips_all")


def _draw_examination(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what was found in them."""
    layout.operator("zograscope.examine_portrait", icon="VIEWZOOM")
    draw_warnings(layout, context, context.scene.zograscope_portrait.warnings.split("\n"))
    if building.examined(context.scene) is not None:
        row = layout.row(align=True)
        row.operator("zograscope.choose_face", text="Choose Face", icon="EYEDROPPER")
        row.operator("zograscope.reset_handles", icon="LOOP_BACK")


class ZOGRASCOPE_PT_portrait_there(Sidebar):
    """The portrait that is in the scene: its curves, its rig, its diorama that moves."""

    bl_label = "Portrait"
    topic = "portrait"
    bl_order = SELECTED

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is something of it, and nothing else is meant."""
        if is_another_s(context.object, building.NAME):
            return moving_diorama(context) is not None
        return bool(tracked_head(context) or selected_rig(context) or moving_diorama(context))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what can be done with them."""
        layout = self.layout
        if tracked_head(context) is not None:
            row = layout.row(align=True)
            row.operator("zograscope.bake_curves", icon="SHAPEKEY_DATA")
            row.operator("zograscope.drive_rig", icon="ARMATURE_DATA")
        chosen = selected_rig(context)
        if chosen is not None:
            draw_lit(layout, chosen.root)
        if moving_diorama(context) is not None:
            layout.operator("zograscope.still_diorama", icon="LOOP_BACK")


def moving_diorama(context: bpy.types.Context) -> Diorama | None:
    """Return the selected diorama, if it shows a moving picture."""
    diorama = selected_diorama(context)
    return diorama if diorama is not None and moves(diorama) else None


class ZOGRASCOPE_PT_portrait_place(Sidebar):
    """Where the moving portrait is shown."""

    bl_label = "Where"
    bl_parent_id = "ZOGRASCOPE_PT_portrait"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_portrait
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "show")
        layout.prop(settings, "onto_diorama")
        row = layout.row()
        row.enabled = settings.onto_diorama
        row.prop(settings, "move_depth")
        row = layout.row()
        row.enabled = not settings.onto_diorama
        row.prop(settings, "own_scene")
        layout.prop(settings, "credit")


class ZOGRASCOPE_PT_portrait_motion(Sidebar):
    """What of the driver is taken, and how far it moves the portrait."""

    bl_label = "Motion"
    bl_parent_id = "ZOGRASCOPE_PT_portrait"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_portrait
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "face")
        layout.prop(settings, "driver_face")
        row = layout.row(align=True)
        row.use_property_split = False
        row.prop(settings, "regions", expand=True)
        layout.prop(settings, "strength", slider=True)
        column = layout.column(align=True)
        for region in REGIONS:
            row = column.row()
            row.enabled = region in settings.regions
            row.prop(settings, f"strength_{region}", slider=True)
        layout.prop(settings, "find_neutral")
        row = layout.row()
        row.enabled = not settings.find_neutral
        row.prop(settings, "neutral_frame")
        layout.prop(settings, "mouth")
        layout.prop(settings, "motion")
        layout.prop(settings, "stitching")


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_PT_portrait_there,
        ZOGRASCOPE_PT_portrait,
        ZOGRASCOPE_PT_portrait_place,
        ZOGRASCOPE_PT_portrait_motion,
    )
)
