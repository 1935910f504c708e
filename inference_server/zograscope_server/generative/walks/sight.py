"""How much a picture changes, as people see it, without a network.

A picture becomes a vector, and the Euclidean distance of two is how different they look. It is made
of what the first layers of eyes and of trained networks have in common: colours at several
scales, and edges of each direction, whose strength is told in proportion to the other edges nearby,
so that a faint line that moves counts beside a bold one.

Source of the parts: histograms of oriented gradients (Dalal and Triggs 2005); that channels are
scaled to unit length where they are compared (Zhang et al., LPIPS, CVPR 2018).
"""

from typing import Any

import numpy as np

SIDE = 64  # pixels of the shorter side that is looked at
SCALES = 3  # each half the one before
DIRECTIONS = 8  # of edges, in a whole turn: a dark edge is not a light one
FAINT = 0.03  # of lightness (0..1) in a pixel: edges from which on they count in full
COLOUR = 2.0  # weight of colours beside edges


def seen(pictures: np.ndarray) -> np.ndarray:
    """Return (n, d) float32 vectors whose Euclidean distances say how different pictures look.

    Args:
        pictures: (n, h, w, 3) uint8, sRGB; all of one size.
    """
    return np.array([_seen(picture) for picture in pictures], np.float32)


def _seen(picture: np.ndarray) -> np.ndarray:
    import cv2

    small = _reduced(picture)
    lab: Any = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) / 100
    parts = []
    for scale in range(SCALES):
        if scale:
            size = (max(1, lab.shape[1] // 2), max(1, lab.shape[0] // 2))
            lab = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
        pixels = lab.shape[0] * lab.shape[1]
        weight = 1 / np.sqrt(pixels)
        parts.append(COLOUR * weight * lab.ravel())
        parts.append(weight * _edges(lab[..., 0]).ravel())
    return np.concatenate(parts)


def _edges(lightness: np.ndarray) -> np.ndarray:
    """Return (h, w, DIRECTIONS), how strong edges are in each direction, of unit length or less."""
    import cv2

    across = cv2.Sobel(lightness, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(lightness, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    along = across[..., None] * np.cos(angles, dtype=np.float32)
    along = np.maximum(along + down[..., None] * np.sin(angles, dtype=np.float32), 0)
    along = cv2.blur(along, (3, 3))
    strength = np.sqrt((cv2.blur(along, (3, 3)) ** 2).sum(axis=2, keepdims=True))
    return along / (strength + FAINT)


def _reduced(picture: np.ndarray) -> np.ndarray:
    """Bring the shorter side to `SIDE` pixels."""
    import cv2

    height, width = picture.shape[:2]
    scale = SIDE / min(height, width)
    if scale == 1:
        return np.ascontiguousarray(picture)
    size = (round(width * scale), round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=how)
