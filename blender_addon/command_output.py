"""What commands tell a terminal, and the scenes, films and frames that they leave."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import bpy
from zograscope_protocol.blocking import OnProgress
from zograscope_protocol.command_options import FILM_SUFFIX
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job

from . import rendering

NAME = "zograscope"
BAR_WIDTH = 30


class Progress:
    """Progress of one thing: a bar where a person watches, a line for each stage where not."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._watched = sys.stderr.isatty()
        self._stage = ""

    def show(self, fraction: float | None, stage: str, detail: str = "") -> None:
        """Show how far it is: 0 to 1 or None, what is being done, and with what."""
        if self._watched:
            filled = round(BAR_WIDTH * (fraction or 0.0))
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            words = f"{stage} {detail}".strip()
            print(f"\r{self._title} [{bar}] {words:<40.40}", end="", file=sys.stderr, flush=True)
        elif stage and stage != self._stage:
            print(f"{self._title}: {stage}", file=sys.stderr, flush=True)
        self._stage = stage

    def end(self) -> None:
        """Leave the bar's line."""
        if self._watched:
            print(file=sys.stderr)


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """Show the progress of what is done inside."""
    progress = Progress(title)
    yield progress
    progress.end()


@contextmanager
def show_job(title: str) -> Iterator[OnProgress]:
    """Show a job's progress; what this gives is for `BlockingClient.wait` and `run`."""
    with show_progress(title) as progress:

        def show(job: Job) -> None:
            progress.show(job.fraction, job.stage, job.detail)

        yield show


def complain(error: ZograscopeError) -> None:
    """Tell an error to whoever reads."""
    print(f"{NAME}: {error.sentence}", file=sys.stderr)


_answer: list[TextIO] = []


def answer_to(file: TextIO) -> None:
    """Write what commands answer to a file: Blender logs to standard output as it likes."""
    _answer[:] = [file]


def say(words: str) -> None:
    """Print a part of a command's answer."""
    print(words, file=_answer[0] if _answer else sys.stdout, flush=True)


class Outputs:
    """What a command makes, and where.

    Attributes:
        paths: by the kind of each.
    """

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}

    def place(self, kind: str, path: Path) -> Path:
        """Note that something will be at a path; return the path whole, its folder made.

        Raises ZograscopeError `output-exists` where there can be no such folder.
        """
        path = path.resolve()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ZograscopeError("output-exists", str(error), path=str(path)) from error
        self.paths[kind] = str(path)
        return path

    def print(self) -> None:
        """Print a line for each."""
        for kind, path in self.paths.items():
            say(f"{kind}: {path}")


def print_json(answer: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print what a script reads."""
    say(json.dumps(answer, indent=2))


def save_scene(path: Path) -> None:
    """Save the file.

    Raises ZograscopeError `output-exists`.
    """
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    except RuntimeError as error:
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error


def render(
    scene: bpy.types.Scene,
    target: Path,
    engine: str,
    samples: int | None,
    finish: rendering.Finish | None = None,
) -> None:
    """Render a film, or frames where the target is no film's name, and show how far it is.

    `finish` makes of each rendered picture another.

    Raises ExtensionError `films-unsupported`, `engine-missing` or `render-failed`.
    """
    films = target.suffix == FILM_SUFFIX
    render_all = rendering.render_film if films else rendering.render_frames
    with show_progress(target.name) as progress:

        def on_frame(done: int, total: int) -> None:
            progress.show(done / total, "Rendering", f"{done} of {total}")

        render_all(scene, target, engine, on_frame=on_frame, samples=samples, finish=finish)
