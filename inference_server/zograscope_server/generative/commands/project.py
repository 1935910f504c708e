"""`zograscope project`: seeks a picture in what a model dreams; walks then go through it."""

import argparse
import io
import json
from typing import Any

import numpy as np
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.generative.command import add_project_arguments, parse_project
from zograscope_protocol.saving import write_file

from zograscope_server.command_line.local_server import running_server
from zograscope_server.command_line.progress import of_job, progress_shown


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "project",
        help="seek a picture in what a model dreams",
        epilog="Example: zograscope project default map.jpg --output map.npz --picture found.png; "
        "zograscope walk --keyframes map.npz,3,17 --output dream.mp4",
    )
    add_project_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Seek the picture; return 0 when its latent is there."""
    command = parse_project(arguments)
    with (
        running_server(wanted=arguments.connection is None),
        BlockingClient(command.connection, client_name="zograscope command line") as client,
        progress_shown(command.source.name) as on_progress,
    ):
        result = client.run(*command.submission(), of_job(on_progress))
    file = io.BytesIO()
    np.savez(file, latent=result.arrays["latent"])
    write_file(command.output, file.getvalue())
    made = {"latent": str(command.output.resolve())}
    if command.picture is not None:
        write_file(command.picture, result.arrays["picture"])
        made["picture"] = str(command.picture.resolve())
    if command.json:
        print(json.dumps({**made, "metadata": result.metadata}, indent=2))
    else:
        print("\n".join(f"{kind}: {path}" for kind, path in made.items()))
        print(f"difference: {result.metadata['difference']:.3f}")
    return 0
