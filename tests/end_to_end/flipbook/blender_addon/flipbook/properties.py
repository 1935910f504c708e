"""What the artist chooses for the next flip book, kept in the scene."""

import bpy


class FlipbookSettings(bpy.types.PropertyGroup):
    """The choices for a new flip book."""

    word: bpy.props.StringProperty(name="Word", default="Zograscope")
    frames: bpy.props.IntProperty(name="Frames", default=10, min=1)
    seconds: bpy.props.FloatProperty(name="Seconds", default=0.0, min=0.0)
    own_scene: bpy.props.BoolProperty(name="Own Scene", default=True)
    job_id: bpy.props.StringProperty(description="The job that this scene waits for")


def register() -> None:
    """Add the settings to every scene."""
    bpy.utils.register_class(FlipbookSettings)
    bpy.types.Scene.zograscope_flipbook = bpy.props.PointerProperty(type=FlipbookSettings)


def unregister() -> None:
    """Take them away again."""
    del bpy.types.Scene.zograscope_flipbook
    bpy.utils.unregister_class(FlipbookSettings)
