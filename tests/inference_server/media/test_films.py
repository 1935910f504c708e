"""Films hold their frames and their sound together to the end, and are whole or not there."""

from fractions import Fraction

import av
import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.media.clips import Clip
from zograscope_server.media.films import write_film
from zograscope_server.media.sound import SAMPLE_RATE, read_sound

SOUND_RATE = 44_100
EACH = 50


def flashes(count: int, size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    """Black frames, and a white one each fifty, the last included."""
    shape = (size[1], size[0], 3)
    return [np.full(shape, 255 if k % EACH == EACH - 1 else 0, np.uint8) for k in range(count)]


def clicks(count: int, rate: float) -> np.ndarray:
    """Silence, and a click as long as a frame at each flash."""
    sound = np.zeros(round(count / rate * SOUND_RATE))
    for number in range(EACH - 1, count, EACH):
        begin = round(number / rate * SOUND_RATE)
        sound[begin : begin + round(SOUND_RATE / rate)] = 0.9
    # A tone, since a still pressure is what codecs leave out.
    return sound * np.sin(2 * np.pi * 2000 * np.arange(len(sound)) / SOUND_RATE)


def beginnings(loud: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The times at which something begins."""
    return times[1:][loud[1:] & ~loud[:-1]]


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001)])
def test_sound_and_picture_end_500_frames_within_one(draw_clip, tmp_path, rate):
    """Read from a clip, written to a film, and decoded again by FFmpeg alone."""
    driver = Clip(
        draw_clip(
            *(tmp_path / "driver.mkv", flashes(500)),
            rate=rate,
            pixels="yuv420p",
            sound=clicks(500, float(rate)),
        )
    )
    frames = [frame.picture for frame in driver.frames(rate=float(rate))]
    assert len(frames) == 500
    sound = read_sound(driver, 0.0, 500 / float(rate))
    write_film(tmp_path / "film.mp4", iter(frames), float(rate), sound)
    with av.open(str(tmp_path / "film.mp4")) as film:
        shown = [
            (frame.time, frame.to_ndarray(format="gray").mean()) for frame in film.decode(video=0)
        ]
    with av.open(str(tmp_path / "film.mp4")) as film:
        heard = [(f.time, np.abs(f.to_ndarray()).max(axis=0)) for f in film.decode(audio=0)]
    times, light = map(np.array, zip(*shown, strict=True))
    assert len(times) == 500
    np.testing.assert_allclose(times, np.arange(500) / float(rate), atol=1e-4)
    seen = beginnings(np.append(False, light > 128), np.append(-1.0, times))
    samples = np.concatenate([samples for _, samples in heard])
    places = np.concatenate([t + np.arange(len(s)) / SAMPLE_RATE for t, s in heard])
    envelope = np.maximum.reduceat(samples, np.arange(0, len(samples), 96)) > 0.2
    sounded = beginnings(envelope, places[::96])
    assert len(seen) == len(sounded) == 10
    assert np.abs(seen - sounded).max() < 1.0 / float(rate)
    ends = times[-1] + 1 / float(rate), places[-1]
    assert abs(ends[0] - ends[1]) < 1.0 / float(rate)


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (64, 47), (1, 1)])
def test_frames_come_back_as_they_were(tmp_path, size):
    """Smooth colours: 4:2:0 halves what changes faster than that."""
    y, x = np.mgrid[: size[1], : size[0]] / 64.0
    frames = [
        (255 * np.stack([x, y, np.full_like(x, k / 9)], -1)).clip(0, 255).astype(np.uint8)
        for k in range(10)
    ]
    path = tmp_path / "folder" / "film.mp4"
    write_film(path, frames, 24.0)
    film = Clip(path)
    assert (film.width, film.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert not film.has_sound
    back = [frame.picture[: size[1], : size[0]] for frame in film.frames()]
    assert len(back) == 10
    for before, after in zip(frames, back, strict=True):
        assert np.abs(before.astype(int) - after).mean() < 3.0
    assert [path.name for path in path.parent.iterdir()] == ["film.mp4"]


def test_frames_are_taken_as_they_are_written(tmp_path):
    """A film of a great many frames needs no room for them: it is on the disk before the last."""
    taken, alive = 0, []

    def frames():
        nonlocal taken
        for _ in range(200):
            taken += 1
            yield np.zeros((16, 16, 3), np.uint8)
            alive.append((tmp_path / ".film.mp4.part").exists())

    write_film(tmp_path / "film.mp4", frames(), 25.0)
    assert taken == 200
    assert alive[-1]


def test_a_film_that_is_broken_off_is_not_there(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"the one before")

    def frames():
        yield from flashes(3)
        raise ZograscopeError("job-cancelled")

    with pytest.raises(ZograscopeError, match="cancelled"):
        write_film(tmp_path / "film.mp4", frames(), 25.0)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert (tmp_path / "film.mp4").read_bytes() == b"the one before"


def test_no_frames_and_no_place_are_told(tmp_path):
    with pytest.raises(ZograscopeError, match="no frames to make the film"):
        write_film(tmp_path / "film.mp4", [], 25.0)
    (tmp_path / "file").touch()
    with pytest.raises(ZograscopeError, match="Choose another place"):
        write_film(tmp_path / "file" / "film.mp4", flashes(2), 25.0)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
