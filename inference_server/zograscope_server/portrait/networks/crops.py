"""Cuts a face out of a picture as networks want it, and puts it back into the whole picture.

Matrices are 3 x 3 and take the places of pixels, whose middles are whole numbers, x first. The crop
is LivePortrait's (Guo et al. 2024): a square along the line from the eyes to the mouth.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from zograscope_server.faces import regions

SIDE = 512
"""Pixels of a crop, before a network takes it smaller."""

FEATHER = 16
"""Pixels of a crop, at its border, over which it fades."""

# Corners and lids' middles, of MediaPipe's 478 points; right and left are the sitter's.
RIGHT_EYE = (33, 133, 159, 145)
LEFT_EYE = (263, 362, 386, 374)
# The face from the brows down: where a forehead ends depends on the hair.
OUTLINE = (*regions.OVAL[29:6:-1], *regions.RIGHT_BROW, *regions.LEFT_BROW)


@dataclass(frozen=True)
class Framing:
    """How a network wants faces.

    Attributes:
        scale: side of the square over the longer side of the face.
        lift: of the square's middle over the face's, towards the eyes, in sides of the square.
        upright: whether the square stands upright however the face is inclined.
    """

    scale: float
    lift: float
    upright: bool = False


@dataclass(frozen=True)
class Crop:
    """A square of a picture.

    Attributes:
        centre: float64 (2,), in pixels of the picture.
        side: in pixels of the picture.
        angle: by which the square is turned, in radians, clockwise as one sees it.
    """

    centre: np.ndarray
    side: float
    angle: float

    @classmethod
    def around(
        cls, points: np.ndarray, eyes: np.ndarray, mouth: np.ndarray, framing: Framing
    ) -> Self:
        """Return the square about a face.

        Args:
            points: (n, 2), that are to be inside.
            eyes: (2,), midway between the eyes.
            mouth: (2,), midway between the corners of the mouth.
            framing: how much about them.
        """
        down = np.asarray(mouth, np.float64) - eyes
        length = float(np.hypot(*down))
        down = down / length if length > 0 else np.array([0.0, 1.0])
        axes = np.array([[down[1], -down[0]], down])
        along = np.asarray(points, np.float64) @ axes.T
        least, most = along.min(axis=0), along.max(axis=0)
        side = float((most - least).max()) * framing.scale
        centre = (least + most) / 2 @ axes - framing.lift * side * down
        angle = 0.0 if framing.upright else float(np.arctan2(axes[0, 1], axes[0, 0]))
        return cls(centre, side, angle)

    @classmethod
    def of_face(cls, points: np.ndarray, framing: Framing) -> Self:
        """Return the square about MediaPipe's (478, 3) points of a face."""
        flat = points[:, :2]
        eyes = (flat[list(RIGHT_EYE)].mean(axis=0) + flat[list(LEFT_EYE)].mean(axis=0)) / 2
        mouth = flat[list(regions.MOUTH_CORNERS)].mean(axis=0)
        return cls.around(flat[list(OUTLINE)], eyes, mouth, framing)

    @classmethod
    def of_clip(cls, points: np.ndarray, framing: Framing) -> Self:
        """Return one upright square for a face's (frames, 478, 3) points: the mean of each frame's.

        It stays where it is, so that all motion in it is the face's.
        """
        crops = [cls.of_face(each, framing) for each in points]
        centre = np.mean([crop.centre for crop in crops], axis=0)
        return cls(centre, float(np.mean([crop.side for crop in crops])), 0.0)

    @cached_property
    def to_crop(self) -> np.ndarray:
        """From the picture to a crop of `SIDE` pixels, float64 (3, 3)."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turned = np.array([[cosine, sine], [-sine, cosine]]) * (SIDE / self.side)
        matrix = np.eye(3)
        matrix[:2, :2] = turned
        matrix[:2, 2] = SIDE / 2 - turned @ self.centre
        return matrix

    @cached_property
    def from_crop(self) -> np.ndarray:
        """From a crop of `SIDE` pixels to the picture, float64 (3, 3)."""
        return np.linalg.inv(self.to_crop)

    def cut(self, picture: np.ndarray, side: int) -> np.ndarray:
        """Return the crop of a uint8 or uint16 picture, float32 (side, side, 3) from 0 to 1."""
        import cv2

        square = _warp(picture, self.to_crop, (SIDE, SIDE), edge=cv2.BORDER_REPLICATE)
        values = square.astype(np.float32) / np.iinfo(picture.dtype).max
        return cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)

    def normalised(self, points: np.ndarray) -> np.ndarray:
        """Return (n, 2) places in the picture as places in the crop, which is from -1 to 1."""
        inside = points[:, :2] @ self.to_crop[:2, :2].T + self.to_crop[:2, 2]
        return (inside + 0.5) * (2 / SIDE) - 1


class Paste:
    """Puts moved crops of one picture back into it.

    Attributes:
        mask: uint8 (h, w), how much of the picture is the crop's, 0 where none.
    """

    def __init__(self, picture: np.ndarray, crop: Crop) -> None:
        """Prepare for crops of a uint8 or uint16 (h, w, 3) picture."""
        import cv2

        self._picture = picture
        height, width = picture.shape[:2]
        corners = np.array([[0, 0, 1], [SIDE, 0, 1], [SIDE, SIDE, 1], [0, SIDE, 1]]) - [0.5, 0.5, 0]
        places = corners @ crop.from_crop[:2].T
        left, top = np.clip(np.floor(places.min(axis=0)).astype(int), 0, [width, height])
        right, bottom = np.clip(np.ceil(places.max(axis=0)).astype(int) + 1, 0, [width, height])
        self._part = (slice(top, bottom), slice(left, right))
        self._size = (int(right - left), int(bottom - top))
        self._matrix = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]]) @ crop.from_crop
        inward = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1])
        square = np.minimum.outer(inward, inward).clip(0, FEATHER).astype(np.float32) / FEATHER
        # Of whole levels, so that the mask says exactly where the picture is as it was. Cubics
        # swing beyond the square's levels, and beyond 255 a byte begins anew.
        share = _warp(square, self._matrix, self._size, edge=cv2.BORDER_CONSTANT)
        share = np.rint(share.clip(0, 1) * 255)
        self.mask = np.zeros((height, width), np.uint8)
        self.mask[self._part] = share
        self._share = (share / np.float32(255))[..., None]

    def __call__(self, moved: np.ndarray) -> np.ndarray:
        """Return the picture with a moved crop, float32 (side, side, 3) from 0 to 1, in place."""
        import cv2

        most = np.iinfo(self._picture.dtype).max
        to_square = _resizing(SIDE / moved.shape[1], SIDE / moved.shape[0])
        laid = _warp(moved, self._matrix @ to_square, self._size, edge=cv2.BORDER_REPLICATE)
        whole = self._picture.copy()
        behind = whole[self._part].astype(np.float32)
        mixed = behind + self._share * (laid.clip(0, 1) * np.float32(most) - behind)
        whole[self._part] = np.rint(mixed)
        return whole


def _warp(
    values: np.ndarray, matrix: np.ndarray, size: tuple[int, int], *, edge: int
) -> np.ndarray:
    """Return values (h, w, ...) where a matrix brings them, in a picture of (width, height).

    What becomes smaller by more than half is averaged first, so that nothing is skipped; what
    becomes larger is interpolated by cubics.
    """
    import cv2

    if min(size) == 0:
        return np.zeros((size[1], size[0], *values.shape[2:]), values.dtype)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.5:
        height, width = values.shape[:2]
        small = (max(1, round(width * scale * 2)), max(1, round(height * scale * 2)))
        values = cv2.resize(values, small, interpolation=cv2.INTER_AREA)
        matrix = matrix @ _resizing(width / small[0], height / small[1])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(values, matrix[:2], size, flags=how, borderMode=edge)


def _resizing(across: float, down: float) -> np.ndarray:
    """Return the matrix of a resizing, in which pixels' edges correspond and not their middles."""
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
