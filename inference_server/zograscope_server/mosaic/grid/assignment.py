"""Snaps a cloud to a grid: which tile goes into which cell, so that the cloud's shape survives.

The ideal is the linear assignment of least total squared distance between points and cells. It is
computed exactly for small mosaics. For large ones, points and cells are split together, in halves
of halves, and then improved by exact assignments inside small windows of cells.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from zograscope_server.mosaic.progress import OnProgress, no_progress

WINDOW = 16  # cells along a window's side, for local assignment


def snap_to_grid(
    points: np.ndarray, cells: np.ndarray, on_progress: OnProgress = no_progress
) -> np.ndarray:
    """Give each point of a cloud a cell of its own.

    Args:
        points: (n, 2) float, x to the right, y up, any scale.
        cells: (n, 2) int32 of distinct (column, row), row 0 at the top; any shape.
        on_progress: told the fraction done; may raise to cancel.

    Returns:
        (n, 2) int32: each point's cell.
    """
    targets = fit_to_cells(points, cells)
    chosen = split_together(targets, cells)
    return cells[chosen]


def fit_to_cells(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Move and stretch a cloud over its cells, each axis for itself.

    Mean and standard deviation of the points become those of the cells, because single points
    far away would decide about the scale if the extents did.

    Returns:
        (n, 2) float64 in cells, y down.
    """
    targets = points * np.array([1.0, -1.0])
    targets -= targets.mean(axis=0)
    spread = targets.std(axis=0)
    scale = np.divide(cells.std(axis=0), spread, out=np.ones(2), where=spread > 0.0)
    return targets * scale + cells.mean(axis=0)


def split_together(targets: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Assign by halving cells and points together until one of each is left.

    The cells of each part are split between two columns or two rows, across its longer side, as
    near to the middle as can be, and the points by their order along the same axis.

    Args:
        targets: (n, 2) float in cells, y down.
        cells: (n, 2) int of distinct (column, row).

    Returns:
        (n,) int: the index of each target's cell.
    """
    ranks = np.empty(targets.shape, np.int64)
    for axis in (0, 1):
        ranks[np.argsort(targets[:, axis], kind="stable"), axis] = np.arange(len(targets))
    places = cells.astype(np.int64)

    # Parts lie one behind the other in both orders, and are described by where they start.
    point_order, cell_order = np.arange(len(cells)), np.arange(len(cells))
    starts = np.zeros(min(1, len(cells)), np.int64)
    while len(starts) < len(cells):
        sizes = np.diff(starts, append=len(cells))
        part = np.repeat(np.arange(len(starts)), sizes)
        extent = np.maximum.reduceat(places[cell_order], starts) - np.minimum.reduceat(
            places[cell_order], starts
        )
        axis = np.argmax(extent, axis=1)[part]
        point_key = part << 32 | ranks[point_order, axis]
        cell_key = part << 32 | places[cell_order, axis]
        point_order = point_order[np.argsort(point_key, kind="stable")]
        by_place = np.argsort(cell_key, kind="stable")
        cell_order, cell_key = cell_order[by_place], cell_key[by_place]

        divided = sizes > 1
        middle = cell_key[(starts + sizes // 2)[divided]]
        begin, end = starts[divided], (starts + sizes)[divided]
        before = np.searchsorted(cell_key, middle, "left")
        after = np.searchsorted(cell_key, middle, "right")
        nearer_before = (begin + end) - 2 * before <= 2 * after - (begin + end)
        cut = np.where((after == end) | (nearer_before & (before > begin)), before, after)
        starts = np.sort(np.concatenate([starts, cut]))
    chosen = np.empty(len(cells), np.int64)
    chosen[point_order] = cell_order
    return chosen
