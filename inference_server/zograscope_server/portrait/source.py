"""Reads the portrait that is moved, in the depth and colours of its file."""

from dataclasses import dataclass

import numpy as np

from zograscope_server.faces.handles import move_by_handles
from zograscope_server.faces.landmarks import Face
from zograscope_server.images import ENOUGH_PIXELS, read_photograph
from zograscope_server.portrait.errors import PortraitError

LEAST = 64  # pixels on each side
ROUNDED = 1  # levels of 256 by which readers round 16 bits differently
_DEEP = (b"\x89PNG", b"II*\0", b"MM\0*")


@dataclass(frozen=True)
class Source:
    """A portrait.

    Attributes:
        pixels: uint8 or uint16 (h, w, 3), red first; of a grey picture all three are the same.
        grey: whether its file has no colours.
        alpha: like the pixels (h, w), or None where all is opaque.
        data: the bytes of its file.
        name: what the artist calls it.
        reduction: how many pixels of the file's side make one of these.
    """

    pixels: np.ndarray
    grey: bool
    alpha: np.ndarray | None
    data: bytes
    name: str
    reduction: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def seen(self) -> np.ndarray:
        """The same in 8 bits, as trackers want it: uint8 (h, w, 3)."""
        if self.pixels.dtype == np.uint8:
            return self.pixels
        return (self.pixels >> 8).astype(np.uint8)

    def encode(self, pixels: np.ndarray) -> bytes:
        """Return a frame (h, w, 3) as a PNG with the source's depth, greys and opacity."""
        import cv2

        # What a driver in colour lent becomes a grey as light; greys stay exactly what they are.
        picture = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if self.grey else pixels[..., ::-1]
        if self.alpha is not None:
            colours = np.repeat(picture[..., None], 3, axis=2) if self.grey else picture
            picture = np.dstack([colours, self.alpha])
        # One filter for all lines, which is quicker than the best for each, and as small.
        quick = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        quick += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
        _, data = cv2.imencode(".png", np.ascontiguousarray(picture), quick)
        return data.tobytes()


def read_source(data: bytes, name: str) -> Source:
    """Read a portrait's file, at a half of its sides or less where nobody sees so many pixels move.

    Raises ZograscopeError as `read_photograph` does, and `portrait-too-small`.
    """
    photograph = read_photograph(data, name, ENOUGH_PIXELS)
    height, width = photograph.pixels.shape[:2]
    if min(width, height) < LEAST:
        raise PortraitError(
            "portrait-too-small", name=name, width=width, height=height, least=LEAST
        )
    pixels, alpha = photograph.pixels, photograph.alpha
    deep = _deep_pixels(data, pixels) if photograph.reduction == 1 else None
    if deep is not None:
        pixels = np.ascontiguousarray(deep[..., :3])
        alpha = deep[..., 3] if deep.shape[2] == 4 and alpha is not None else None
    grey = bool((pixels[..., :2] == pixels[..., 1:]).all())
    return Source(pixels, grey, alpha, data, name, photograph.reduction)


def choose_face(
    faces: list[Face], number: int, name: str, handles: tuple[tuple[str, float, float], ...] = ()
) -> Face:
    """Return one of several faces, with its points where the artist moved them.

    Raises ZograscopeError `portrait-without-face`, `face-missing`.
    """
    if not faces:
        raise PortraitError("portrait-without-face", name=name)
    if number >= len(faces):
        raise PortraitError("face-missing", number=number, name=name, count=len(faces))
    face = faces[number]
    return Face(move_by_handles(face.points, handles), face.expressions, face.pose)


def _deep_pixels(data: bytes, shown: np.ndarray) -> np.ndarray | None:
    """Pixels of 16 bits (h, w, 3 or 4), where the file has them and they are what is shown.

    They are not where a profile, an orientation or an inversion stands between file and viewer.
    """
    import cv2

    if not data.startswith(_DEEP):
        return None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint16 or picture.shape[:2] != shown.shape[:2]:
        return None
    deep: np.ndarray
    if picture.ndim == 2:
        deep = np.repeat(picture[..., None], 3, axis=2)
    elif picture.shape[2] in (3, 4):
        deep = picture[..., [2, 1, 0, 3][: picture.shape[2]]]
    else:
        return None
    away = cv2.absdiff(np.right_shift(deep[..., :3], 8).astype(np.uint8), shown)
    return deep if away.max() <= ROUNDED else None
