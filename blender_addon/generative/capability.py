"""What the extension knows of models that dream."""

from zograscope_protocol.generative.tasks import WalkOptions

from ..capabilities import Capability
from . import building, in_scene, latent_preview, operators, panels, properties, training, walks
from .command import COMMAND

CAPABILITY = Capability(
    name=building.NAME,
    settings="zograscope_generative",
    modules=(properties, operators, panels, latent_preview, training),
    build=building.build,
    title_of=building.title_of,
    task_of=lambda source: WalkOptions.task,
    purpose="generative",
    thing_of=in_scene.thing_of,
    things_in=in_scene.things_in,
    show=walks.show_first,
    grow=walks.grow,
    presets=(
        *("path", "stops", "frames", "rate", "loop", "even", "truncation", "directions"),
        *("mix", "mix_seed", "mix_from", "show", "height", "own_scene", "in_place"),
    ),
    commands=(COMMAND,),
)
