"""`zograscope mosaic`: a collection becomes a scene, a film, a poster, a web page.

The server lays the collection out, once; posters and pages come from the server alone, and only for
scenes and films the extension goes on in a Blender of its own.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm
from zograscope_protocol.blocking import BlockingClient, OnProgress
from zograscope_protocol.client import Job
from zograscope_protocol.commands.mosaic import add_mosaic_arguments, parse_mosaic
from zograscope_protocol.commands.mosaic_pictures import describe_left_out, write_pictures

from zograscope_server.command_line.blender_work import add_blender_arguments, run_in_blender
from zograscope_server.command_line.local_server import running_server


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
        with BlockingClient(command.connection, client_name="zograscope command line") as client:
            request = command.request()
            job = client.submit(request.task, request.parameters, request.inputs)
            with progress_bar("mosaic") as show:
                result = client.wait(job, show)
            describe_left_out(result)
            made = write_pictures(command, client, result, progress_bar)
        if not command.needs_blender:
            if command.json:
                print(json.dumps({**made, "metadata": result.metadata}, indent=2))
            else:
                print("\n".join(f"{kind}: {path}" for kind, path in made.items()))
            return 0
        typed = sys.argv[sys.argv.index("mosaic") :]
        return run_in_blender(arguments, [*typed, "--job", job.id])


@contextmanager
def progress_bar(title: str) -> Iterator[OnProgress]:
    """Show a job's progress: a bar where a person watches, a line for each stage where not."""
    watched = sys.stderr.isatty()
    stages = []
    with tqdm(
        total=100, desc=title, disable=not watched, bar_format="{l_bar}{bar}{postfix}"
    ) as bar:

        def show(job: Job) -> None:
            if watched:
                bar.set_postfix_str(job.stage)
                bar.update(round(100 * (job.fraction or 0.0)) - bar.n)
                return
            stage = job.stage.rstrip("0123456789 of")
            if stage and stage not in stages:
                stages.append(stage)
                print(f"{title}: {job.stage}", file=sys.stderr, flush=True)

        yield show
