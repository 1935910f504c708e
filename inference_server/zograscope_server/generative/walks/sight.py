"""How much a picture changes, as people see it, without a network.

A picture becomes a vector, and the Euclidean distance of two is how different they look. It is made
of what the first layers of eyes and of trained networks have in common: edges of each direction,
edges between areas in which edges are strong and weak, and colours. Each edge is told in proportion
to the others nearby, so that a faint line that moves counts beside a bold one.

Source of the parts: histograms of oriented gradients (Dalal and Triggs 2005), edges of edges
(scattering, Bruna and Mallat 2013); that channels are scaled to unit length where they are compared
(Zhang et al., LPIPS, CVPR 2018).
"""

from typing import Any

import numpy as np

SIDE = 128  # pixels of the shorter side that is looked at
FAINT, FAINT_OF_EDGES = 0.03, 0.1  # of what is from 0 to 1: edges from which on they count in full
EDGES, EDGES_OF_EDGES, COLOURS = 0.5, 1.0, 1.0  # weights
COARSER = 4  # colours are seen so much coarser than edges


def seen(pictures: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Return (n, d) float32 vectors whose Euclidean distances say how different pictures look.

    Args:
        pictures: (n, h, w, 3) uint8, sRGB; all of one size.
        side: pixels of the shorter side that is looked at; d grows with its square.
    """
    return np.array([_seen(picture, side) for picture in pictures], np.float32)


def _seen(picture: np.ndarray, side: int) -> np.ndarray:
    import cv2

    small = _resized(np.ascontiguousarray(picture), side)
    lab: Any = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) / 100
    edges = _edges(lab[..., :1], FAINT)
    of_edges = _edges(_resized(edges, side // 2), FAINT_OF_EDGES)
    parts = (
        (EDGES, edges),
        (EDGES_OF_EDGES, of_edges),
        (COLOURS, _resized(lab, side // COARSER)),
    )
    return np.concatenate(
        [part.ravel() * (weight / np.sqrt(part.shape[0] * part.shape[1])) for weight, part in parts]
    )


def _edges(planes: np.ndarray, faint: float) -> np.ndarray:
    """Return (h, w, 4 c), how strong edges of (h, w, c) are to each side, of about unit length."""
    import cv2

    height, width = planes.shape[:2]
    across: Any = cv2.Sobel(planes, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down: Any = cv2.Sobel(planes, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    across, down = across.reshape(height, width, -1), down.reshape(height, width, -1)
    sides = np.concatenate([across, down, -across, -down], axis=2)
    along: Any = cv2.blur(np.maximum(sides, 0), (3, 3))
    nearby: Any = cv2.blur(along, (3, 3))
    return along / (np.sqrt((nearby**2).sum(axis=2, keepdims=True)) + faint)


def _resized(picture: np.ndarray, side: int) -> Any:
    """Bring the shorter side to so many pixels."""
    import cv2

    height, width = picture.shape[:2]
    scale = side / min(height, width)
    if scale == 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
