"""What the artist chooses for the next drawing, kept in the scene."""

import bpy


class DrawingSettings(bpy.types.PropertyGroup):
    """The choices for a new drawing."""

    model: bpy.props.StringProperty(default="default")
    own_scene: bpy.props.BoolProperty(default=True)
    strokes: bpy.props.IntProperty(default=3)
    job_id: bpy.props.StringProperty()


def register() -> None:
    """Add the settings to every scene."""
    bpy.utils.register_class(DrawingSettings)
    bpy.types.Scene.zograscope_drawing = bpy.props.PointerProperty(type=DrawingSettings)


def unregister() -> None:
    """Take them away again."""
    del bpy.types.Scene.zograscope_drawing
    bpy.utils.unregister_class(DrawingSettings)
