"""`zograscope portrait`, through every process that it takes: portrait and clip in, film out."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from skimage import data
from zograscope_server.media.clips import Clip
from zograscope_server.portrait.curves import read_curves

FRAMES, RATE = 10, 10
PATIENCE = 120.0


@pytest.fixture(scope="module")
def portrait(tmp_path_factory) -> Path:
    """A portrait of NASA's, in the public domain, that scikit-image brings."""
    path = tmp_path_factory.mktemp("portrait") / "astronaut.png"
    Image.fromarray(data.astronaut()[:384, 64:384]).save(path)
    return path


@pytest.fixture(scope="module")
def driver(tmp_path_factory) -> Path:
    """The same picture nods a little, and hums."""
    path = tmp_path_factory.mktemp("driver") / "driver.mp4"
    picture = Image.fromarray(data.astronaut()[:320, 64:384])
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 320, 320, "yuv420p"
        voice = container.add_stream("aac", rate=44_100, layout="mono")
        for number in range(FRAMES):
            turned = picture.rotate(4 * np.sin(number), Image.Resampling.BICUBIC)
            container.mux(video.encode(av.VideoFrame.from_image(turned)))
        hum = 0.3 * np.sin(np.arange(FRAMES * 44_100 // RATE) / 20).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(hum[None], format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux(voice.encode(frame))
        for stream in (video, voice):
            container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module", autouse=True)
def stopped(zograscope):
    """The server that a killed command leaves behind ends with these tests."""
    yield
    zograscope("stop")


def test_a_film_with_all_that_goes_with_it(zograscope, portrait, driver, tmp_path):
    film, curves, sheet = (tmp_path / name for name in ("film.mp4", "c.csv", "sheet.png"))
    done = zograscope(
        *("portrait", portrait, driver, "--output", film, "--curves", curves),
        *("--contact-sheet", sheet, "--credit", "Made by a test", "--json"),
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["film"] == str(film)
    assert made["metadata"]["rate"] == RATE
    clip = Clip(film)
    assert (clip.width, clip.height) == (320, 384)
    assert clip.has_sound
    assert len(list(clip.frames())) == FRAMES
    assert len(read_curves(curves).expressions) == FRAMES
    for path in (film, sheet):
        verified = zograscope("verify", path)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "driver.mp4" in verified.stdout
    content = bytearray(film.read_bytes())
    content[len(content) // 2] ^= 1
    film.write_bytes(content)
    assert zograscope("verify", film).returncode != 0, "a changed byte is noticed"


def test_a_killed_run_goes_on_at_the_first_missing_frame(
    zograscope, state, portrait, driver, tmp_path
):
    output = tmp_path / "frames"
    typed = ["portrait", str(portrait), str(driver), "--output", str(output), "--strength", "1.2"]
    command = subprocess.Popen(
        [sys.executable, "-m", "zograscope_server.command_line", *typed],
        env=os.environ | {"ZOGRASCOPE_HOME": str(state), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    third = output / "0003.png"
    deadline = time.monotonic() + PATIENCE
    while not third.exists():
        assert command.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    command.kill()
    command.wait()
    before = {path.name: path.stat().st_mtime_ns for path in output.glob("*.png")}
    done = zograscope(*typed)
    assert done.returncode == 0, done.stderr
    pictures = sorted(path.name for path in output.glob("*.png"))
    assert pictures == [f"{number:04d}.png" for number in range(1, FRAMES + 1)]
    after = {name: (output / name).stat().st_mtime_ns for name in before}
    assert after == before, "what was there is not written again"
    assert (output / "sound.flac").stat().st_size > 1000


def test_a_driver_that_is_none_is_told(zograscope, portrait, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    done = zograscope("portrait", portrait, broken, "--output", tmp_path / "frames")
    assert done.returncode == 1
    assert "broken.mp4 is not a video that can be read" in done.stderr
    assert not list((tmp_path / "frames").glob("*.png"))
