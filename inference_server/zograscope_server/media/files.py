"""Opens media files for FFmpeg, and lets them open nothing else.

A playlist names other files and addresses. So only formats that hold all they show are read, from
a file that Python has opened, and whatever FFmpeg wants to open beside it is refused.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.errors import ServerError
from zograscope_server.media.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet

Source = Path | np.ndarray | bytes
"""A file, or the bytes of one; an array of them (uint8, 1-D) is not copied."""

FORMATS = (
    *("mov", "matroska", "webm", "avi", "flv", "asf", "ogg", "mpegts", "mpeg", "mpegvideo", "mxf"),
    *("dv", "nut", "h264", "hevc", "m4v", "ivf", "yuv4mpegpipe", "mjpeg", "gif", "apng"),
    *("webp_anim", "png_pipe", "jpeg_pipe", "webp_pipe", "tiff_pipe", "bmp_pipe"),
    *("wav", "flac", "mp3", "aac"),
)
SEEKABLE = ("mov", "matroska", "avi", "mxf")
"""Formats with an index: in others a place is found by reading from the beginning."""


@contextmanager
def opened(source: Source, name: str) -> Iterator["InputContainer"]:
    """Open a media file.

    Args:
        source: the file.
        name: what the artist calls it, for error sentences.

    Raises:
        ZograscopeError: `clip-unreadable`, `file-empty`, `file-not-found`, `file-unreadable`.
    """
    import av

    with _file(source, name) as file:
        try:
            container = av.open(
                file,
                "r",
                container_options={"format_whitelist": ",".join(FORMATS)},
                io_open=_refuse,
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise MediaError("clip-unreadable", str(error), name=name) from error
        with container:
            yield container


def is_seekable(container: "InputContainer") -> bool:
    """Whether a place in the file can be found without reading all before it."""
    return any(name in SEEKABLE for name in container.format.name.split(","))


def decoded(container: "InputContainer", stream: Any) -> Iterator[Any]:
    """Yield the frames of a video or audio stream; damaged ones are left out.

    A file that was cut ends where it was cut. Times of the frames are those of the file.
    """
    import av

    packets = container.demux(stream)
    while True:
        packet: Packet | None
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            packet = None
        with suppress(av.FFmpegError):
            # Without a packet, the decoder gives what it has kept.
            yield from packet.decode() if packet else stream.codec_context.decode(None)
        if packet is None:
            return


@contextmanager
def _file(source: Source, name: str) -> Iterator[io.RawIOBase | io.BufferedReader]:
    if not isinstance(source, Path):
        with _Bytes(memoryview(source)) as data:
            if not data.size:
                raise ServerError("file-empty", name=name)
            yield data
        return
    try:
        file = source.open("rb")
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(source)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(source)) from error
    with file:
        if not source.stat().st_size:
            raise ServerError("file-empty", name=name)
        yield file


class _Bytes(io.RawIOBase):
    """Bytes in memory as a file, not copied; of a mapped file only what is read is loaded."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0
        self.size = data.nbytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._data[self._place : self._place + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._place += len(chunk)
        return len(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        return self._place


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("a media file may not open another")
