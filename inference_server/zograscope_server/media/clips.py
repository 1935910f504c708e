"""Reads clips as upright pictures at a constant rate, whatever the file's own timing is."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zograscope_server.media.errors import MediaError
from zograscope_server.media.files import Source, decoded, is_seekable, opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MOST_PIXELS = 70_000_000  # twice 8K
SLOWEST, FASTEST = 1.0, 240.0
USUAL_RATE = 25.0
FAR = 2.0  # seconds that are read through rather than jumped over
TIE = 1e-3
"""Seconds: of two frames that are near alike, as files round their times, the earlier is taken."""

_HIGH_DEFINITION = 720
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED


@dataclass(frozen=True)
class ClipFrame:
    """One frame of a clip as it is asked for.

    Attributes:
        number: from 0.
        time: in seconds after the start that was asked for: number / rate.
        picture: uint8 (height, width, 3), red first, row 0 is the top; not to be written to.
    """

    number: int
    time: float
    picture: np.ndarray


class _Shown(NamedTuple):
    """A frame of the file, with when it is shown and how long, in seconds of the clip."""

    time: float
    duration: float
    frame: "VideoFrame"


class Clip:
    """A video, a moving GIF, or a single picture, which is a clip of one frame.

    Its time is 0 at its first frame.

    Attributes:
        name: what the artist calls it.
        width, height: in square pixels, upright, as players show it.
        rate: frames for each second, on average; from 1 to 240.
        duration: in seconds, as the file says it; of a cut file it may be less.
        has_sound: whether there is any.
        origin: time of the first frame in the file, in seconds.
    """

    def __init__(self, source: Source, name: str = "clip") -> None:
        """Read the first frame, and what the file says of the others.

        Args:
            source: a file, or its bytes.
            name: for error sentences.

        Raises:
            ZograscopeError: `file-empty`, `file-not-found`, `file-unreadable`, `clip-unreadable`,
                `clip-without-pictures`, `clip-too-large`, `clip-damaged`.
        """
        self.source, self.name = source, name
        with self._opened() as (container, stream):
            average = stream.average_rate or 0
            self.rate = _within_reason(average or stream.guessed_rate or USUAL_RATE)
            self.has_sound = bool(container.streams.audio)
            first = next(self._shown(container, stream), None)
            if first is None:
                raise MediaError("clip-damaged", name=name)
            if not average:
                self.rate = _within_reason(1.0 / first.duration)
            self.origin = first.time
            self.duration = _duration(container, stream) or first.duration
            aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
        self._orientation = _orientation(first.frame)
        self._stored = (max(1, round(first.frame.width * aspect)), first.frame.height)
        turned = self._orientation.transposed
        self.width, self.height = self._stored[::-1] if turned else self._stored

    def count(self, start: float = 0.0, end: float | None = None, rate: float | None = None) -> int:
        """Return how many frames `frames` gives, as far as the file tells the truth."""
        last = self.duration if end is None else min(end, self.duration)
        return max(1, round((last - start) * (rate or self.rate)))

    def frames(
        self, start: float = 0.0, end: float | None = None, rate: float | None = None
    ) -> Iterator[ClipFrame]:
        """Yield the frames at `start`, `start` + 1 / `rate` and so on.

        Each is the file's frame that is nearest in time. Memory holds two of the file's frames.

        Args:
            start, end: in seconds; the frame at `end` is not among them. None goes to the end.
            rate: for each second; None takes the clip's own.

        Raises:
            ZograscopeError: `clip-too-short` where nothing comes after `start`.
        """
        rate = rate or self.rate
        number = 0
        until = np.inf if end is None else end - 0.5 / rate  # a whole number of frames

        def due(before: float) -> bool:
            at = start + number / rate
            return at < before and (at < until or number == 0)

        shown: _Shown | None = None
        picture: np.ndarray | None = None
        for following in self._shown_from(start):
            # Nearer to the frame before than to this one.
            while shown is not None and due(0.5 * (shown.time + following.time) + TIE):
                picture = self._picture(shown.frame) if picture is None else picture
                yield ClipFrame(number, number / rate, picture)
                number += 1
            if number and not due(np.inf):
                return
            shown, picture = following, None
        if shown is None:
            raise MediaError("clip-damaged", name=self.name)
        ends = shown.time + shown.duration
        if number == 0 and start >= ends:
            raise MediaError("clip-too-short", name=self.name, duration=ends, start=start)
        # Times that files round to milliseconds neither add a frame nor take one.
        while number == 0 or due(ends - 0.5 * min(shown.duration, 1.0 / rate)):
            picture = self._picture(shown.frame) if picture is None else picture
            yield ClipFrame(number, number / rate, picture)
            number += 1

    @contextmanager
    def _opened(self) -> Iterator[tuple["InputContainer", "VideoStream"]]:
        with opened(self.source, self.name) as container:
            from av.stream import Disposition

            videos = [
                stream
                for stream in container.streams.video
                if stream.codec_context is not None
                and not stream.disposition & Disposition.attached_pic  # a cover of a record
            ]
            if not videos:
                kinds = "sound" if container.streams.audio else "other things"
                raise MediaError("clip-without-pictures", name=self.name, kinds=kinds)
            stream = videos[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            if width * height > MOST_PIXELS:
                limit = MOST_PIXELS // 1_000_000
                raise MediaError(
                    "clip-too-large", name=self.name, width=width, height=height, limit=limit
                )
            yield container, stream

    def _shown_from(self, start: float) -> Iterator[_Shown]:
        """Yield the frames from the last that is shown before `start` on, or from an earlier."""
        import av

        if start >= FAR:
            with self._opened() as (container, stream):
                first, frames = None, self._shown(container, stream, self.origin)
                if is_seekable(container):
                    with suppress(av.FFmpegError):
                        container.seek(round((start + self.origin) * 1e6) - 1)
                        first = next(frames, None)
                if first is not None and first.time <= start:
                    yield first
                    yield from frames
                    return
        with self._opened() as (container, stream):
            yield from self._shown(container, stream, self.origin)

    def _shown(
        self, container: "InputContainer", stream: "VideoStream", origin: float = 0.0
    ) -> Iterator[_Shown]:
        latest: _Shown | None = None
        for frame in decoded(container, stream):
            expected = origin if latest is None else latest.time + latest.duration
            time = expected if frame.time is None else frame.time - origin
            if latest is not None:
                time = max(time, latest.time)
            lasting = float(frame.duration * frame.time_base) if frame.duration else 0.0
            latest = _Shown(time, lasting if lasting > 0.0 else 1.0 / self.rate, frame)
            yield latest

    def _picture(self, frame: "VideoFrame") -> np.ndarray:
        width, height = self._stored
        # Files of high definition that do not say which colours they mean, mean BT.709.
        untold = frame.colorspace == _UNSPECIFIED and frame.height >= _HIGH_DEFINITION
        colours = frame.reformat(
            width, height, "rgb24", src_colorspace="ITU709" if untold else None
        )
        picture = self._orientation.upright(colours.to_ndarray())
        picture.flags.writeable = False
        return picture


class _Orientation(NamedTuple):
    """How stored pixels are turned to be upright: transposed first, then mirrored."""

    transposed: bool
    mirrored_x: bool
    mirrored_y: bool

    def upright(self, picture: np.ndarray) -> np.ndarray:
        if self.transposed:
            picture = picture.swapaxes(0, 1)
        if self.mirrored_x:
            picture = picture[:, ::-1]
        if self.mirrored_y:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


def _orientation(frame: "VideoFrame") -> _Orientation:
    """Read a display matrix (ISO 14496-12): x' = a x + c y, y' = b x + d y, both down and right."""
    from av.sidedata.sidedata import Type

    data = frame.side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return _Orientation(False, False, False)
    a, b, _, c, d, *_ = (int(value) for value in np.frombuffer(bytes(data), np.int32))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _Orientation(False, a < 0, d < 0)
    return _Orientation(True, c < 0, b < 0)


def _within_reason(rate: Fraction | float) -> float:
    return min(max(float(rate), SLOWEST), FASTEST)


def _duration(container: "InputContainer", stream: "VideoStream") -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else 0.0
