"""How a command finds the server it speaks to."""

import argparse
from pathlib import Path

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import state_folder


def add_state_option(parser: argparse.ArgumentParser) -> None:
    """Add `--state FOLDER`."""
    parser.add_argument(
        "--state",
        type=Path,
        default=state_folder(),
        metavar="FOLDER",
        help="where the server keeps jobs and keys (default: %(default)s)",
    )


def connect(arguments: argparse.Namespace, timeout: float = 10.0) -> BlockingClient:
    """Connect to the server on the state folder. Raises ZograscopeError as BlockingClient does."""
    return BlockingClient(arguments.state, timeout, "zograscope", folder=arguments.state)
