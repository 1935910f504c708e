"""How a model's samples are measured against the collection that it learnt.

Pictures are looked at twice. *Features* of an embedder that nobody trains here say what they look
like; in these are Fréchet distance and diversity. *Layouts*, small pictures of even contrast, say
what lies where; by these one knows a copy, also one that is blurred, noisy, or of another tone,
which features take for something new.

What distances are measured in is fixed by the collection alone: by the principal components of its
features, so few of them that as few samples as are drawn during a training still say something.

Measured with the embedded descriptor on one half of a collection (56 map patches | 200 postcards,
64 x 64 pixels) for the originals, and these as if they were samples:

| samples            | frechet     | diversity   | nearest     | copies      |
|--------------------|------|------|------|------|------|------|------|------|
| the other half     | 0.06 | 0.05 | 0.97 | 0.98 | 0.91 | 1.01 | 0.04 | 0.01 |
| blurred, sigma 0.7 | 0.49 | 0.64 | 0.92 | 0.98 | 0.91 | 1.01 | 0.04 | 0.01 |
| blurred, sigma 1.5 | 1.35 | 1.99 | 0.87 | 0.98 | 0.88 | 1.01 | 0.02 | 0.01 |
| noisy, sigma 25    | 2.02 | 1.12 | 0.44 | 0.71 | 1.17 | 1.02 | 0.02 | 0.01 |
| noise alone        | 7.71 | 5.59 | 0.03 | 0.07 | 1.88 | 1.24 | 0.00 | 0.00 |
| 12 images, moved   | 0.25 | 0.52 | 0.87 | 0.84 | 1.29 | 1.05 | 0.02 | 0.00 |
| 4 images, moved    | 1.62 | 1.06 | 0.43 | 0.81 | 1.43 | 1.05 | 0.00 | 0.00 |
| 1 image, moved     | 2.36 | 1.77 | 0.23 | 0.16 | 1.46 | 1.17 | 0.00 | 0.00 |
| copies             | 0.09 | 0.03 | 0.87 | 1.00 | 0.00 | 0.00 | 1.00 | 1.00 |
| copies, moved      | 0.12 | 0.04 | 0.89 | 0.95 | 0.40 | 0.36 | 0.68 | 0.78 |
| copies, blurred    | 1.08 | 2.04 | 0.86 | 0.95 | 0.12 | 0.08 | 1.00 | 1.00 |
| copies, noisy      | 1.90 | 1.07 | 0.41 | 0.72 | 0.76 | 0.18 | 0.38 | 1.00 |
| half copies, moved | 0.06 | 0.04 | 0.94 | 0.98 | 0.52 | 0.62 | 0.45 | 0.40 |

("Moved" is by up to two pixels, with some noise and another brightness.) What is told starts where
these rows part: below half the diversity, at half the distance, or at a fifth of copies.

Features do not see that all samples have their lines in the same places, with other inks on other
papers: of such a model of map tiles, 128 samples had a diversity of 0.92, and 0.62 in layouts,
where other tiles of the maps have 0.97.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
from PIL import Image

from zograscope_server.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder

FEATURED = 1000  # images of the collection whose features are taken
LAID_OUT = 20_000  # images among which copies are looked for
BATCH = 32  # pictures that an embedder is given at once
COMPONENTS = 32  # of the collection's features at most
IMAGES_PER_COMPONENT = 3  # at least, so that its spread is known

CELLS = 8  # of a layout's side
FAINT = 0.5  # contrast of a layout that counts half: what is nearly empty resembles all the like
MEAN = 1.0  # weight of a layout's mean colour, in units of 50
CLOSE = 0.5
"""Distance to the nearest original, over that to the second nearest, below which it is a copy."""

COLLAPSED = 0.5
"""Diversity below which samples are told to be too much alike."""

SAME_PLACES = 0.7
"""Diversity of layouts below which samples are told to have everything in the same places."""

MEMORISED = 0.5
"""Nearest-neighbour ratio below which samples are told to be copies."""

COPIES = 0.2
"""Share of copies among samples from which on one is told."""


class Pictures(Protocol):
    """A collection that is measured by; a `TrainingSet` is one."""

    def __len__(self) -> int:
        """How many pictures there are."""
        ...

    def pictures(self, views: np.ndarray) -> np.ndarray:
        """Return (n, h, w, 3 or 1) uint8 pictures of those numbers."""
        ...


@dataclass(frozen=True)
class Metrics:
    """What is told of a model.

    Attributes:
        frechet: distance of samples to the collection, 0 for the same; in units in which the
            collection's own variance is 1.
        diversity: mean distance of two samples, over that of two images of the collection.
        layout: the same of what lies where in them, whatever their colours.
        nearest: median distance of a sample to the nearest image of the collection, over that of
            one of these to the nearest other one.
        copies: share of samples that are much nearer to one image than to any other.
    """

    frechet: float
    diversity: float
    layout: float
    nearest: float
    copies: float


class Ruler:
    """Measures samples against a collection, in the collection's own units."""

    def __init__(
        self,
        collection: Pictures,
        embedder: "Embedder",
        on_progress: OnProgress = no_progress,
    ) -> None:
        """Look at a collection of at least two pictures; of a large one at a part, spread evenly.

        Args:
            collection: of which all pictures have the samples' size.
            embedder: looks at pictures.
            on_progress: told how far it is; may raise to cancel.
        """
        self._embedder = embedder
        seen = collection.pictures(_spread(len(collection), FEATURED))
        self._space = Space(features(seen, embedder, on_progress))
        self._views = _spread(len(collection), LAID_OUT)
        chunks = np.array_split(self._views, -(-len(self._views) // FEATURED))
        self._layouts = np.concatenate([layouts(collection.pictures(chunk)) for chunk in chunks])
        some = _spread(len(self._views), FEATURED)
        distances = _distances(self._layouts[some], self._layouts)
        distances[np.arange(len(some)), some] = np.inf
        self._usual = max(float(np.median(distances.min(axis=1))), 1e-12)
        self._arrangements = _arrangements(self._layouts[some])

    def measure(self, samples: np.ndarray) -> Metrics:
        """Measure (n, h, w, colours) uint8 samples, n at least 2."""
        placed = self._space.place(features(samples, self._embedder))
        laid_out = layouts(samples)
        _, near = self._nearest(laid_out, 2)
        return Metrics(
            frechet=frechet_distance(placed, self._space.originals),
            diversity=diversity(placed, self._space.originals),
            layout=diversity(_arrangements(laid_out), self._arrangements),
            nearest=float(np.median(near[:, 0])),
            copies=float((near[:, 0] < CLOSE * near[:, 1]).mean()),
        )

    def nearest(self, samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the pictures of the collection whose layouts are nearest to those of samples.

        Args:
            samples: (n, h, w, colours) uint8.
            count: of pictures for each; as many as there are at most.

        Returns:
            (n, count) int64 numbers of pictures, the nearest first, and (n, count) float64
            distances; 1 is the median distance of one of the collection to the nearest other.
        """
        return self._nearest(layouts(samples), count)

    def _nearest(self, laid_out: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Do as `nearest`, of (n, d) layouts of samples."""
        distances = _distances(laid_out, self._layouts)
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        return self._views[order], np.take_along_axis(distances, order, axis=1) / self._usual


class Space:
    """Coordinates of features along the principal components of a collection.

    In them, the mean squared distance of an image to the collection's mean is 1.

    Attributes:
        originals: (n, k) float64, of the collection.
    """

    def __init__(self, originals: np.ndarray) -> None:
        """Fit it to a collection's (n, d) features, n at least 2."""
        count = len(originals)
        self._mean = originals.mean(axis=0, dtype=np.float64)
        _, sizes, axes = np.linalg.svd(originals - self._mean, full_matrices=False)
        kept = max(1, min(COMPONENTS, count // IMAGES_PER_COMPONENT))
        spread = max(float(np.sqrt((sizes[:kept] ** 2).sum() / count)), 1e-12)
        self._axes = axes[:kept].T / spread
        self.originals = self.place(originals)

    def place(self, features: np.ndarray) -> np.ndarray:
        """Return the (n, k) float64 coordinates of (n, d) features."""
        return (features - self._mean) @ self._axes


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
        prepared = [embedder.prepare(Image.fromarray(_in_colour(picture))) for picture in several]
        found.append(embedder.embed(np.stack(prepared)))
    return np.concatenate(found).astype(np.float32)


def layouts(pictures: np.ndarray) -> np.ndarray:
    """Return (n, d) float32 layouts of (n, h, w, 3 or 1) uint8 pictures.

    These are the mean CIE Lab colours of a grid of cells, brought to even contrast as far as there
    is any, and the picture's own mean.
    """
    return np.array([_layout(_in_colour(picture)) for picture in pictures], np.float32)


def _arrangements(layouts: np.ndarray) -> np.ndarray:
    """Return (n, d) layouts without what they tell of the whole picture's colour."""
    return layouts[:, :-3]


def _layout(picture: np.ndarray) -> np.ndarray:
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) / 50
    cells = cv2.resize(lab, (CELLS, CELLS), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    mean = cells.mean(axis=0)
    uneven = cells - mean
    return np.append(uneven / (np.linalg.norm(uneven) + FAINT), MEAN * mean)


def _in_colour(picture: np.ndarray) -> np.ndarray:
    return picture if picture.shape[2] == 3 else picture.repeat(3, axis=2)


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Fréchet distance of the Gaussians that two sets of features are taken for.

    As in the Fréchet inception distance (Heusel et al. 2017), squared: with means m and covariances
    C it is |m - m'|² + tr(C + C' - 2 (C C')^½). The last trace is the sum of the singular values of
    R R'ᵀ, where C = Rᵀ R: no root of a matrix has to be found, which may not be real, and none
    inverted, however few samples there are. Few samples still make it larger; compare only what
    had as many.

    Args:
        one, other: (n, d) and (m, d), at least 2 rows each; their order does not matter.

    Returns:
        0 or more.
    """
    mean = one.mean(axis=0, dtype=np.float64) - other.mean(axis=0, dtype=np.float64)
    root, other_root = _covariance_root(one), _covariance_root(other)
    common = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    found = mean @ mean + (root**2).sum() + (other_root**2).sum() - 2 * common
    return max(0.0, float(found))


def _covariance_root(features: np.ndarray) -> np.ndarray:
    """Return R with the covariance Rᵀ R, at most d rows."""
    centred = features - features.mean(axis=0, dtype=np.float64)
    return np.linalg.qr(centred, mode="r") / np.sqrt(len(features) - 1)


def diversity(samples: np.ndarray, originals: np.ndarray) -> float:
    """Return the mean distance of two samples over that of two originals, by their features."""
    return _mean_distance(samples) / max(_mean_distance(originals), 1e-12)


def nearest_ratio(samples: np.ndarray, originals: np.ndarray) -> float:
    """Return how far samples are from originals, over how far these are from each other.

    Of both the median over the distances to the nearest: about 1 for other pictures of the same
    kind, near 0 for copies. Both are (n, d): features, layouts, or what else is to be compared.
    """
    apart = _distances(originals, originals)
    np.fill_diagonal(apart, np.inf)
    usual = max(float(np.median(apart.min(axis=1))), 1e-12)
    return float(np.median(_distances(samples, originals).min(axis=1))) / usual


def _mean_distance(features: np.ndarray) -> float:
    return float(_distances(features, features).sum() / (len(features) * (len(features) - 1)))


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(one, other)


def _spread(count: int, most: int) -> np.ndarray:
    """Return up to `most` of the numbers below `count`, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def warnings_of(metrics: Metrics) -> list[str]:
    """Say in sentences where samples are copies of the collection, or all alike."""
    told = []
    if metrics.copies > COPIES or metrics.nearest < MEMORISED:
        told.append(
            f"The model repeats images of its collection: {metrics.copies:.0%} of its samples are "
            f"close to one of them, and they are {metrics.nearest:.2f} times as far from the "
            "nearest as that is from another. Look at the sheet of its nearest images; more "
            "images, or a shorter training, help."
        )
    if metrics.diversity < COLLAPSED:
        told.append(
            f"The samples are much alike: they differ {metrics.diversity:.2f} times as much as the "
            "images of the collection. An earlier model of the same training may have more "
            "variety, or train anew with a smaller rate or another seed."
        )
    elif metrics.layout < SAME_PLACES:
        told.append(
            "The samples have much in the same places: what lies where in them differs "
            f"{metrics.layout:.2f} times as much as in the images of the collection. A longer "
            "training or another seed helps."
        )
    return told
