"""Clips of any timing, orientation and kind of pixels become upright frames at one rate."""

import tracemalloc
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.media.clips import TIE, Clip

STEP = 16
"""Between the greys of two frames: what a codec loses never makes one another's."""


def grey(number: int) -> int:
    return STEP // 2 + STEP * (number % (256 // STEP))


def numbered(number: int, size: tuple[int, int] = (32, 24)) -> np.ndarray:
    """A frame of one grey."""
    return np.full((size[1], size[0], 3), grey(number), np.uint8)


def number_of(picture: np.ndarray) -> int:
    """The number of a frame, modulo how many greys there are."""
    return int(picture.mean()) // STEP


few = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def numbers(clip: Clip, *arguments, **options) -> list[int]:
    return [number_of(frame.picture) for frame in clip.frames(*arguments, **options)]


@few
@given(
    gaps=st.lists(st.integers(10, 400), max_size=14),
    start=st.floats(0.0, 1.0),
    length=st.none() | st.floats(0.05, 3.0),
    rate=st.sampled_from([1.0, 10.0, 23.976, 25.0, 29.97, 60.0, 120.0]),
)
def test_each_frame_is_the_nearest_in_time(draw_clip, tmp_path, gaps, start, length, rate):
    times = np.cumsum([0, *gaps])
    path = draw_clip(tmp_path / "clip.mkv", [numbered(k) for k in range(len(times))], times)
    clip = Clip(path)
    end = None if length is None else start + length
    try:
        frames = list(clip.frames(start, end, rate))
    except ZograscopeError as error:
        assert error.code == "clip-too-short"
        assert start >= times[-1] / 1000
        return
    for number, frame in enumerate(frames):
        assert frame.number == number
        assert frame.time == pytest.approx(number / rate)
        away = np.abs(times / 1000 - (start + number / rate))
        assert away[number_of(frame.picture)] <= away.min() + 2.1 * TIE
    last = frames[-1].time + start
    assert end is None or len(frames) == 1 or last < end
    if end is not None and end < times[-1] / 1000:
        assert len(frames) == max(1, round(length * rate)) or abs(length * rate % 1 - 0.5) < 1e-6
    if end is None:
        assert last + 1 / rate > times[-1] / 1000, "nothing of the end is left out"


@few
@given(
    rate=st.sampled_from([Fraction(24000, 1001), Fraction(30000, 1001), 12, 24, 25, 50, 60]),
    count=st.integers(1, 40),
    kind=st.sampled_from([(".mkv", "ffv1"), (".mov", "libx264"), (".avi", "mpeg4")]),
)
def test_at_its_own_rate_each_frame_comes_once(draw_clip, tmp_path, rate, count, kind):
    """In Matroska, times are rounded to milliseconds."""
    path = tmp_path / f"clip{kind[0]}"
    pictures = [numbered(k) for k in range(count)]
    draw_clip(path, pictures, rate=rate, codec=kind[1], pixels="yuv420p")
    clip = Clip(path)
    assert numbers(clip, rate=float(rate)) == [k % 16 for k in range(count)]
    if count > 10:
        assert clip.rate == pytest.approx(float(rate), rel=0.01)
        assert clip.count(rate=float(rate)) == pytest.approx(count, abs=1)
    assert numbers(clip, rate=2 * float(rate)) == [k // 2 % 16 for k in range(2 * count)]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mkv", "ffv1"), (".mp4", "libx264"), (".ts", "libx264")]
)
def test_a_place_in_the_middle_is_found(draw_clip, tmp_path, suffix, codec):
    pictures = [numbered(k // 5) for k in range(200)]
    path = tmp_path / f"clip{suffix}"
    pixels = "bgr0" if codec == "ffv1" else "yuv420p"
    clip = Clip(draw_clip(path, pictures, rate=25, codec=codec, pixels=pixels))
    whole = numbers(clip)
    assert whole == [k // 5 % 16 for k in range(200)]
    for start in (0.4, 2.0, 3.52, 7.96):
        assert numbers(clip, start) == whole[round(25 * start) :]
    assert numbers(clip, 4.0, 5.0) == whole[100:125]


def turned(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a rotation into the header of an MP4's track (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    for offset, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[place + offset : place + offset + 4] = (value << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((1, 0, 0, 1), lambda p: p),
        ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),  # a telephone held upright
        ((-1, 0, 0, -1), lambda p: np.rot90(p, 2)),
        ((0, -1, 1, 0), lambda p: np.rot90(p, 1)),
        ((-1, 0, 0, 1), lambda p: p[:, ::-1]),  # a mirror, as of selfies
        ((1, 0, 0, -1), lambda p: p[::-1]),
        ((0, 1, 1, 0), lambda p: p.swapaxes(0, 1)),
    ],
)
def test_turned_and_mirrored_clips_are_upright(draw_clip, tmp_path, matrix, upright):
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:24, :32], stored[:24, 32:], stored[24:, :32] = 250, 170, 90
    path = draw_clip(tmp_path / "clip.mp4", [stored] * 3, codec="libx264", pixels="yuv420p")
    clip = Clip(turned(path, matrix))
    expected = upright(stored)
    assert (clip.height, clip.width) == expected.shape[:2]
    pictures = [frame.picture for frame in clip.frames()]
    assert len(pictures) == 3
    for picture in pictures:
        # At the corners: compression blurs between the fields.
        for y, x in ((4, 4), (4, -5), (-5, 4), (-5, -5)):
            assert abs(int(picture[y, x, 0]) - int(expected[y, x, 0])) < 10


def test_pixels_that_are_not_square_become_so(draw_clip, tmp_path):
    wide = {"aspect": Fraction(4, 3), "codec": "libx264", "pixels": "yuv420p"}
    clip = Clip(draw_clip(tmp_path / "clip.mp4", [numbered(3, (40, 30))], **wide))
    assert (clip.width, clip.height) == (53, 30)
    (frame,) = clip.frames()
    assert frame.picture.shape == (30, 53, 3)
    assert number_of(frame.picture) == 3


@pytest.mark.parametrize("size", [(33, 25), (1, 1), (16, 7)])
@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        *(("ffv1", name) for name in ("gray", "gray16le", "yuv422p10le", "yuv411p", "bgra")),
        *(("png", name) for name in ("rgb24", "rgba", "gray", "rgb48be")),
        ("qtrle", "rgb555be"),
    ],
)
def test_any_kind_of_pixels_and_odd_sizes(draw_clip, tmp_path, codec, pixels, size):
    path = tmp_path / ("clip.mkv" if codec == "ffv1" else "clip.mov")
    pictures = [numbered(k, size) for k in (2, 9)]
    clip = Clip(draw_clip(path, pictures, codec=codec, pixels=pixels))
    assert (clip.width, clip.height) == size
    assert numbers(clip) == [2, 9]


def test_colours_keep_their_order(draw_clip, tmp_path):
    picture = np.full((720, 32, 3), (200, 100, 30), np.uint8)
    path = tmp_path / "clip.mkv"
    (frame,) = Clip(draw_clip(path, [picture])).frames()
    assert np.abs(frame.picture.astype(int) - picture).max() <= 1


def test_a_moving_gif(tmp_path):
    pictures = [Image.fromarray(numbered(k)) for k in range(4)]
    path = tmp_path / "clip.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 300, 100, 200])
    clip = Clip(path)
    assert not clip.has_sound
    assert set(numbers(clip, rate=20.0)) == {0, 1, 2, 3}
    assert numbers(clip, 0.15, 0.35, 10.0) == [1, 1]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".gif", ".webp"])
def test_a_single_picture_is_a_clip_of_one_frame(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(numbered(5, (31, 17))).save(path)
    for source in (path, path.read_bytes(), np.fromfile(path, np.uint8)):
        clip = Clip(source)
        assert (clip.width, clip.height) == (31, 17)
        (frame,) = clip.frames()
        assert number_of(frame.picture) == 5
        assert frame.time == 0.0


def test_a_mapped_file_is_read_as_a_file_is(draw_clip, tmp_path):
    path = draw_clip(tmp_path / "clip.mkv", [numbered(k) for k in range(8)])
    assert numbers(Clip(np.memmap(path, np.uint8, "r"))) == numbers(Clip(path)) == list(range(8))


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_cut_file_gives_what_is_there(draw_clip, tmp_path, codec):
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(60)]
    path = draw_clip(tmp_path / "clip.mkv", pictures, codec=codec, pixels="yuv420p")
    data = path.read_bytes()
    clip = Clip(data[: len(data) // 2], "half.mkv")
    assert 10 < len(list(clip.frames())) < 50


def test_damage_in_the_middle_costs_only_the_damaged(draw_clip, tmp_path):
    pictures = [numbered(k, (64, 48)) for k in range(40)]
    path = draw_clip(tmp_path / "clip.mkv", pictures, codec="ffv1", pixels="yuv420p")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 100] = bytes(100)
    frames = list(Clip(bytes(data)).frames())
    assert len(frames) == 40
    assert number_of(frames[-1].picture) == 39 % 16


def sound_only(folder: Path) -> Path:
    import av

    path = folder / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = np.zeros((1, 800), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder, clip: folder / "none.mp4", "file-not-found"),
        (lambda folder, clip: folder, "file-unreadable"),
        (lambda folder, clip: b"", "file-empty"),
        (lambda folder, clip: np.empty(0, np.uint8), "file-empty"),
        (lambda folder, clip: b"not a video" * 99, "clip-unreadable"),
        (lambda folder, clip: bytes(5000), "clip-unreadable"),
        (lambda folder, clip: sound_only(folder), "clip-without-pictures"),
        (lambda folder, clip: clip.read_bytes()[:3000], "clip-unreadable"),  # no header yet
    ],
)
def test_what_is_no_clip_is_told_in_words(draw_clip, tmp_path, make, code):
    pictures = [np.random.default_rng(k).integers(0, 255, (48, 64, 3), np.uint8) for k in range(9)]
    clip = draw_clip(tmp_path / "clip.mp4", pictures, codec="libx264", pixels="yuv420p")
    with pytest.raises(ZograscopeError) as caught:
        Clip(make(tmp_path, clip), "driver.mp4")
    assert caught.value.code == code
    assert "driver.mp4" in caught.value.sentence or str(tmp_path) in caught.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{clip}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {clip}\n",
        "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_a_playlist_opens_nothing(draw_clip, tmp_path, text):
    clip = draw_clip(tmp_path / "clip.mkv", [numbered(1)])
    with pytest.raises(ZograscopeError) as caught:
        Clip(text.format(clip=clip).encode())
    assert caught.value.code == "clip-unreadable"


def test_huge_frames_are_refused_before_they_are_decoded(tmp_path):
    path = tmp_path / "huge.png"
    Image.new("1", (30_000, 3_000)).save(path)
    with pytest.raises(ZograscopeError, match="30000 x 3000"):
        Clip(path)


def test_a_start_beyond_the_end_is_told(draw_clip, tmp_path):
    clip = Clip(draw_clip(tmp_path / "clip.mkv", [numbered(k) for k in range(25)]), "short.mkv")
    with pytest.raises(ZograscopeError, match=r"short\.mkv is 1\.00 seconds long"):
        next(clip.frames(1.5))
    assert numbers(clip, 0.99) == [24 % 16]


def test_memory_does_not_grow_with_the_clip(draw_clip, tmp_path):
    size = (320, 240)
    path = draw_clip(tmp_path / "clip.mkv", [numbered(k, size) for k in range(150)])
    clip = Clip(path)
    one = size[0] * size[1] * 3
    tracemalloc.start()
    seen = sum(1 for _ in clip.frames(rate=50.0))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == 300
    assert most < 6 * one + 500_000
    assert [number_of(frame.picture) for frame in islice(clip.frames(), 3)] == [0, 1, 2]
