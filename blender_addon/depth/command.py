"""The command `diorama`: photographs become scenes, films and models, without a window."""

import argparse
import sys
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.depth.command import (
    NO_CAMERA,
    DioramaCommand,
    add_diorama_arguments,
    parse_diorama,
)
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.saving import write_file
from zograscope_protocol.submission import Submission

from .. import lighting, rendering
from ..capabilities import Command
from ..command_output import Outputs, complain, print_json, render, save_scene, say, show_job
from . import builders, cameras, submissions
from .diorama import Diorama
from .eyes import setup as eyes
from .plates import exchange


def run(arguments: argparse.Namespace) -> int:
    """Make one diorama after the other; return 0 when all were made.

    The server works ahead on the later ones.
    """
    command = parse_diorama(arguments)
    made, failed = [], 0
    with BlockingClient(command.connection, client_name="zograscope command line") as client:
        jobs = [
            client.submit(
                *submissions.diorama_submission(
                    photograph, command.options(photograph), command.depth_map
                )
            )
            for photograph in command.photographs
        ]
        for photograph, job in zip(command.photographs, jobs, strict=True):
            try:
                made.append(_make_diorama(command, photograph, job, client))
            except ZograscopeError as error:
                complain(error)
                failed += 1
            client.client.forget(job)
    if command.json:
        print_json(made)
    return 1 if failed else 0


def _make_diorama(
    command: DioramaCommand, photograph: Path, job: Job, client: BlockingClient
) -> dict[str, Any]:
    """Build, save and render one diorama; return what was made and where."""
    with show_job(photograph.name) as on_progress:
        result = client.wait(job, on_progress)
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    diorama = builders.build_diorama(result.arrays, result.metadata, photograph.stem, scene)
    _apply_options(command, diorama, scene)

    outputs = Outputs()

    def place(kind: str, path: Path) -> Path:
        return outputs.place(kind, command.for_photograph(path, photograph))

    for path in command.export:
        target = place(path.suffix.lstrip("."), submissions.mesh_file(path))
        _export(client, submissions.mesh_submission(diorama, path.suffix), target)
    if command.depth_output is not None:
        target = place("depth", command.depth_output)
        _export(client, submissions.depth_submission(diorama, target.suffix), target)
    if command.plates is not None:
        _export(client, exchange.export_submission(diorama), place("plates", command.plates))
    save_scene(place("scene", command.output))
    if command.render is not None:
        target, finish = place("render", command.render), eyes.finish_of(scene)
        render(scene, target, command.engine, command.samples, finish)
    if command.contact_sheet is not None:
        rendering.contact_sheet(scene, place("sheet", command.contact_sheet), command.engine)
    for warning in result.metadata.get("warnings", ()):
        print(f"{photograph.name}: {warning}", file=sys.stderr)
    if not command.json:
        say(f"photograph: {photograph}")
        outputs.print()
    return {"photograph": str(photograph), **outputs.paths, "metadata": result.metadata}


def _apply_options(command: DioramaCommand, diorama: Diorama, scene: bpy.types.Scene) -> None:
    """Set the scene up as the options ask, before anything is saved or rendered."""
    builders.prepare_scene(scene, diorama, command.size)
    scene.render.fps = command.fps
    for setting, value in (("near", command.near), ("far", command.far)):
        if value is not None:
            diorama.root[setting] = value
    if command.lit:
        lighting.light(diorama.root, scene)
    own_size = (diorama.intrinsics.width, diorama.intrinsics.height)
    # Pixels that no longer meet the photograph's own are better interpolated.
    builders.set_smooth_filter(diorama, command.size not in (None, own_size))
    if command.camera != NO_CAMERA:
        cameras.apply_preset(diorama, command.camera, command.frames, command.fps)
    scene.frame_start, scene.frame_end = 1, command.frames
    if command.eyes is not None:
        eyes.set_eyes(diorama, scene, command.eyes, command.rest_eye)
        if command.size is not None:
            scene.render.resolution_x, scene.render.resolution_y = command.size
    if command.bake:
        builders.bake(diorama)


def _export(client: BlockingClient, submission: Submission, target: Path) -> None:
    write_file(target, client.run(*submission).arrays["file"])


COMMAND = Command("diorama", "photographs become scenes", add_diorama_arguments, run)
