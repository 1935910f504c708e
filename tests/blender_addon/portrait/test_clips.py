"""The driver as a strip: what it shows between its handles, in seconds of its file."""

import subprocess

import bpy
import pytest

FRAMES, RATE = 60, 30

WRITE = """
import sys, av, numpy as np
with av.open(sys.argv[1], "w") as file:
    stream = file.add_stream("mpeg4", rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for number in range(60):
        picture = np.full((48, 64, 3), number * 4, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    file.mux(stream.encode())
"""


@pytest.fixture(scope="module")
def video(tmp_path_factory, repository):
    """A video of 60 frames, 30 a second."""
    python = repository / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no server environment to write a video with; `make setup` makes it")
    path = tmp_path_factory.mktemp("video") / "driver.mp4"
    written = subprocess.run([python, "-c", WRITE, path], capture_output=True, check=False)
    if written.returncode:
        pytest.skip(f"no video could be written: {written.stderr!r}")
    return path


@pytest.fixture
def strip(scene, video):
    """A movie strip of it, in a scene of 24 frames a second."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    return scene.sequence_editor_create().strips.new_movie("driver", str(video), 1, 1)


def test_all_of_it(strip, module, video):
    clip = module("portrait.clips").strip_clip(bpy.context.scene, "driver")
    assert (clip.path, clip.start) == (video, 0.0)
    assert clip.end == pytest.approx(FRAMES / RATE)


def test_what_was_trimmed_is_left_out(strip, module):
    shown = module("sequencer").length(strip, "content_duration")
    strip.frame_offset_start, strip.frame_final_duration = 10, 20
    clip = module("portrait.clips").strip_clip(bpy.context.scene, "driver")
    assert clip.start == pytest.approx(FRAMES / RATE * 10 / shown)
    assert clip.end == pytest.approx(FRAMES / RATE * 30 / shown)


def test_what_is_no_movie_strip_is_refused(strip, module):
    clips, errors = module("portrait.clips"), module("portrait.errors")
    with pytest.raises(errors.PortraitError, match="no movie strip 'gone'"):
        clips.strip_clip(bpy.context.scene, "gone")
    settings = bpy.context.scene.zograscope_portrait
    with pytest.raises(errors.PortraitError, match="No driver is chosen"):
        clips.chosen_clip(settings, bpy.context.scene)
    settings.driver_strip = "driver"
    assert clips.chosen_clip(settings, bpy.context.scene).end == pytest.approx(FRAMES / RATE)
