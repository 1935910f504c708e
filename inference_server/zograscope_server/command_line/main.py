"""The `zograscope` command: its subcommands are modules of this folder and of the capabilities.

Such a module has `add_parser(subparsers) -> None`, which sets `run` as its parser's default, and
`run(arguments) -> int`, the exit code: 0 when all went well, 1 when not. `arguments.typed` is what
was typed, from the subcommand's name on. An error that an artist can do something about is a
ZograscopeError, whose sentence is printed here.
"""

import argparse
import importlib
import sys

from zograscope_protocol.errors import ZograscopeError

from zograscope_server import capabilities

OWN = ("serve", "status", "stop", "allow", "models", "doctor")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    typed = sys.argv[1:] if argv is None else argv
    arguments = make_parser().parse_args(typed, argparse.Namespace(typed=typed))
    try:
        return arguments.run(arguments)
    except ZograscopeError as error:
        print(f"zograscope: {error.sentence}", file=sys.stderr)
        if error.details:
            print(error.details, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="zograscope", description="Brings an image archive to life in Blender."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    own = [importlib.import_module(f"zograscope_server.command_line.{name}") for name in OWN]
    for module in (*own, *capabilities.commands().values()):
        module.add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
