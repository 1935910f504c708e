"""A route for a fly-through: past what is near, through the gaps, towards what is far.

From the place where the photograph was taken, a point is in the open when it lies nearer than the
surface seen in its direction. At several distances ahead the route takes one of many directions;
the cheapest chain of them is found by dynamic programming (Viterbi).
"""

from dataclasses import dataclass

import numpy as np

from .relief import Intrinsics, cell_minimum

STATIONS = 8  # places of the route beyond its start, closer where things are near
COLUMNS = 25  # directions that are tried at each
COMFORT = 1.5  # times the least clearance: what a flight seeks, near enough to be felt
WALL = 1e3
FARTHEST_SHARE = 0.8  # of the way to the far end
FAR_PERCENTILE = 90  # of the depths within reach
INNER = 0.6  # share of the picture's sides within which the route stays
STRAIGHTNESS = 12.0  # price of a turn against one of discomfort
CENTRE = 2.0  # price of leaving the middle of the picture
BETWEEN = (0.25, 0.5, 0.75)  # shares of the way between two stations that are checked
SAMPLES = 256  # points by which a route's length is measured


@dataclass(frozen=True)
class Route:
    """A smooth curve from the rest pose: cubic Hermite (and so Bezier) segments.

    Attributes:
        points: (n, 3), the first is the origin.
        tangents: (n, 3) derivatives for each segment's parameter in [0, 1]; a third of one is the
            length of a Bezier handle.
    """

    points: np.ndarray
    tangents: np.ndarray

    @classmethod
    def through(cls, points: np.ndarray) -> "Route":
        """Lead through points (n, 3) as a cubic spline that leaves the first straight ahead.

        The curvature is continuous, so that a gaze along the route turns without a jolt, and zero
        at the end.
        """
        count = len(points)
        system, right = np.zeros((count, count)), np.zeros((count, 3))
        system[0, 0], right[0] = 1.0, (0.0, 0.0, -np.linalg.norm(points[1] - points[0]))
        for row in range(1, count - 1):
            system[row, row - 1 : row + 2] = 1.0, 4.0, 1.0
            right[row] = 3.0 * (points[row + 1] - points[row - 1])
        system[-1, -2:], right[-1] = (1.0, 2.0), 3.0 * (points[-1] - points[-2])
        return cls(points, np.linalg.solve(system, right))

    def at(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions (m, 3) and unit directions (m, 3) at shares in [0, 1] of the length."""
        parameters = np.linspace(0.0, len(self.points) - 1, SAMPLES)
        steps = np.linalg.norm(np.diff(self._position(parameters), axis=0), axis=1)
        lengths = np.concatenate([[0.0], np.cumsum(steps)])
        wanted = np.interp(np.asarray(shares) * lengths[-1], lengths, parameters)
        ahead = self._position(wanted, derivative=True)
        return self._position(wanted), ahead / np.linalg.norm(ahead, axis=1, keepdims=True)

    def upto(self, share: float) -> "Route":
        """Return the beginning of the route, a share of its length, with as many points."""
        positions, ahead = self.at(np.linspace(0.0, share, len(self.points)))
        length = np.linalg.norm(
            np.diff(self.at(np.linspace(0.0, share, SAMPLES))[0], axis=0), axis=1
        )
        return Route(positions, ahead * length.sum() / (len(self.points) - 1))

    def _position(self, parameters: np.ndarray, derivative: bool = False) -> np.ndarray:
        segment = np.minimum(parameters.astype(int), len(self.points) - 2)
        t = (parameters - segment)[:, None]
        start, end = self.points[segment], self.points[segment + 1]
        out, into = self.tangents[segment], self.tangents[segment + 1]
        if derivative:
            weights = (
                6 * t * t - 6 * t,
                3 * t * t - 4 * t + 1,
                6 * t - 6 * t * t,
                3 * t * t - 2 * t,
            )
        else:
            weights = (
                2 * t**3 - 3 * t * t + 1,
                t**3 - 2 * t * t + t,
                3 * t * t - 2 * t**3,
                t**3 - t * t,
            )
        return weights[0] * start + weights[1] * out + weights[2] * end + weights[3] * into


def plan_route(depth: np.ndarray, intrinsics: Intrinsics, clearance: float) -> Route:
    """Find a route through the open space in front of a surface.

    Args:
        depth: (rows, columns) of the photograph, coarse, row 0 at the top.
        intrinsics: of the photograph.
        clearance: the least distance to the surface.
    """
    across, up = _directions(intrinsics, *_grid(intrinsics, *depth.shape))
    surface = np.stack([across * depth, up * depth, -depth], axis=-1).reshape(-1, 3)
    # Nobody knows what lies in the shadow of an outline: keep a cell away from it.
    depth = cell_minimum(cell_minimum(np.pad(depth, 1, mode="edge")))

    rows = max(3, round(COLUMNS * intrinsics.height / intrinsics.width))
    u, v = _grid(intrinsics, rows, COLUMNS, INNER)
    a, b = (axis.ravel() for axis in _directions(intrinsics, u, v))
    seen = _seen(depth, intrinsics, a, b)
    farthest = FARTHEST_SHARE * float(np.percentile(seen, FAR_PERCENTILE))
    distances = farthest * np.linspace(0.0, 1.0, STATIONS + 1)[1:] ** 1.5

    turn = STRAIGHTNESS * ((a[:, None] - a) ** 2 + (b[:, None] - b) ** 2)
    centre = CENTRE * (a**2 + b**2)
    price, choices = STRAIGHTNESS * (a**2 + b**2), []
    before = 0.0
    for distance in distances:
        here = np.stack([a * distance, b * distance, np.full_like(a, -distance)], axis=-1)
        gap = np.linalg.norm(here[:, None] - surface, axis=-1).min(axis=1)
        narrow = (seen <= distance) | (gap < clearance)
        discomfort = np.log(np.maximum(gap, 1e-3) / (COMFORT * clearance)) ** 2
        blocked = np.zeros_like(turn, bool)
        for share in BETWEEN:
            there = before + share * (distance - before)
            ahead, behind = share * distance / there, (1.0 - share) * before / there
            a_there, b_there = (axis[:, None] * ahead + axis * behind for axis in (a, b))
            blocked |= _seen(depth, intrinsics, a_there, b_there) <= there
        total = price + turn + WALL * blocked  # (to, from)
        choices.append(total.argmin(axis=1))
        price = total.min(axis=1) + discomfort + centre + WALL * narrow
        before = distance

    best = int(price.argmin())
    waypoints = []
    for distance, previous in zip(distances[::-1], choices[::-1], strict=True):
        waypoints.append((a[best] * distance, b[best] * distance, -distance))
        best = int(previous[best])
    return Route.through(np.array([(0.0, 0.0, 0.0), *waypoints[::-1]]))


def _grid(
    intrinsics: Intrinsics, rows: int, columns: int, inner: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixel coordinates u (columns,) and v (rows,) over the inner share of the picture."""
    u, v = (
        size * (0.5 + inner * ((np.arange(count) + 0.5) / count - 0.5))
        for size, count in ((intrinsics.width, columns), (intrinsics.height, rows))
    )
    return u, v


def _directions(
    intrinsics: Intrinsics, u: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y at a depth of 1 over the grid of the pixel coordinates, (rows, columns)."""
    across = (u - intrinsics.cx) / intrinsics.focal_length
    up = (intrinsics.cy - v) / intrinsics.focal_length
    shape = (len(v), len(u))
    return np.broadcast_to(across, shape), np.broadcast_to(up[:, None], shape)


def _seen(
    depth: np.ndarray, intrinsics: Intrinsics, across: np.ndarray, up: np.ndarray
) -> np.ndarray:
    """Return the depth that the photograph has in directions given as x and y at a depth of 1."""
    u = intrinsics.cx + intrinsics.focal_length * across
    v = intrinsics.cy - intrinsics.focal_length * up
    row = (v * depth.shape[0] / intrinsics.height).astype(int).clip(0, depth.shape[0] - 1)
    column = (u * depth.shape[1] / intrinsics.width).astype(int).clip(0, depth.shape[1] - 1)
    return depth[row, column]
