"""The options of `zograscope flipbook`, the same for the server's command line and Blender's."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from zograscope_protocol.command_options import check_suffixes
from zograscope_protocol.flipbook.tasks import FlipbookOptions


@dataclass(frozen=True)
class FlipbookCommand:
    """What `zograscope flipbook` was asked for."""

    options: FlipbookOptions
    output: Path
    connection: Path | None


def add_flipbook_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; `parse_flipbook` reads its answer."""
    parser.add_argument("word", help="what is written across the pages")
    parser.add_argument("--output", type=Path, required=True, metavar="SCENE.blend")
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--size", type=int, default=128, help="of a page, in pixels")
    parser.add_argument("--connection", type=Path, metavar="FILE")


def parse_flipbook(arguments: argparse.Namespace) -> FlipbookCommand:
    """Check the parsed options. Raises ZograscopeError `bad-parameters`."""
    check_suffixes("--output", [arguments.output], (".blend",))
    options = FlipbookOptions(arguments.word, arguments.frames, arguments.size)
    return FlipbookCommand(options, arguments.output, arguments.connection)
