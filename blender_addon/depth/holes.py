"""What a camera sees when it leaves the place where the photograph was taken.

Rays through a coarse picture of the camera hit the photograph's surface, the background that was
painted behind it, or nothing. Shares of them say how far a camera may go.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from .builders import Diorama
from .relief import Intrinsics, Relief

RAYS_ACROSS = 96
CELLS_ACROSS = 256
STRETCH = 4.0  # times the area of the picture at rest: more looks smeared
BISECTIONS = 6


@dataclass(frozen=True)
class Pose:
    """A camera in rest-camera space.

    Attributes:
        position: (x, y, z), x right, y up, -z forward.
        rotation: (3, 3) matrix from camera axes to rest-camera axes.
        zoom: factor of the focal length.
    """

    position: np.ndarray
    rotation: np.ndarray
    zoom: float = 1.0


@dataclass(frozen=True)
class ViewQuality:
    """Shares of a view, each in [0, 1].

    Attributes:
        holes: rays that hit nothing.
        stretched: rays that hit the photograph where it is smeared over more than `STRETCH` times
            its area at rest.
        invented: rays that hit the painted background or the surround.
        clearance: distance to the nearest surface.
    """

    holes: float
    stretched: float
    invented: float
    clearance: float


class Scene:
    """The surfaces that rays are cast at, prepared once for many views."""

    def __init__(
        self, photograph: Relief, background: Relief | None, intrinsics: Intrinsics, *, dome: bool
    ) -> None:
        """Prepare the layers; `dome` says whether a surround closes the scene."""
        self._photograph = _tree(photograph)
        self._background = _tree(background) if background is not None else None
        self._dome = dome
        self._directions = _ray_directions(intrinsics)

    @classmethod
    def of(cls, diorama: Diorama, *, background: bool = True) -> "Scene":
        """Prepare a diorama's surfaces, coarsely; `background` False leaves what is painted out."""
        intrinsics = diorama.intrinsics
        resolution = min(1.0, CELLS_ACROSS / max(intrinsics.width, intrinsics.height))
        behind = diorama.background if background else None
        return cls(
            diorama.relief(diorama.photograph, resolution),
            None if behind is None else diorama.relief(behind, resolution),
            intrinsics,
            dome=background and diorama.dome is not None,
        )

    def measure(self, pose: Pose) -> ViewQuality:
        """Measure one view."""
        origin = Vector(pose.position)
        scaled = self._directions / np.array([pose.zoom, pose.zoom, 1.0])
        holes = stretched = invented = 0
        for direction in scaled @ pose.rotation.T:
            ray = Vector(direction)
            point, normal, _, distance = self._photograph.ray_cast(origin, ray)
            behind = self._background.ray_cast(origin, ray)[3] if self._background else None
            if distance is not None and (behind is None or distance <= behind):
                stretched += _is_stretched(point, normal, origin)
            elif behind is not None or self._dome:
                invented += 1
            else:
                holes += 1
        count = len(scaled)
        nearest = self._photograph.find_nearest(origin)[3]
        return ViewQuality(holes / count, stretched / count, invented / count, nearest)


def limit_reach(
    scene: Scene,
    poses: Callable[[float], Iterable[Pose]],
    most: float,
    *,
    holes: float = 0.01,
    flaws: float = 0.15,
    clearance: float = 0.0,
) -> float:
    """Return the largest reach up to `most` whose poses all look good enough.

    Args:
        scene: what is looked at.
        poses: the camera's farthest poses for a reach.
        most: the reach to begin with.
        holes: share of a view that may be holes.
        flaws: share that may be stretched or invented.
        clearance: how near the camera may come to the surface.
    """

    def good(reach: float) -> bool:
        for pose in poses(reach):
            view = scene.measure(pose)
            seen = view.stretched + view.invented
            if view.holes > holes or seen > flaws or view.clearance < clearance:
                return False
        return True

    if good(most):
        return most
    low, high = 0.0, most
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low


def _tree(relief: Relief) -> BVHTree:
    return BVHTree.FromPolygons(relief.vertices.tolist(), relief.faces.tolist())


def _ray_directions(intrinsics: Intrinsics) -> np.ndarray:
    """Return (rays, 3) directions through a coarse grid of the picture, with z = -1."""
    down = max(1, round(RAYS_ACROSS * intrinsics.height / intrinsics.width))
    x = (np.arange(RAYS_ACROSS) + 0.5) * intrinsics.width / RAYS_ACROSS
    y = (np.arange(down) + 0.5) * intrinsics.height / down
    columns, rows = np.meshgrid(x, y)
    across = (columns - intrinsics.cx) / intrinsics.focal_length
    up = (intrinsics.cy - rows) / intrinsics.focal_length
    return np.stack([across, up, -np.ones_like(across)], axis=-1).reshape(-1, 3)


def _is_stretched(point: Vector, normal: Vector, eye: Vector) -> bool:
    """Whether a patch of the surface looks much larger from the eye than from rest.

    A patch looks as large as the cosine of its tilt over its squared distance.
    """
    from_eye = point - eye
    now = abs(normal.dot(from_eye)) / max(from_eye.length, 1e-9) ** 3
    at_rest = abs(normal.dot(point)) / max(point.length, 1e-9) ** 3
    return now > STRETCH * at_rest
