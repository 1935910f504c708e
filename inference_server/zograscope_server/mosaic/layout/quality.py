"""How faithful a layout is to the vectors it shows."""

import numpy as np

from zograscope_server.embedding.neighbours import nearest_neighbours


def neighbour_preservation(
    vectors: np.ndarray, points: np.ndarray, count: int = 10, device: str = "cpu"
) -> float:
    """Share of the nearest neighbours that stay nearest neighbours in a layout.

    Averaged over all images, as in Kobak and Berens, "The art of using t-SNE for single-cell
    transcriptomics" (2019), who call it KNN.

    Args:
        vectors: (n, k) float32.
        points: (n, 2) float32.
        count: how many neighbours of each image are looked at; n - 1 at most.
        device: a torch device that computes.

    Returns:
        A share in [0, 1]; count / (n - 1) is chance.
    """
    return shared_neighbours(
        nearest_neighbours(vectors, count, device)[0], nearest_neighbours(points, count, device)[0]
    )


def shared_neighbours(some: np.ndarray, others: np.ndarray) -> float:
    """Share of each row's indices that the other's row has too; both (n, count), distinct."""
    both = np.sort(np.concatenate([some, others], axis=1), axis=1)
    return float((both[:, 1:] == both[:, :-1]).sum() / some.size)
