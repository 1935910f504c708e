"""The inside of the mouth: a layer below the lips."""

from dataclasses import dataclass

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.portrait.mesh.rasterizer import Window, draw_places, draw_polygon, sample
from zograscope_server.portrait.mesh.relief import strip

LIPS = regions.INNER_UPPER_LIP + regions.INNER_LOWER_LIP[1:-1]
_RIM = len(regions.INNER_UPPER_LIP)
_UPPER = tuple(range(_RIM))
_LOWER = (0, *range(_RIM, len(LIPS)), _RIM - 1)
TRIANGLES = strip(_UPPER, _LOWER)

BEGINS, OPEN = 0.015, 0.06
"""Gap beyond that at rest, in mouth widths, at which the inside begins to be seen, and is seen."""

SKIN = (50, 280, 205, 425, 152, 200, 18)  # cheeks and chin
DARKEST, BRIGHTEST = 0.25, 2.5


@dataclass(frozen=True)
class Interior:
    """A picture of the inside of a mouth, and where the lips were around it.

    Attributes:
        picture: float32 (h, w, 3), from 0 to 1.
        lips: float32 (20, 2), the inner rim of the lips, in its pixels.
    """

    picture: np.ndarray
    lips: np.ndarray

    def see(self, window: Window, lips: np.ndarray) -> np.ndarray:
        """Return what is seen of it between lips (20, 2), in a window: float32 (h, w, 3)."""
        # A little larger, for the soft rim of the lips.
        middle = lips.mean(axis=0)
        way = lips - middle
        length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        wider = middle + way * (1.0 + 1.5 / length)
        flat = np.column_stack([wider, np.zeros(len(wider))])
        places, _ = draw_places(flat, TRIANGLES, self.lips, window)
        return sample(self.picture, places, cv2.INTER_LINEAR)


def lips_of(points: np.ndarray) -> np.ndarray:
    """Return the inner rim of the lips, (20, 2), of points (478, 2 or 3); they do not cross."""
    upper = points[list(regions.INNER_UPPER_LIP), :2].astype(np.float64)
    lower = points[list(regions.INNER_LOWER_LIP), :2].astype(np.float64)
    along = upper[-1] - upper[0]
    down = np.array([-along[1], along[0]]) / max(np.linalg.norm(along), 1e-6)
    gap = np.maximum(0.0, -((lower - upper) @ down))[:, None] * down
    return np.concatenate([upper - 0.5 * gap, (lower + 0.5 * gap)[1:-1]])


def opening_of(lips: np.ndarray, mouth_width: float) -> float:
    """Return how far lips (20, 2) are apart in their middle, in mouth widths."""
    gap = np.linalg.norm(lips[4:7] - lips[[_RIM + 3, _RIM + 4, _RIM + 5]], axis=1).mean()
    return float(gap / mouth_width)


def seen_share(opening: float, at_rest: float) -> float:
    """Return how far the inside is seen, 0 to 1, where the lips are open more than at rest."""
    share = float(np.clip((opening - at_rest - BEGINS) / (OPEN - BEGINS), 0.0, 1.0))
    return share * share * (3.0 - 2.0 * share)


def outline_of(lips: np.ndarray) -> np.ndarray:
    """Return the inner rim as a smooth closed line (n, 2)."""
    from scipy.interpolate import CubicSpline

    def curve(points: np.ndarray) -> np.ndarray:
        at = np.arange(len(points))
        return CubicSpline(at, points)(np.linspace(0, len(points) - 1, 4 * len(points)))

    return np.concatenate([curve(lips[list(_UPPER)]), curve(lips[list(_LOWER)])[::-1][1:-1]])


def skin_tone(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the colour (3,) of the skin around the mouth in a picture, float32 or uint8."""
    size = max(1, round(0.03 * float(np.linalg.norm(points[234] - points[454]))))
    height, width = picture.shape[:2]
    tones = []
    for x, y in points[list(SKIN), :2]:
        column, row = int(np.clip(x, size, width - size - 1)), int(np.clip(y, size, height - size - 1))
        part = picture[row - size : row + size + 1, column - size : column + size + 1]
        tones.append(part.reshape(-1, 3).mean(axis=0))
    return np.median(tones, axis=0)


def mask_of(lips: np.ndarray, window: Window) -> np.ndarray:
    """Return how far each pixel lies between lips (20, 2): float32 (h, w)."""
    return draw_polygon(outline_of(lips), window)
