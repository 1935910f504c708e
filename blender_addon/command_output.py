"""What commands tell a terminal, and the scenes that they save."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError

NAME = "zograscope"
BAR_WIDTH = 30


@contextmanager
def show_progress(title: str) -> Iterator[Any]:
    """Show progress: a bar where a person watches, a line for each stage where not."""
    watched = sys.stderr.isatty()
    last = ""

    def show(fraction: float | None, stage: str) -> None:
        nonlocal last
        if watched:
            filled = round(BAR_WIDTH * (fraction or 0.0))
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            print(f"\r{title} [{bar}] {stage:<40.40}", end="", file=sys.stderr, flush=True)
        elif stage and stage.rstrip("0123456789 of") != last:
            last = stage.rstrip("0123456789 of")
            print(f"{title}: {stage}", file=sys.stderr, flush=True)

    yield show
    if watched:
        print(file=sys.stderr)


def complain(error: ZograscopeError) -> None:
    """Tell an error to whoever reads."""
    print(f"{NAME}: {error.sentence}", file=sys.stderr)


def save_scene(path: Path) -> None:
    """Save the file.

    Raises ZograscopeError `output-exists`.
    """
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    except RuntimeError as error:
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error
