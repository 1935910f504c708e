"""What an artist chooses for the next plate, kept in the scene."""

import bpy


class PlateSettings(bpy.types.PropertyGroup):
    """The choices for a new plate."""

    plate_name: bpy.props.StringProperty(
        name="Name",
        description="What the next plate is called; rename it like any object",
        default="Plate",
    )


def register() -> None:
    """Add the settings to every scene."""
    bpy.utils.register_class(PlateSettings)
    settings = bpy.props.PointerProperty(type=PlateSettings)
    bpy.types.Scene.zograscope_plates = settings  # type: ignore[attr-defined]


def unregister() -> None:
    """Take them away again."""
    del bpy.types.Scene.zograscope_plates  # type: ignore[attr-defined]
    bpy.utils.unregister_class(PlateSettings)
