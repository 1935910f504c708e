"""What the extension knows of mosaics."""

from zograscope_protocol.mosaic.tasks import MosaicOptions

from ..capabilities import Capability
from . import builders, building, highlight, operators, panels, properties
from .command import COMMAND

CAPABILITY = Capability(
    name=building.NAME,
    settings="zograscope_mosaic",
    modules=(properties, operators, panels, highlight),
    build=building.build,
    title_of=building.title_of,
    task_of=lambda source: MosaicOptions.task,
    purpose="embedding",
    thing_of=builders.find_mosaic,
    things_in=builders.mosaics,
    presets=(
        *("layout", "column", "by_date", "by_colour", "sort", "shape", "aspect", "stack"),
        *("keep_map", "own_scene", "journey", "frames"),
    ),
    commands=(COMMAND,),
)
