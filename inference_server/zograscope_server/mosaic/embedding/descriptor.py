"""The embedder that needs no download: what a picture looks like, without knowing what it shows.

Five groups of measurements are taken of a small copy of the picture: its colours, how they are laid
out, the directions of its edges (histograms of oriented gradients, Dalal and Triggs 2005), its
texture (local binary patterns, Ojala et al. 2002) and how its detail is spread over scales. Across
a collection each group gets the same say, and principal components keep what differs.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image

SIDE = 128  # pixels of the copy; its aspect is given up, so that layouts can be compared
LAYOUT_CELLS = 4
LIGHTNESS_BINS = 8
CHROMA_BINS = 7
CHROMA_REACH = 42.0  # of a* and b*; what is more vivid counts as that
ORIENTATIONS = 8
GRADIENT_CELLS = (1, 4)
PATTERN_NEIGHBOURS = 8
PATTERN_RADII = (1, 2)
DETAIL_LEVELS = 5
COMPONENTS = 64  # at most, which is where new ones begin to carry noise
EVENNESS = 0.5  # 0 leaves components their variance, 1 gives all the same


class ColourAndTexture:
    """See the module. Raw vectors are float32, 357 numbers."""

    name = "colour-and-texture"
    revision = "colour-and-texture 1"

    def prepare(self, picture: Image.Image) -> np.ndarray:
        """Return (SIDE, SIDE, 3) uint8."""
        return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Measure (n, SIDE, SIDE, 3) uint8 pictures; see `Embedder`."""
        return np.stack([np.concatenate(list(_groups(picture))) for picture in pictures])

    def finish(self, vectors: np.ndarray) -> np.ndarray:
        """Weigh the groups alike and keep at most COMPONENTS principal components.

        Returns (n, k) float32; one picture alone gets a zero.
        """
        vectors = vectors.astype(np.float64)
        if len(vectors) < 2:
            return np.zeros((len(vectors), 1), np.float32)
        centred = vectors - vectors.mean(axis=0)
        for group in _group_slices():
            spread = np.sqrt((centred[:, group] ** 2).sum(axis=1).mean())
            centred[:, group] /= max(spread, 1e-6)
        covariance = centred.T @ centred / len(centred)
        variances, directions = np.linalg.eigh(covariance)
        kept = np.argsort(-variances)[:COMPONENTS]
        kept = kept[variances[kept] > 1e-9 * max(variances.max(), 1e-12)]
        if not len(kept):
            return np.zeros((len(vectors), 1), np.float32)
        components = centred @ directions[:, kept]
        return (components / variances[kept] ** (EVENNESS / 2)).astype(np.float32)


def _groups(picture: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the groups of measurements of one picture, float32 (k,) each."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab)
    grey = np.ascontiguousarray(lab[..., 0])
    yield _colours(lab)
    yield _layout(lab)
    yield _gradients(grey)
    yield _patterns(grey)
    yield _detail(grey)


def _group_slices() -> list[slice]:
    """Return where the groups lie in a vector."""
    sizes = [len(group) for group in _groups(np.zeros((SIDE, SIDE, 3), np.uint8))]
    ends = np.cumsum(sizes)
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _colours(lab: np.ndarray) -> np.ndarray:
    """Histograms of lightness and of chroma: square roots, so that rare colours count."""
    lightness = np.clip(lab[..., 0] / 100.0 * LIGHTNESS_BINS, 0, LIGHTNESS_BINS - 1).astype(int)
    chroma = (np.clip(lab[..., 1:] / CHROMA_REACH, -1, 1) + 1) / 2 * (CHROMA_BINS - 1)
    chroma = np.rint(chroma).astype(int)
    light = np.bincount(lightness.ravel(), minlength=LIGHTNESS_BINS)
    pairs = chroma[..., 0] * CHROMA_BINS + chroma[..., 1]
    tints = np.bincount(pairs.ravel(), minlength=CHROMA_BINS**2)
    shares = np.concatenate([light, tints]) / pairs.size
    return np.sqrt(shares).astype(np.float32)


def _layout(lab: np.ndarray) -> np.ndarray:
    """Mean colour of each cell of a coarse grid, and spread of lightness within it."""
    cells = cv2.resize(lab, (LAYOUT_CELLS, LAYOUT_CELLS), interpolation=cv2.INTER_AREA)
    squares = cv2.resize(
        lab[..., 0] ** 2, (LAYOUT_CELLS, LAYOUT_CELLS), interpolation=cv2.INTER_AREA
    )
    spread = np.sqrt(np.maximum(squares - cells[..., 0] ** 2, 0.0))
    return np.concatenate([cells.ravel(), spread.ravel()]) / 100.0


def _gradients(grey: np.ndarray) -> np.ndarray:
    """Histograms of edge directions, over the whole picture and in a grid of cells."""
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    turn = np.arctan2(down, across) % np.pi / np.pi * ORIENTATIONS
    # A direction between two bins counts for both.
    lower = np.floor(turn).astype(int)
    share = turn - lower
    planes = np.zeros((SIDE, SIDE, ORIENTATIONS), np.float32)
    rows, columns = np.indices((SIDE, SIDE))
    planes[rows, columns, lower % ORIENTATIONS] = strength * (1 - share)
    planes[rows, columns, (lower + 1) % ORIENTATIONS] += strength * share
    histograms = []
    for cells in GRADIENT_CELLS:
        pooled = cv2.resize(planes, (cells, cells), interpolation=cv2.INTER_AREA)
        pooled = pooled.reshape(cells * cells, ORIENTATIONS)
        total = np.linalg.norm(pooled) + 1.0
        histograms.append(np.sqrt(pooled / total).ravel())
    return np.concatenate(histograms)


def _patterns(grey: np.ndarray) -> np.ndarray:
    """Histograms of rotation-invariant uniform patterns, at two radii and in the four quarters."""
    histograms = []
    for radius in PATTERN_RADII:
        smooth = cv2.GaussianBlur(grey, (0, 0), 0.6 * radius)
        inner = smooth[radius:-radius, radius:-radius]
        bits = []
        for neighbour in range(PATTERN_NEIGHBOURS):
            angle = 2 * np.pi * neighbour / PATTERN_NEIGHBOURS
            row = radius + round(radius * np.sin(angle))
            column = radius + round(radius * np.cos(angle))
            moved = smooth[row : row + inner.shape[0], column : column + inner.shape[1]]
            bits.append(moved > inner + 0.5)
        brighter = np.stack(bits)
        changes = (brighter != np.roll(brighter, 1, axis=0)).sum(axis=0)
        codes = np.where(changes <= 2, brighter.sum(axis=0), PATTERN_NEIGHBOURS + 1)
        half = codes.shape[0] // 2
        for quarter in (
            codes[:half, :half],
            codes[:half, half:],
            codes[half:, :half],
            codes[half:, half:],
        ):
            counts = np.bincount(quarter.ravel(), minlength=PATTERN_NEIGHBOURS + 2)
            histograms.append(np.sqrt(counts / quarter.size))
    return np.concatenate(histograms).astype(np.float32)


def _detail(grey: np.ndarray) -> np.ndarray:
    """How much there is at each scale, in each quarter, on a logarithmic scale."""
    energies = []
    for _ in range(DETAIL_LEVELS):
        coarser = cv2.pyrDown(grey)
        rest = np.abs(grey - cv2.pyrUp(coarser, dstsize=grey.shape[::-1]))
        energies.append(cv2.resize(rest, (2, 2), interpolation=cv2.INTER_AREA).ravel())
        grey = coarser
    return np.log1p(np.concatenate(energies)).astype(np.float32)
