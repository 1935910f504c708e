"""The sound that drives a walk: a file, or a strip of the sequencer as it is trimmed."""

import io
import wave

import bpy
import numpy as np
import pytest

from .conftest import FRAMES, answer, stream, walked

RATE = 8000


@pytest.fixture
def sounds(module):
    return module("generative.sounds")


@pytest.fixture
def ramp(sounds, tmp_path):
    """Two seconds that grow louder, so that each sample tells where it is."""
    path = tmp_path / "ramp.wav"
    path.write_bytes(sounds.encode_wave(np.linspace(0, 1, 2 * RATE)[:, None], RATE))
    return path


@pytest.fixture
def strip(settings, ramp):
    """The sound as a strip from frame 11 on, at 24 frames a second."""
    scene = bpy.context.scene
    strips = scene.sequence_editor_create().strips
    strip = strips.new_sound("music", str(ramp), 1, 11)
    settings.sound_strip = "music"
    return strip


def samples_of(file: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(file)) as sound:
        assert sound.getframerate() == RATE
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32767


def handles(module, strip, left: int, right: int) -> None:
    """Move a strip's handles; Blender 5.2 has new names for them."""
    names = ("left_handle", "right_handle")
    if not hasattr(strip, names[0]):
        names = ("frame_final_start", "frame_final_end")
    for name, frame in zip(names, (left, right), strict=True):
        setattr(strip, name, frame)


def test_a_file_goes_as_it_is(settings, fake_link, asked, ramp):
    settings.sound, settings.sound_strength = str(ramp), 0.5
    bpy.ops.zograscope.dream_walk()
    parameters, inputs = asked["walk"]
    assert bytes(inputs["audio"]) == ramp.read_bytes()
    assert (parameters["audio_name"], parameters["audio_strength"]) == ("ramp.wav", 0.5)
    assert parameters["frames"] is None


def test_frames_may_be_chosen_too(settings, fake_link, asked, ramp):
    settings.sound, settings.sound_length, settings.frames = str(ramp), False, 77
    bpy.ops.zograscope.dream_walk()
    assert asked["walk"][0]["frames"] == 77


def test_a_strip_is_cut_at_its_handles(strip, sounds, module):
    scene = bpy.context.scene
    whole = samples_of(sounds.strip_sound(scene, "music").file)
    assert whole == pytest.approx(np.linspace(0, 1, 2 * RATE), abs=1e-3)
    handles(module, strip, 11 + 12, 11 + 36)
    sound = sounds.strip_sound(scene, "music")
    assert sound.start == 23
    part = samples_of(sound.file)
    assert len(part) == RATE
    assert part == pytest.approx(np.linspace(0.25, 0.75, RATE), abs=1e-3)


def test_in_its_own_scene_a_strip_s_walk_begins_with_it_and_no_sound_is_doubled(
    strip, settings, fake_link, asked, module
):
    settings.own_scene, settings.show = False, "SEQUENCER"
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, *range(FRAMES))
    answer(fake_link, *walked(FRAMES, seconds=FRAMES / 24))
    scene = bpy.context.scene
    kinds = [other.type for other in scene.sequence_editor.strips_all]
    assert sorted(kinds) == ["IMAGE", "SOUND"]
    (pictures,) = [other for other in scene.sequence_editor.strips_all if other.type == "IMAGE"]
    assert module("sequencer").length(pictures, "left_handle") == 11
    assert not fake_link.errors


@pytest.mark.parametrize(("name", "code"), [("gone", "no-sound-strip"), ("/gone.wav", "")])
def test_what_is_no_sound_is_refused(settings, fake_link, name, code):
    if code:
        settings.sound_strip = name
    else:
        settings.sound, code = name, "file-not-found"
    assert bpy.ops.zograscope.dream_walk() == {"CANCELLED"}
    assert [error.code for error in fake_link.errors] == [code]


def test_a_strip_whose_file_is_gone_is_told(strip, fake_link, ramp):
    ramp.unlink()
    assert bpy.ops.zograscope.dream_walk() == {"CANCELLED"}
    assert [error.code for error in fake_link.errors] == ["sound-strip-unreadable"]
