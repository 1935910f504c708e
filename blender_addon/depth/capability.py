"""What the extension knows of dioramas."""

from zograscope_protocol.depth.tasks import DioramaOptions

from ..capabilities import Capability
from . import building, operators, panels, properties, proxies, scene_operators
from .brush import edits as brush_edits
from .brush import operators as brush_operators
from .brush import panel as brush_panel
from .brush import properties as brush_properties
from .command import COMMAND
from .diorama import dioramas, find_diorama
from .eyes import operators as eyes_operators
from .eyes import panel as eyes_panel
from .eyes import properties as eyes_properties
from .plates import operators as plates_operators
from .plates import panel as plates_panel
from .plates import properties as plates_properties
from .selection import RELIEF_PRESETS

CAPABILITY = Capability(
    name=building.NAME,
    settings="zograscope_depth",
    modules=(
        properties,
        operators,
        scene_operators,
        proxies,
        panels,
        brush_properties,
        brush_edits,
        brush_operators,
        brush_panel,
        plates_properties,
        plates_operators,
        plates_panel,
        eyes_properties,
        eyes_operators,
        eyes_panel,
    ),
    build=building.build,
    title_of=building.title_of,
    task_of=lambda source: DioramaOptions.task,
    purpose="depth",
    thing_of=find_diorama,
    things_in=dioramas,
    presets=("quality", "camera", "frames", "reach", "crop", "stereo", "own_scene"),
    more_presets=(RELIEF_PRESETS,),
    commands=(COMMAND,),
)
