"""`blender --command zograscope diorama PHOTO ...` and `mosaic COLLECTION ...`, without a window.

`zograscope` of the server's command line starts a Blender and comes here too, so that both take the
same options and do the same.
"""

import argparse
from typing import Any

import bpy
from zograscope_protocol.commands.diorama import add_diorama_arguments, parse_diorama
from zograscope_protocol.commands.mosaic import add_mosaic_arguments, parse_mosaic
from zograscope_protocol.errors import ZograscopeError

from .command_output import NAME, complain
from .depth.command import make_dioramas
from .mosaic.command import make_mosaic


def run(argv: list[str]) -> int:
    """Do what the arguments ask; return 0 when all of it was made, else 1."""
    parser = argparse.ArgumentParser(prog=f"blender --command {NAME}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    diorama = commands.add_parser("diorama", help="photographs become scenes")
    add_diorama_arguments(diorama)
    diorama.set_defaults(run=lambda arguments: make_dioramas(parse_diorama(arguments)))
    mosaic = commands.add_parser("mosaic", help="a collection becomes a mosaic")
    add_mosaic_arguments(mosaic)
    mosaic.set_defaults(run=lambda arguments: make_mosaic(parse_mosaic(arguments)))
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
