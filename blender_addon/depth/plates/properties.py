"""What an artist chooses for the next plate, kept in the scene."""

import bpy

from ...scene_settings import scene_settings


class PlateSettings(bpy.types.PropertyGroup):
    """The choices for a new plate."""

    plate_name: bpy.props.StringProperty(
        name="Name",
        description="What the next plate is called; rename it like any object",
        default="Plate",
    )


register, unregister = scene_settings("zograscope_plates", PlateSettings)
