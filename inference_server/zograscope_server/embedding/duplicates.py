"""Near duplicates: the same card scanned twice, the same file saved again.

What is near is told by the collection itself, so that the rule means the same to embedders of any
scale: much nearer than two of its images usually are, and than what else is around. The sheets of
one map series are all close to each other, and none of them is another's copy.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from zograscope_server.embedding.neighbours import nearest_neighbours
from zograscope_server.progress import OnProgress, no_progress

# Shares of the usual distance of two images, and of that of the last of the nearest neighbours;
# measured on copies saved again, resized, cut and toned, with four embedders (see the tests).
CERTAIN = 0.12  # whatever is around
REACH = 0.4  # no copy is farther
APART = 0.5  # of what else is around
NEIGHBOURS = 10  # a larger group of copies has to be `CERTAIN`

PAIRS = 4096  # drawn to learn the usual distance


def near_duplicates(
    vectors: np.ndarray, device: str = "cpu", on_progress: OnProgress = no_progress
) -> np.ndarray:
    """Find for each image the one that stands for it.

    That is the first of a group of copies in the order of the collection, or itself. Each copy is
    within reach of the image that stands for it: no chain of small steps joins unlike images.

    Args:
        vectors: (n, k) float32, finite, compared by Euclidean distance.
        device: of torch.
        on_progress: see `OnProgress`.

    Returns:
        (n,) int32, the index of the image that stands for each.
    """
    count = len(vectors)
    stands_for = np.arange(count, dtype=np.int32)
    if count < 2:
        return stands_for
    usual = usual_distance(vectors)
    neighbours, distances = nearest_neighbours(
        vectors, min(NEIGHBOURS, count - 1), device, on_progress
    )
    around = np.minimum(distances[:, -1:], distances[:, -1][neighbours])
    copies = (distances <= CERTAIN * usual) | (
        (distances <= REACH * usual) & (distances <= APART * around)
    )
    for group in _groups(neighbours, copies):
        standing = [group[0]]
        for member in group[1:]:
            apart = np.linalg.norm(vectors[standing] - vectors[member], axis=1)
            if apart.min() <= REACH * usual:
                stands_for[member] = standing[int(apart.argmin())]
            else:
                standing.append(member)
    return stands_for


def usual_distance(vectors: np.ndarray) -> float:
    """Return the median distance of two of (n, k) vectors, over pairs drawn by a fixed seed."""
    count = len(vectors)
    random = np.random.default_rng(0)
    first = random.integers(0, count, PAIRS)
    second = (first + random.integers(1, count, PAIRS)) % count
    return float(np.median(np.linalg.norm(vectors[first] - vectors[second], axis=1)))


def _groups(neighbours: np.ndarray, copies: np.ndarray) -> list[list[int]]:
    """Return what copies connect, each group in the order of the collection."""
    count = len(neighbours)
    rows, places = np.nonzero(copies)
    links = coo_array(
        (np.ones(len(rows), bool), (rows, neighbours[rows, places])), shape=(count, count)
    )
    _, numbers = connected_components(links, directed=False)
    groups: dict[int, list[int]] = {}
    for member in np.flatnonzero(np.bincount(numbers)[numbers] > 1).tolist():
        groups.setdefault(int(numbers[member]), []).append(member)
    return list(groups.values())
