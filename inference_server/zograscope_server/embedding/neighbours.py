"""Exact nearest neighbours by Euclidean distance, in blocks that fit any memory.

Squared distances come from one matrix product for each block of queries, |a|² + |b|² - 2ab, which
cancels where points are close together. The product therefore only nominates candidates, a few
more than are wanted, and their distances are then computed from differences.
"""

from typing import TYPE_CHECKING

import numpy as np

from zograscope_server.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from torch import Tensor

BLOCK_BYTES = 32 << 20  # of squared distances held at a time
CANDIDATE_BYTES = 16 << 20  # of candidates' vectors held at a time
SPARE = 4  # candidates beyond those wanted, for what rounding puts in a wrong order
STAGE = "Finding similar images"


def nearest_neighbours(
    vectors: np.ndarray,
    count: int,
    device: str = "cpu",
    on_progress: OnProgress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest other vectors of each vector.

    Args:
        vectors: (n, k) float32, finite.
        count: how many to find, 1 <= count <= n - 1.
        device: a torch device that computes.
        on_progress: see `OnProgress`.

    Returns:
        (n, count) int32 indices, nearest first, and their (n, count) float32 distances. A vector is
        never its own neighbour, though its duplicates are.
    """
    return _search(vectors, vectors, count, device, on_progress, exclude_self=True)


def nearest_among(
    queries: np.ndarray,
    vectors: np.ndarray,
    count: int,
    device: str = "cpu",
    on_progress: OnProgress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest vectors of each query; as `nearest_neighbours`, with 1 <= count <= n.

    Args:
        queries: (m, k) float32, finite.
        vectors: (n, k) float32, finite, among which to look.
        count, device, on_progress: as in `nearest_neighbours`.

    Returns:
        (m, count) int32 indices into `vectors`, nearest first, and (m, count) float32 distances.
    """
    return _search(queries, vectors, count, device, on_progress, exclude_self=False)


def _search(
    queries: np.ndarray,
    vectors: np.ndarray,
    count: int,
    device: str,
    on_progress: OnProgress,
    exclude_self: bool,
) -> tuple[np.ndarray, np.ndarray]:
    import torch

    others = len(vectors) - exclude_self
    if not 1 <= count <= others:
        raise ValueError(f"{count} neighbours were asked for among {others}")
    centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)  # short vectors cancel less
    among = torch.from_numpy(vectors - centre).to(device)
    asking = among if exclude_self else torch.from_numpy(queries - centre).to(device)
    lengths = among.square().sum(1)

    candidates = min(count + SPARE, others)
    rows = max(1, BLOCK_BYTES // (4 * len(among)))
    indices = np.empty((len(asking), count), np.int32)
    distances = np.empty((len(asking), count), np.float32)
    for start in range(0, len(asking), rows):
        on_progress(start / len(asking), STAGE)
        block = asking[start : start + rows]
        # |a|² is the same for all candidates of a query, and is left out.
        closeness = torch.addmm(lengths, block, among.T, alpha=-2.0)
        if exclude_self:
            closeness.diagonal(start).fill_(torch.inf)
        nominated = closeness.topk(candidates, dim=1, largest=False, sorted=False).indices
        nearest, place = _distances(block, among, nominated).topk(count, dim=1, largest=False)
        found = slice(start, start + len(block))
        indices[found] = nominated.gather(1, place).cpu().numpy()
        distances[found] = nearest.cpu().numpy()
    on_progress(1.0, STAGE)
    return indices, distances


def _distances(queries: "Tensor", vectors: "Tensor", nominated: "Tensor") -> "Tensor":
    """Compute (m, c) distances of (m, k) queries to the vectors that (m, c) indices name."""
    import torch

    rows = max(1, CANDIDATE_BYTES // (4 * nominated.shape[1] * vectors.shape[1]))
    parts = zip(queries.split(rows), nominated.split(rows), strict=True)
    return torch.cat(
        [
            torch.linalg.vector_norm(vectors[names].sub_(block[:, None]), dim=2)
            for block, names in parts
        ]
    )
