"""Reads sound: out of clips, exactly as long as the frames that go with it, and as samples."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from zograscope_server.media.clips import Clip
from zograscope_server.media.errors import MediaError
from zograscope_server.media.files import Source, decoded, is_seekable, opened

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

SUFFIX = ".flac"
SAMPLE_RATE = 48_000
GAP = 0.05  # seconds: what is less is the file's rounding
_RUN_UP = 1.0  # seconds that a decoder needs before the first sample that counts
_BLOCK = SAMPLE_RATE


def read_sound(clip: Clip, start: float, seconds: float) -> bytes | None:
    """Return the sound of a stretch of a clip as a FLAC file; None where the clip has none.

    It has 48,000 samples a second of 16 bits, one channel or two, and is as long as was asked for,
    to the sample: silence stands before, between and after what the file has.

    Args:
        clip: its time is 0 at its first frame, for the sound too.
        start: in seconds of the clip.
        seconds: how long; frames / rate.

    Raises:
        ZograscopeError: `sound-unreadable`.
    """
    if not clip.has_sound:
        return None
    with opened(clip.source, clip.name) as container:
        return _cut(container, clip.name, start + clip.origin, seconds)


def cut_sound(source: Source, name: str, seconds: float) -> bytes:
    """Return the beginning of a sound file, or of a video's sound, as `read_sound` does.

    Args:
        source: the file.
        name: what the artist calls it, for error sentences.
        seconds: how long.

    Raises:
        ZograscopeError: `sound-missing`, `sound-file-unreadable`, `sound-unreadable`, `file-empty`,
            `file-not-found`, `file-unreadable`.
    """
    with _opened_sound(source, name) as container:
        return _cut(container, name, _begin(container), seconds)


def read_samples(source: Source, name: str, sample_rate: int) -> np.ndarray:
    """Return a whole sound file, or a video's sound, as (n,) float32 from -1 to 1, one channel.

    Args:
        source, name: as in `cut_sound`.
        sample_rate: samples of a second.

    Raises:
        ZograscopeError: as `cut_sound`.
    """
    with _opened_sound(source, name) as container:
        frames = _frames(container, container.streams.audio[0], float("inf"))
        runs = list(_runs(frames, "mono", _begin(container), sample_rate))
    ends = [place + len(samples) for place, samples in runs]
    heard = np.zeros(max([0, *ends]), np.float32)
    for place, samples in runs:
        kept = samples[max(0, -place) :, 0]
        heard[max(0, place) : max(0, place) + len(kept)] = kept
    return heard / 32768


@contextmanager
def _opened_sound(source: Source, name: str) -> Iterator["InputContainer"]:
    try:
        with opened(source, name) as container:
            audio = container.streams.audio
            if not audio or audio[0].codec_context is None:
                raise MediaError("sound-missing", name=name)
            yield container
    except MediaError as error:
        if error.code != "clip-unreadable":
            raise
        raise MediaError("sound-file-unreadable", error.details, name=name) from error


def _begin(container: "InputContainer") -> float:
    """Return when the file begins, in its own seconds."""
    return container.start_time / 1e6 if container.start_time else 0.0


def _cut(container: "InputContainer", name: str, begin: float, seconds: float) -> bytes:
    import av

    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise MediaError("sound-unreadable", name=name)
    if begin > _RUN_UP and is_seekable(container):
        with suppress(av.FFmpegError):
            container.seek(round((begin - _RUN_UP) * 1e6))
    layout = "mono" if stream.channels == 1 else "stereo"
    frames = _frames(container, stream, begin + seconds)
    output = io.BytesIO()
    try:
        with av.open(output, "w", format="flac") as file:
            flac = file.add_stream("flac", rate=SAMPLE_RATE, layout=layout, format="s16")
            samples = round(seconds * SAMPLE_RATE)
            for block in _exactly(_runs(frames, layout, begin, SAMPLE_RATE), samples, layout):
                file.mux(flac.encode(block))
            file.mux(flac.encode(None))
    except av.FFmpegError as error:
        raise MediaError("sound-unreadable", str(error), name=name) from error
    return output.getvalue()


def _audio_frame(samples: np.ndarray, layout: str, place: int) -> "AudioFrame":
    """Return int16 samples (n, channels) as a frame that begins at a sample's number."""
    import av

    packed = np.ascontiguousarray(samples).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
    frame.sample_rate, frame.pts = SAMPLE_RATE, place
    frame.time_base = Fraction(1, SAMPLE_RATE)
    return frame


def _frames(
    container: "InputContainer", stream: "AudioStream", until: float
) -> Iterator["AudioFrame"]:
    for frame in decoded(container, stream):
        if frame.time is not None and frame.time > until:
            return
        yield frame


def _runs(
    frames: Iterator["AudioFrame"], layout: str, begin: float, sample_rate: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield stretches of samples (n, channels), each with the place of its first sample.

    Places count from `begin`, in samples, and may be negative. A gap begins a run anew: within one
    the samples are simply counted, since times are rounded.
    """
    import av

    resampler = None
    place, expected = 0, 0.0
    for frame in frames:
        time = expected if frame.time is None else frame.time
        if resampler is None or abs(time - expected) > GAP:
            if resampler is not None:
                for piece in resampler.resample(None):
                    yield place, _samples(piece)
            resampler = av.AudioResampler("s16", layout, sample_rate)
            place = round((time - begin) * sample_rate)
            expected = time
        expected += frame.samples / frame.sample_rate
        frame.pts = None
        for piece in resampler.resample(frame):
            yield place, _samples(piece)
            place += piece.samples
    if resampler is not None:
        for piece in resampler.resample(None):
            yield place, _samples(piece)
            place += piece.samples


def _samples(frame: "AudioFrame") -> np.ndarray:
    return frame.to_ndarray().reshape(frame.samples, -1)


def _exactly(
    runs: Iterator[tuple[int, np.ndarray]], length: int, layout: str
) -> Iterator["AudioFrame"]:
    """Yield the samples from place 0 to `length`, with silence where there are none."""
    channels = 1 if layout == "mono" else 2
    done = 0
    for place, samples in runs:
        yield from _silence(done, min(place, length), channels, layout)
        done = max(done, min(place, length))
        wanted = samples[max(0, done - place) : max(0, length - place)]
        if len(wanted):
            yield _audio_frame(wanted, layout, done)
            done += len(wanted)
    yield from _silence(done, length, channels, layout)


def _silence(begin: int, end: int, channels: int, layout: str) -> Iterator["AudioFrame"]:
    for place in range(begin, end, _BLOCK):
        samples = np.zeros((min(_BLOCK, end - place), channels), np.int16)
        yield _audio_frame(samples, layout, place)
