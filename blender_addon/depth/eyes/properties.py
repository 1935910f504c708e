"""How a diorama is shown to two eyes, kept in the scene."""

import bpy

from ...scene_settings import scene_settings
from .setup import ANAGLYPH, CARD, CENTRE, LEFT, OFF, SIDE_BY_SIDE, VR180

MODES = (
    (OFF, "Off", "One eye: the usual picture"),
    (
        SIDE_BY_SIDE,
        "Side by Side",
        "Both views in one picture of twice the width",
    ),
    (ANAGLYPH, "Anaglyph", "For spectacles of red and cyan"),
    (CARD, "Stereograph Card", "Both views on a drawn mount with curved tops; see Render Card"),
    (VR180, "VR180", "Half a sphere for each eye, side by side, for headsets; by Cycles"),
)
RESTS = (
    (LEFT, "Left Eye", "At rest the left eye sees exactly the photograph"),
    (CENTRE, "Between Eyes", "The photograph was taken in the middle between the eyes"),
)


class TwoEyesSettings(bpy.types.PropertyGroup):
    """What the artist chooses for two eyes."""

    mode: bpy.props.EnumProperty(
        name="Eyes", description="For what eyes the picture is rendered", items=MODES
    )
    rest: bpy.props.EnumProperty(
        name="Photograph Is", description="Which eye sees the photograph itself", items=RESTS
    )
    parallax: bpy.props.FloatProperty(
        name="Parallax",
        description="How far apart the eyes are; at 1 nearest and farthest are shifted against "
        "each other by a thirtieth of the picture's width, the most that is comfortable",
        default=1.0,
        min=0.0,
        soft_max=1.0,
        max=4.0,
    )


register, unregister = scene_settings("zograscope_two_eyes", TwoEyesSettings)
