"""The driver that the artist means: a file, or a movie strip as it is trimmed."""

from dataclasses import dataclass
from pathlib import Path

import bpy
from zograscope_protocol.errors import ZograscopeError

from .. import sequencer
from .errors import PortraitError


@dataclass(frozen=True)
class Clip:
    """A piece of a video file.

    Attributes:
        path: of the file.
        start, end: in seconds; without an end, all of it.
    """

    path: Path
    start: float = 0.0
    end: float | None = None


def chosen_clip(settings: bpy.types.PropertyGroup, scene: bpy.types.Scene) -> Clip:
    """Return the driver that a scene's settings name.

    Raises PortraitError `no-driver`, `no-strip` or `retimed-strip`; ZograscopeError
    `file-unreadable` for a strip whose file is no video.
    """
    if settings.driver_strip:
        return strip_clip(scene, settings.driver_strip)
    if not settings.driver:
        raise PortraitError("no-driver")
    return Clip(Path(bpy.path.abspath(settings.driver)))


def strip_clip(scene: bpy.types.Scene, name: str) -> Clip:
    """Return what a movie strip shows between its handles, at the speed that it is shown at.

    Raises as `chosen_clip` does.
    """
    editor = scene.sequence_editor
    strip = editor.strips_all.get(name) if editor else None
    if strip is None or strip.type != "MOVIE":
        raise PortraitError("no-strip", name=name)
    if len(strip.retiming_keys):
        raise PortraitError("retimed-strip", name=name)
    path = Path(bpy.path.abspath(strip.filepath))
    frames, rate = _measure(path)
    before, after = (sequencer.length(strip, f"content_trim_{end}") for end in ("start", "end"))
    # A strip may show each frame of the file for one of the scene, or at its own rate.
    seconds = (frames - before - after) / rate / sequencer.length(strip, "content_duration")
    start = before / rate + sequencer.length(strip, "left_handle_offset") * seconds
    end = start + sequencer.length(strip, "duration") * seconds
    return Clip(path, max(0.0, start), end)


def _measure(path: Path) -> tuple[int, float]:
    """Return how many frames a video has, and how many a second."""
    try:
        movie = bpy.data.movieclips.load(str(path))
    except RuntimeError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error
    try:
        if movie.fps <= 0:
            raise ZograscopeError("file-unreadable", "a video without frames", path=str(path))
        return movie.frame_duration, movie.fps
    finally:
        bpy.data.movieclips.remove(movie)
