"""`zograscope stop`: end the server; its unfinished jobs go on when it starts again."""

import argparse
from typing import Any

from zograscope_server.command_line.server_options import add_state_option, connect


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser("stop", help="stop the server; its jobs go on at its next start")
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Tell the server to stop."""
    with connect(arguments) as client:
        client.shutdown_server()
    print("The server stops.")
    return 0
