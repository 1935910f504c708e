"""Where the tiles of a layout lie in a flat picture."""

from typing import NamedTuple

import numpy as np


class Placing(NamedTuple):
    """Where tiles lie, in tiles.

    Attributes:
        placements: (n, 4) float32 left, top, width and height of each tile, y down.
        extent: width and height of the whole.
    """

    placements: np.ndarray
    extent: tuple[float, float]


def place_tiles(layout: np.ndarray, tile_size: float, margin: float) -> Placing:
    """Place the tiles of a layout in a picture that holds all their cells and a margin.

    Args:
        layout: (n, 3) float32 in tiles, y up, n > 0; the third values are not looked at, since
            where tiles overlap, the later lies on top.
        tile_size: of a tile in its cell of side 1.
        margin: around the cells, in tiles.
    """
    border = margin + 0.5
    left, bottom = layout[:, :2].min(axis=0) - border
    right, top = layout[:, :2].max(axis=0) + border
    placements = np.empty((len(layout), 4), np.float32)
    placements[:, 0] = layout[:, 0] - tile_size / 2 - left
    placements[:, 1] = top - layout[:, 1] - tile_size / 2
    placements[:, 2:] = tile_size
    return Placing(placements, (float(right - left), float(top - bottom)))
