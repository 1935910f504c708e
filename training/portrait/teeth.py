"""Two dental arches, since the free head carries none: rounded teeth in gums, along its helpers.

MakeHuman's base mesh has a hidden strip where teeth would be worn, and its targets move it with the
jaw. Our teeth stand along that strip and follow its vertices.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

UPPER_WIDTHS = (8.6, 6.8, 7.7, 7.0, 6.8, 10.0, 9.6, 8.6)
LOWER_WIDTHS = (5.4, 5.9, 6.8, 7.0, 7.1, 11.0, 10.5, 9.5)
UPPER_HEIGHTS = (10.2, 9.2, 10.0, 8.5, 7.8, 7.2, 7.0, 6.5)
LOWER_HEIGHTS = (8.6, 9.0, 10.2, 8.8, 8.2, 7.5, 7.2, 7.0)
THICKNESSES = (6.5, 6.0, 7.5, 8.5, 9.0, 10.0, 10.0, 9.5)
"""Of crowns from the middle backwards, in millimetres (means of dental textbooks)."""

AROUND, RINGS = 8, 4
STATIONS, GUM_POINTS = 41, 6

SLOPE = 0.2
"""How far the biting plane rises towards the back, in MakeHuman's strip."""


@dataclass(frozen=True)
class Arch:
    """One arch in the template's space.

    Attributes:
        vertices: float64 (v, 3), metres.
        triangles: int64 (t, 3).
        gums: bool (t,), whether the triangle is gum.
        followed: int64 (v, 4), vertices of the base mesh that each follows.
        weights: float64 (v, 4), of these, summing to 1.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    gums: np.ndarray
    followed: np.ndarray
    weights: np.ndarray


def arch(template: np.ndarray, strip: tuple[int, int], *, upper: bool, edge: float) -> Arch:
    """Return teeth along a strip of the base mesh, that bite in front at `edge` (z, metres)."""
    helper = template[slice(*strip)]
    widths = UPPER_WIDTHS if upper else LOWER_WIDTHS
    heights = UPPER_HEIGHTS if upper else LOWER_HEIGHTS
    half_width = np.abs(helper[:, 0]).max() - 0.004
    front = helper[:, 1].min() + 0.004
    depth = helper[:, 1].max() - front
    curve = _Curve(half_width, depth, front, 1e-3 * sum(widths))
    up = 1.0 if upper else -1.0
    pieces, gums = [], []
    for side in (1.0, -1.0):
        place = 0.0
        for width, height, thickness in zip(widths, heights, THICKNESSES, strict=True):
            size = 1e-3 * np.array([width * 0.99, thickness, height + 2.0])
            centre, tangent = curve.at(side * (place + 5e-4 * width))
            pieces.append(_tooth(centre, tangent, size, edge, up))
            gums.append(False)
            place += 1e-3 * width
    pieces.append(_gum(curve, 1e-3 * sum(widths), edge + up * 1e-3 * (np.mean(heights) - 0.8), up))
    gums.append(True)
    vertices = np.concatenate([vertices for vertices, _ in pieces])
    vertices[:, 2] += SLOPE * (vertices[:, 1] - front)
    starts = np.cumsum([0] + [len(vertices) for vertices, _ in pieces[:-1]])
    triangles = np.concatenate(
        [triangles + start for (_, triangles), start in zip(pieces, starts, strict=True)]
    )
    distances, nearest = cKDTree(helper).query(vertices, k=4)
    weights = 1 / (distances + 1e-3)
    return Arch(
        vertices,
        triangles,
        np.repeat(gums, [len(triangles) for _, triangles in pieces]),
        nearest + strip[0],
        weights / weights.sum(axis=1, keepdims=True),
    )


class _Curve:
    """Half an ellipse seen from above, by its length from the middle."""

    def __init__(self, half_width: float, depth: float, front: float, longest: float) -> None:
        angle = np.linspace(0, np.pi / 2, 400)
        x = half_width * np.sin(angle) ** 0.9
        y = front + depth * (1 - np.cos(angle))
        length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        # Shrunk or stretched a little, so that the teeth end where the strip does.
        self._length, self._x, self._y = length * (longest / length[-1]), x, y

    def at(self, length: float) -> tuple[np.ndarray, np.ndarray]:
        """Return place (x, y) and direction to the sitter's left, at a length to the left."""

        def place(at: float) -> np.ndarray:
            along = min(abs(at), self._length[-1])
            x, y = (np.interp(along, self._length, line) for line in (self._x, self._y))
            return np.array([np.sign(at) * x, y])

        tangent = place(length + 5e-4) - place(length - 5e-4)
        return place(length), tangent / np.linalg.norm(tangent)


def _tooth(
    centre: np.ndarray, tangent: np.ndarray, size: np.ndarray, edge: float, up: float
) -> tuple[np.ndarray, np.ndarray]:
    """A rounded box that narrows towards the gum and has a thin, rounded edge."""
    angles = np.linspace(0, 2 * np.pi, AROUND, endpoint=False) + np.pi / AROUND
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = np.sign(ring) * np.abs(ring) ** 0.6
    #           height, width, thickness
    profile = [(0.0, 0.84, 0.30), (0.10, 0.98, 0.52), (0.45, 1.0, 0.85), (1.0, 0.78, 0.9)]
    outward = np.array([tangent[1], -tangent[0]])
    points = []
    for height, width, thickness in profile:
        flat = ring * size[:2] / 2 * (width, thickness)
        # The front stays upright, and only the back leans towards the edge.
        flat[:, 1] += size[1] / 2 * (0.9 - thickness)
        place = centre + flat[:, :1] * tangent + flat[:, 1:] * outward
        points.append(np.column_stack([place, np.full(AROUND, edge + up * height * size[2])]))
    tip = np.append(points[0][:, :2].mean(axis=0), edge - up * 2e-4)
    vertices = np.vstack([*points, tip])
    triangles = _tube(RINGS, AROUND, closed=True)
    last = len(vertices) - 1
    cap = [(last, (place + 1) % AROUND, place) for place in range(AROUND)]
    return vertices, np.vstack([triangles, cap])


def _gum(
    curve: _Curve, half_length: float, margin: float, up: float
) -> tuple[np.ndarray, np.ndarray]:
    """A bow over the necks of the teeth, open towards the jaw."""
    bow = (
        np.array([(-5.0, 9.0), (-4.6, 2.0), (-3.5, 0.0), (3.4, 0.0), (4.6, 1.5), (5.4, 9.0)]) * 1e-3
    )
    vertices = []
    for length in np.linspace(-half_length, half_length, STATIONS):
        centre, tangent = curve.at(length)
        outward = np.array([tangent[1], -tangent[0]])
        place = centre + bow[:, :1] * outward
        vertices.append(np.column_stack([place, margin + up * bow[:, 1]]))
    return np.vstack(vertices), _tube(STATIONS, GUM_POINTS, closed=False)


def _tube(rings: int, around: int, *, closed: bool) -> np.ndarray:
    triangles = []
    for ring in range(rings - 1):
        for place in range(around if closed else around - 1):
            a, b = ring * around + place, ring * around + (place + 1) % around
            triangles += [(a, b, a + around), (b, b + around, a + around)]
    return np.array(triangles)
