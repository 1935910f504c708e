"""The inside of the mouth: a layer below the lips."""

from typing import Protocol

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.portrait.head import model
from zograscope_server.portrait.head.fit import FittedHead
from zograscope_server.portrait.mesh.outlines import smooth_outline, uncrossed
from zograscope_server.portrait.mesh.rasterizer import (
    FAR,
    Window,
    draw_places,
    draw_polygon,
    sample,
)
from zograscope_server.portrait.mesh.relief import strip
from zograscope_server.portrait.similarity import Similarity
from zograscope_server.portrait.track import DriverTrack
from zograscope_server.ramp import ramp

LIPS = regions.INNER_UPPER_LIP + regions.INNER_LOWER_LIP[1:-1]
_RIM = len(regions.INNER_UPPER_LIP)
_UPPER = tuple(range(_RIM))
_LOWER = (0, *range(_RIM, len(LIPS)), _RIM - 1)
TRIANGLES = strip(_UPPER, _LOWER)

OUTLINE = 44  # points along a lip, as it is drawn

BEGINS, OPEN = 0.015, 0.06
"""Gap beyond that at rest, in mouth widths, at which the inside begins to be seen, and is seen."""

SKIN = (50, 280, 205, 425, 152, 200, 18)  # cheeks and chin
DARKEST, BRIGHTEST = 0.25, 2.5
"""How much darker or brighter than the driver's, or our own, the portrait's mouth may be."""

FINER = 3  # pixels of our own mouth, a side, for each of the picture
SHADE = 0.9  # of the skin's light, that comes between the lips
BORROWED, OWN = 0.9, 0.9  # of that light's colour
SKIN_TONE = np.array([0.80, 0.62, 0.52])  # in whose light the head's own colours were chosen
DIM = 0.22  # face widths behind the lips at which a third of the light is left


class Mouth(Protocol):
    """What is seen between a portrait's lips."""

    def see(
        self,
        number: int,
        picture: np.ndarray | None,
        window: Window,
        lips: np.ndarray,
        head: Similarity,
    ) -> np.ndarray:
        """Return the inside of the mouth in a frame, float32 (h, w, 3), from 0 to 1.

        Args:
            number: of the frame.
            picture: the driver's frame, uint8 (h, w, 3), where there is one.
            window: of the portrait, that is painted.
            lips: (20, 2), where the inner rim of the portrait's lips is.
            head: where the head went.
        """
        ...


class BorrowedMouth:
    """The inside of the driver's mouth, in the portrait's light."""

    def __init__(self, track: DriverTrack, neutral_picture: np.ndarray, tone: np.ndarray) -> None:
        """Compare the driver's skin in its neutral frame with the portrait's tone (3,)."""
        self._points = track.points
        theirs = skin_tone(neutral_picture, track.points[track.neutral]) / 255.0
        self._tint = _light(tone / np.maximum(theirs, 1e-3), BORROWED)

    def see(
        self,
        number: int,
        picture: np.ndarray | None,
        window: Window,
        lips: np.ndarray,
        head: Similarity,
    ) -> np.ndarray:
        """Return what is seen (see `Mouth`)."""
        if picture is None:
            raise ValueError("the driver's mouth needs the driver's frame")
        part, theirs = _cut_mouth(picture, lips_of(self._points[number]))
        # A little larger, for the soft rim of the lips.
        middle = lips.mean(axis=0)
        way = lips - middle
        length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        wider = middle + way * (1.0 + 1.5 / length)
        flat = np.column_stack([wider, np.zeros(len(wider))])
        places, _ = draw_places(flat, TRIANGLES, theirs, window)
        return np.clip(sample(part, places, cv2.INTER_LINEAR) * self._tint, 0.0, 1.0)


class OwnMouth:
    """The inside of the portrait's own head: teeth, tongue, gums and throat."""

    def __init__(self, head: FittedHead, curves: np.ndarray, tone: np.ndarray) -> None:
        """Take what lies behind the lips, in the light of the portrait's skin.

        Args:
            head: that was fitted to the portrait.
            curves: float32 (n, 52), the expressions of the frames.
            tone: (3,), of the portrait's skin, from 0 to 1.
        """
        inside = np.isin(head.parts, (model.MOUTH, model.TONGUE, model.TEETH, model.GUMS))
        self._numbers, triangles = np.unique(head.triangles[inside], return_inverse=True)
        self._triangles = triangles.reshape(-1, 3).astype(np.int32)
        self._head, self._curves = head, curves
        self._colours = inner_colours(head, self._numbers, tone)

    def see(
        self,
        number: int,
        picture: np.ndarray | None,
        window: Window,
        lips: np.ndarray,
        head: Similarity,
    ) -> np.ndarray:
        """Return what is seen (see `Mouth`)."""
        actions = self._head.actions[:, self._numbers]
        offsets = np.tensordot(self._curves[number].astype(np.float32), actions, axes=1)
        at_rest = self._head.vertices[self._numbers] + offsets
        # Drawn finer, so that teeth have soft rims.
        corner = (window.left * FINER, window.top * FINER)
        fine = Window(*corner, window.width * FINER, window.height * FINER)
        placed = head.apply(at_rest) * FINER
        seen, depth = draw_places(placed, self._triangles, self._colours, fine)
        drawn = np.where((depth < FAR)[..., None], seen, self._colours.min(axis=0))
        return cv2.resize(drawn, (window.width, window.height), interpolation=cv2.INTER_AREA)


def inner_colours(head: FittedHead, numbers: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Return the colours float32 (n, 3), from 0 to 1, of what lies behind a portrait's lips.

    Args:
        head: that was fitted to it.
        numbers: of the head's vertices.
        tone: (3,), of the portrait's skin, in whose light they are.
    """
    light = np.minimum(_light(tone / SKIN_TONE, OWN), 1.0 / SKIN_TONE.max())
    lips = head.landmarks(head.vertices)[list(LIPS), 2].mean()
    # Light falls off behind the lips.
    behind = np.maximum(head.vertices[numbers, 2] - lips, 0.0) / (DIM * head.width)
    colours = head.colours[numbers] / 255.0 * light * np.exp(-behind)[:, None]
    return np.clip(colours, 0.0, 1.0).astype(np.float32)


def _light(ratio: np.ndarray, chroma: float) -> np.ndarray:
    """The light (3,) that is on what lies behind the lips, of that which is on the skin.

    Args:
        ratio: (3,), of the skin's tone to that in whose light the inside was seen.
        chroma: how much of its colour.
    """
    grey = ratio.mean()
    return np.clip(SHADE * (grey + chroma * (ratio - grey)), DARKEST, BRIGHTEST)


def lips_of(points: np.ndarray) -> np.ndarray:
    """Return the inner rim of the lips, (20, 2), of points (478, 2 or 3); they do not cross."""
    upper, lower = (
        points[list(row), :2] for row in (regions.INNER_UPPER_LIP, regions.INNER_LOWER_LIP)
    )
    upper, lower = uncrossed(upper, lower)
    return np.concatenate([upper, lower[1:-1]])


def opening_of(lips: np.ndarray, mouth_width: float) -> float:
    """Return how far lips (20, 2) are apart in their middle, in mouth widths."""
    gap = np.linalg.norm(lips[4:7] - lips[[_RIM + 3, _RIM + 4, _RIM + 5]], axis=1).mean()
    return float(gap / mouth_width)


def seen_share(opening: float, at_rest: float) -> float:
    """Return how far the inside is seen, 0 to 1, where the lips are open more than at rest."""
    return float(ramp(opening - at_rest, BEGINS, OPEN))


def skin_tone(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the colour (3,) of the skin around the mouth in a picture, float32 or uint8."""
    size = max(1, round(0.03 * regions.face_width(points)))
    height, width = picture.shape[:2]
    tones = []
    for x, y in points[list(SKIN), :2]:
        column, row = (
            int(np.clip(x, size, width - size - 1)),
            int(np.clip(y, size, height - size - 1)),
        )
        part = picture[row - size : row + size + 1, column - size : column + size + 1]
        tones.append(part.reshape(-1, 3).mean(axis=0))
    return np.median(tones, axis=0)


def mask_of(lips: np.ndarray, window: Window) -> np.ndarray:
    """Return how far each pixel lies between lips (20, 2): float32 (h, w)."""
    outline = smooth_outline(lips[list(_UPPER)], lips[list(_LOWER)], OUTLINE)
    return draw_polygon(outline, window)


def _cut_mouth(picture: np.ndarray, lips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of a driver's frame around its lips, float32 from 0 to 1, and the lips in it."""
    margin = 4
    left, top = np.maximum(np.floor(lips.min(axis=0)).astype(int) - margin, 0)
    right, bottom = np.ceil(lips.max(axis=0)).astype(int) + margin
    part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    return part.astype(np.float32) / 255.0, lips - (left, top)
