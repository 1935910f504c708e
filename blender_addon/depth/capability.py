"""What the extension knows of dioramas."""

from ..capabilities import Capability
from . import building, operators, panels, properties
from .command import COMMAND

CAPABILITY = Capability(
    name=building.NAME,
    settings="zograscope_depth",
    modules=(properties, operators, panels),
    build=building.build,
    title_of=building.title_of,
    purpose="depth",
    commands=(COMMAND,),
)
