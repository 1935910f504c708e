"""Strips of the Video Sequencer: frames and sound that belong together, and clips to read.

Strips are found by a mark, so that the artist may rename, move, trim and fade them. Blender 5.2 has
new names for a strip's lengths and tells of the old ones, which Blender 4.5 only has.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from zograscope_protocol.saving import write_file

from .errors import ExtensionError
from .scenes import storable

MARK = "zograscope_sequence"
FIRST_FRAME = 1

# What lengths are called in Blender 5.2 and before.
LENGTHS = {
    "duration": "frame_final_duration",
    "content_duration": "frame_duration",
    "left_handle": "frame_final_start",
    "left_handle_offset": "frame_offset_start",
    "content_trim_start": "animation_offset_start",
    "content_trim_end": "animation_offset_end",
    "content_start": "frame_start",
}
SOUND_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
USUAL_SOUND_SUFFIX = ".wav"
KEPT = ("channel", "mute", "volume", "pan")
"""What a strip with new sound takes over from that in whose place it comes."""


def length(strip: Any, name: str) -> float:
    """Return one of a strip's lengths or places, in frames of its scene."""
    return getattr(strip, name if hasattr(strip, name) else LENGTHS[name])


def _strips(scene: bpy.types.Scene) -> Any:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips


def _free_channel(strips: Any) -> int:
    return max((strip.channel for strip in strips), default=0) + 1


def marked(mark: str, kind: str) -> Iterator[tuple[bpy.types.Scene, Any]]:
    """Yield the strips of a kind (`IMAGE`, `SOUND`) with a mark, and the scene of each."""
    for scene in bpy.data.scenes:
        if scene.sequence_editor is not None:
            for strip in scene.sequence_editor.strips_all:
                if strip.type == kind and strip.get(MARK) == mark:
                    yield scene, strip


def set_rate(scene: bpy.types.Scene, rate: float) -> None:
    """Let a scene play so many frames a second: 29.97 as 30 / 1.001, for example."""
    scene.render.fps = max(1, round(rate))
    scene.render.fps_base = scene.render.fps / rate


def rate_of(scene: bpy.types.Scene) -> float:
    """Return how many frames a scene plays in a second."""
    return scene.render.fps / scene.render.fps_base


def add_frames(scene: bpy.types.Scene, mark: str, first: Path, name: str) -> Any:
    """Add a strip of numbered pictures, of which the first is here."""
    strips = _strips(scene)
    strip = strips.new_image(name, str(first), _free_channel(strips), FIRST_FRAME)
    strip.directory = storable(f"{first.parent}/")
    strip[MARK] = mark
    return strip


def grow(mark: str, folder: Path, count: int) -> None:
    """Let strips that show the pictures of a folder have so many of them."""
    for _, strip in marked(mark, "IMAGE"):
        if Path(bpy.path.abspath(strip.directory)) == folder:
            _set_count(strip, count)


def show_anew(mark: str, folder: Path, count: int) -> None:
    """Let marked strips show the pictures of another folder, trimmed and placed as they are."""
    for _, strip in marked(mark, "IMAGE"):
        strip.directory = storable(f"{folder}/")
        _set_count(strip, count)


def _set_count(strip: Any, count: int) -> None:
    elements, suffix = strip.elements, Path(strip.elements[0].filename).suffix
    for number in range(len(elements), count):
        elements.append(f"{number + 1:04d}{suffix}")
    for _ in range(len(elements) - count):
        elements.pop(len(elements) - 1)


def set_sound(scene: bpy.types.Scene, mark: str, path: Path, name: str) -> Any:
    """Let a scene play a sound from its first frame on, in place of an earlier one with the mark.

    Raises RuntimeError where the file is no sound.
    """
    strips = _strips(scene)
    earlier = next((strip for where, strip in marked(mark, "SOUND") if where == scene), None)
    if earlier is None:
        strip = strips.new_sound(name, str(path), _free_channel(strips), FIRST_FRAME)
    else:
        # A strip keeps the length that it was made with; by its name it keeps its key frames.
        kept = {key: getattr(earlier, key) for key in KEPT}
        name, start = earlier.name, round(length(earlier, "content_start"))
        strips.remove(earlier)
        strip = strips.new_sound(name, str(path), kept["channel"], start)
        strip.name = name
        for key, value in kept.items():
            setattr(strip, key, value)
    strip.sound.filepath = storable(str(path))
    strip[MARK] = mark
    return strip


def keep_sound(
    scene: bpy.types.Scene,
    mark: str,
    sound: np.ndarray,
    metadata: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write a result's sound into a folder, and let a scene play it.

    Args:
        scene: that plays it.
        mark: of the strips that go with it.
        sound: an encoded file, uint8 (n,).
        metadata: of the result, with `sound_suffix`.
        folder: of its frames.

    Raises ExtensionError `sound-unreadable`, and ZograscopeError `output-exists`.
    """
    path = folder / sound_name(metadata)
    write_file(path, sound)
    try:
        set_sound(scene, mark, path, f"{folder.name} sound")
    except RuntimeError as error:
        raise ExtensionError("sound-unreadable", str(error), path=str(path)) from error


def sound_name(metadata: Mapping[str, Any]) -> str:
    """Return the name of a result's sound file, which leads nowhere, whatever the result says."""
    suffix = str(metadata.get("sound_suffix"))
    return f"sound{suffix if SOUND_SUFFIX.fullmatch(suffix) else USUAL_SOUND_SUFFIX}"


def move(strip: Any, start: int) -> None:
    """Let a strip's content begin at a frame of its scene."""
    name = "content_start"
    setattr(strip, name if hasattr(strip, name) else LENGTHS[name], start)
