"""Layouts by what is known of images: their date, a column of their metadata, their colour.

Such a layout has a cloud, in which one sees how many there are of what, and mostly an order, in
which a grid is filled row by row. Within a bin or group, images stand in the order `along`, any
one-dimensional order by similarity.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

NICE_WIDTHS = (1 / 12, 0.25, 1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 250.0, 1000.0)
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
NUMERIC_SHARE = 0.9  # of a column's values, from which it is a number line
BAR_ASPECT = 2.0  # width / height that histograms come near to
APART = 2.0  # tiles between what is known and what is not
BLOCK_GAP = 1.5  # tiles between groups
BLOCK_ASPECT = 1.4
LARGEST_NUMBER = 1e15  # what is larger is a shelf mark
FINEST = 1e-9  # bins, relative to the numbers in them
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Group:
    """Images that have something in common, and what it is called."""

    label: str
    members: np.ndarray


@dataclass(frozen=True)
class Arrangement:
    """A layout.

    Attributes:
        cloud: (n, 2) float32, one unit from tile to tile, y up.
        order: (n,) int64, the images in the order in which they fill a grid; None where the grid
            is to follow the cloud.
        groups: bins or categories, in their order.
    """

    cloud: np.ndarray
    order: np.ndarray | None
    groups: tuple[Group, ...] = ()


def by_date(dates: np.ndarray, along: np.ndarray) -> Arrangement:
    """Put images on a time line, stacked as a histogram.

    Args:
        dates: (n,) decimal years; NaN for undated images, which stand apart at the end.
        along: (n,) rank of each image by similarity.
    """
    known = dates[np.isfinite(dates)]
    span = float(np.ptp(known)) if len(known) else 0.0
    most_bins = _most_bars(len(dates))
    width = next((width for width in NICE_WIDTHS if span / width <= most_bins), NICE_WIDTHS[-1])
    return _on_a_line(dates, along, width, _year_label)


def by_column(values: Sequence[str], along: np.ndarray) -> Arrangement:
    """Arrange by a column of metadata: a number line where it holds numbers, else groups.

    Args:
        values: n texts; empty ones are unknown.
        along: (n,) rank of each image by similarity.
    """
    numbers = numbers_of(values)
    filled = sum(bool(value.strip()) for value in values)
    if filled and np.isfinite(numbers).sum() >= NUMERIC_SHARE * filled:
        known = numbers[np.isfinite(numbers)]
        return _on_a_line(
            numbers, along, _nice_width(known, _most_bars(len(values))), _number_label
        )
    return _in_blocks(values, along)


def by_colour(colours: np.ndarray) -> Arrangement:
    """Put dark images below light ones, and each hue's opposite on the other side.

    Both axes are ranks, since the photographs of an archive are mostly brown. Across is the
    direction in which these images' chroma differs most.

    Args:
        colours: (n, 3) float32, mean CIE Lab.
    """
    chroma = colours[:, 1:] - colours[:, 1:].mean(axis=0)
    _, _, directions = np.linalg.svd(chroma, full_matrices=False)
    axis = directions[0] if directions[0, 1] >= 0 else -directions[0]  # warm to the right
    side = math.sqrt(max(len(colours), 1))
    ranks = np.stack([_ranks(chroma @ axis), _ranks(colours[:, 0])], axis=1)
    return Arrangement(((ranks - 0.5) * side).astype(np.float32), None)


def numbers_of(values: Sequence[str]) -> np.ndarray:
    """Return texts as (n,) float64, NaN where they are no numbers, or none of a usual size."""
    numbers = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        try:
            number = float(value.replace(",", ".") if value.count(",") == 1 else value)
        except ValueError:
            continue
        if abs(number) <= LARGEST_NUMBER:
            numbers[place] = number
    return numbers


def _most_bars(count: int) -> int:
    return max(8, round(math.sqrt(count * BAR_ASPECT)))


def _nice_width(known: np.ndarray, most_bins: int) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten, such that there are not too many bins."""
    resolution = FINEST * max(float(np.abs(known).max()), 1.0)
    least = max(float(np.ptp(known)) / most_bins, resolution)
    scale = 10.0 ** math.floor(math.log10(least))
    return scale * next(step for step in NICE_STEPS if step * scale >= least * (1 - 1e-9))


def _on_a_line(
    values: np.ndarray, along: np.ndarray, width: float, label: Callable[[float, float], str]
) -> Arrangement:
    """Stack images over the bins of a line; a bin is as many tiles wide as the fullest needs."""
    known = np.isfinite(values)
    order = np.lexsort((along, np.where(known, values, np.inf)))
    bins = np.floor(np.where(known, values, 0.0) / width).astype(np.int64)
    first = bins[known].min() if known.any() else 0
    bins = np.where(known, bins - first, bins[known].max() - first + 1 if known.any() else 0)
    counts = np.bincount(bins)
    tiles_wide = max(1, round(math.sqrt(counts.max() * BAR_ASPECT / len(counts))))
    rank = _rank_within(bins, along)
    x = bins * (tiles_wide + (0.5 if tiles_wide > 1 else 0.0)) + rank % tiles_wide
    x = x + np.where(known, 0.0, APART)
    cloud = np.stack([x, rank // tiles_wide], axis=1).astype(np.float32)
    groups = [
        Group(
            label((first + number) * width, width) if known[bins == number].any() else UNKNOWN,
            np.flatnonzero(bins == number),
        )
        for number in np.flatnonzero(counts)
    ]
    return Arrangement(_centred(cloud), order, tuple(groups))


def _in_blocks(values: Sequence[str], along: np.ndarray) -> Arrangement:
    """Give each value a block of tiles, the largest first, on shelves."""
    texts = np.array([value.strip() or UNKNOWN for value in values])
    names, member_of, counts = np.unique(texts, return_inverse=True, return_counts=True)
    largest_first = np.lexsort((names, -counts, names == UNKNOWN))
    place = np.empty(len(names), np.int64)
    place[largest_first] = np.arange(len(names))
    group_of = place[member_of]
    rank = _rank_within(group_of, along)

    shelf_width = math.sqrt(len(texts) * BAR_ASPECT) * 1.3
    cloud = np.empty((len(texts), 2), np.float32)
    order = np.lexsort((along, group_of))
    members_of = np.split(order, np.cumsum(counts[largest_first])[:-1])
    groups: list[Group] = []
    left, top, tallest = 0.0, 0.0, 0
    for name, members in zip(names[largest_first], members_of, strict=True):
        count = len(members)
        columns = max(1, round(math.sqrt(count * BLOCK_ASPECT)))
        rows = math.ceil(count / columns)
        if left and left + columns > shelf_width:
            left, top, tallest = 0.0, top - tallest - BLOCK_GAP, 0
        cloud[members, 0] = left + rank[members] % columns
        cloud[members, 1] = top - rank[members] // columns
        groups.append(Group(str(name), members))
        left, tallest = left + columns + BLOCK_GAP, max(tallest, rows)
    return Arrangement(_centred(cloud), order, tuple(groups))


def _rank_within(groups: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return each image's place among those of its group."""
    order = np.lexsort((along, groups))
    starts = np.cumsum(np.bincount(groups)) - np.bincount(groups)
    rank = np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - starts[groups[order]]
    return rank


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks in [0, 1], equal values in the order they come."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks / max(len(values) - 1, 1)


def _centred(cloud: np.ndarray) -> np.ndarray:
    return cloud - (cloud.max(axis=0) + cloud.min(axis=0)) / 2


def _year_label(start: float, width: float) -> str:
    if width < 1:
        year = math.floor(start + 1e-6)
        return f"{year}, month {round((start - year) * 12) + 1}"
    return f"{start:.0f}" if width == 1 else f"{start:.0f} to {start + width - 1:.0f}"


def _number_label(start: float, width: float) -> str:
    low, high = f"{start:g}", f"{start + width:g}"
    return low if low == high else f"{low} to {high}"
