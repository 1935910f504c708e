"""Reads the portrait that is moved, in the depth and colours of its file."""

from dataclasses import dataclass

import numpy as np

from zograscope_server.faces.handles import move_by_handles
from zograscope_server.faces.landmarks import Face
from zograscope_server.images import read_photograph
from zograscope_server.portrait.errors import PortraitError

LEAST = 64  # pixels on each side
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
    """

    pixels: np.ndarray
    grey: bool
    alpha: np.ndarray | None
    data: bytes
    name: str

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

        picture = pixels[..., 0] if self.grey else pixels[..., ::-1]
        if self.alpha is not None:
            colours = np.repeat(picture[..., None], 3, axis=2) if self.grey else picture
            picture = np.dstack([colours, self.alpha])
        # One filter for all lines, which is quicker than the best for each, and as small.
        quick = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        quick += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
        _, data = cv2.imencode(".png", np.ascontiguousarray(picture), quick)
        return data.tobytes()


def read_source(data: bytes, name: str) -> Source:
    """Read a portrait's file.

    Raises ZograscopeError as `read_photograph` does, and `portrait-too-small`.
    """
    photograph = read_photograph(data, name)
    height, width = photograph.pixels.shape[:2]
    if min(width, height) < LEAST:
        raise PortraitError(
            "portrait-too-small", name=name, width=width, height=height, least=LEAST
        )
    pixels = _deep_pixels(data, (height, width))
    if pixels is None:
        pixels = photograph.pixels
    grey = bool(
        (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()
    )
    alpha = photograph.alpha
    if alpha is not None and (alpha == 255).all():
        alpha = None
    if alpha is not None and pixels.dtype == np.uint16:
        alpha = alpha.astype(np.uint16) * 257
    return Source(pixels, grey, alpha, data, name)


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


def _deep_pixels(data: bytes, shape: tuple[int, int]) -> np.ndarray | None:
    """Pixels of 16 bits (h, w, 3), where the file has them and they are not turned or tinted."""
    import cv2

    if not data.startswith(_DEEP) or b"iCCP" in data[:4096]:
        return None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint16 or picture.shape[:2] != shape:
        return None
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] < 3:
        return None
    return np.ascontiguousarray(picture[..., 2::-1])
