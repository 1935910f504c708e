"""The command `mosaic`: a collection becomes a scene and a film, without a window."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
from zograscope_protocol.blocking import BlockingClient, OnProgress
from zograscope_protocol.client import JobResult
from zograscope_protocol.commands.mosaic import NO_JOURNEY, MosaicCommand
from zograscope_protocol.commands.mosaic_pictures import describe_left_out, write_pictures
from zograscope_protocol.commands.options import FILM_SUFFIX
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import originals_request

from .. import rendering
from ..command_output import save_scene, show_progress
from ..node_wiring import set_input
from . import builders, cameras
from .search import tile_called

USUAL_SIZE = (1920, 1080)
CLOSE_UP_PIXELS = 2048
MORPH_SHARE = 0.6  # of the film, at whose beginning the cloud turns into the grid


def make_mosaic(command: MosaicCommand) -> int:
    """Make the mosaic and all that was asked for; return 0 when it was made."""
    with BlockingClient(command.connection, client_name="zograscope command line") as client:
        result = _lay_out(command, client)
        made = write_pictures(command, client, result, _on_progress) if command.job is None else {}
        bpy.ops.wm.read_homefile(use_empty=True)
        scene = bpy.context.scene
        mosaic = builders.build_mosaic(result.arrays, result.metadata, command.name, scene)
        _apply_options(command, mosaic, scene)
        chosen = _tiles_to_visit(command, mosaic)
        if command.close_ups and chosen:
            _add_close_ups(client, mosaic, chosen)
    _move_camera(command, mosaic, scene, chosen)
    made |= _write(command, scene)
    if command.json:
        print(json.dumps({**made, "metadata": result.metadata}, indent=2))
    else:
        for kind, path in made.items():
            print(f"{kind}: {path}")
    return 0


def _lay_out(command: MosaicCommand, client: BlockingClient) -> JobResult:
    """Wait for the server's layout, or fetch the one that the server's command line waited for."""
    if command.job is not None:
        return client.wait(client.attach(command.job))
    request = command.request()
    job = client.submit(request.task, request.parameters, request.inputs)
    with _on_progress("mosaic") as show:
        result = client.wait(job, show)
    describe_left_out(result)
    return result


def _apply_options(command: MosaicCommand, mosaic: builders.Mosaic, scene: bpy.types.Scene) -> None:
    builders.prepare_scene(scene, mosaic, command.size or USUAL_SIZE)
    scene.render.fps = command.fps
    scene.frame_start, scene.frame_end = 1, command.frames
    form = {"cloud": 0, "grid": 1}[command.form]
    for name, value in {
        "From": 0,
        "To": form,
        "Morph": 1.0,
        "Shape": command.surface.capitalize(),
        "Crop to fill": command.fill,
        "Tile size": command.tile_size,
        "Realise": command.engine == "workbench",  # which shows no instances' pictures
    }.items():
        set_input(mosaic.modifier, name, value)
    if command.labels:
        builders.add_labels(mosaic)


def _tiles_to_visit(command: MosaicCommand, mosaic: builders.Mosaic) -> list[int]:
    """Return the numbers of the tiles that were named.

    Raises ZograscopeError `tile-unknown`.
    """
    known = mosaic.what_is_known()
    chosen = []
    for name in command.visit:
        tile = tile_called(known, name)
        if tile is None:
            raise ZograscopeError("tile-unknown", name=name)
        chosen.append(tile)
    return chosen


def _add_close_ups(client: BlockingClient, mosaic: builders.Mosaic, chosen: list[int]) -> None:
    known = mosaic.what_is_known()
    request = originals_request([known[tile] for tile in chosen], CLOSE_UP_PIXELS)
    result = client.run(request.task, request.parameters, request.inputs)
    pictures = {
        tile: result.bytes(str(place))
        for place, tile in enumerate(chosen)
        if str(place) in result.arrays
    }
    builders.set_close_ups(mosaic, pictures)


def _move_camera(
    command: MosaicCommand, mosaic: builders.Mosaic, scene: bpy.types.Scene, chosen: list[int]
) -> None:
    if command.morph:
        last = max(2, round(command.frames * MORPH_SHARE))
        start, end = (0, 1) if command.form == "grid" else (1, 0)
        cameras.animate_morph(mosaic, start, end, 1, last)
    numbers = mosaic.numbers()
    vertices = [int(np.flatnonzero(numbers == tile)[0]) for tile in chosen]
    if command.journey != NO_JOURNEY:
        cameras.apply_journey(mosaic, command.journey, command.frames, vertices, scene)
    scene.frame_set(1)


def _write(command: MosaicCommand, scene: bpy.types.Scene) -> dict[str, str]:
    """Save and render; return what was made and where."""
    made = {}

    def output(kind: str, path: Path) -> Path:
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        made[kind] = str(path)
        return path

    if command.output is not None:
        save_scene(output("scene", command.output))
    if command.still is not None:
        rendering.render_still(
            scene, output("still", command.still), command.engine, command.samples
        )
    if command.render is not None:
        target = output("render", command.render)
        render = rendering.render_film if target.suffix == FILM_SUFFIX else rendering.render_frames
        with show_progress(target.name) as show:

            def on_frame(done: int, total: int) -> None:
                show(done / total, f"Rendering, frame {done} of {total}")

            render(scene, target, command.engine, on_frame=on_frame, samples=command.samples)
    return made


@contextmanager
def _on_progress(title: str) -> Iterator[OnProgress]:
    """Show a job's progress."""
    with show_progress(title) as show:
        yield lambda job: show(job.fraction, job.stage)
