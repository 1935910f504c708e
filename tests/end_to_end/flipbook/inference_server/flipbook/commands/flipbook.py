"""`zograscope flipbook`: a word becomes a moving picture, without a window."""

import argparse
from typing import Any

from zograscope_protocol.flipbook.command import add_flipbook_arguments, parse_flipbook
from zograscope_server.command_line.blender_work import add_blender_arguments, run_in_blender
from zograscope_server.command_line.local_server import running_server


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("flipbook", help="a word travels across pages")
    add_flipbook_arguments(parser)
    add_blender_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the flip book; return Blender's exit code."""
    parse_flipbook(arguments)
    with running_server(wanted=arguments.connection is None):
        return run_in_blender(arguments)
