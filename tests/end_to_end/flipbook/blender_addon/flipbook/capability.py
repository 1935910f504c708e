"""What the extension knows of flip books."""

import bpy
from zograscope_protocol.flipbook.tasks import FlipbookOptions
from zograscope_protocol.job import Job

from ..capabilities import Capability, Source
from . import operators, panels, properties
from .command import COMMAND


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Build nothing more: the frames are in the scene."""


CAPABILITY = Capability(
    name=operators.NAME,
    settings="zograscope_flipbook",
    modules=(properties, operators, panels),
    build=build,
    title_of=lambda source: f"Flip book of {source['word']}",
    task_of=lambda source: FlipbookOptions.task,
    commands=(COMMAND,),
)
