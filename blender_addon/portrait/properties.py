"""What the artist chooses for the next moving portrait, kept in the scene."""

import bpy
from zograscope_protocol.portrait.tasks import LONGEST, MOST_FACES, REGIONS, STRONGEST

from ..scene_settings import BESIDE_THE_FILE, scene_settings

DEFAULT_MODEL = "default"


def _strength(name: str, description: str) -> bpy.props.FloatProperty:
    return bpy.props.FloatProperty(
        name=name, description=description, default=1.0, min=0.0, max=STRONGEST, soft_max=2.0
    )


REGION_HELP = {
    "pose": "How the head turns",
    "eyes": "Lids and gaze",
    "brows": "The brows",
    "mouth": "Lips and jaw",
}


class PortraitSettings(bpy.types.PropertyGroup):
    """The choices for a new moving portrait."""

    picture: bpy.props.StringProperty(
        name="Portrait",
        description="The picture that is to move",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    image: bpy.props.PointerProperty(
        name="Or Image", description="An image of this file in its place", type=bpy.types.Image
    )
    face: bpy.props.IntProperty(
        name="Face",
        description="Which of several in the portrait, from left to right, from 0",
        min=0,
        max=MOST_FACES - 1,
    )
    driver: bpy.props.StringProperty(
        name="Driver",
        description="The video that gives motion",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    driver_strip: bpy.props.StringProperty(
        name="Or Strip",
        description="A movie strip of this scene's sequencer in its place, as it is trimmed",
    )
    driver_face: bpy.props.IntProperty(
        name="Driver's Face",
        description="Which of several in the driver, from left to right, from 0",
        min=0,
        max=MOST_FACES - 1,
    )
    # Text, since the server's catalogue is not known while a file is read or no server runs.
    model: bpy.props.StringProperty(
        name="Model", description="What moves the portrait", default=DEFAULT_MODEL
    )
    regions: bpy.props.EnumProperty(
        name="Regions",
        description="What of the driver is taken",
        items=[(name, name.capitalize(), REGION_HELP[name]) for name in REGIONS],
        options={"ENUM_FLAG"},
        default=set(REGIONS),
    )
    strength: _strength("Strength", "Of all regions; 1 moves as the driver does")
    strength_pose: _strength("Pose", "How far the head turns; 1 moves as the driver does")
    strength_eyes: _strength("Eyes", "How far lids and gaze move; 1 moves as the driver does")
    strength_brows: _strength("Brows", "How far brows move; 1 moves as the driver does")
    strength_mouth: _strength("Mouth", "How far lips and jaw move; 1 moves as the driver does")
    find_neutral: bpy.props.BoolProperty(
        name="Find Neutral Frame",
        description="Let the driver's calmest frame stand for the portrait at rest",
        default=True,
    )
    neutral_frame: bpy.props.IntProperty(
        name="Neutral Frame",
        description="Frame of the driver that stands for the portrait at rest, from 0",
        min=0,
        max=LONGEST,
    )
    mouth: bpy.props.EnumProperty(
        name="Mouth Interior",
        description="What shows between the lips",
        items=[
            ("driver", "Driver's", "Teeth and tongue of the driver, in the portrait's light"),
            ("own", "Neutral", "Teeth and tongue that belong to nobody"),
        ],
    )
    motion: bpy.props.EnumProperty(
        name="Motion",
        description="For networks",
        items=[
            ("relative", "Relative", "Moves by how the driver leaves its neutral frame"),
            ("absolute", "Absolute", "Takes the driver's pose and expression as they are"),
        ],
    )
    stitching: bpy.props.BoolProperty(
        name="Stitching", description="Join face and shoulders; for networks", default=True
    )
    credit: bpy.props.StringProperty(
        name="Credit", description="Words written into the frames' lower corner"
    )
    show: bpy.props.EnumProperty(
        name="Show",
        description="Where the moving portrait appears",
        items=[
            ("PLANE", "On a Plane", "Before a camera that sees exactly the picture"),
            ("SEQUENCER", "In the Sequencer", "As a strip beside its sound"),
            ("BOTH", "Both", "On a plane, and in the sequencer"),
        ],
    )
    onto_diorama: bpy.props.BoolProperty(
        name="Onto Its Diorama",
        description="Show the moving picture on the scene's diorama of the same file, so that the "
        "person moves while the camera moves",
    )
    move_depth: bpy.props.BoolProperty(
        name="Moving Depth",
        description="Let the diorama's relief come nearer where the head does",
        default=True,
    )
    own_scene: bpy.props.BoolProperty(
        name="Own Scene",
        description="Build in a new scene of the portrait's size, at the driver's frame rate, and "
        "leave the present one as it is",
        default=True,
    )
    warnings: bpy.props.StringProperty(description="What will go badly, or did; a line each")
    job_id: bpy.props.StringProperty(description="The job that this scene waits for")


register, unregister = scene_settings("zograscope_portrait", PortraitSettings)
