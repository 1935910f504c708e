"""UMAP (McInnes, Healy, Melville 2018), where the library umap-learn is installed."""

import numpy as np

from zograscope_server.embedding.neighbours import nearest_neighbours
from zograscope_server.mosaic.errors import MosaicError
from zograscope_server.mosaic.layout.tsne import SMALLEST, principal_plane
from zograscope_server.progress import OnProgress, no_progress, part_of

NEIGHBOURS = 15
STAGE = "Laying out by UMAP"


def umap(
    vectors: np.ndarray,
    seed: int = 0,
    device: str = "cpu",
    on_progress: OnProgress = no_progress,
) -> np.ndarray:
    """Lay a collection out by similarity, with more room between clusters than t-SNE leaves.

    Args:
        vectors: (n, k) float32, finite, compared by Euclidean distance.
        seed: the same seed gives the same map, on the same computer.
        device: a torch device that finds the neighbours.
        on_progress: see `OnProgress`; the library itself says nothing while it works.

    Returns:
        (n, 2) float32 in any scale.

    Raises:
        ZograscopeError: `umap-missing`.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise MosaicError("umap-missing", str(error)) from error
    if len(vectors) < SMALLEST:
        return principal_plane(vectors, seed).astype(np.float32)
    count = min(NEIGHBOURS, len(vectors) - 1)
    indices, distances = nearest_neighbours(
        vectors, count - 1, device, part_of(on_progress, 0.0, 0.3)
    )
    # The library counts each image as its own first neighbour.
    indices = np.column_stack([np.arange(len(vectors), dtype=np.int32), indices])
    distances = np.column_stack([np.zeros(len(vectors), np.float32), distances])
    on_progress(None, STAGE)
    map_of_neighbours = UMAP(
        n_neighbors=count,
        init=principal_plane(vectors, seed),
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(indices, distances, None),
    )
    points = map_of_neighbours.fit_transform(vectors)
    on_progress(1.0, STAGE)
    return np.asarray(points, dtype=np.float32)
