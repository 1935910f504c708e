"""Which cells of the plane a mosaic occupies: a rectangle, a circle, or the outline of a mask.

Every function returns exactly as many cells as there are tiles: (count, 2) int32 of distinct
(column, row), row 0 at the top, both counted from 0, in reading order.
"""

import numpy as np
from scipy import ndimage
from zograscope_protocol.options import refusal

INSIDE = 0.5  # share of a cell that must lie in a mask
SEARCH_STEPS = 24  # halvings of the interval that holds the cell size
SHRINK = 0.8  # of the cell size, while too few cells fall inside a mask


def rectangle_cells(count: int, aspect: float) -> np.ndarray:
    """Fill a rectangle with full rows; a last row that stays short is centred.

    Args:
        count: number of cells, at least 1.
        aspect: width / height to come near to, above 0.
    """
    columns = int(np.clip(round(np.sqrt(count * aspect)), 1, count))
    index = np.arange(count)
    column, row = index % columns, index // columns
    rest = count % columns
    if rest:
        column[-rest:] += (columns - rest) // 2
    return _from_corner(column, row)


def circle_cells(count: int) -> np.ndarray:
    """Take the cells nearest to a centre.

    The centre lies on a cell, an edge or a corner, whichever makes the circle most compact.

    Args:
        count: number of cells, at least 1.
    """
    reach = int(np.ceil(np.sqrt(count / np.pi))) + 2
    row, column = (axis.ravel() for axis in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    discs = []
    for centre_x, centre_y in ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)):
        square = (column - centre_x) ** 2 + (row - centre_y) ** 2
        nearest = np.argsort(square, kind="stable")[:count]
        discs.append((square[nearest].sum(), nearest))
    _, chosen = min(discs, key=lambda disc: disc[0])
    return _from_corner(column[chosen], row[chosen])


def mask_cells(count: int, mask: np.ndarray) -> np.ndarray:
    """Fill the outline of a mask.

    The cells are as large as they can be while `count` of them lie inside at least by half. The
    few that are then too many are dropped where the mask covers the rim least.

    Args:
        count: number of cells, at least 1.
        mask: (height, width) bool; square pixels of any size, True inside.

    Raises:
        ZograscopeError: `bad-parameters` if the mask is empty.
    """
    if not mask.any():
        raise refusal("the mask is empty; paint the outline in white on black")
    rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    sums = np.pad(mask.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0))).astype(np.float64)

    too_large = max(mask.shape) * 2.0
    size = np.sqrt(mask.sum() / count)
    while np.count_nonzero(_coverage(sums, size) >= INSIDE) < count:
        too_large, size = size, size * SHRINK
    for _ in range(SEARCH_STEPS):
        middle = (size + too_large) / 2.0
        if np.count_nonzero(_coverage(sums, middle) >= INSIDE) < count:
            too_large = middle
        else:
            size = middle

    coverage = _coverage(sums, size)
    inside = coverage >= INSIDE
    depth = ndimage.distance_transform_cdt(np.pad(inside, 1), "taxicab")[1:-1, 1:-1]
    row, column = inside.nonzero()
    # Where the mask says nothing about the order, the bottom row goes first, from its ends.
    from_axis = np.abs(2 * column - (inside.shape[1] - 1))
    order = np.lexsort((-from_axis, -row, coverage[inside].round(6), depth[inside]))
    kept = order[len(order) - count :]
    return _from_corner(column[kept], row[kept])


def _coverage(sums: np.ndarray, size: float) -> np.ndarray:
    """Share of each cell that a mask covers, for square cells of the given size in pixels.

    Args:
        sums: (height + 1, width + 1) sums of the mask above and left of each pixel corner.
        size: of a cell; the grid of cells is centred on the mask.
    """
    for axis in (0, 1):
        pixels = sums.shape[axis] - 1
        cells = int(np.ceil(pixels / size))
        edges = (pixels - cells * size) / 2.0 + size * np.arange(cells + 1)
        edges = np.clip(edges, 0.0, pixels)
        before = np.minimum(edges.astype(int), pixels - 1)
        share = np.expand_dims(edges - before, 1 - axis)
        lower, upper = sums.take(before, axis), sums.take(before + 1, axis)
        sums = np.diff(lower + share * (upper - lower), axis=axis)
    return sums / size**2


def _from_corner(column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Count columns and rows from the shape's corner, and put the cells in reading order."""
    order = np.lexsort((column, row))
    cells = np.stack([column[order] - column.min(), row[order] - row.min()], axis=1)
    return cells.astype(np.int32)
