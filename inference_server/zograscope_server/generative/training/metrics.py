"""How a model's samples are measured against the collection that it learnt.

Pictures become features by an embedder that is not trained here. What all distances are measured in
is fixed by the collection alone: its principal components, so many that as few samples as are drawn
during a training still say something of each.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from zograscope_server.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder

BATCH = 32  # pictures that an embedder is given at once
COMPONENTS = 32  # of the collection's features at most
IMAGES_PER_COMPONENT = 3  # at least, so that its spread is known

COLLAPSED = 0.5
"""Diversity below which samples are too much alike."""

MEMORISED = 0.5
"""Nearest-neighbour ratio below which samples are rather copies."""


@dataclass(frozen=True)
class Metrics:
    """What is told of a model.

    Attributes:
        frechet: distance of samples to the collection, in units in which the collection's own
            spread is 1; 0 is the same.
        diversity: mean distance of two samples, over that of two images of the collection.
        nearest: median distance of a sample to the nearest image of the collection, over that of
            an image to the nearest other one.
    """

    frechet: float
    diversity: float
    nearest: float


class Ruler:
    """Measures samples against a collection, in the collection's own units."""

    def __init__(self, originals: np.ndarray) -> None:
        """Fit it to a collection's (n, d) features, n at least 2."""
        count = len(originals)
        self._mean = originals.mean(axis=0, dtype=np.float64)
        centred = originals - self._mean
        _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
        kept = max(1, min(COMPONENTS, count // IMAGES_PER_COMPONENT, len(axes)))
        # In these units the mean squared distance of an image to the mean is 1.
        spread = max(float(np.sqrt((sizes[:kept] ** 2).sum() / count)), 1e-12)
        self._axes = axes[:kept].T / spread
        self.originals = self.place(originals)

    def place(self, features: np.ndarray) -> np.ndarray:
        """Return (n, k) float64 coordinates of (n, d) features."""
        return (features - self._mean) @ self._axes

    def measure(self, features: np.ndarray) -> Metrics:
        """Measure samples by their (n, d) features, n at least 2."""
        samples = self.place(features)
        return Metrics(
            frechet_distance(samples, self.originals),
            diversity(samples, self.originals),
            nearest_ratio(samples, self.originals),
        )

    def nearest(self, features: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest originals of samples, and how far they are.

        Args:
            features: (n, d) of samples.
            count: how many of each; as many as there are at most.

        Returns:
            (n, count) int64 numbers of originals, the nearest first, and (n, count) float64
            distances; 1 is the median distance of an original to the nearest other one.
        """
        distances = _distances(self.place(features), self.originals)
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        usual = max(_usual_neighbour(self.originals), 1e-12)
        return order, np.take_along_axis(distances, order, axis=1) / usual


def features(
    pictures: np.ndarray, embedder: "Embedder", on_progress: OnProgress = no_progress
) -> np.ndarray:
    """Return the (n, d) float32 features of (n, h, w, 3 or 1) uint8 pictures.

    Each is a function of its picture alone.
    """
    found = []
    for begin in range(0, len(pictures), BATCH):
        on_progress(begin / len(pictures), "Measuring pictures")
        several = pictures[begin : begin + BATCH]
        prepared = [embedder.prepare(_as_rgb(picture)) for picture in several]
        found.append(embedder.embed(np.stack(prepared)))
    return np.concatenate(found).astype(np.float32)


def _as_rgb(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture if picture.shape[2] == 3 else picture.repeat(3, axis=2))


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Fréchet distance of the Gaussians that two sets of features are taken for.

    As of the Fréchet inception distance (Heusel et al. 2017), squared: with means m and covariances
    C, |m - m'|² + tr(C + C' - 2 (C C')^½). The last trace is the sum of the singular values of
    R R'ᵀ, where C = Rᵀ R: no root of a matrix is needed, which is not sure to be real, and nothing
    has to be inverted, however few samples there are. Few samples still make it larger: compare
    what had as many.

    Args:
        one, other: (n, d) and (m, d), at least 2 rows each; the order does not matter.

    Returns:
        0 or more.
    """
    mean = one.mean(axis=0, dtype=np.float64) - other.mean(axis=0, dtype=np.float64)
    root, other_root = _covariance_root(one), _covariance_root(other)
    common = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    found = mean @ mean + (root**2).sum() + (other_root**2).sum() - 2 * common
    return max(0.0, float(found))


def _covariance_root(features: np.ndarray) -> np.ndarray:
    """Return R (at most d rows) with covariance Rᵀ R."""
    centred = features - features.mean(axis=0, dtype=np.float64)
    return np.linalg.qr(centred, mode="r") / np.sqrt(len(features) - 1)


def diversity(samples: np.ndarray, originals: np.ndarray) -> float:
    """Return the mean distance of two samples over that of two originals, by their features."""
    return _mean_distance(samples) / max(_mean_distance(originals), 1e-12)


def nearest_ratio(samples: np.ndarray, originals: np.ndarray) -> float:
    """Return how far samples are from originals, over how far these are from each other.

    Of both the median over the distances to the nearest: about 1 for other pictures of the same
    kind, and near 0 for copies.
    """
    found = float(np.median(_distances(samples, originals).min(axis=1)))
    return found / max(_usual_neighbour(originals), 1e-12)


def _usual_neighbour(features: np.ndarray) -> float:
    distances = _distances(features, features)
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(axis=1)))


def _mean_distance(features: np.ndarray) -> float:
    return float(_distances(features, features).sum() / (len(features) * (len(features) - 1)))


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(one, other)


def warnings_of(metrics: Metrics) -> list[str]:
    """Say in sentences where samples are copies, or all alike."""
    return []
