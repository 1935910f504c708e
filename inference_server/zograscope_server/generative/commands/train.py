"""`zograscope train`: a model of a collection, trained by the server, or on several graphics cards.

    zograscope train maps/ --minutes 60 --size 128 --output maps.safetensors
    torchrun --nproc-per-node 4 -m zograscope_server.command_line train maps/ --size 512 \
        --images 2000 --output maps.safetensors

Under `torchrun` all processes train together, without a server.
"""

import argparse
import json
import os
import sys
from typing import Any

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import state_folder
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.generative.train_command import (
    TrainCommand,
    add_train_arguments,
    parse_train,
)
from zograscope_protocol.options import refusal
from zograscope_protocol.saving import write_file

from zograscope_server.command_line.local_server import running_server
from zograscope_server.command_line.progress import of_job, progress_shown

TOGETHER = "WORLD_SIZE"
"""What `torchrun` sets in the environment of its processes."""


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("train", help="a model that dreams of a collection")
    add_train_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train; return 0 when the model is there."""
    command = parse_train(arguments)
    if int(os.environ.get(TOGETHER, "1")) > 1:
        return _train_together(command)
    with (
        running_server(wanted=command.connection is None),
        BlockingClient(command.connection, client_name="zograscope command line") as client,
    ):
        job = client.submit(*command.options.submission())
        with progress_shown(command.options.name) as on_progress:
            for part in client.parts(job, on_progress=of_job(on_progress)):
                if command.grids is not None:
                    FrameFiles(command.grids).write(part.number, part.arrays["grid"])
            result = client.wait(job, of_job(on_progress))
    for warning in result.metadata["warnings"]:
        print(f"{command.options.name}: {warning}", file=sys.stderr)
    if command.output is not None:
        write_file(command.output, result.arrays["model"])
    if command.grids is not None:
        write_file(command.grids / "memorised.png", result.arrays["memorised"])
    _tell(command, result.metadata["card"])
    return 0


def _train_together(command: TrainCommand) -> int:
    from zograscope_server.generative.training.together import train_together

    if command.output is None:
        raise refusal("under torchrun, say with --output where the model is to be written")
    card = train_together(command.options, command.output, command.grids, state_folder())
    if card is not None:  # in the first of all processes
        _tell(command, card)
    return 0


def _tell(command: TrainCommand, card: dict[str, Any]) -> None:
    name, output = command.options.name, command.output
    if command.json:
        print(json.dumps(card, indent=2))
    elif output is not None:
        print(f"model: {output.resolve()}")
    else:
        print(f"{name} is installed: zograscope walk {name} --output walk.mp4")
