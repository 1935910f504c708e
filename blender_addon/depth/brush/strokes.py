"""What the depth brush does to a map of disparity: plain functions over arrays, without Blender.

An edit is two numbers for each pixel, a difference and a coverage; over an estimate e they give the
disparity e (1 - coverage) + difference. Coverage 0 moves what the estimate says; coverage 1 has a
depth of its own, whatever the estimate says. So edits are a layer that can be laid over another
estimate.
"""

from dataclasses import dataclass

import numpy as np

from ..relief import (
    Intrinsics,
    Point,
    Settings,
    points_on_relief,
    sample,
    smooth,
)

TOOLS = ("nearer", "farther", "flatten", "smooth", "put")
OPPOSITES = {"nearer": "farther", "farther": "nearer"}
STEP = 0.06  # of disparity, by which one dab of full strength brings nearer
SPACING = 0.2  # of the radius, between two dabs
SURFACE = 0.08  # of disparity: what differs by more from where a stroke began is another surface
BLUR_ITERATIONS = (2, 24)  # fewest and most in one dab of "smooth"
CIRCLE_POINTS = 64

Region = tuple[slice, slice]
"""Rows and columns of a map."""


@dataclass
class EditedDepth:
    """An estimate, the edits over it, and what they give; float32 (h, w) each.

    Attributes:
        estimate: disparity in [0, 1].
        difference: in [-1, 1].
        coverage: in [0, 1].
        disparity: in [0, 1], kept up to date by whatever changes the edits.
    """

    estimate: np.ndarray
    difference: np.ndarray
    coverage: np.ndarray
    disparity: np.ndarray

    @classmethod
    def over(
        cls,
        estimate: np.ndarray,
        difference: np.ndarray | None = None,
        coverage: np.ndarray | None = None,
    ) -> "EditedDepth":
        """Lay edits, of any size, over an estimate (h, w); without any it stays as it is."""
        height, width = estimate.shape
        rectangle = (0.0, 0.0, float(width), float(height))
        u, v = (np.arange(size, dtype=np.float32) + 0.5 for size in (width, height))

        def fitted(edit: np.ndarray | None) -> np.ndarray:
            if edit is None:
                return np.zeros_like(estimate)
            return edit.copy() if edit.shape == estimate.shape else sample(edit, u, v, rectangle)

        depth = cls(estimate, fitted(difference), fitted(coverage), estimate.copy())
        depth._settle((slice(None), slice(None)))
        return depth

    def shift(self, region: Region, by: np.ndarray) -> None:
        """Bring a region nearer by so much, or farther where it is negative."""
        self.difference[region] += by
        self._settle(region)

    def mix(self, region: Region, value: np.ndarray | float, weights: np.ndarray) -> None:
        """Move a region towards disparities of its own, by weights in [0, 1]."""
        rest = 1 - weights
        self.difference[region] = rest * self.difference[region] + weights * value
        self.coverage[region] = 1 - rest * (1 - self.coverage[region])
        self._settle(region)

    def _settle(self, region: Region) -> None:
        """Keep the disparity in [0, 1]: what goes beyond is not saved up for later."""
        below = self.estimate[region] * (1 - self.coverage[region])
        self.disparity[region] = np.clip(below + self.difference[region], 0, 1)
        self.difference[region] = np.clip(self.difference[region], -below, 1 - below)


@dataclass(frozen=True)
class Brush:
    """How a stroke changes depth.

    Attributes:
        tool: one of `TOOLS`.
        radius: in pixels of the photograph.
        strength: in [0, 1].
        value: disparity that "put" puts there.
        on_surface: whether only what is about as far as where the stroke begins is changed.
    """

    tool: str
    radius: float
    strength: float
    value: float = 0.5
    on_surface: bool = False


class Stroke:
    """One stroke of a brush over a map, a dab at every fifth of its radius."""

    def __init__(
        self, depth: EditedDepth, brush: Brush, size: tuple[int, int], start: Point
    ) -> None:
        """Begin with a dab.

        Args:
            depth: what is changed in place.
            brush: how.
            size: width and height of the photograph, in whose pixels all points are.
            start: where.
        """
        self._depth, self._brush = depth, brush
        height, width = depth.disparity.shape
        self._scale = width / size[0], height / size[1]
        self._last = start
        row, column = (
            int(np.clip(place * scale, 0, count - 1))
            for place, scale, count in zip(
                start[::-1], self._scale[::-1], (height, width), strict=True
            )
        )
        self._begun_at = float(depth.disparity[row, column])
        self._begun = False

    def move(self, to: Point, pressure: float = 1.0) -> Region | None:
        """Go on to a point; return the region that holds all that changed, or None."""
        start, way = np.array(self._last), np.array(to) - self._last
        count = int(np.linalg.norm(way) / (SPACING * self._brush.radius))
        dabs = [start + way * (number + 1) / max(count, 1) for number in range(count)]
        if not self._begun:
            dabs.insert(0, start)
        if not dabs:
            return None
        self._begun, self._last = True, (float(dabs[-1][0]), float(dabs[-1][1]))
        regions = [self._dab(place, pressure) for place in dabs]
        return _hull([region for region in regions if region is not None])

    def _dab(self, place: np.ndarray, pressure: float) -> Region | None:
        depth, brush = self._depth, self._brush
        window = _window(place, brush.radius, self._scale, depth.disparity.shape)
        if window is None:
            return None
        region, distance = window
        weights = brush.strength * pressure * falloff(distance)
        if brush.on_surface:
            away = np.abs(depth.disparity[region] - self._begun_at) / np.float32(SURFACE)
            weights = weights * falloff(away / 2)
        match brush.tool:
            case "nearer":
                depth.shift(region, STEP * weights)
            case "farther":
                depth.shift(region, -STEP * weights)
            case "flatten":
                depth.mix(region, self._begun_at, weights)
            case "smooth":
                fewest, most = BLUR_ITERATIONS
                pixels = brush.radius * max(self._scale)
                iterations = int(np.clip(pixels / 2, fewest, most))
                depth.mix(region, smooth(depth.disparity[region], iterations), weights)
            case "put":
                depth.mix(region, brush.value, weights)
        return region


def falloff(distance: np.ndarray) -> np.ndarray:
    """Return the weight at a distance from the middle, in radii: 1 there, 0 from 1 on, smooth."""
    inside = 1 - np.minimum(distance, 1)
    return inside * inside * (3 - 2 * inside)


def _window(
    place: np.ndarray, radius: float, scale: tuple[float, float], shape: tuple[int, ...]
) -> tuple[Region, np.ndarray] | None:
    """Return the region of a map under a dab, and its pixels' distances from the middle, in radii.

    None where no pixel of the map is under it.
    """
    slices, offsets = [], []
    for centre, factor, count in zip(place[::-1], scale[::-1], shape, strict=True):
        middle, reach = centre * factor - 0.5, radius * factor
        first, last = max(0, int(np.ceil(middle - reach))), int(np.floor(middle + reach))
        span = slice(first, max(first, min(count, last + 1)))
        slices.append(span)
        offsets.append((np.arange(span.start, span.stop, dtype=np.float32) - middle) / reach)
    rows, columns = offsets
    if not rows.size or not columns.size:
        return None
    return (slices[0], slices[1]), np.hypot(rows[:, None], columns)


def _hull(regions: list[Region]) -> Region | None:
    if not regions:
        return None
    rows, columns = zip(*regions, strict=True)
    return _span(rows), _span(columns)


def _span(slices: tuple[slice, ...]) -> slice:
    return slice(min(part.start for part in slices), max(part.stop for part in slices))


def disparity_at(disparity: np.ndarray, size: tuple[int, int], point: Point) -> float:
    """Return a map's disparity at a point of a photograph of so many pixels across and down."""
    place = np.array(point, np.float32)
    rectangle = (0.0, 0.0, float(size[0]), float(size[1]))
    return float(sample(disparity, place[:1], place[1:], rectangle)[0, 0])


def circle_on_relief(
    disparity: np.ndarray,
    intrinsics: Intrinsics,
    settings: Settings,
    centre: Point,
    radius: float,
) -> np.ndarray:
    """Return the rim of a brush on the relief, float32 (points, 3) in rest-camera space."""
    angles = np.linspace(0, 2 * np.pi, CIRCLE_POINTS, endpoint=False)
    u = np.clip(centre[0] + radius * np.cos(angles), 0, intrinsics.width)
    v = np.clip(centre[1] + radius * np.sin(angles), 0, intrinsics.height)
    size = (intrinsics.width, intrinsics.height)
    around = [disparity_at(disparity, size, point) for point in zip(u, v, strict=True)]
    return points_on_relief(u, v, np.array(around, np.float32), intrinsics, settings)
