"""Operators for how a mosaic looks: its layout, its height, its labels."""

import bpy

from ...deleting import delete
from ...node_wiring import get_input, set_input
from .. import cameras
from ..labels import add_labels
from ..selection import OfMosaic, selected_mosaic


class ZOGRASCOPE_OT_morph_to(OfMosaic, bpy.types.Operator):
    """Morph from the layout that is shown to this one, beginning at the present frame"""

    bl_idname = "zograscope.morph_to"
    bl_label = "Morph"
    bl_options = {"REGISTER", "UNDO"}

    layout: bpy.props.IntProperty(
        name="Layout", description="The number of the layout to morph to", min=0
    )
    animate: bpy.props.BoolProperty(
        name="Animate", description="Set keys, rather than change at once", default=True
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the layouts, and key the slider."""
        mosaic, scene = selected_mosaic(context), context.scene
        settings = mosaic.settings()
        shown = settings.end if settings.morph >= 0.5 else settings.start
        if self.animate and shown != self.layout:
            first = scene.frame_current
            last = first + scene.zograscope_mosaic.morph_frames
            cameras.animate_morph(mosaic, shown, self.layout, first, last)
        else:
            set_input(mosaic.modifier, "To", self.layout)
            set_input(mosaic.modifier, "Morph", 1.0)
        cameras.follow_layout(mosaic, scene)
        mosaic.tiles.update_tag()
        return {"FINISHED"}


class ZOGRASCOPE_OT_choose_height(OfMosaic, bpy.types.Operator):
    """Let this attribute make height"""

    bl_idname = "zograscope.choose_height"
    bl_label = "Height By"
    bl_options = {"REGISTER", "UNDO"}

    attribute: bpy.props.StringProperty(
        name="Attribute", description="The number of the metadata that makes height"
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        mosaic = selected_mosaic(context)
        set_input(mosaic.modifier, "Height by", self.attribute)
        if not get_input(mosaic.modifier, "Height"):
            set_input(mosaic.modifier, "Height", 4.0)
        mosaic.tiles.update_tag()
        return {"FINISHED"}


class ZOGRASCOPE_OT_label_clusters(OfMosaic, bpy.types.Operator):
    """Write each cluster's name amid its tiles, as they lie now"""

    bl_idname = "zograscope.label_clusters"
    bl_label = "Label Clusters"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the labels, in place of earlier ones."""
        add_labels(selected_mosaic(context))
        return {"FINISHED"}


class ZOGRASCOPE_OT_delete_mosaic(OfMosaic, bpy.types.Operator):
    """Delete the selected mosaic with its pictures and its camera, and the scene made for it"""

    bl_idname = "zograscope.delete_mosaic"
    bl_label = "Delete Mosaic"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete it."""
        delete(selected_mosaic(context).tiles)
        return {"FINISHED"}


_CLASSES = (
    ZOGRASCOPE_OT_delete_mosaic,
    ZOGRASCOPE_OT_morph_to,
    ZOGRASCOPE_OT_choose_height,
    ZOGRASCOPE_OT_label_clusters,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
