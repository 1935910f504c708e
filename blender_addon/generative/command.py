"""The command `walk`: a walk through what a model dreams becomes a scene, without a window."""

import argparse
import sys

import bpy
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.generative.command import WalkCommand, add_walk_arguments, parse_walk
from zograscope_protocol.job import JobResult

from .. import scene_jobs
from ..capabilities import Command, Source
from ..command_output import Outputs, print_json, save_scene, show_progress
from . import depths, walks


def run(arguments: argparse.Namespace) -> int:
    """Make the walk, and save its scene beside its frames and sound; return 0."""
    command, outputs = parse_walk(arguments), Outputs()
    target = outputs.place("scene", command.output)
    files = FrameFiles(target.with_suffix(""))
    with BlockingClient(command.connection, client_name="zograscope command line") as client:
        job = client.submit(*command.submission())
        with show_progress(target.name) as progress:
            for part in client.parts(job):
                files.write(part.number, part.arrays["file"])
                progress.show(job.fraction, job.stage, job.detail)
        result = client.wait(job)
        bpy.ops.wm.read_homefile(use_empty=True)
        # Saved first, so that all paths are relative to it.
        save_scene(target)
        image = _show(command, job.id, result, files, bpy.context.scene)
        if depths.is_wanted(image):
            _see_depths(client, image, files, len(result.arrays["times"]))
    save_scene(target)
    outputs.paths["frames"] = str(files.folder)
    for warning in result.metadata.get("warnings", ()):
        print(f"{target.name}: {warning}", file=sys.stderr)
    if command.json:
        print_json({**outputs.paths, "metadata": result.metadata})
    else:
        outputs.print()
    return 0


def _show(
    command: WalkCommand, job_id: str, result: JobResult, files: FrameFiles, scene: bpy.types.Scene
) -> bpy.types.Image:
    """Show all frames with their sound, in the way that was asked for."""
    name = f"{command.options.model} walk"
    options = command.options
    source: Source = {
        "model": options.model,
        # Part of a loop does not meet itself.
        "loop": options.loop and len(result.arrays["times"]) == result.metadata["frames"],
        "start": 1,
        "heard": False,
        "show": command.show.upper(),
        "height": command.height.upper(),
        "in_place": False,
        scene_jobs.FRAMES: {"name": name, "folder": str(files.folder), "suffix": files.suffix},
    }
    image = walks.show_first(files.path(0), scene, job_id, source)
    walks.finish(image, result.arrays, result.metadata, scene, source)
    return image


def _see_depths(
    client: BlockingClient, image: bpy.types.Image, files: FrameFiles, count: int
) -> None:
    """Let the depth model see each frame, and the landscape rise by it."""
    with show_progress("depth") as progress:
        for number in range(count):
            progress.show(number / count, "Estimating depth", f"{number + 1} of {count}")
            options: DioramaOptions = depths.options_for(files.path(number), "default")
            submission = options.submission({"image": files.path(number).read_bytes()})
            depths.keep(image, number, client.run(*submission).arrays["disparity"])
    depths.show(image)


COMMAND = Command("walk", "a walk through what a model dreams", add_walk_arguments, run)
