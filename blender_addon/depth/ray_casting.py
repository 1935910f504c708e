"""Casting rays at reliefs: in the perspective space of the camera at rest.

There a relief is a height field over the picture, (x / depth, y / depth, 1 / depth), and straight
lines stay straight. In the space of the scene, shreds and far cells are long thin slivers that all
point at the camera, whose boxes overlap, and a ray takes many times as long.
"""

from dataclasses import dataclass

import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from .relief import Relief

CLOSEST = 0.5  # of the least depth of a surface: rays begin there, where the space has no end yet
FARTHEST = 1e6  # of that, for rays that lead back to the plane of the camera at rest


@dataclass(frozen=True)
class RayHits:
    """What n rays hit first.

    Attributes:
        layers: (n,) int, the number of the surface, -1 where it is none.
        faces: (n,) int, of that surface.
        points, normals: (n, 3), where a surface is hit.
    """

    layers: np.ndarray
    faces: np.ndarray
    points: np.ndarray
    normals: np.ndarray


class RayCaster:
    """Casts rays at surfaces, which are prepared once for many rays."""

    def __init__(self, reliefs: list[Relief]) -> None:
        """Prepare reliefs; each lies before the camera at rest."""
        self._trees = [
            BVHTree.FromPolygons(_flattened(relief.vertices).tolist(), relief.faces.tolist())
            for relief in reliefs
        ]
        self._normals = [_normals(relief) for relief in reliefs]
        self._closest = CLOSEST * min(float(-relief.vertices[:, 2].max()) for relief in reliefs)

    def cast(self, eye: np.ndarray, directions: np.ndarray) -> RayHits:
        """Cast rays from a point (3,) in directions (n, 3).

        What hits nothing gets a point far away.
        """
        begins, ends = self._stretches(eye, directions)
        layers, faces = np.full((2, len(directions)), -1)
        cast = np.flatnonzero(np.isfinite(begins[:, 2]))
        # Lists, since numbers are taken out of arrays one by one ten times as slowly.
        found = [
            self._first(Vector(begin), Vector(end))
            for begin, end in zip(begins[cast].tolist(), ends[cast].tolist(), strict=True)
        ]
        layers[cast] = [layer for layer, _, _ in found]
        faces[cast] = [face for _, face, _ in found]
        flattened = np.array([point for layer, _, point in found if layer >= 0]).reshape(-1, 3)
        points, normals = eye + 1e6 * directions, np.zeros_like(directions)
        depths = 1 / flattened[:, 2:]
        points[layers >= 0] = np.concatenate([flattened[:, :2] * depths, -depths], axis=1)
        for layer, known in enumerate(self._normals):
            normals[layers == layer] = known[faces[layers == layer]]
        return RayHits(layers, faces, points, normals)

    def _first(self, begin: Vector, end: Vector) -> tuple[int, int, tuple[float, ...]]:
        """Return the layer and face that are hit first, -1 without any, and where."""
        ray = end - begin
        farthest, layer, face = ray.length, -1, -1
        place: tuple[float, ...] = ()
        for number, tree in enumerate(self._trees):
            point, _, which, distance = tree.ray_cast(begin, ray, farthest)
            if point is not None:
                layer, face, place, farthest = number, which, point.to_tuple(), distance
        return layer, face, place

    def _stretches(self, eye: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where rays begin and end in perspective space, (n, 3) each; NaN: they never do."""
        away, beyond = -directions[:, 2], -eye[2] - self._closest
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = -beyond / away
        begins = (
            np.full(len(directions), 0.0) if beyond >= 0 else np.where(away > 0, crossing, np.nan)
        )
        ends = np.where(away > 0, np.inf, crossing if beyond >= 0 else np.nan)
        at_begin = _flattened(eye + begins[:, None] * directions)
        last = np.minimum(ends, FARTHEST * self._closest)[:, None]
        at_end = _flattened(eye + last * directions)
        forward = away > 0
        at_end[forward] = np.pad(directions[forward, :2] / away[forward, None], ((0, 0), (0, 1)))
        return at_begin, at_end


def _flattened(points: np.ndarray) -> np.ndarray:
    """Return points (n, 3) of the scene in perspective space."""
    nearness = -1 / np.asarray(points, np.float64)[:, 2:]
    return np.concatenate([points[:, :2] * nearness, nearness], axis=1)


def _normals(relief: Relief) -> np.ndarray:
    """Return the normals (m, 3) of a relief's faces."""
    first, second, third, fourth = np.moveaxis(relief.vertices[relief.faces], 1, 0)
    normals = np.cross((third - first).astype(np.float64), (fourth - second).astype(np.float64))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
