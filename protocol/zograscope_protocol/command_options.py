"""What the command lines of all capabilities share: their checks, and words for what is wrong."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.options import refusal

ENGINES = ("workbench", "eevee", "cycles")
FILM_SUFFIX = ".mp4"
SCENE_SUFFIX = ".blend"

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


class FramesCommand:
    """A command that makes a folder of frames, a film or a scene, told by `output`."""

    output: Path

    @property
    def needs_blender(self) -> bool:
        """Whether a scene is wanted."""
        return self.output.suffix.lower() == SCENE_SUFFIX

    @property
    def is_film(self) -> bool:
        """Whether a film is wanted."""
        return self.output.suffix.lower() == FILM_SUFFIX


def check_frames_output(output: Path) -> None:
    """Refuse what is neither a folder, a film nor a scene."""
    if output.suffix.lower() not in ("", FILM_SUFFIX, SCENE_SUFFIX):
        raise refusal(
            f"--output {output} is neither a folder, a film ({FILM_SUFFIX}) nor a scene "
            f"({SCENE_SUFFIX})"
        )
    check_folder(output)


def check_folder(output: Path) -> None:
    """Refuse a file in the place of a folder."""
    if not output.suffix and output.is_file():
        raise refusal(f"--output {output} is a file, and must be a folder")


def words(text: str) -> tuple[str, ...]:
    """Read words between commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
