"""What the extension knows of drawings."""

import argparse

import bpy
from zograscope_protocol.job import Job

from ..capabilities import Capability, Command, Source
from . import operators, properties


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Note that all frames have come."""
    scene["drawn"] = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--status", type=int, default=0)


CAPABILITY = Capability(
    name="drawing",
    settings="zograscope_drawing",
    modules=(properties, operators),
    build=build,
    title_of=lambda source: "A drawing",
    purpose="drawing",
    commands=(Command("draw", "frames are drawn", add_arguments, lambda asked: asked.status),),
)
