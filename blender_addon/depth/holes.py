"""What a camera sees when it leaves the place where the photograph was taken.

Rays through a coarse picture of the camera hit the photograph's surface, the background that was
painted behind it, the surround, or nothing. Their shares say how far a camera may go.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from .camera_moves import CameraPath
from .diorama import Diorama
from .relief import Intrinsics, Relief

RAYS_ACROSS = 64
CELLS_ACROSS = 256
STRETCH = 3.0  # times as long as wide (or as a pixel): a texel that looks smeared
MOST_HOLES = 0.01
BISECTIONS = 5


@dataclass(frozen=True)
class ViewQuality:
    """What is wrong with a view; the shares are of its rays, in [0, 1].

    Attributes:
        holes: hit nothing, or the far empty world.
        stretched: hit the photograph where its texels are smeared, see `STRETCH`.
        painted: hit the background layer.
        surround: hit nothing but the dome.
        clearance: distance from the camera to the photograph's surface; 0 behind it, where rest
            does not see.
    """

    holes: float
    stretched: float
    painted: float
    surround: float
    clearance: float

    @property
    def invented(self) -> float:
        """Share that the photograph did not show."""
        return self.painted + self.surround


class Surfaces:
    """The surfaces of a diorama, prepared once for many views."""

    def __init__(
        self,
        photograph: Relief,
        intrinsics: Intrinsics,
        background: Relief | None = None,
        *,
        dome: bool = False,
    ) -> None:
        """Prepare the layers; `dome` says whether a surround closes the scene."""
        self._photograph = _tree(photograph)
        self._background = None if background is None else _tree(background)
        self._dome = dome
        self._rays = _ray_directions(intrinsics)

    @classmethod
    def of(cls, diorama: Diorama) -> "Surfaces":
        """Prepare a diorama's surfaces, coarsely."""
        intrinsics, behind = diorama.intrinsics, diorama.background
        resolution = min(1.0, CELLS_ACROSS / max(intrinsics.width, intrinsics.height))
        return cls(
            diorama.relief(diorama.photograph, resolution),
            intrinsics,
            None if behind is None else diorama.relief(behind, resolution),
            dome=diorama.dome is not None,
        )

    def measure(self, position: np.ndarray, rotation: np.ndarray, zoom: float) -> ViewQuality:
        """Measure the view from a position (3,), with a rotation (3, 3) and a zoom of the lens."""
        eye = Vector(position.tolist())
        directions = (self._rays / (zoom, zoom, 1.0)) @ rotation.T
        points, normals = [], []
        painted = missed = 0
        for ray in map(Vector, directions):
            point, normal, _, distance = self._photograph.ray_cast(eye, ray)
            behind = None if self._background is None else self._background.ray_cast(eye, ray)[3]
            if distance is not None and (behind is None or distance <= behind):
                points.append(point)
                normals.append(normal)
            elif behind is not None:
                painted += 1
            else:
                missed += 1
        stretched = 0
        if points:
            stretch = texel_stretch(np.array(points), np.array(normals), position, rotation, zoom)
            stretched = int(np.count_nonzero(stretch > STRETCH))
        count = len(directions)
        return ViewQuality(
            holes=0.0 if self._dome else missed / count,
            stretched=stretched / count,
            painted=painted / count,
            surround=missed / count if self._dome else 0.0,
            clearance=self._clearance(eye),
        )

    def _clearance(self, eye: Vector) -> float:
        hit = self._photograph.ray_cast(Vector(), eye, eye.length)[3] if eye.length else None
        return self._photograph.find_nearest(eye)[3] if hit is None else 0.0

    def measure_path(self, path: CameraPath) -> list[ViewQuality]:
        """Measure each pose of a path."""
        poses = zip(path.positions, path.matrices(), path.zooms, strict=True)
        return [self.measure(*pose) for pose in poses]


def limit_reach(
    surfaces: Surfaces,
    path: Callable[[float], CameraPath],
    most: float,
    *,
    flaws: float,
    clearance: float = 0.0,
    holes: float = MOST_HOLES,
) -> float:
    """Return the largest reach whose poses all look good enough, to a part in 2 ** `BISECTIONS`.

    Args:
        surfaces: what is looked at.
        path: poses of the move for a reach; the longer the reach, the farther from rest.
        most: the reach that is tried first.
        flaws: share of a view that may be stretched or invented.
        clearance: how near the camera may come to the photograph's surface.
        holes: share of a view that may be holes.
    """

    def good(reach: float) -> bool:
        poses = path(reach)
        for pose in zip(poses.positions, poses.matrices(), poses.zooms, strict=True):
            view = surfaces.measure(*pose)
            if view.holes > holes or view.stretched + view.invented > flaws:
                return False
            if view.clearance < clearance:
                return False
        return True

    if good(most):
        return most
    shortest_bad, reach = most, 0.0
    for _ in range(BISECTIONS):
        middle = (reach + shortest_bad) / 2
        if good(middle):
            reach = middle
        else:
            shortest_bad = middle
    return reach


def texel_stretch(
    points: np.ndarray,
    normals: np.ndarray,
    position: np.ndarray,
    rotation: np.ndarray,
    zoom: float,
) -> np.ndarray:
    """Return how smeared the photograph's texels look, (n,): 1 is not at all.

    A texel is a square at rest. Carried by the surface at `points` with `normals` (n, 3), it
    becomes an ellipse in the view; its stretch is the long axis against the short one, or against a
    pixel where foreshortening makes the short one smaller than that.
    """
    at_rest = points / -points[:, 2:]
    offsets = np.einsum("ij,ij->i", normals, points)
    step = 1e-4

    def seen(across: float, up: float) -> np.ndarray:
        ray = at_rest + np.array([across, up, 0.0])
        facing = np.einsum("ij,ij->i", normals, ray)
        on_surface = ray * (offsets / np.where(facing == 0, 1e-12, facing))[:, None]
        x, y, z = ((on_surface - position) @ rotation).T
        return zoom * np.stack([x, y], axis=-1) / np.maximum(-z, 1e-9)[:, None]

    along_x = (seen(step, 0.0) - seen(-step, 0.0)) / (2 * step)
    along_y = (seen(0.0, step) - seen(0.0, -step)) / (2 * step)
    # Singular values of the 2 x 2 matrix of both, in closed form.
    squares = (along_x**2 + along_y**2).sum(axis=1)
    area = np.abs(along_x[:, 0] * along_y[:, 1] - along_x[:, 1] * along_y[:, 0])
    sums, differences = np.sqrt(squares + 2 * area), np.sqrt(np.maximum(squares - 2 * area, 0.0))
    return (sums + differences) / 2 / np.maximum((sums - differences) / 2, 1.0)


def _tree(relief: Relief) -> BVHTree:
    return BVHTree.FromPolygons(relief.vertices.tolist(), relief.faces.tolist())


def _ray_directions(intrinsics: Intrinsics) -> np.ndarray:
    """Return (rays, 3) directions through a coarse grid of the picture, with z = -1."""
    rows = max(1, round(RAYS_ACROSS * intrinsics.height / intrinsics.width))
    u = (np.arange(RAYS_ACROSS) + 0.5) * intrinsics.width / RAYS_ACROSS
    v = (np.arange(rows) + 0.5) * intrinsics.height / rows
    columns, rows_of_rays = np.meshgrid(u, v)
    across = (columns - intrinsics.cx) / intrinsics.focal_length
    up = (intrinsics.cy - rows_of_rays) / intrinsics.focal_length
    return np.stack([across, up, -np.ones_like(across)], axis=-1).reshape(-1, 3)
