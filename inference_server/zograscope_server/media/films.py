"""Writes films: H.264 with its sound, as they are made, whole or not at all."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from zograscope_protocol.saving import whole_file

from zograscope_server.media.errors import MediaError
from zograscope_server.media.files import decoded, opened
from zograscope_server.media.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SUFFIX = ".mp4"
ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""The first that this build of FFmpeg has."""

QUALITY = "16"
"""Constant rate factor of x264: lossless to the eye."""

_BT709, _LIMITED_RANGE = 1, 1
_FINEST_RATE = 1001  # of 30000/1001 and its like


def write_film(
    path: Path, frames: Iterable[np.ndarray], rate: float, sound: bytes | None = None
) -> None:
    """Write a film of frames as they come, in memory a few at a time.

    H.264 in 4:2:0 (BT.709), AAC for the sound, in an MP4. H.264 has even sides: an odd one gets its
    last row or column twice.

    Args:
        path: of the film.
        frames: uint8 (height, width, 3), red first, all of one size.
        rate: frames for each second.
        sound: a sound file, as `read_sound` gives it; it is kept as long as it is.

    Raises:
        ZograscopeError: `film-without-frames`, `film-unwritable`, `output-exists`,
            `clip-unreadable` for a sound that is none.
    """
    import av

    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise MediaError("film-without-frames", path=str(path))
    exact_rate = Fraction(rate).limit_denominator(_FINEST_RATE)
    with whole_file(path) as part:
        try:
            with av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as film:
                video = _add_video(film, first, exact_rate)
                voice = _Voice(film, sound) if sound is not None else None
                for number, picture in enumerate(_with(first, pictures)):
                    film.mux(video.encode(_video_frame(picture, number, exact_rate)))
                    if voice is not None:
                        voice.mux_until(float((number + 1) / exact_rate))
                film.mux(video.encode(None))
                if voice is not None:
                    voice.finish()
        except av.FFmpegError as error:
            raise MediaError("film-unwritable", str(error), path=str(path)) from error


def _with(first: np.ndarray, others: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from others


def _add_video(film: "OutputContainer", picture: np.ndarray, rate: Fraction) -> "VideoStream":
    import av

    name = next(name for name in ENCODERS if name in av.codecs_available)
    options = {"crf": QUALITY, "preset": "medium"} if name == "libx264" else {"qscale": "3"}
    video = cast("VideoStream", film.add_stream(name, rate=rate, options=options))
    height, width = picture.shape[:2]
    video.width, video.height = width + width % 2, height + height % 2
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.gop_size = max(1, round(rate))  # a key frame each second, to leaf through
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED_RANGE
    return video


def _video_frame(picture: np.ndarray, number: int, rate: Fraction) -> "VideoFrame":
    import av

    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.pts, frame.time_base = number, 1 / rate
    return frame


class _Voice:
    """The sound of a film, muxed beside the frames so that a player need not look far for it."""

    def __init__(self, film: "OutputContainer", sound: bytes) -> None:
        import av

        self._film = film
        with opened(sound, "sound") as container:
            layout = "mono" if container.streams.audio[0].channels == 1 else "stereo"
        self._stream = film.add_stream("aac", rate=SAMPLE_RATE, layout=layout)
        self._stream.bit_rate = 192_000
        self._frames = self._read(sound, av.AudioResampler("fltp", layout, SAMPLE_RATE))
        self._muxed = 0

    @staticmethod
    def _read(sound: bytes, resampler: "AudioResampler") -> Iterator["AudioFrame"]:
        with opened(sound, "sound") as container:
            for frame in decoded(container, container.streams.audio[0]):
                yield from resampler.resample(frame)
        yield from resampler.resample(None)

    def mux_until(self, seconds: float) -> None:
        while self._muxed < seconds * SAMPLE_RATE:
            frame = next(self._frames, None)
            if frame is None:
                return
            frame.pts, frame.time_base = self._muxed, Fraction(1, SAMPLE_RATE)
            self._muxed += frame.samples
            self._film.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self.mux_until(float("inf"))
        self._film.mux(self._stream.encode(None))
