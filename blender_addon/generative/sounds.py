"""The sound that drives a walk: a file, or a sound strip as it is trimmed."""

import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .. import sequencer
from ..job_files import read_file
from .errors import GenerativeError

LOUDEST = 32767  # of a 16-bit sample


@dataclass(frozen=True)
class Sound:
    """An encoded sound.

    Attributes:
        name: for sentences.
        file: its bytes.
        start: the frame of the scene at which it is heard already, or None where it is not.
    """

    name: str
    file: bytes
    start: int | None = None


def chosen_sound(settings: bpy.types.PropertyGroup, scene: bpy.types.Scene) -> Sound | None:
    """Return the sound that a scene's settings name, or None.

    Raises GenerativeError `no-sound-strip`, `retimed-sound` or `sound-strip-unreadable`, and
    ZograscopeError for a file that cannot be read.
    """
    if settings.sound_strip:
        return strip_sound(scene, settings.sound_strip)
    if not settings.sound:
        return None
    path = Path(bpy.path.abspath(settings.sound))
    return Sound(path.name, read_file(path))


def strip_sound(scene: bpy.types.Scene, name: str) -> Sound:
    """Return what a sound strip plays between its handles, as a WAV file.

    Raises as `chosen_sound` does.
    """
    editor = scene.sequence_editor
    strip = editor.strips_all.get(name) if editor else None
    if strip is None or strip.type != "SOUND":
        raise GenerativeError("no-sound-strip", name=name)
    if len(strip.retiming_keys):
        raise GenerativeError("retimed-sound", name=name)
    rate = sequencer.rate_of(scene)
    before = sequencer.length(strip, "left_handle_offset") / rate
    before += sequencer.length(strip, "content_trim_start") / rate
    seconds = sequencer.length(strip, "duration") / rate
    start = round(sequencer.length(strip, "left_handle"))
    try:
        return Sound(name, _cut(strip.sound, before, before + seconds), start)
    except Exception as error:  # aud has errors of its own, which are no class of Python's
        raise GenerativeError("sound-strip-unreadable", str(error), name=name) from error


def _cut(sound: bpy.types.Sound, start: float, end: float) -> bytes:
    """Return a WAV file of a sound from second to second."""
    import aud  # of Blender; not there where Blender was built without sound

    read: Any = aud.Sound  # the stubs do not know that it takes a path
    whole = sound.factory if sound.packed_file else read(bpy.path.abspath(sound.filepath))
    rate = round(whole.specs[0])
    samples = whole.limit(start, end).data()[: round((end - start) * rate)]
    return encode_wave(samples, rate)


def encode_wave(samples: np.ndarray, rate: int) -> bytes:
    """Return a 16-bit WAV file of float samples (n, channels) from -1 to 1."""
    steps = np.round(np.clip(samples, -1.0, 1.0) * LOUDEST).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(steps.shape[1])
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(steps.tobytes())
    return file.getvalue()
