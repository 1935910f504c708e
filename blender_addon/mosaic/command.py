"""The command `mosaic`: a collection becomes a scene and a film, without a window."""

import argparse
import json
import sys

import bpy
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.job import JobResult
from zograscope_protocol.mosaic.command import (
    NO_JOURNEY,
    MosaicCommand,
    add_mosaic_arguments,
    parse_mosaic,
)
from zograscope_protocol.mosaic.tasks import MosaicOptions
from zograscope_protocol.saving import write_file

from .. import rendering
from ..capabilities import Command
from ..command_output import Outputs, print_json, render, save_scene, show_job
from ..job_files import unpack
from ..node_wiring import set_input
from . import builders, cameras, submissions
from .errors import MosaicError
from .labels import add_labels
from .search import tile_called
from .selection import vertices_of

USUAL_SIZE = (1920, 1080)
CLOSE_UP_PIXELS = 2048
MORPH_SHARE = 0.6  # of the film, at whose beginning the cloud turns into the grid
MOST_TOLD = 10


def run(arguments: argparse.Namespace) -> int:
    """Make the mosaic and all that was asked for; return 0 when it was made."""
    command, outputs = parse_mosaic(arguments), Outputs()
    with BlockingClient(command.connection, client_name="zograscope command line") as client:
        result = _lay_out(command, client)
        bpy.ops.wm.read_homefile(use_empty=True)
        scene = bpy.context.scene
        mosaic = builders.build_mosaic(result.arrays, result.metadata, command.name, scene)
        if command.job is None:  # else an earlier server's command line has made them
            _write_pictures(command, client, mosaic, outputs)
        _apply_options(command, mosaic, scene)
        chosen = _tiles_to_visit(command, mosaic)
        if command.close_ups and chosen:
            _add_close_ups(client, mosaic, chosen)
    _move_camera(command, mosaic, scene, chosen)
    _write(command, scene, outputs)
    if command.json:
        print_json({**outputs.paths, "metadata": result.metadata})
    else:
        outputs.print()
    return 0


def _lay_out(command: MosaicCommand, client: BlockingClient) -> JobResult:
    """Wait for the server's layout, or fetch the one that an earlier server's command made."""
    if command.job is not None:
        return client.wait(client.attach(command.job, MosaicOptions.task))
    with show_job("mosaic") as on_progress:
        result = client.run(*command.submission(), on_progress)
    _tell_left_out(result)
    return result


def _tell_left_out(result: JobResult) -> None:
    """Tell what of the collection could not be taken in."""
    problems = [json.loads(line) for line in result.bytes("problems").decode().splitlines()]
    for problem in problems[:MOST_TOLD]:
        print(f"Left out {problem['name']}: {problem['sentence']}", file=sys.stderr)
    if len(problems) > MOST_TOLD:
        more = len(problems) - MOST_TOLD
        print(f"Left out {more} more; a scene lists them in a text.", file=sys.stderr)


def _write_pictures(
    command: MosaicCommand, client: BlockingClient, mosaic: builders.Mosaic, outputs: Outputs
) -> None:
    """Make the flat pictures that a command asks for.

    Raises ZograscopeError `output-exists` where something cannot be written.
    """
    layout = command.pictured_layout
    if command.image is not None:
        path = outputs.place("image", command.image)
        options = command.poster(path.suffix.lower())
        with show_job(path.name) as on_progress:
            poster = client.run(
                *submissions.poster_submission(mosaic, layout, options), on_progress
            )
        write_file(path, poster.arrays["file"])
    if command.html is not None:
        page_path = outputs.place("html", command.html / "index.html")
        page_options = command.page(tuple(mosaic.clusters))
        with show_job(command.html.name) as on_progress:
            page = client.run(
                *submissions.page_submission(mosaic, layout, page_options), on_progress
            )
        unpack(page.arrays["file"], page_path.parent)


def _apply_options(command: MosaicCommand, mosaic: builders.Mosaic, scene: bpy.types.Scene) -> None:
    builders.prepare_scene(scene, mosaic, command.size or USUAL_SIZE)
    scene.render.fps = command.fps
    scene.frame_start, scene.frame_end = 1, command.frames
    for name, value in {
        "From": 0,
        "To": command.pictured_layout,
        "Morph": 1.0,
        "Shape": command.surface.capitalize(),
        "Crop to fill": command.fill,
        "Tile size": command.tile_size,
        "Realise": command.engine == "workbench",  # which shows no instances' pictures
    }.items():
        set_input(mosaic.modifier, name, value)
    if command.labels:
        add_labels(mosaic)


def _tiles_to_visit(command: MosaicCommand, mosaic: builders.Mosaic) -> list[int]:
    """Return the numbers of the tiles that were named.

    Raises MosaicError `tile-unknown`.
    """
    known = mosaic.what_is_known()
    chosen = []
    for name in command.visit:
        tile = tile_called(known, name)
        if tile is None:
            raise MosaicError("tile-unknown", name=name)
        chosen.append(tile)
    return chosen


def _add_close_ups(client: BlockingClient, mosaic: builders.Mosaic, chosen: list[int]) -> None:
    known = mosaic.what_is_known()
    tiles = [known[tile] for tile in chosen]
    result = client.run(*submissions.originals_submission(tiles, CLOSE_UP_PIXELS))
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
        end = command.pictured_layout
        cameras.animate_morph(mosaic, 1 - end, end, 1, last)
    if command.journey != NO_JOURNEY:
        vertices = vertices_of(mosaic, chosen)
        cameras.apply_journey(mosaic, command.journey, command.frames, vertices, scene)
    scene.frame_set(1)


def _write(command: MosaicCommand, scene: bpy.types.Scene, outputs: Outputs) -> None:
    """Save and render."""
    if command.output is not None:
        save_scene(outputs.place("scene", command.output))
    if command.still is not None:
        still = outputs.place("still", command.still)
        rendering.render_still(scene, still, command.engine, command.samples)
    if command.render is not None:
        render(scene, outputs.place("render", command.render), command.engine, command.samples)


COMMAND = Command("mosaic", "a collection becomes a mosaic", add_mosaic_arguments, run)
