"""t-SNE: maps in which similar images lie side by side.

openTSNE (Poličar, Stražar and Zupan 2019) optimises the map, by Barnes-Hut trees or, for large
collections, by interpolation on a grid (Linderman et al. 2019). Two things differ from its
defaults. Affinities come from exact nearest neighbours, where it would search approximately. And
time goes where it shows: once clusters have formed, the map unfolds fast on a coarse grid, and only
settles on a fine one.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zograscope_server.embedding.neighbours import nearest_among, nearest_neighbours
from zograscope_server.progress import OnProgress, no_progress, part_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Start = Literal["pca", "spectral"]

SMALLEST = 5  # images that have neighbourhoods worth the name; fewer are placed by PCA
GRID_FROM = 5000  # images from which interpolation is faster than trees
START_SPREAD = 1e-4  # standard deviation of the start along x: small enough to be forgotten
START_JITTER = 0.01  # of that, which tells duplicates apart
ROWS_AT_A_TIME = 20_000  # of affinities
STAGE = "Laying out by similarity"


@dataclass(frozen=True)
class Phase:
    """A stretch of the optimisation: exaggerated attraction, steps and the grid's cell size."""

    iterations: int
    exaggeration: float
    learning_rate: float  # for each image
    cell: float  # in units of the map


PHASES = (
    Phase(iterations=200, exaggeration=12.0, learning_rate=1 / 12, cell=2.0),  # clusters form
    Phase(iterations=200, exaggeration=1.0, learning_rate=4.0, cell=2.0),  # they unfold
    Phase(iterations=300, exaggeration=1.0, learning_rate=4.0, cell=1.0),  # they settle
)

# New images in an old map, as openTSNE advises: few neighbours, small steps.
PLACING_NEIGHBOURS = 15
PLACING_PERPLEXITY = 5.0
PLACING_ITERATIONS = 250
PLACING_OPTIONS = {
    "exaggeration": 1.5,
    "learning_rate": 0.1,
    "momentum": 0.8,
    "max_grad_norm": 0.25,
    "max_step_norm": None,
}
PLACING_STAGE = "Placing new images"


def tsne(
    vectors: np.ndarray,
    *,
    seed: int = 0,
    perplexity: float = 30.0,
    start: Start = "pca",
    device: str = "cpu",
    on_progress: OnProgress = no_progress,
) -> np.ndarray:
    """Lay a collection out by similarity.

    Args:
        vectors: (n, k) float32, finite, compared by Euclidean distance.
        seed: the same seed gives the same map, on the same computer.
        perplexity: about how many neighbours an image attends to; small collections have fewer.
        start: what the large structure follows: principal components, or the neighbour graph.
        device: a torch device that finds the neighbours; the map itself takes the processor.
        on_progress: see `OnProgress`.

    Returns:
        (n, 2) float32 centred at the origin, in the scale of t-SNE, on which `place_into` relies.
    """
    plane = principal_plane(vectors, seed)
    if len(vectors) < SMALLEST:
        on_progress(1.0, STAGE)
        return plane.astype(np.float32)
    count = min(len(vectors) - 1, int(3 * perplexity))
    searching, optimising = part_of(on_progress, 0.0, 0.2), part_of(on_progress, 0.2, 1.0)
    indices, distances = nearest_neighbours(vectors, count, device, searching)
    attention = _affinities(indices, distances, len(vectors), min(perplexity, count / 3), searching)
    affinities = (attention + attention.T) / (2 * len(vectors))
    if start == "spectral":
        plane = _diffusion_plane(affinities, plane, seed)
    return _optimise(plane * START_SPREAD, affinities, optimising)


def place_into(
    points: np.ndarray,
    vectors: np.ndarray,
    new_vectors: np.ndarray,
    device: str = "cpu",
    on_progress: OnProgress = no_progress,
) -> np.ndarray:
    """Place new images into a map, which stays as it is.

    Each starts at the median of its nearest neighbours and is then drawn to them and pushed off
    the rest of the map; new images take no notice of each other.

    Args:
        points: (n, 2) float32, as `tsne` returned them.
        vectors: (n, k) float32 from which it made them.
        new_vectors: (m, k) float32, made in the same way.
        device, on_progress: as in `tsne`.

    Returns:
        (m, 2) float32 in the map's coordinates.
    """
    from openTSNE.affinity import PrecomputedAffinities
    from openTSNE.tsne import PartialTSNEEmbedding, TSNEEmbedding
    from scipy.sparse import csr_matrix

    if not len(new_vectors):
        return np.empty((0, 2), np.float32)
    count = min(len(vectors), PLACING_NEIGHBOURS)
    searching, optimising = part_of(on_progress, 0.0, 0.5), part_of(on_progress, 0.5, 1.0)
    indices, distances = nearest_among(new_vectors, vectors, count, device, searching)
    begin = np.median(points[indices], axis=1)
    if len(vectors) < SMALLEST:
        return begin.astype(np.float32)
    attention = _affinities(
        indices, distances, len(vectors), min(PLACING_PERPLEXITY, count / 3), searching
    )
    nothing = csr_matrix((len(points), len(points)))  # moves the map itself
    # The grid around a map is as wide as it is high, and must not push anything back inside.
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    old = TSNEEmbedding(
        points.astype(np.float64) - middle, PrecomputedAffinities(nothing, normalize=False)
    )
    if len(points) >= GRID_FROM:
        old.prepare_interpolation_grid()
    placed = PartialTSNEEmbedding(
        begin.astype(np.float64) - middle,
        old,
        P=attention,
        n_jobs=_threads(),
        negative_gradient_method=_Objective(
            len(points), PLACING_ITERATIONS + 1, PLACING_STAGE, optimising
        ),
    )
    placed.optimize(PLACING_ITERATIONS, inplace=True, **PLACING_OPTIONS)
    return (np.asarray(placed) + middle).astype(np.float32)


def _affinities(
    indices: np.ndarray,
    distances: np.ndarray,
    among: int,
    perplexity: float,
    on_progress: OnProgress,
) -> "csr_matrix":
    """Turn neighbours into probabilities of attending to them, in rows that sum to 1."""
    from openTSNE.affinity import joint_probabilities_nn
    from scipy.sparse import vstack

    parts = []
    for first in range(0, len(indices), ROWS_AT_A_TIME):
        on_progress(1.0, STAGE)
        rows = slice(first, first + ROWS_AT_A_TIME)
        parts.append(
            joint_probabilities_nn(
                indices[rows],
                distances[rows],
                [perplexity],
                symmetrize=False,
                normalization="point-wise",
                n_reference_samples=among,
                n_jobs=_threads(),
            )
        )
    return vstack(parts, format="csr")


def _optimise(start: np.ndarray, affinities: "csr_matrix", on_progress: OnProgress) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities

    count = len(start)
    calls = sum(phase.iterations + 1 for phase in PHASES)
    embedding = TSNEEmbedding(
        start,
        PrecomputedAffinities(affinities, normalize=False),
        n_jobs=_threads(),
        negative_gradient_method=_Objective(count, calls, STAGE, on_progress),
    )
    for phase in PHASES:
        embedding.optimize(
            phase.iterations,
            inplace=True,
            exaggeration=phase.exaggeration,
            learning_rate=phase.learning_rate * count,
            momentum=0.8,
            ints_in_interval=phase.cell,
        )
    return np.asarray(embedding, dtype=np.float32)


class _Objective:
    """What openTSNE calls once an iteration: the loss and its gradient, and our own progress."""

    def __init__(self, count: int, calls: int, stage: str, on_progress: OnProgress) -> None:
        from openTSNE.tsne import kl_divergence_bh, kl_divergence_fft

        self._compute = kl_divergence_fft if count >= GRID_FROM else kl_divergence_bh
        self._calls = calls
        self._stage = stage
        self._on_progress = on_progress
        self._done = 0

    def __call__(self, *arguments: Any, **options: Any) -> tuple[float, np.ndarray]:
        self._done += 1
        self._on_progress(min(1.0, self._done / self._calls), self._stage)
        return self._compute(*arguments, **options)


def principal_plane(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Project on the first two principal components; (n, 2) float64, spread 1 along x, jittered."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = axes[:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    plane = np.zeros((len(vectors), 2))
    plane[:, : axes.shape[1]] = centred @ axes.astype(np.float32)
    return _jittered(plane, seed)


def _diffusion_plane(affinities: "csr_matrix", plane: np.ndarray, seed: int) -> np.ndarray:
    """Draw the graph of affinities by its slowest diffusion; by `plane` where that is not found."""
    from openTSNE.initialization import spectral
    from scipy.sparse.linalg import ArpackNoConvergence

    try:
        return _jittered(spectral(affinities, random_state=seed, add_jitter=False), seed)
    except ArpackNoConvergence:
        return plane


def _jittered(plane: np.ndarray, seed: int) -> np.ndarray:
    """Centre points, scale them to a spread of 1 along x, and tell duplicates apart."""
    noise = np.random.default_rng(seed).normal(size=plane.shape)
    spread = plane[:, 0].std()
    plane = plane / spread + START_JITTER * noise if spread > 0 else noise
    return plane - plane.mean(axis=0)


def _threads() -> int:
    """How many threads openTSNE takes; OMP_NUM_THREADS governs torch already."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
