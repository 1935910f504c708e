"""Masks and depth of plates as plain arrays; nothing here knows Blender.

A mask says, for each pixel of the photograph, whether a plate shows it. Exactly one layer shows
each pixel, so that from rest the layers are the photograph, whatever lies between them.
"""

from collections.abc import Iterable

import numpy as np

from ..relief import Rectangle, cell_maximum, cell_minimum, sample

PADDING = 16  # pixels around a mask that belong to its plate, clear, for the relief's smoothing
RIM = 2  # samples within a mask's outline whose depth may be half of what lies beside it
RIM_WEIGHT = 1e-3  # ... and so counts less, but counts where a thing is no wider
NEIGHBOURS = 3  # samples around whose depths two grids of one pitch may mix at a place

Size = tuple[int, int]
"""Width and height of the photograph, in pixels."""

Bounds = tuple[int, int, int, int]
"""left, top, right, bottom in whole pixels of the photograph; right and bottom exclusive."""


def bounds_of(mask: np.ndarray, padding: int = PADDING) -> Bounds:
    """Return the rectangle around what a mask (h, w) holds, padded as far as the picture goes."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return (
        max(0, int(columns[0]) - padding),
        max(0, int(rows[0]) - padding),
        min(width, int(columns[-1]) + 1 + padding),
        min(height, int(rows[-1]) + 1 + padding),
    )


def cut(values: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Return the part of a picture (h, w, ...) within bounds; a view."""
    left, top, right, bottom = bounds
    return values[top:bottom, left:right]


def shrink(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Average blocks of `factor` pixels a side: uint8 (h, w, n) to (ceil(h / factor), ...)."""
    height, width, channels = pixels.shape
    padding = ((0, -height % factor), (0, -width % factor), (0, 0))
    padded = np.pad(pixels, padding, mode="edge")
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    blocks = padded.reshape(rows, factor, columns, factor, channels)
    return np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)).astype(np.uint8)


def enlarge(mask: np.ndarray, factor: int, size: Size) -> np.ndarray:
    """Undo `shrink` for a mask: (h, w) to (height, width) of size."""
    width, height = size
    return mask.repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width]


def outline(mask: np.ndarray) -> np.ndarray:
    """Return the edges between a mask's pixels and others: float32 (n, 2, 2), ends' u and v."""
    padded = np.pad(mask, 1)
    edges = []
    for axis, along in ((0, (1, 0)), (1, (0, 1))):
        rows, columns = np.nonzero(np.diff(padded, axis=axis))
        start = np.stack([columns, rows], axis=-1) - along
        edges.append(np.stack([start, start + along], axis=1))
    return np.concatenate(edges).astype(np.float32)


def plate_disparity(
    disparity: np.ndarray, mask: np.ndarray, bounds: Bounds, size: Size
) -> np.ndarray:
    """Return a plate's own disparity over its bounds: the photograph's, which goes on beside it.

    So a plate keeps its depth up to its outline, where the photograph's depth jumps.

    Args:
        disparity: (rows, columns) of the whole photograph; the plate's has its pitch.
        mask: (height, width) bool within the bounds.
        bounds: of the plate.
        size: of the photograph.
    """
    share = _share(mask, _grid(disparity, bounds, size))
    inside = share > 0.5
    if not inside.any():
        inside = share > 0.0
    core = inside
    for _ in range(RIM):
        core = ~_around(~core)
    weight = np.where(core, 1.0, np.where(inside, RIM_WEIGHT, 0.0)).astype(np.float32)
    return _fill(_resample(disparity, _whole(size), share.shape, bounds), weight)


def front_disparity(
    disparity: np.ndarray,
    plates: Iterable[tuple[np.ndarray, np.ndarray, Bounds]],
    size: Size,
) -> np.ndarray:
    """Return what a background must lie behind: the photograph and each of its plates.

    Args:
        disparity: (rows, columns) of the whole photograph.
        plates: of each its disparity, its mask (height, width) bool, and its bounds.
        size: of the photograph.
    """
    front = disparity.copy()
    rows, columns = disparity.shape
    for own, mask, bounds in plates:
        covered = _share(mask, own.shape) > 0.0
        for _ in range(NEIGHBOURS):
            covered = _around(covered)
        farthest = np.where(covered, own, np.float32(np.inf))
        for _ in range(NEIGHBOURS):
            farthest = cell_minimum(cell_minimum(np.pad(farthest, 1, mode="edge")))
        # The samples of the photograph whose middles lie within the bounds, or beside them.
        left, top, right, bottom = bounds
        first, last = _span(left, right, columns / size[0], columns)
        upper, lower = _span(top, bottom, rows / size[1], rows)
        u = np.clip((np.arange(first, last) + 0.5) * size[0] / columns, left, right - 1e-3)
        v = np.clip((np.arange(upper, lower) + 0.5) * size[1] / rows, top, bottom - 1e-3)
        own_rows = ((v - top) / (bottom - top) * own.shape[0]).astype(int)
        own_columns = ((u - left) / (right - left) * own.shape[1]).astype(int)
        part = front[upper:lower, first:last]
        np.minimum(part, farthest[own_rows][:, own_columns], out=part)
    return front


def _span(start: float, end: float, pitch: float, count: int) -> tuple[int, int]:
    return max(0, int(start * pitch) - 1), min(count, int(np.ceil(end * pitch)) + 1)


def _whole(size: Size) -> Rectangle:
    return (0.0, 0.0, float(size[0]), float(size[1]))


def _grid(disparity: np.ndarray, bounds: Bounds, size: Size) -> tuple[int, int]:
    """Return rows and columns of a plate's map, of the photograph's pitch."""
    left, top, right, bottom = bounds
    rows, columns = disparity.shape
    wanted = round((bottom - top) * rows / size[1]), round((right - left) * columns / size[0])
    return min(max(2, wanted[0]), bottom - top), min(max(2, wanted[1]), right - left)


def _resample(
    values: np.ndarray, rectangle: Rectangle, grid: tuple[int, ...], bounds: Bounds
) -> np.ndarray:
    """Sample a map that fills a rectangle at the middles of a grid over the bounds."""
    left, top, right, bottom = bounds
    u = left + (np.arange(grid[1], dtype=np.float32) + 0.5) * (right - left) / grid[1]
    v = top + (np.arange(grid[0], dtype=np.float32) + 0.5) * (bottom - top) / grid[0]
    return sample(values, u.astype(np.float32), v.astype(np.float32), rectangle)


def _share(mask: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Return how much of each cell of a coarser grid a mask covers, in [0, 1]."""
    starts = [
        np.arange(count) * pixels // count for count, pixels in zip(grid, mask.shape, strict=True)
    ]
    total = np.add.reduceat(mask.astype(np.float32), starts[0], axis=0)
    total = np.add.reduceat(total, starts[1], axis=1)
    sizes = [np.diff(start, append=side) for start, side in zip(starts, mask.shape, strict=True)]
    return total / (sizes[0][:, None] * sizes[1])


def _around(mask: np.ndarray) -> np.ndarray:
    """Let a mask grow by one sample on each side; beyond its rim nothing is marked."""
    return cell_maximum(cell_maximum(np.pad(mask, 1)))


def _fill(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Continue values smoothly where their weight is less than 1, near ones counting most.

    Pull-push: Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.
    """
    rows, columns = values.shape
    if rows <= 1 and columns <= 1:
        return values
    padding = ((0, rows % 2), (0, columns % 2))
    known, weights = np.pad(values * weight, padding), np.pad(weight, padding)
    known, weights = (
        part[::2, ::2] + part[1::2, ::2] + part[::2, 1::2] + part[1::2, 1::2]
        for part in (known, weights)
    )
    coarse = _fill(known / np.maximum(weights, 1e-9), np.minimum(weights, 1.0))
    rectangle = (0.0, 0.0, 2.0 * coarse.shape[1], 2.0 * coarse.shape[0])
    behind = _resample(coarse, rectangle, values.shape, (0, 0, columns, rows))
    return (values * weight + behind * (1.0 - weight)).astype(np.float32)
