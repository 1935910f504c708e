"""Several pictures as one."""

from collections.abc import Sequence

import numpy as np

PREVIEW_SIDE = 384


def side_by_side(pictures: Sequence[np.ndarray] | np.ndarray, columns: int) -> np.ndarray:
    """Lay (h, w, colours) uint8 pictures out row by row, edge to edge, on black."""
    height, width, colours = pictures[0].shape
    rows = -(-len(pictures) // columns)
    grid = np.zeros((rows, columns, height, width, colours), np.uint8)
    for number, picture in enumerate(pictures):
        grid[number // columns, number % columns] = picture
    return grid.swapaxes(1, 2).reshape(rows * height, columns * width, colours)


def small(picture: np.ndarray) -> np.ndarray:
    """Return a preview of (h, w, 3 or 1) uint8: (h, w, 3), at most 384 pixels a side."""
    step = max(1, -(-max(picture.shape[:2]) // PREVIEW_SIDE))
    reduced = picture[::step, ::step]
    return np.ascontiguousarray(np.broadcast_to(reduced, (*reduced.shape[:2], 3)))
