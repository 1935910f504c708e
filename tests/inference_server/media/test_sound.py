"""The sound of a stretch of a clip is as long as its frames, and stands where it belongs."""

import io

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.media.clips import Clip
from zograscope_server.media.sound import SAMPLE_RATE, cut_sound, read_samples, read_sound

FRAME = np.zeros((24, 32, 3), np.uint8)
RATE = 44_100  # of the drawn sound
PITCH = 441.0


def tone(seconds: float) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * PITCH * np.arange(round(seconds * RATE)) / RATE)


def samples_of(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as container:
        assert container.format.name == "flac"
        assert container.streams.audio[0].rate == SAMPLE_RATE
        frames = [frame.to_ndarray().reshape(frame.samples, -1) for frame in container.decode()]
    return np.concatenate(frames)[:, 0] / 32768


@pytest.fixture(scope="module", params=[".mkv", ".mp4"])
def clip(request, draw_clip, tmp_path_factory) -> Clip:
    """Six seconds of frames; a tone from second 1 to second 5."""
    path = tmp_path_factory.mktemp("sound") / f"clip{request.param}"
    options = {"codec": "libx264", "pixels": "yuv420p"}
    draw_clip(path, [FRAME] * 150, rate=25, sound=tone(4.0), sound_delay=1.0, **options)
    return Clip(path)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    start=st.floats(0.0, 5.9),
    frames=st.integers(1, 200),
    rate=st.sampled_from([23.976, 24.0, 25.0, 29.97, 30.0, 60.0]),
)
def test_it_is_as_long_as_the_frames_and_in_its_place(clip, start, frames, rate):
    heard = samples_of(read_sound(clip, start, frames / rate))
    assert len(heard) == round(frames / rate * SAMPLE_RATE)
    times = start + np.arange(len(heard)) / SAMPLE_RATE
    sounding = (times > 1.0) & (times < 5.0)
    expected = np.where(sounding, 0.5 * np.sin(2 * np.pi * PITCH * (times - 1.0)), 0.0)
    # A resampler rings within a millisecond of where a sound begins or ends.
    calm = (np.abs(times - 1.0) > 0.002) & (np.abs(times - 5.0) > 0.002)
    np.testing.assert_allclose(heard[calm], expected[calm], atol=0.02)


def test_a_gap_is_silent_and_what_follows_keeps_its_time(draw_clip, tmp_path):
    """Two clips of one sound, joined with a second of nothing between."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 32, 24, "yuv420p"
        voice = container.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        for number in range(75):
            frame = av.VideoFrame.from_ndarray(FRAME, format="rgb24").reformat(format="yuv420p")
            frame.pts = number
            container.mux(video.encode(frame))
        for begin in (0.0, 2.0):
            samples = np.repeat((32767 * tone(1.0)).astype(np.int16), 2).reshape(1, -1)
            for place in range(0, samples.shape[1] // 2, 2205):
                piece = samples[:, 2 * place : 2 * (place + 2205)]
                frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="stereo")
                frame.sample_rate, frame.pts = RATE, round(begin * RATE) + place
                container.mux(voice.encode(frame))
        for stream in (video, voice):
            container.mux(stream.encode(None))
    heard = samples_of(read_sound(Clip(path), 0.0, 3.0))
    parts = heard.reshape(3, SAMPLE_RATE)[:, 100:-100]
    loud = np.sqrt((parts**2).mean(axis=1))
    np.testing.assert_allclose(loud, [0.5 / np.sqrt(2), 0.0, 0.5 / np.sqrt(2)], atol=0.01)


def test_a_clip_without_sound_has_none(draw_clip, tmp_path):
    assert read_sound(Clip(draw_clip(tmp_path / "clip.mkv", [FRAME] * 3)), 0.0, 1.0) is None


def test_a_stretch_after_the_sound_is_silent(clip):
    heard = samples_of(read_sound(clip, 5.5, 0.4))
    assert len(heard) == round(0.4 * SAMPLE_RATE)
    assert np.abs(heard).max() == 0.0


def write_sound(path, samples, kind, layout="mono"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(kind, rate=RATE, layout=layout)
        packed = np.repeat((32767 * samples).astype(np.int16), 2 if layout == "stereo" else 1)
        frame = av.AudioFrame.from_ndarray(packed.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = RATE
        for piece in av.AudioResampler(stream.format, layout, RATE, 1024).resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("suffix", "kind", "layout"),
    [
        (".wav", "pcm_s16le", "mono"),
        (".flac", "flac", "stereo"),
        (".mp3", "libmp3lame", "stereo"),
        (".m4a", "aac", "mono"),
    ],
)
def test_a_sound_file_is_read_as_samples_and_cut(tmp_path, suffix, kind, layout):
    if kind not in av.codecs_available:
        pytest.skip(f"this build of FFmpeg writes no {suffix}")
    path = write_sound(tmp_path / f"music{suffix}", tone(2.0), kind, layout)
    lower = 22_050
    samples = read_samples(path, path.name, lower)
    assert samples.dtype == np.float32
    assert abs(len(samples) / lower - 2.0) < 0.1
    spectrum = np.abs(np.fft.rfft(samples[lower // 2 :][:lower]))
    assert spectrum.argmax() == PITCH
    assert 0.45 < np.abs(samples).max() < 0.6
    data = np.frombuffer(path.read_bytes(), np.uint8)
    np.testing.assert_array_equal(read_samples(data, "music", lower), samples)
    for seconds in (1.25, 3.0):
        heard = samples_of(cut_sound(path, path.name, seconds))
        assert len(heard) == round(seconds * SAMPLE_RATE)
    assert np.abs(heard[round(2.2 * SAMPLE_RATE) :]).max() == 0, "silent after its end"


def test_the_sound_of_a_video_is_read_too(clip):
    samples = read_samples(clip.source, clip.name, RATE)
    assert np.abs(samples[: RATE // 2]).max() < 0.01 < np.abs(samples[2 * RATE : 3 * RATE]).max()


@pytest.mark.parametrize("read", [read_samples, cut_sound])
def test_what_is_no_sound_is_said_in_words(draw_clip, tmp_path, read):
    draw_clip(tmp_path / "silent.mkv", [FRAME] * 3)
    (tmp_path / "notes.txt").write_text("do re mi")
    for name, code in (("silent.mkv", "sound-missing"), ("notes.txt", "sound-file-unreadable")):
        with pytest.raises(ZograscopeError) as caught:
            read(tmp_path / name, name, 22_050)
        assert caught.value.code == code
        assert name in caught.value.sentence
