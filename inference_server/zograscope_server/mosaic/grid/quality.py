"""How good a grid is: does it keep similar tiles together, and does it keep the cloud's shape?

Distance preservation quality (DPQ) is due to Barthel, Hezel, Jung and Schall, "Improved Evaluation
and Generation of Grid Layouts using Distance Preservation Quality and Linear Assignment Sorting",
Computer Graphics Forum 42 (2023).
"""

import numpy as np

from zograscope_server.mosaic.grid.assignment import fit_to_cells

NORM = 16  # the paper's p: nearer neighbourhoods count more the higher it is
MOST_TILES = 1000  # whose neighbourhoods are looked at; each needs two sorts of all tiles
BLOCK = 2**22  # distances held at a time


def distance_preservation_quality(vectors: np.ndarray, cells: np.ndarray, seed: int = 0) -> float:
    """Say how much of the similarity among tiles their cells preserve (DPQ with p = 16).

    For every k, the mean distance of vectors to those of the k nearest tiles of the grid is set
    against that to the k most similar tiles there are, and to the mean of all. Tiles at equal
    distance in the grid count in the order that is best, as in the paper.

    Args:
        vectors: (n, k) float, compared by Euclidean distance; a cloud's points are vectors, too.
        cells: (n, 2) int, each tile's (column, row).
        seed: of the choice of 1,000 tiles whose neighbourhoods stand for all where there are more.

    Returns:
        1 for the (usually impossible) perfect grid, about 0 for chance.
    """
    count = len(cells)
    tiles = np.arange(count)
    if count > MOST_TILES:
        tiles = np.sort(np.random.default_rng(seed).choice(count, MOST_TILES, replace=False))
    vectors = vectors - vectors.mean(axis=0)
    squares = np.einsum("nk,nk->n", vectors, vectors)
    most_similar, nearest = np.zeros(count), np.zeros(count)
    for some in np.array_split(tiles, np.ceil(len(tiles) * count / BLOCK)):
        distances = squares[some, None] + squares - 2.0 * vectors[some] @ vectors.T
        distances[np.arange(len(some)), some] = 0.0
        distances = np.sqrt(np.maximum(distances, 0.0))
        most_similar += np.sort(distances, axis=1).sum(axis=0)
        # Squared grid distances are integers, which leaves the fraction for the second key.
        largest = 1.001 * distances.max() or 1.0
        keys = ((cells[some, None] - cells) ** 2).sum(axis=2) + distances.astype(float) / largest
        nearest += (np.sort(keys, axis=1) % 1.0).sum(axis=0) * largest

    most_similar, nearest = most_similar[1:], nearest[1:]  # without the tile itself
    neighbours = np.arange(1, count)
    chance = most_similar.mean() if count > 1 else 0.0
    best = np.linalg.norm(np.maximum(chance - np.cumsum(most_similar) / neighbours, 0.0), NORM)
    if best == 0.0:
        return 1.0
    gain = np.linalg.norm(np.maximum(chance - np.cumsum(nearest) / neighbours, 0.0), NORM)
    return float(gain / best)


def mean_displacement(points: np.ndarray, cells: np.ndarray) -> float:
    """Say how far the grid moved the tiles of a cloud, on average.

    Args:
        points: (n, 2) float, x to the right, y up.
        cells: (n, 2) int: each point's cell.

    Returns:
        The distance in cells, after the cloud was fitted to the cells.
    """
    moves = cells - fit_to_cells(points, cells)
    return float(np.linalg.norm(moves, axis=1).mean())
