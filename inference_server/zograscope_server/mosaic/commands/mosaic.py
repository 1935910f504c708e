"""`zograscope mosaic`: a collection becomes a scene, a film, a poster, a web page.

Posters and pages come from the server alone. Where a scene or a film is wanted, the extension makes
all of it in a Blender of its own: one client takes the layout, and holds it to the end.
"""

import argparse
import json
import sys
from typing import Any

import numpy as np
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.job import JobResult
from zograscope_protocol.mosaic.command import MosaicCommand, add_mosaic_arguments, parse_mosaic
from zograscope_protocol.mosaic.tasks import digests_of
from zograscope_protocol.saving import write_file

from zograscope_server.command_line.blender_work import add_blender_arguments, run_in_blender
from zograscope_server.command_line.local_server import running_server
from zograscope_server.command_line.output_files import unpack
from zograscope_server.command_line.progress import of_job, progress_shown

MOST_TOLD = 10


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("mosaic", help="a collection becomes a mosaic to fly over")
    add_mosaic_arguments(parser)
    add_blender_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the mosaic; return 0 when all of it was made."""
    command = parse_mosaic(arguments)
    with running_server(wanted=arguments.connection is None):
        if command.needs_blender:
            return run_in_blender(arguments)
        with BlockingClient(command.connection, client_name="zograscope command line") as client:
            with progress_shown("mosaic") as on_progress:
                result = client.run(*command.submission(), of_job(on_progress))
            _tell_left_out(result)
            made = _make_pictures(command, client, result)
    if command.json:
        print(json.dumps({**made, "metadata": result.metadata}, indent=2))
    else:
        print("\n".join(f"{kind}: {path}" for kind, path in made.items()))
    return 0


def _make_pictures(
    command: MosaicCommand, client: BlockingClient, result: JobResult
) -> dict[str, str]:
    """Make the poster and the page that a command asks for; return what was made and where."""
    made = {}
    inputs = {
        "layout": result.arrays[f"layout.{command.pictured_layout}"],
        "digests": digests_of(_json_lines(result, "tiles")),
    }
    if command.image is not None:
        path = command.image.resolve()
        poster = command.poster(path.suffix.lower()).submission(inputs)
        with progress_shown(path.name) as on_progress:
            drawn = client.run(*poster, of_job(on_progress))
        write_file(path, drawn.arrays["file"])
        made["image"] = str(path)
    if command.html is not None:
        folder = command.html.resolve()
        described = {
            "tiles": result.arrays["tiles"],
            "clusters": result.arrays["value.cluster"].astype(np.int32),
        }
        names = tuple(result.metadata["clusters"])
        page = command.page(names).submission(inputs | described)
        with progress_shown(folder.name) as on_progress:
            packed = client.run(*page, of_job(on_progress))
        unpack(packed.arrays["file"], folder)
        made["html"] = str(folder / "index.html")
    return made


def _tell_left_out(result: JobResult) -> None:
    """Tell what of the collection could not be taken in."""
    problems = _json_lines(result, "problems")
    for problem in problems[:MOST_TOLD]:
        print(f"Left out {problem['name']}: {problem['sentence']}", file=sys.stderr)
    if len(problems) > MOST_TOLD:
        more = len(problems) - MOST_TOLD
        print(f"Left out {more} more; a scene lists them in a text.", file=sys.stderr)


def _json_lines(result: JobResult, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.bytes(name).decode().splitlines()]
