"""What the extension knows of portraits."""

from zograscope_protocol.portrait.tasks import REGIONS

from ..capabilities import Capability
from . import building, in_scene, moving, operators, panels, properties
from .command import COMMAND

CAPABILITY = Capability(
    name=building.NAME,
    settings="zograscope_portrait",
    modules=(properties, operators, panels),
    build=building.build,
    title_of=building.title_of,
    task_of=lambda source: source["task"],
    purpose="portrait",
    thing_of=in_scene.thing_of,
    things_in=in_scene.things_in,
    show=moving.show_first,
    presets=(
        *("regions", "strength", *(f"strength_{region}" for region in REGIONS)),
        *("find_neutral", "neutral_frame", "mouth", "motion", "stitching"),
        *("show", "onto_diorama", "move_depth", "own_scene"),
    ),
    commands=(COMMAND,),
)
