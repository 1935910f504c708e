"""Takes the sound out of clips, exactly as long as the frames that go with it."""

import io
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from zograscope_server.media.clips import Clip
from zograscope_server.media.errors import MediaError
from zograscope_server.media.files import decoded, is_seekable, opened

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
    import av

    with opened(clip.source, clip.name) as container:
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise MediaError("sound-unreadable", name=clip.name)
        begin = start + clip.origin
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
                for block in _exactly(_runs(frames, layout, begin), samples, layout):
                    file.mux(flac.encode(block))
                file.mux(flac.encode(None))
        except av.FFmpegError as error:
            raise MediaError("sound-unreadable", str(error), name=clip.name) from error
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
    frames: Iterator["AudioFrame"], layout: str, begin: float
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
            resampler = av.AudioResampler("s16", layout, SAMPLE_RATE)
            place = round((time - begin) * SAMPLE_RATE)
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
