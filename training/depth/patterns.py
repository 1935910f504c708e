"""Procedural surface patterns: what walls, ground, cloth, wood and leaves look like up close.

Each pattern is a tileable grey picture. They are stacked with their mip levels in one array, so
that the renderer reads any of them, at any distance, without aliasing.
"""

from functools import cache

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from training.depth.chance import pick

SIZE = 256
LEVELS = 9  # mip levels: 256 down to 1
VARIANTS = 3  # of each kind of pattern


def noise(rng: Generator, slope: float, stretch: float = 1.0) -> np.ndarray:
    """Tileable (SIZE, SIZE) noise in [0, 1] with a power spectrum of f^-2slope."""
    y, x = np.meshgrid(np.fft.fftfreq(SIZE), np.fft.rfftfreq(SIZE), indexing="ij")
    frequency = np.hypot(y * stretch, x)
    frequency[0, 0] = 1.0
    phases = np.exp(2j * np.pi * rng.random(frequency.shape))
    spectrum = phases / np.maximum(frequency, 1.5 / SIZE) ** slope
    spectrum[0, 0] = 0.0
    return _stretch(np.fft.irfft2(spectrum, (SIZE, SIZE)))


def _stretch(picture: np.ndarray) -> np.ndarray:
    low, high = np.percentile(picture, (1, 99))
    return np.clip((picture - low) / max(high - low, 1e-6), 0.0, 1.0).astype(np.float32)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) / SIZE
    return y, x


def clouds(rng: Generator) -> np.ndarray:
    """Plaster, soil, stained walls."""
    return noise(rng, rng.uniform(0.9, 2.2))


def speckle(rng: Generator) -> np.ndarray:
    """Gravel, terrazzo, sand."""
    return _stretch(
        ndimage.gaussian_filter(rng.random((SIZE, SIZE)), rng.uniform(0.6, 3), mode="wrap")
    )


def grain(rng: Generator) -> np.ndarray:
    """Wood, brushed metal, straw."""
    return noise(rng, rng.uniform(0.8, 1.4), rng.uniform(0.04, 0.2))


def veins(rng: Generator) -> np.ndarray:
    """Marble, cracked earth, rock."""
    return _stretch(1 - np.abs(noise(rng, rng.uniform(1.2, 1.8)) - 0.5) ** rng.uniform(0.4, 1))


def foliage(rng: Generator) -> np.ndarray:
    """Leaves and grass from afar: dark gaps between lit clumps."""
    fine = noise(rng, rng.uniform(0.5, 0.9))
    clumps = noise(rng, 1.5)
    return _stretch(np.maximum(fine - 0.35 * clumps, 0.15))


def masonry(rng: Generator) -> np.ndarray:
    """Bricks, ashlar, tiles, shingles: rows of blocks between joints."""
    y, x = _grid()
    rows = int(pick(rng, [4, 6, 8, 12, 16]))
    columns = int(pick(rng, [2, 3, 4, 6, 8]))
    row = np.floor(y * rows).astype(int)
    shifted = x * columns + (row % 2) * pick(rng, [0.0, 0.5])
    column = np.floor(shifted).astype(int) % columns
    joint = rng.uniform(0.03, 0.12)
    inside = (y * rows % 1 > joint) & (shifted % 1 > joint * columns / rows)
    tones = rng.uniform(0.4, 1.0, (rows, columns))
    return _stretch(
        np.where(inside, tones[row, column], pick(rng, [0.0, 1.0])) + 0.25 * noise(rng, 0.8)
    )


def planks(rng: Generator) -> np.ndarray:
    """Boards, siding, floorboards."""
    _, x = _grid()
    count = int(pick(rng, [3, 5, 8, 12]))
    board = np.floor(x * count).astype(int)
    gap = x * count % 1 < 0.05
    tones = rng.uniform(0.3, 1.0, count)
    wood = np.stack([np.roll(grain(rng), int(s), 0) for s in rng.integers(0, SIZE, 2)])
    picture = tones[board] + 0.5 * np.where(board % 2, wood[0], wood[1])
    return _stretch(np.where(gap, 0.0, picture))


def stripes(rng: Generator) -> np.ndarray:
    """Awnings, blinds, corrugated iron, wallpaper."""
    _, x = _grid()
    count = int(pick(rng, [2, 4, 8, 16, 32]))
    wave = np.sin(2 * np.pi * (x * count + rng.uniform(0, 1)))
    hard = rng.uniform(0.5, 8)
    return _stretch(np.tanh(hard * wave) + 0.2 * noise(rng, 1.0))


def checks(rng: Generator) -> np.ndarray:
    """Plaid, tiled floors, chess boards."""
    y, x = _grid()
    count = int(pick(rng, [2, 4, 8, 16]))
    a, b = (np.sin(2 * np.pi * count * axis) > 0 for axis in (x, y))
    picture = np.where(rng.random() < 0.5, a ^ b, 0.5 * a + 0.5 * b)
    return _stretch(picture + 0.2 * noise(rng, 1.0))


def cells(rng: Generator) -> np.ndarray:
    """Cobbles, stone walls, scales, reptile skin."""
    count = int(rng.integers(20, 150))
    seeds = np.zeros((SIZE, SIZE), bool)
    seeds[tuple(rng.integers(0, SIZE, (2, count)))] = True
    tiled = np.tile(seeds, (3, 3))
    distance, nearest = ndimage.distance_transform_edt(~tiled, return_indices=True)
    middle = slice(SIZE, 2 * SIZE)
    tones = rng.random((SIZE, SIZE))
    which = tones[nearest[0][middle, middle] % SIZE, nearest[1][middle, middle] % SIZE]
    return _stretch(which - rng.uniform(0, 0.05) * distance[middle, middle])


def dots(rng: Generator) -> np.ndarray:
    """Printed cloth, perforated plates, flowers in a meadow."""
    picture = np.zeros((SIZE, SIZE), np.float32)
    count = int(rng.integers(10, 200))
    picture[tuple(rng.integers(0, SIZE, (2, count)))] = rng.uniform(0.4, 1, count)
    return _stretch(
        ndimage.maximum_filter(picture, int(rng.integers(3, 20)), mode="wrap")
        + 0.1 * noise(rng, 1.0)
    )


def writing(rng: Generator) -> np.ndarray:
    """Lines of strokes: signs, book pages, labels."""
    y, x = _grid()
    lines = int(pick(rng, [6, 10, 16]))
    letters = noise(rng, 0.5) > rng.uniform(0.5, 0.6)
    on_line = (y * lines % 1 > 0.35) & (x > 0.08) & (x < 0.92)
    return np.where(letters & on_line, 0.0, 1.0).astype(np.float32)


def windows(rng: Generator) -> np.ndarray:
    """A facade from afar: dark panes in rows."""
    y, x = _grid()
    across, up = int(pick(rng, [2, 3, 4, 5])), int(pick(rng, [2, 3, 4]))
    u, v = x * across % 1, y * up % 1
    w, h = rng.uniform(0.15, 0.35), rng.uniform(0.2, 0.38)
    pane = (np.abs(u - 0.5) < w) & (np.abs(v - 0.5) < h)
    frame = (np.abs(u - 0.5) < w + 0.06) & (np.abs(v - 0.5) < h + 0.06)
    cross = (np.abs(u - 0.5) < 0.02) | (np.abs(v - 0.5) < 0.02)
    tone = np.where(pane & ~cross, rng.uniform(0, 0.2), np.where(frame, 1.0, 0.65))
    return _stretch(tone + 0.15 * noise(rng, 1.0))


def plain(rng: Generator) -> np.ndarray:
    """Paint, skin, ceramics: next to nothing."""
    return 0.5 + 0.12 * (noise(rng, 1.5) - 0.5)


KINDS = (clouds, speckle, grain, veins, foliage, masonry, planks, stripes, checks, cells, dots,
         writing, windows, plain)  # fmt: skip
INDEX = {kind.__name__: number * VARIANTS for number, kind in enumerate(KINDS)}


def choose(rng: Generator, *kinds: str) -> int:
    """Return the number of a pattern of one of these kinds; of any kind without."""
    kind = kinds[rng.integers(len(kinds))] if kinds else list(INDEX)[rng.integers(len(INDEX))]
    return INDEX[kind] + int(rng.integers(VARIANTS))


@cache
def bank() -> tuple[np.ndarray, np.ndarray]:
    """All patterns: (patterns, values) uint8, mip levels one after another, and their offsets."""
    rng = np.random.default_rng(1851)
    rows = []
    for kind in KINDS:
        for _ in range(VARIANTS):
            level = kind(rng).astype(np.float32)
            chain = [level]
            while len(level) > 1:
                level = level.reshape(len(level) // 2, 2, -1, 2).mean((1, 3))
                chain.append(level)
            rows.append(np.concatenate([each.ravel() for each in chain]))
    sizes = [(SIZE >> level) ** 2 for level in range(LEVELS)]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return (np.clip(np.stack(rows), 0, 1) * 255).astype(np.uint8), offsets
