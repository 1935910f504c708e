"""The embedded default: what pictures look like, without a network or a download.

A picture is described by blocks of numbers that people can name: its colours and where they are,
the directions of its lines and where they run, the texture of its surface, how far it is ink on
paper, and its proportions. Blocks weigh alike whatever their size, and principal components of the
whole collection then keep what tells its pictures apart.

Sources: histograms of oriented gradients, Dalal and Triggs 2005; local binary patterns, Ojala,
Pietikäinen and Mäenpää 2002; square roots of histograms, so that Euclidean distance is Hellinger's,
Arandjelović and Zisserman 2012.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from PIL import Image
from scipy.fft import dctn

SIDE = 192  # pixels; pictures are squeezed into a square, and their proportions kept aside
ASPECT_STEPS = 48  # of the byte that keeps them, for each doubling of width to height
LARGEST_CHROMA = 60.0  # of Lab a and b that colour bins tell apart
LIGHTNESS_BINS, CHROMA_BINS = 16, 12
COLOUR_BINS = (4, 5, 5)  # of lightness, a and b together
LAYOUT_CELLS = 5  # along a side
LINE_CELLS = 4
DIRECTIONS = 8  # of lines, in half a turn
SCALES = 3  # of lines and patterns, each half the one before
FAINT_LINE = 4.0  # of lightness (0..100): gradients from which on lines count in full
FAINT_STEP = 1.5  # of lightness, which patterns take for flat
TILE = 8  # pixels of the square tiles whose frequencies are measured
FAINT_ENERGY = 0.1  # of lightness squared, which is taken for nothing

LEAST_SPREAD = 0.05  # of a block: collections all alike in it are not told apart by its noise
COMPONENTS = 96
EQUALISATION = 0.15  # power of variance divided out of components: 0 leaves them, 0.5 whitens


class ColourAndTexture:
    """The embedder that is always there; see `embedder.Embedder`."""

    name = "colour-and-texture"
    revision = "colour-and-texture-1"

    def prepare(self, picture: Image.Image) -> np.ndarray:
        """Squeeze a picture into a square above one more row, whose value tells its proportions."""
        square = picture.convert("RGB").resize(
            (SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0
        )
        doublings = np.log2(picture.width / picture.height)
        aspect = np.clip(round(128 + ASPECT_STEPS * doublings), 0, 255)
        return np.concatenate([np.asarray(square), np.full((1, SIDE, 3), aspect, np.uint8)])

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Return (n, d) float32 vectors, block after block."""
        return np.array([_describe(Look(prepared)) for prepared in pictures], np.float32)

    def finish(self, vectors: np.ndarray) -> np.ndarray:
        """Let blocks weigh alike, and reduce to (n, at most 96) principal components."""
        weighted = []
        for block, columns in zip(BLOCKS, _block_columns(), strict=True):
            centred = vectors[:, columns] - vectors[:, columns].mean(axis=0)
            spread = math.sqrt(centred.var(axis=0).sum())
            weighted.append(centred * (math.sqrt(block.weight) / max(spread, LEAST_SPREAD)))
        return _principal_components(np.concatenate(weighted, axis=1))


class Look:
    """A prepared picture, and what several blocks want to know of it."""

    def __init__(self, prepared: np.ndarray) -> None:
        self.lab = cv2.cvtColor(prepared[:SIDE].astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab)
        self.planes = np.ascontiguousarray(self.lab.transpose(2, 0, 1))
        self.doublings = (float(prepared[SIDE, 0, 0]) - 128.0) / ASPECT_STEPS

    @cached_property
    def lightness(self) -> list[np.ndarray]:
        """Lightness, 0..100, at each scale."""
        planes = [self.planes[0]]
        for _ in range(1, SCALES):
            planes.append(
                cv2.resize(planes[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            )
        return planes

    @cached_property
    def lines(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Strength and direction (0 <= direction < DIRECTIONS) of the gradient at each scale.

        Both are those of the picture in its own proportions.
        """
        stretch = 2.0 ** (self.doublings / 2.0)
        found = []
        for plane in self.lightness:
            across = cv2.Scharr(plane, cv2.CV_32F, 1, 0, scale=1 / (32 * stretch))
            down = cv2.Scharr(plane, cv2.CV_32F, 0, 1, scale=stretch / 32)
            strength, angle = cv2.cartToPolar(across, down)
            found.append((strength, np.mod(angle * (DIRECTIONS / np.pi), DIRECTIONS)))
        return found


def _colours(look: Look) -> np.ndarray:
    """Which colours there are: histograms of each Lab channel and of all together."""
    lightness, a, b = look.planes.reshape(3, -1)
    bounds = (0.0, 100.0), (-LARGEST_CHROMA, LARGEST_CHROMA), (-LARGEST_CHROMA, LARGEST_CHROMA)
    single = [
        _shares(_bins(plane, bound, bins), bins)
        for plane, bound, bins in zip(
            (lightness, a, b), bounds, (LIGHTNESS_BINS, CHROMA_BINS, CHROMA_BINS), strict=True
        )
    ]
    together = np.zeros(len(lightness), np.int64)
    for plane, bound, bins in zip((lightness, a, b), bounds, COLOUR_BINS, strict=True):
        together = together * bins + _bins(plane, bound, bins)
    return np.concatenate([*single, _shares(together, int(np.prod(COLOUR_BINS)))])


def _tones(look: Look) -> np.ndarray:
    """Mean, spread and skew of each Lab channel, in units of 50."""
    planes = look.planes.reshape(3, -1) / 50.0
    mean = planes.mean(axis=1, keepdims=True)
    centred = planes - mean
    squared = centred * centred
    skew = np.cbrt((squared * centred).mean(axis=1))
    return np.concatenate([mean[:, 0], np.sqrt(squared.mean(axis=1)), skew])


def _layout(look: Look) -> np.ndarray:
    """Where the colours are: mean Lab of the cells of a coarse grid, in units of 50."""
    cells = cv2.resize(look.lab, (LAYOUT_CELLS, LAYOUT_CELLS), interpolation=cv2.INTER_AREA)
    return cells.ravel() / (50.0 * LAYOUT_CELLS)


def _directions(look: Look) -> np.ndarray:
    """How strong the lines are, and where they head, at each scale."""
    described = []
    for strength, direction in look.lines:
        weight = _line_weight(strength)
        heading = np.bincount(
            direction.astype(np.int64).ravel() % DIRECTIONS, weight.ravel(), DIRECTIONS
        )
        described += [np.sqrt(heading / strength.size), np.log1p([strength.mean()])]
    return np.concatenate(described)


def _line_layout(look: Look) -> np.ndarray:
    """Where lines run, and in which direction: a histogram of oriented gradients."""
    strength, direction = look.lines[1]
    side = len(strength)
    cell = np.arange(side) * LINE_CELLS // side
    place = (cell[:, None] * LINE_CELLS + cell) * DIRECTIONS + direction.astype(
        np.int64
    ) % DIRECTIONS
    bins = LINE_CELLS**2 * DIRECTIONS
    found = np.bincount(place.ravel(), _line_weight(strength).ravel(), bins)
    return np.sqrt(found / max(found.sum(), 0.01 * strength.size))


def _patterns(look: Look) -> np.ndarray:
    """What surroundings of a pixel there are: local binary patterns, rotation set aside."""
    described = []
    for plane in look.lightness:
        middle = plane[1:-1, 1:-1] + FAINT_STEP
        rows, columns = middle.shape
        code = np.zeros(middle.shape, np.uint8)
        for bit, (down, across) in enumerate(AROUND):
            neighbour = plane[down : down + rows, across : across + columns]
            code |= (neighbour > middle).view(np.uint8) << np.uint8(bit)
        described.append(_shares(PATTERN_KIND[code.ravel()], PATTERN_KINDS))
    return np.concatenate(described)


def _frequencies(look: Look) -> np.ndarray:
    """How fine the texture is: mean energy of each cosine frequency in small tiles, logarithmic."""
    tiles = look.lightness[0].reshape(SIDE // TILE, TILE, SIDE // TILE, TILE)
    energy = dctn(tiles, axes=(1, 3), norm="ortho") ** 2
    mean = energy.mean(axis=(0, 2)).ravel()[1:]
    return np.log(mean + FAINT_ENERGY) / 10.0


def _ink_and_paper(look: Look) -> np.ndarray:
    """How far a picture is dark on light, how full it is, and how its rim differs from the rest."""
    plane = look.lightness[0]
    strength, _ = look.lines[0]
    dark, _ = cv2.threshold((plane * 2.55).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    ink = plane <= dark / 2.55
    share = ink.mean()
    gap = plane[~ink].mean() - plane[ink].mean() if 0 < share < 1 else 0.0
    separation = share * (1 - share) * gap**2 / max(plane.var(), 1.0)
    at_rim = look.planes[:, RIM]
    difference = at_rim.mean(axis=1) - look.planes[:, ~RIM].mean(axis=1)
    chroma = cv2.magnitude(look.planes[1], look.planes[2])
    return np.array(
        [
            share,
            separation,
            gap / 100.0,
            (strength > FAINT_LINE).mean(),
            (strength < FAINT_STEP / 2).mean(),
            at_rim.std(axis=1).mean() / 20.0,
            *(difference / 50.0),
            (chroma > 12.0).mean(),
            (chroma > 30.0).mean(),
        ]
    )


def _proportions(look: Look) -> np.ndarray:
    return np.array([look.doublings])


@dataclass(frozen=True)
class Block:
    """Numbers that belong together: how to get them, and their share in all distances."""

    describe: Callable[[Look], np.ndarray]
    weight: float


BLOCKS = (
    Block(_colours, 1.0),
    Block(_tones, 1.0),
    Block(_layout, 0.7),
    Block(_directions, 0.7),
    Block(_line_layout, 0.35),
    Block(_patterns, 0.7),
    Block(_frequencies, 1.0),
    Block(_ink_and_paper, 1.0),
    Block(_proportions, 0.3),
)

RIM = np.ones((SIDE, SIDE), bool)
RIM[SIDE // 12 : -SIDE // 12, SIDE // 12 : -SIDE // 12] = False
AROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # a round of neighbours


def _kind_of_pattern(code: int) -> int:
    """Count the set bits of a pattern with one run of them; all other patterns are one kind."""
    bits = [code >> bit & 1 for bit in range(len(AROUND))]
    changes = sum(bits[i] != bits[i - 1] for i in range(len(AROUND)))
    return sum(bits) if changes <= 2 else len(AROUND) + 1


PATTERN_KIND = np.array([_kind_of_pattern(code) for code in range(2 ** len(AROUND))])
PATTERN_KINDS = len(AROUND) + 2


def _describe(look: Look) -> np.ndarray:
    return np.concatenate([block.describe(look) for block in BLOCKS])


def _block_columns() -> list[slice]:
    """Where each block lies in a vector."""
    blank = Look(np.zeros((SIDE + 1, SIDE, 3), np.uint8))
    ends = np.cumsum([len(block.describe(blank)) for block in BLOCKS])
    return [slice(begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def _bins(plane: np.ndarray, bounds: tuple[float, float], bins: int) -> np.ndarray:
    """Number equal bins between bounds; what lies beyond falls into the outermost."""
    low, high = bounds
    return np.clip(((plane - low) * (bins / (high - low))).astype(np.int64), 0, bins - 1)


def _shares(numbers: np.ndarray, count: int) -> np.ndarray:
    """Square roots of the shares of each of the numbers 0..count-1."""
    return np.sqrt(np.bincount(numbers, minlength=count) / len(numbers))


def _line_weight(strength: np.ndarray) -> np.ndarray:
    """Let strong lines count alike, whatever their contrast, and faint noise hardly."""
    return strength / (strength + FAINT_LINE)


def _principal_components(vectors: np.ndarray) -> np.ndarray:
    """Turn centred (n, d) vectors onto their principal components, (n, k) float32."""
    kept = min(COMPONENTS, *vectors.shape)
    variances, axes = np.linalg.eigh((vectors.T @ vectors / len(vectors)).astype(np.float64))
    variances, axes = variances[: -kept - 1 : -1], axes[:, : -kept - 1 : -1]
    largest = max(float(variances[0]), np.finfo(np.float32).tiny)
    scale = np.maximum(variances / largest, 1e-6) ** -EQUALISATION
    return vectors @ (axes * scale).astype(np.float32)
