"""`zograscope diorama`: photographs become scenes, films and models, without a window.

Checks the options, makes sure that a server runs, and lets the extension do the work in a Blender
of its own: the same work as in the sidebar.
"""

import argparse
from typing import Any

from zograscope_protocol.depth.command import add_diorama_arguments, parse_diorama

from zograscope_server.command_line.blender_work import add_blender_arguments, run_in_blender
from zograscope_server.command_line.local_server import running_server


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("diorama", help="photographs become scenes to fly through")
    add_diorama_arguments(parser)
    add_blender_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the dioramas; return Blender's exit code."""
    parse_diorama(arguments)
    with running_server(wanted=arguments.connection is None):
        return run_in_blender(arguments)
