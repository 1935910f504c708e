"""What the artist chooses for the next diorama, kept in the scene."""

import bpy
from zograscope_protocol.depth.command import CAMERA_PRESETS, NO_CAMERA
from zograscope_protocol.depth.tasks import QUALITIES, STEREO

from ..scene_settings import BESIDE_THE_FILE, scene_settings
from . import cameras
from .selection import selected_diorama

DEFAULT_MODEL = "default"
QUALITY_HELP = {
    "draft": "512 points along the long side: quick",
    "standard": "1024 points along the long side",
    "high": "2048 points along the long side",
    "full": "As many points as the photograph has pixels",
}
CAMERA_HELP = {
    "push_in": "Towards what is nearest to the middle",
    "pull_out": "Back, from close to the photograph's own view",
    "orbit": "From one side to the other, round what is in the middle",
    "truck": "Sideways, looking straight ahead",
    "crane": "Up or down",
    "dolly_zoom": "Forward while the lens opens, so that only the background changes",
    "hand_held": "As if somebody held the camera and breathed",
    "fly_through": "Along a curve into the picture, which you can edit",
    "none": "The camera stays where the photograph was taken",
}
STEREO_HELP = {
    "auto": "Look whether it is one",
    "yes": "It is one: depth is measured between its halves, the left half is shown",
    "no": "It is one picture",
}


def _scale_move(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Let the selected diorama's camera follow at once."""
    diorama = selected_diorama(context) if settings.id_data == context.scene else None
    if diorama is not None:
        cameras.scale_move(diorama, settings.reach)


class DepthSettings(bpy.types.PropertyGroup):
    """The choices for a new diorama."""

    photograph: bpy.props.StringProperty(
        name="Photograph",
        description="The picture to bring to life",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    # Text, since the server's catalogue is not known while a file is read or no server runs.
    model: bpy.props.StringProperty(
        name="Model", description="What estimates depth", default=DEFAULT_MODEL
    )
    quality: bpy.props.EnumProperty(
        name="Quality",
        description="How finely depth is estimated; finer takes longer",
        items=[(name, name.capitalize(), QUALITY_HELP[name]) for name in QUALITIES],
        default="standard",
    )
    camera: bpy.props.EnumProperty(
        name="Camera",
        description="How the camera moves; its reach ends before faces, lines or holes show",
        items=[
            (name, name.replace("_", " ").title(), CAMERA_HELP[name])
            for name in (*CAMERA_PRESETS, NO_CAMERA)
        ],
        default="push_in",
    )
    frames: bpy.props.IntProperty(
        name="Frames",
        description="How long the camera's move takes",
        default=96,
        min=2,
        soft_max=1000,
    )
    reach: bpy.props.FloatProperty(
        name="Reach",
        description="How far the camera's move goes: at 1 as far as faces and lines stay whole",
        default=1.0,
        min=0.0,
        max=2.0,
        step=5,
        update=_scale_move,
    )
    crop: bpy.props.BoolProperty(
        name="Crop Paper Border",
        description="Cut away the paper around an archive scan",
        default=True,
    )
    stereo: bpy.props.EnumProperty(
        name="Stereograph",
        description="Whether the picture is a card with two photographs of one place",
        items=[(name, name.capitalize(), STEREO_HELP[name]) for name in STEREO],
    )
    depth_map: bpy.props.StringProperty(
        name="Depth Map",
        description="Your own depth (PNG, TIFF, EXR or npy) in place of an estimate",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    depth_map_near: bpy.props.EnumProperty(
        name="Near Is",
        description="Which tone of your own depth map is near",
        items=[("white", "White", "Light is near"), ("black", "Black", "Dark is near")],
    )
    own_scene: bpy.props.BoolProperty(
        name="Own Scene",
        description="Build in a new scene of the photograph's size, its colours untouched, and "
        "leave the present one as it is",
        default=True,
    )
    job_id: bpy.props.StringProperty(description="The job that this scene waits for")

    @property
    def relief(self) -> bpy.types.Object:
        """The selected diorama's root, which has the settings of its relief."""
        diorama = selected_diorama(bpy.context)
        if diorama is None:
            raise AttributeError("no diorama is selected")
        return diorama.root


register, unregister = scene_settings("zograscope_depth", DepthSettings)
