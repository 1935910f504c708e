"""The command `portrait`: a portrait moves in a scene, without a window."""

import argparse
import sys

import bpy
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.job import JobResult
from zograscope_protocol.portrait.command import (
    PortraitCommand,
    add_portrait_arguments,
    parse_portrait,
)

from .. import rendering, scene_jobs
from ..capabilities import Command, Source
from ..command_output import Outputs, print_json, save_scene, show_job, show_progress
from ..depth import builders
from ..depth.building import remember
from ..depth.submissions import diorama_submission
from ..frame_sequences import grow
from . import moving, submissions
from .clips import Clip


def run(arguments: argparse.Namespace) -> int:
    """Move the portrait, and save its scene beside its frames and sound; return 0."""
    command, outputs = parse_portrait(arguments), Outputs()
    target = outputs.place("scene", command.output)
    files = FrameFiles(target.with_suffix(""))
    also = (moving.RELIEF,) if command.options.relief else ()
    with BlockingClient(command.connection, client_name="zograscope command line") as client:
        if command.onto_diorama:
            options = DioramaOptions(file_name=command.source.name)
            submission = diorama_submission(command.source, options)
            with show_job(f"Diorama of {command.source.name}") as on_progress:
                diorama = client.run(*submission, on_progress)
        picture = submissions.picture_bytes(command.source)
        clip = Clip(command.driver)
        job = client.submit(*submissions.move_submission(picture, clip, command.options))
        with show_progress(command.source.name) as progress:
            for part in client.parts(job):
                for name in also:
                    FrameFiles(files.folder / name).write(part.number, part.arrays[name])
                files.write(part.number, part.arrays["file"])
                progress.show(job.fraction, job.stage, job.detail)
        result = client.wait(job)
    bpy.ops.wm.read_homefile(use_empty=True)
    # Saved first, so that all paths are relative to it.
    save_scene(target)
    scene = bpy.context.scene
    if command.onto_diorama:
        _build_diorama(command, diorama, scene)
    _show(command, job.id, result, files, scene, also)
    save_scene(target)
    outputs.paths["frames"] = str(files.folder)
    if command.contact_sheet is not None:
        rendering.contact_sheet(scene, outputs.place("sheet", command.contact_sheet))
    for warning in result.metadata.get("warnings", ()):
        print(f"{command.source.name}: {warning}", file=sys.stderr)
    if command.json:
        print_json({"portrait": str(command.source), **outputs.paths, "metadata": result.metadata})
    else:
        outputs.print()
    return 0


def _build_diorama(command: PortraitCommand, result: JobResult, scene: bpy.types.Scene) -> None:
    name = command.source.stem
    diorama = builders.build_diorama(result.arrays, result.metadata, name, scene)
    builders.prepare_scene(scene, diorama)
    source: Source = {"photograph": str(command.source.resolve()), "depth_map": ""}
    source["parameters"] = {"crop": "auto"}
    remember(diorama, source, result.metadata)


def _show(
    command: PortraitCommand,
    job_id: str,
    result: JobResult,
    files: FrameFiles,
    scene: bpy.types.Scene,
    also: tuple[str, ...],
) -> None:
    """Show all frames with their sound, in the scene or on its diorama."""
    name = f"{command.source.stem} moving"
    frames = {"name": name, "folder": str(files.folder), "suffix": files.suffix, "also": also}
    source: Source = {
        "key": str(command.source.resolve()),
        "onto": command.onto_diorama,
        "show": "PLANE",
        scene_jobs.FRAMES: frames,
    }
    image = moving.show_first(files.path(0), scene, job_id, source)
    scene[moving.JOB_MARK] = job_id  # which makes the scene that of the frames: length and rate
    scene.frame_start = 1
    grow(image, len(result.arrays["times"]))
    moving.finish(image, result.arrays, result.metadata, scene, source)


COMMAND = Command("portrait", "a portrait moves as a driver moves", add_portrait_arguments, run)
