"""How large a picture is, as its file says: nothing is decoded."""

import struct

import numpy as np

_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA


def picture_size(file: np.ndarray) -> tuple[int, int] | None:
    """Return width and height of a PNG or JPEG file, uint8 (n,); None where it is neither.

    A file that lacks its end is none either.
    """
    begin, end = file[:24].tobytes(), file[-8:].tobytes()
    if begin.startswith(_PNG_START) and begin[12:16] == b"IHDR" and end == _PNG_END:
        return _sides(*struct.unpack(">II", begin[16:24]))
    if begin.startswith(_JPEG_START) and end.endswith(_JPEG_END):
        return _jpeg_size(file)
    return None


def _jpeg_size(file: np.ndarray) -> tuple[int, int] | None:
    """Look through a JPEG's segments for the one that says its size."""
    place = 2
    while place + 9 <= len(file) and file[place] == 0xFF:
        kind = int(file[place + 1])
        if kind == 0xFF:  # filling
            place += 1
        elif kind in _STANDALONE:
            place += 2
        elif kind in _FRAMES:
            height, width = struct.unpack(">HH", file[place + 5 : place + 9].tobytes())
            return _sides(width, height)
        elif kind == _SCAN:
            return None
        else:
            place += 2 + int.from_bytes(file[place + 2 : place + 4].tobytes(), "big")
    return None


def _sides(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if width and height else None
