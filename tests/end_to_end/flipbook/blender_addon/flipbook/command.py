"""The command `flipbook`: a word becomes a moving picture, without a window."""

import argparse

import bpy
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.flipbook.command import add_flipbook_arguments, parse_flipbook
from zograscope_protocol.frame_files import FrameFiles

from .. import frame_sequences, scenes
from ..capabilities import Command
from ..command_output import Outputs, save_scene, show_progress


def run(arguments: argparse.Namespace) -> int:
    """Draw the flip book and save its scene; return 0 when it was made."""
    command, outputs = parse_flipbook(arguments), Outputs()
    target = outputs.place("scene", command.output)
    files = FrameFiles(target.with_suffix(""))
    with BlockingClient(command.connection) as client, show_progress(target.name) as progress:
        job = client.submit(*command.options.submission())
        for part in client.parts(job):
            files.write(part.number, part.arrays["file"])
            progress.show(part.number / command.options.frames, "Drawing")
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    screen = frame_sequences.show(job.id, files.path(0), command.options.word, scene)
    scenes.show_untouched(scene, screen.camera, screen.size)
    frame_sequences.grow(screen.image, command.options.frames)
    scene.frame_start, scene.frame_end = 1, command.options.frames
    save_scene(target)
    outputs.print()
    return 0


COMMAND = Command("flipbook", "a word travels across pages", add_flipbook_arguments, run)
