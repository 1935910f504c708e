"""What the command lines of all capabilities share: their checks, and words for what is wrong."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.options import refusal

ENGINES = ("workbench", "eevee", "cycles")
FILM_SUFFIX = ".mp4"

Size = tuple[int, int]


def size(text: str) -> Size:
    """Read a size such as 960x540."""
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) > 0 and int(height) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 960x540")
    return int(width), int(height)


def check_suffixes(option: str, paths: Sequence[Path | None], suffixes: tuple[str, ...]) -> None:
    """Refuse a path with another suffix."""
    for path in paths:
        if path is not None and path.suffix.lower() not in suffixes:
            raise refusal(f"{option} {path} does not end with {' or '.join(suffixes)}")


def check_file(path: Path) -> None:
    """Refuse what is no file."""
    if path.is_dir():
        raise ZograscopeError("is-a-folder", path=str(path))
    if not path.is_file():
        raise ZograscopeError("file-not-found", path=str(path))
