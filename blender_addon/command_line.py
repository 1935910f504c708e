"""`blender --command zograscope COMMAND ...`: the capabilities' commands, without a window.

`zograscope` of the server's command line starts a Blender and comes here too, so that both take the
same options and do the same.
"""

import argparse
from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError

from . import capabilities
from .command_output import NAME, complain


def run(argv: list[str]) -> int:
    """Do what the arguments ask; return 0 when all of it was made, else 1."""
    parser = argparse.ArgumentParser(prog=f"blender --command {NAME}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for capability in capabilities.records():
        for command in capability.commands:
            subparser = subparsers.add_parser(command.name, help=command.help)
            command.add_arguments(subparser)
            subparser.set_defaults(run=command.run)
    try:
        arguments = parser.parse_args(argv)
        return arguments.run(arguments)
    except ZograscopeError as error:
        complain(error)
        return 1
    except KeyboardInterrupt:
        return 130


_registered: list[Any] = []


def register() -> None:
    """Make the command known to Blender."""
    _registered.append(bpy.utils.register_cli_command(NAME, run))


def unregister() -> None:
    """Take the command back."""
    bpy.utils.unregister_cli_command(_registered.pop())
