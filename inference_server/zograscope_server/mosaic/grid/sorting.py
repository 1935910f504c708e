"""Sorts images into a grid by their own features, without a map: the best neighbours there are.

Linear assignment sorting (Barthel, Hezel, Jung, Schall, "Improved evaluation and generation of grid
layouts using distance preservation quality and linear assignment sorting", 2023): the grid of
feature vectors is smoothed, tiles are assigned to the smoothed vectors that they are nearest to,
and so on, with ever less smoothing. As in its fast variant, tiles are assigned within small groups.
What is gained in neighbourhoods is lost of the map's shape: far sides of the grid mean nothing.
"""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.optimize import linear_sum_assignment

from zograscope_server.mosaic.grid.assignment import fit_to_cells, split_together
from zograscope_server.progress import OnProgress, no_progress

COMPONENTS = 48  # of the features, at most; a box filter over more costs time and gives nothing
FIRST_RADIUS = 0.25  # of the grid's longer side
SHRINK = 0.9  # of the radius, from round to round
GROUP = 64  # tiles that are assigned among themselves
WINDOW = 2.0  # radii along the side of the window that a group comes from
SETTLING = 4  # further rounds at the last radius


def sort_by_features(
    vectors: np.ndarray, cells: np.ndarray, seed: int = 0, on_progress: OnProgress = no_progress
) -> np.ndarray:
    """Give each image a cell, such that neighbours are alike.

    Args:
        vectors: (n, k) float32, compared by Euclidean distance.
        cells: (n, 2) int32 of distinct (column, row); any shape.
        seed: of the groups.
        on_progress: told the fraction done; may raise to cancel.

    Returns:
        (n, 2) int32: each image's cell.
    """
    count = len(cells)
    if count < 3:
        return cells.copy()
    features = _principal(vectors)
    random = np.random.default_rng(seed)
    in_cell = np.empty(count, np.int64)  # the image that lies in each cell
    in_cell[split_together(fit_to_cells(features[:, :2], cells), cells)] = np.arange(count)

    radii = _radii(cells)
    for number, radius in enumerate(radii):
        wanted = _smoothed(features[in_cell], cells, radius)
        for group in _groups(cells, radius, random):
            gain = wanted[group] @ features[in_cell[group]].T
            # Nearest in sum: the squares of both sides are the same for every assignment.
            in_cell[group] = in_cell[group[linear_sum_assignment(gain, maximize=True)[1]]]
        on_progress((number + 1) / len(radii), "Sorting into the grid")
    chosen = np.empty_like(cells)
    chosen[in_cell] = cells
    return chosen


def _principal(vectors: np.ndarray) -> np.ndarray:
    """Return the first principal components (n, k), at least two columns."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    components = centred @ directions[:, ::-1][:, :COMPONENTS]
    missing = max(0, 2 - components.shape[1])
    return np.pad(components, ((0, 0), (0, missing))).astype(np.float32)


def _radii(cells: np.ndarray) -> list[int]:
    """Return the radius of each round's smoothing."""
    radius = FIRST_RADIUS * float(cells.max() + 1)
    radii = []
    while radius > 1.0:
        radii.append(round(radius))
        radius *= SHRINK
    return radii + [1] * SETTLING


def _smoothed(features: np.ndarray, cells: np.ndarray, radius: int) -> np.ndarray:
    """Return the mean of the features around each cell, over those cells that there are."""
    width, height = cells.max(axis=0) + 1
    columns, rows = cells.T
    grid = np.zeros((height, width, features.shape[1]), np.float32)
    grid[rows, columns] = features
    taken = np.zeros((height, width, 1), np.float32)
    taken[rows, columns] = 1.0
    for axis in (0, 1):
        grid = uniform_filter1d(grid, 2 * radius + 1, axis=axis, mode="constant")
        taken = uniform_filter1d(taken, 2 * radius + 1, axis=axis, mode="constant")
    return (grid / np.maximum(taken, 1e-6))[rows, columns]


def _groups(cells: np.ndarray, radius: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield groups of about GROUP cells, each from one window; together they are all cells."""
    side = max(int(np.ceil(np.sqrt(GROUP))), round(WINDOW * radius))
    windows = (cells + random.integers(side, size=2)) // side
    number = windows[:, 1].astype(np.int64) << 32 | windows[:, 0]
    order = np.lexsort((random.random(len(cells)), number))
    begins = np.flatnonzero(np.diff(number[order], prepend=-1))
    for window in np.split(order, begins[1:]):
        yield from np.array_split(window, max(1, round(len(window) / GROUP)))
