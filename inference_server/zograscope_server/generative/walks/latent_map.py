"""A plane of samples, alike ones side by side, with smooth ways between them."""

from dataclasses import dataclass

import numpy as np
from zograscope_protocol.generative.tasks import MOST_SEED

from zograscope_server.generative.generator import Generator
from zograscope_server.generative.walks.paths import at_length
from zograscope_server.generative.walks.sight import seen
from zograscope_server.generative.walks.space import centre_of, in_colour, make_pictures, styles_of
from zograscope_server.progress import OnProgress, no_progress

WALKED_SIDE = 8

SEEN_SIDE = 32  # pixels by which samples are compared
COMPONENTS = 32  # of what is seen, by which samples are sorted
NARROWER = 0.85  # in each round the neighbourhood shrinks to this
NARROWEST = 0.4
STAGE = "Drawing the latent map"


@dataclass(frozen=True)
class LatentMap:
    """Samples at the nodes of a square grid.

    Attributes:
        seeds: (side, side) int64, the uppermost row first.
        styles: (side, side, style_size) float32, of the seeds.
        centre: (style_size,), the mean style.
    """

    seeds: np.ndarray
    styles: np.ndarray
    centre: np.ndarray

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the (n, 1, style_size) float32 styles at places.

        At a node it is the sample's own; between nodes its derivative is continuous (a bicubic
        Catmull-Rom surface, whose distance from the mean style is led from node to node too).

        Args:
            places: (n, 2), x to the right and y up, 0 at the first node and 1 at the last; what
                lies beyond is taken for the rim.
        """
        last = len(self.styles) - 1
        columns = np.clip(places[:, 0], 0, 1) * last
        rows = (1 - np.clip(places[:, 1], 0, 1)) * last
        nodes = self.styles.astype(np.float64) - self.centre
        lengths = np.linalg.norm(nodes, axis=2, keepdims=True)
        surface = _rimmed(np.concatenate([nodes, lengths], axis=2))
        found = np.array([_at(surface, *place) for place in zip(rows, columns, strict=True)])
        styles = self.centre + at_length(found[:, :-1], found[:, -1:])
        return styles.astype(np.float32)[:, None]


def make_latent_map(
    generator: Generator, seed: int, side: int, on_progress: OnProgress = no_progress
) -> LatentMap:
    """Draw seeds, and put those side by side whose images look alike; the same each time.

    Args:
        generator: whose samples they are.
        seed: of the seeds and the noise.
        side: samples of a side.
        on_progress: may raise to cancel.
    """
    seeds = np.random.default_rng(seed).integers(0, MOST_SEED + 1, side * side)
    styles = styles_of(generator, seeds.tolist())
    looks = []
    for begin in range(0, len(seeds), side):
        on_progress(begin / len(seeds), STAGE, f"{begin} of {len(seeds)} samples")
        pictures = make_pictures(generator, styles[begin : begin + side], seed)
        looks.append(seen(in_colour(pictures), SEEN_SIDE))
    order = arrange(np.concatenate(looks), side)
    size = (side, side, generator.style_size)
    return LatentMap(
        seeds[order].reshape(side, side), styles[order].reshape(size), centre_of(generator)
    )


def arrange(features: np.ndarray, side: int) -> np.ndarray:
    """Sort (side * side, d) features into a square, row by row: those side by side are alike.

    Each round every node wants what lies about it on average, and an assignment gives it what
    comes nearest; what counts as about it grows smaller from round to round (linear assignment
    sorting, Barthel et al. 2023). Returns a permutation.
    """
    from scipy.ndimage import gaussian_filter
    from scipy.optimize import linear_sum_assignment

    centred = features - features.mean(axis=0)
    axes, scales, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    known = (axes * scales)[:, :COMPONENTS]
    known *= np.sign(known[np.abs(known).argmax(axis=0), np.arange(known.shape[1])] + 1e-300)
    order = np.argsort(known[:, 0], kind="stable")
    radius = side / 4
    while radius > NARROWEST:
        grid = known[order].reshape(side, side, -1)
        wanted = gaussian_filter(grid, (radius, radius, 0), mode="nearest").reshape(side * side, -1)
        costs = (wanted**2).sum(1)[:, None] - 2 * wanted @ known.T + (known**2).sum(1)
        _, order = linear_sum_assignment(costs)
        radius *= NARROWER
    return order


def _rimmed(nodes: np.ndarray) -> np.ndarray:
    """Continue (rows, columns, n) nodes straight by one on each side."""
    nodes = np.concatenate([2 * nodes[:1] - nodes[1:2], nodes, 2 * nodes[-1:] - nodes[-2:-1]])
    left, right = 2 * nodes[:, :1] - nodes[:, 1:2], 2 * nodes[:, -1:] - nodes[:, -2:-1]
    return np.concatenate([left, nodes, right], axis=1)


def _at(rimmed: np.ndarray, row: float, column: float) -> np.ndarray:
    """Return (n,) of a Catmull-Rom surface through nodes with a rim."""
    top, left = int(min(row, len(rimmed) - 4)), int(min(column, rimmed.shape[1] - 4))
    about = rimmed[top : top + 4, left : left + 4]
    return np.einsum("i,j,ijn->n", _weights(row - top), _weights(column - left), about)


def _weights(t: float) -> np.ndarray:
    """Weights of the four nodes about a place, t from the second to the third."""
    return np.array(
        [
            -0.5 * t + t**2 - 0.5 * t**3,
            1 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        ]
    )
