"""Snaps a cloud to a grid: which tile goes into which cell, so that the cloud's shape survives.

The ideal is the linear assignment of least total squared distance between points and cells. Points
and cells are first split together, in halves of halves; then pairs of tiles change places wherever
that shortens the total; and a small mosaic goes on from there to the optimum.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from zograscope_server.progress import OnProgress, no_progress

MOST_EXACT = 2500  # tiles that are assigned optimally, in 1.6 s; it is 11 s at twice as many
PRICE_ROUNDS = 20  # before the exact assignment, which they make four times as fast
EXCHANGE_ROUNDS = 1000  # over all cells; later ones change nothing that can be seen
REPORT_EACH = 20  # rounds: 0.1 s at a million tiles


def snap_to_grid(
    points: np.ndarray, cells: np.ndarray, on_progress: OnProgress = no_progress
) -> np.ndarray:
    """Give each point of a cloud a cell of its own.

    Up to `MOST_EXACT` tiles, no assignment has a smaller sum of squared distances between the
    fitted points (see `fit_to_cells`) and their cells. The same input gives the same grid.

    Args:
        points: (n, 2) float, x to the right, y up, any scale.
        cells: (n, 2) int32 of distinct (column, row), row 0 at the top; any shape.
        on_progress: told the fraction done; may raise to cancel.

    Returns:
        (n, 2) int32: each point's cell.
    """
    on_progress(0.0, "Snapping to the grid")
    targets = fit_to_cells(points, cells)
    chosen = split_together(targets, cells)
    chosen = exchange_pairs(targets, cells, chosen, on_progress)
    if 1 < len(cells) <= MOST_EXACT:
        chosen = assign_exactly(targets, cells, chosen)
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
    starts = np.arange(min(1, len(cells)))
    while len(starts) < len(cells):
        sizes = np.diff(starts, append=len(cells))
        part = np.repeat(np.arange(len(starts)), sizes)
        extent = np.maximum.reduceat(places[cell_order], starts) - np.minimum.reduceat(
            places[cell_order], starts
        )
        along = np.argmax(extent, axis=1)[part]
        point_keys = part << 32 | ranks[point_order, along]
        point_order = point_order[np.argsort(point_keys, kind="stable")]
        cell_keys = part << 32 | places[cell_order, along]
        by_place = np.argsort(cell_keys, kind="stable")
        cell_order, cell_keys = cell_order[by_place], cell_keys[by_place]

        divided = sizes > 1
        begin, end = starts[divided], (starts + sizes)[divided]
        middle = cell_keys[(begin + end) // 2]
        before = np.searchsorted(cell_keys, middle, "left")
        after = np.searchsorted(cell_keys, middle, "right")
        nearer_before = (begin + end) - 2 * before <= 2 * after - (begin + end)
        cut = np.where((after == end) | (nearer_before & (before > begin)), before, after)
        starts = np.sort(np.concatenate([starts, cut]))
    chosen = np.empty(len(cells), np.int64)
    chosen[point_order] = cell_order
    return chosen


def exchange_pairs(
    targets: np.ndarray,
    cells: np.ndarray,
    chosen: np.ndarray,
    on_progress: OnProgress = no_progress,
) -> np.ndarray:
    """Let pairs of tiles change places where that shortens their squared distances in sum.

    In each round all cells meet those that lie a step away from them, the same step for all: two
    tiles change places if their targets lie in the other order along the step. Steps of all
    directions and lengths take turns. No round makes the sum larger.

    Args:
        targets: (n, 2) float in cells, y down.
        cells: (n, 2) int of distinct (column, row).
        chosen: (n,) int: the index of each target's cell.
        on_progress: told the fraction done; may raise to cancel.

    Returns:
        (n,) int: the same, improved.
    """
    if len(cells) < 2:
        return chosen
    width, height = cells.max(axis=0) + 1
    # Cells that do not belong to the grid have no target, so that no comparison holds for them.
    target_x, target_y = np.full((2, height, width), np.nan)
    tile = np.zeros((height, width), np.int64)
    column, row = cells[chosen].T
    target_x[row, column], target_y[row, column] = targets.T
    tile[row, column] = np.arange(len(cells))

    random = np.random.default_rng(0)
    longest = max(width, height) / 2.0
    for exchange in range(EXCHANGE_ROUNDS):
        if exchange % REPORT_EACH == 0:
            on_progress(exchange / EXCHANGE_ROUNDS, "Snapping to the grid")
        length, angle = longest ** random.random(), np.pi * random.random()
        across, down = round(length * np.cos(angle)), round(length * np.sin(angle))
        if abs(across) >= width or down >= height or (across, down) == (0, 0):
            continue
        first = np.s_[: height - down, max(0, -across) : width - max(0, across)]
        second = np.s_[down:, max(0, across) : width + min(0, across)]
        # Every other stripe as wide as the step goes first, so that each tile has one partner.
        if abs(across) >= down:
            stripe = (np.arange(width) + random.integers(2 * abs(across))) // abs(across)
            goes_first = (stripe % 2 == 0)[None, first[1]]
        else:
            stripe = (np.arange(height) + random.integers(2 * down)) // down
            goes_first = (stripe % 2 == 0)[first[0], None]
        overlap = across * (target_x[first] - target_x[second])
        overlap += down * (target_y[first] - target_y[second])
        changes = ((overlap > 0.0) & goes_first).nonzero()
        for array in (target_x, target_y, tile):
            one, other = array[first], array[second]
            one[changes], other[changes] = other[changes], one[changes]

    improved = np.empty_like(chosen)
    column, row = cells.T
    improved[tile[row, column]] = np.arange(len(cells))
    return improved


def assign_exactly(targets: np.ndarray, cells: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Find the linear assignment of least squared distances in sum.

    The solver is much faster once every cell has been given about the price that it has in the
    optimum: what the tile in it would pay at most rather than move. Prices change which
    assignment is found first, but not which one is best.

    Args:
        targets: (n, 2) float in cells, y down.
        cells: (n, 2) int of distinct (column, row).
        chosen: (n,) int: the index of each target's cell in a good assignment, to start from.

    Returns:
        (n,) int: the index of each target's cell in the best.
    """
    offered = cells[chosen]
    cost = -2.0 * targets @ offered.T + (offered**2).sum(axis=1)
    cost -= np.diag(cost)[:, None]
    price = np.zeros(len(cells))
    for _ in range(PRICE_ROUNDS):
        price = (cost + price[:, None]).min(axis=0)
    cost -= price
    cost -= cost.min(axis=1, keepdims=True)
    return chosen[linear_sum_assignment(cost)[1]]
