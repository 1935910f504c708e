"""How the depth brush paints, kept in the scene."""

import bpy

from ...scene_settings import scene_settings
from .strokes import TOOLS

TOOL_HELP = {
    "nearer": "Bring nearer; with Ctrl farther",
    "farther": "Push farther; with Ctrl nearer",
    "flatten": "Bring to the depth at which the stroke began",
    "smooth": "Even bumps out",
    "put": "Bring to the picked depth, wherever that was picked",
}


class DepthBrushSettings(bpy.types.PropertyGroup):
    """What the artist paints depth with."""

    tool: bpy.props.EnumProperty(
        name="Tool",
        description="What a stroke does to the depth",
        items=[(name, name.capitalize(), TOOL_HELP[name]) for name in TOOLS],
    )
    radius: bpy.props.FloatProperty(
        name="Radius",
        description="As a share of the photograph's longer side; [ and ] change it while painting",
        default=5.0,
        min=0.1,
        max=100.0,
        soft_max=30.0,
        subtype="PERCENTAGE",
    )
    strength: bpy.props.FloatProperty(
        name="Strength",
        description="How much one pass does; a pen's pressure does less of it",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    on_surface: bpy.props.BoolProperty(
        name="Stay on Surface",
        description="Change only what is about as far as where the stroke begins",
    )
    picked: bpy.props.FloatProperty(
        name="Picked",
        description="Relative disparity that Put brings things to: 1 is nearest, 0 farthest. S "
        "picks it under the mouse while painting",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )


register, unregister = scene_settings("zograscope_depth_brush", DepthBrushSettings)
