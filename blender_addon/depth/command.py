"""The command `diorama`: photographs become scenes, films and models, without a window."""

import json
import sys
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.client import Job
from zograscope_protocol.commands.diorama import NO_CAMERA, DioramaCommand
from zograscope_protocol.commands.options import FILM_SUFFIX
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import Request

from .. import rendering
from ..command_output import complain, save_scene, show_progress
from ..job_files import write_file
from . import builders, cameras, jobs


def make_dioramas(command: DioramaCommand) -> int:
    """Make one diorama after the other; return 0 when all were made.

    The server works ahead on the later ones.
    """
    made, failed = [], 0
    with BlockingClient(command.connection, client_name="zograscope command line") as client:
        submitted = []
        for photograph in command.photographs:
            request = jobs.diorama_request(
                photograph, command.job_parameters(photograph), command.depth_map
            )
            submitted.append(client.submit(request.task, request.parameters, request.inputs))
        for photograph, job in zip(command.photographs, submitted, strict=True):
            try:
                made.append(_make_diorama(command, photograph, job, client))
            except ZograscopeError as error:
                complain(error)
                failed += 1
            client.client.forget(job)
    if command.json:
        print(json.dumps(made, indent=2))
    return 1 if failed else 0


def _make_diorama(
    command: DioramaCommand, photograph: Path, job: Job, client: BlockingClient
) -> dict[str, Any]:
    """Build, save and render one diorama; return what was made and where."""
    with show_progress(photograph.name) as show:
        result = client.wait(job, lambda job: show(job.fraction, job.stage))
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    diorama = builders.build_diorama(result.arrays, result.metadata, photograph.stem, scene)
    _apply_options(command, diorama, scene)

    outputs: dict[str, Any] = {"photograph": str(photograph)}

    def output(kind: str, path: Path | None) -> Path | None:
        path = command.for_photograph(path, photograph)
        if path is not None:
            path = path.resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            outputs[kind] = str(path)
        return path

    for path in command.export:
        target = output(path.suffix.lstrip("."), jobs.mesh_file(path))
        _export(client, jobs.mesh_export_request(diorama, path.suffix), target)
    if target := output("depth", command.depth_output):
        _export(client, jobs.depth_export_request(diorama, target.suffix), target)
    save_scene(output("scene", command.output))
    _render(
        command, scene, output("render", command.render), output("sheet", command.contact_sheet)
    )
    for warning in result.metadata.get("warnings", ()):
        print(f"{photograph.name}: {warning}", file=sys.stderr)
    if not command.json:
        for kind, path in outputs.items():
            print(f"{kind}: {path}")
    return {**outputs, "metadata": result.metadata}


def _apply_options(
    command: DioramaCommand, diorama: builders.Diorama, scene: bpy.types.Scene
) -> None:
    """Set the scene up as the options ask, before anything is saved or rendered."""
    builders.prepare_scene(scene, diorama, command.size)
    scene.render.fps = command.fps
    for setting, value in (("near", command.near), ("far", command.far)):
        if value is not None:
            diorama.root[setting] = value
    diorama.root["lit"] = float(command.lit)
    own_size = (diorama.intrinsics.width, diorama.intrinsics.height)
    # Pixels that no longer meet the photograph's own are better interpolated.
    builders.set_smooth_filter(diorama, command.size not in (None, own_size))
    if command.camera != NO_CAMERA:
        cameras.apply_preset(diorama, command.camera, command.frames, command.fps)
    scene.frame_start, scene.frame_end = 1, command.frames
    if command.bake:
        builders.bake(diorama)


def _render(
    command: DioramaCommand, scene: bpy.types.Scene, target: Path | None, sheet: Path | None
) -> None:
    """Render the film or the frames, and the contact sheet."""
    if target is not None:
        with show_progress(target.name) as show:

            def on_frame(done: int, total: int) -> None:
                show(done / total, f"Rendering, frame {done} of {total}")

            render = (
                rendering.render_film if target.suffix == FILM_SUFFIX else rendering.render_frames
            )
            render(scene, target, command.engine, on_frame=on_frame, samples=command.samples)
    if sheet is not None:
        rendering.contact_sheet(scene, sheet, command.engine)


def _export(client: BlockingClient, request: Request, target: Path | None) -> None:
    assert target is not None
    result = client.run(request.task, request.parameters, request.inputs)
    write_file(target, result.bytes("file"))
