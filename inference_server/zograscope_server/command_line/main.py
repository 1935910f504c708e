"""The `zograscope` command: one subcommand for each module of this folder that `COMMANDS` names.

Such a module has `add_parser(subparsers) -> None`, which sets `run` as its parser's default, and
`run(arguments) -> int`, the exit code: 0 when all went well, 1 when not. An error that an artist
can do something about is a ZograscopeError, whose sentence is printed here.
"""

import argparse
import importlib
import sys

from zograscope_protocol.errors import ZograscopeError

COMMANDS = ("serve", "status", "stop", "allow", "models", "diorama", "mosaic", "embed", "doctor")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except ZograscopeError as error:
        print(f"zograscope: {error.sentence}", file=sys.stderr)
        if error.details:
            print(error.details, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zograscope", description="Brings an image archive to life in Blender."
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"zograscope_server.command_line.{name}").add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
