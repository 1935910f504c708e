"""What a person looks at first in a photograph: its faces, its straight lines, and all detail.

The server finds them in pixels of the photograph, and the root of a diorama keeps them. Lifted onto
the relief as it is at rest, they tell how a view treats them: a face is held against a rigid head
in its place, a line against a straight one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import bpy
import numpy as np

from .camera_moves import Pose
from .relief import (
    Intrinsics,
    Settings,
    depth_from_disparity,
    photograph_rectangle,
    sample_at,
    strengthen,
    unproject,
)

KEPT = "zograscope_{}"
"""On the root: an array of the server's, as its shape and values."""

FACE_POINTS = 478
EYES = (468, 473)  # of a face's points, the middles of both irises
HEAD = (1.17, 1.33)  # times as large as its face: where the rest of a head is looked at
MAIN_FACES = 0.5  # of the largest face's size: smaller ones are not what a picture is about

BESIDE_LINE = 0.004  # of the longer side: a line is the rim of a surface that begins beside it
SHORTEST_PIECE = 0.06  # of the longer side: less of a line is not seen to bend
POINTS_OF_LINE = 17
SEEN_LINE = 0.3  # of the longer side: a shorter line is judged as if it were that long
UPRIGHT = 0.26  # radians: a line that is no farther from the vertical stands upright
LEANING_LINE = 0.1  # of the longer side: of a shorter line nobody sees that it leans
ASTRAY = 0.06  # of a line's points may be astray: one that lies on something else


@dataclass(frozen=True)
class Attention:
    """What there is to look at, in pixels of the photograph.

    Attributes:
        faces: (n, 478, 3): x, y, and z in the same unit, towards the viewer.
        lines: (m, 4): x0, y0, x1, y1.
        detail: (rows, columns) in [0, 1], over the whole photograph.
    """

    faces: np.ndarray
    lines: np.ndarray
    detail: np.ndarray


NOTHING = Attention(np.zeros((0, FACE_POINTS, 3)), np.zeros((0, 4)), np.ones((1, 1)))
"""What is known of a picture that nobody has looked at: it may have detail everywhere."""


def keep_attention(root: bpy.types.Object, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep what the server found in a photograph, in place of what was kept before."""
    for name in vars(NOTHING):
        key, values = KEPT.format(name), arrays.get(name)
        if key in root:
            del root[key]
        if values is not None and values.size:
            root[key] = {"shape": list(values.shape), "values": values.ravel().tolist()}


def attention_of(root: bpy.types.Object) -> Attention:
    """Return what is kept; where nothing is, as in files of earlier versions, `NOTHING`."""
    kept = {name: root.get(KEPT.format(name)) for name in vars(NOTHING)}
    found = {
        name: np.array(values["values"]).reshape(tuple(values["shape"]))
        for name, values in kept.items()
        if values is not None
    }
    return Attention(**{**vars(NOTHING), **found})


def main_faces(faces: np.ndarray) -> np.ndarray:
    """Return the faces (k, 478, 3) that a picture is about: the largest and what is like it."""
    if not len(faces):
        return faces
    sizes = np.ptp(faces[..., :2], axis=1).max(axis=1)
    return faces[sizes >= MAIN_FACES * sizes.max()]


@dataclass(frozen=True)
class RestSurface:
    """The photograph's surface as it is seen at rest: one depth for each place of the picture."""

    disparity: np.ndarray
    intrinsics: Intrinsics
    settings: Settings

    @property
    def spacing(self) -> float:
        """Pixels of the photograph from one sample of the disparity to the next."""
        return max(self.intrinsics.width, self.intrinsics.height) / max(self.disparity.shape)

    def depth(self, pixels: np.ndarray) -> np.ndarray:
        """Return the depth (n,) at places (n, 2) in pixels; beyond the edge it goes on."""
        rectangle = photograph_rectangle(self.intrinsics)
        disparity = sample_at(self.disparity, pixels[:, 0], pixels[:, 1], rectangle)
        depth = depth_from_disparity(disparity, self.settings.near, self.settings.far)
        return strengthen(depth, self.settings)

    def lift(self, pixels: np.ndarray, depth: np.ndarray | None = None) -> np.ndarray:
        """Return the points (n, 3) of rest-camera space at these places, at their depth (n,)."""
        z = self.depth(pixels) if depth is None else depth
        points = np.stack([pixels[:, 0] * z, pixels[:, 1] * z, z], axis=-1)
        return unproject(points, self.intrinsics)

    def slopes(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points and unit normals (n, 3) at places (n, 2), and which are whole (n,).

        What is not whole is torn there, and has no slope.
        """
        places = [pixels + self.spacing * np.array(step) for step in ((0, 0), (1, 0), (0, 1))]
        depths = np.stack([self.depth(place) for place in places])
        here, right, below = (self.lift(*both) for both in zip(places, depths, strict=True))
        normals = np.cross(below - here, right - here)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        return here, normals, ~self._jumps(depths)

    def _jumps(self, depths: np.ndarray) -> np.ndarray:
        return depths.max(axis=0) > (1 + self.settings.cut_threshold) * depths.min(axis=0)

    def torn_between(self, pixels: np.ndarray) -> np.ndarray:
        """Return (n - 1,) bool: where the surface is torn between neighbours of a row of places."""
        depth = self.depth(pixels)
        return self._jumps(np.stack([depth[:-1], depth[1:]]))


@dataclass(frozen=True)
class LiftedFace:
    """A face on the relief, and the rigid head that it should look like.

    Attributes:
        pixels: (478, 2) its points in the photograph.
        inside: (478,) which of them the photograph shows.
        points: (478, 3) on the relief.
        rigid: (478, 3) of a head at the face's distance, with the points' own depth.
        eyes: distance of the eyes from each other, in scene units.
        eyes_in_pixels: the same in pixels of the photograph.
        head: (m, 3) points of face and head on the relief, where it is whole.
        normals: (m, 3) of the relief there.
    """

    pixels: np.ndarray
    inside: np.ndarray
    points: np.ndarray
    rigid: np.ndarray
    eyes: float
    eyes_in_pixels: float
    head: np.ndarray
    normals: np.ndarray

    @classmethod
    def of(cls, face: np.ndarray, surface: RestSurface) -> "LiftedFace":
        """Lift a face (478, 3) of the photograph."""
        camera = surface.intrinsics
        pixels = face[:, :2]
        inside = _within(pixels, camera)
        depth = surface.depth(pixels)
        distance = float(np.median(depth[inside] if inside.any() else depth))
        towards = face[:, 2] - face[: EYES[0], 2].mean()
        rigid = distance * (1 - towards / camera.focal_length)
        eyes = float(np.linalg.norm(face[EYES[0]] - face[EYES[1]]))
        middle = pixels.mean(axis=0)
        around = np.concatenate([pixels, *(middle + size * (pixels - middle) for size in HEAD)])
        head, normals, whole = surface.slopes(around[_within(around, camera)])
        return cls(
            pixels=pixels,
            inside=inside,
            points=surface.lift(pixels, depth),
            rigid=surface.lift(pixels, rigid),
            eyes=eyes * distance / camera.focal_length,
            eyes_in_pixels=eyes,
            head=head[whole],
            normals=normals[whole],
        )

    def expected(self, pose: Pose) -> tuple[np.ndarray, float]:
        """Where a rigid head would have its points in a view, and how far the face is from it.

        Returns:
            (478, 2) places in the view, at a focal length of 1: the rigid head's, laid onto the
            face's by the similarity that fits best. And the mean distance between both, as a share
            of the distance of the eyes.
        """
        moved, _ = pose.seen(self.points)
        turned, ahead = pose.seen(self.rigid)
        middle = moved.mean(axis=0)
        # Similarities of the plane are products of complex numbers.
        moved_at, turned_at = (_complex(seen - seen.mean(axis=0)) for seen in (moved, turned))
        fit = np.vdot(turned_at, moved_at) / max(np.vdot(turned_at, turned_at).real, 1e-12)
        placed = fit * turned_at
        eyes = abs(fit) * pose.zoom * self.eyes / max(float(np.median(ahead)), 1e-9)
        error = np.abs(moved_at - placed)[self.inside].mean() / max(eyes, 1e-9)
        return np.stack([placed.real, placed.imag], axis=-1) + middle, float(error)


def lift_faces(faces: np.ndarray, surface: RestSurface) -> list[LiftedFace]:
    """Lift all faces (n, 478, 3) of which the photograph shows anything."""
    lifted = [LiftedFace.of(face, surface) for face in faces]
    return [face for face in lifted if face.inside.any()]


def lift_lines(lines: np.ndarray, surface: RestSurface) -> list[np.ndarray]:
    """Lift the pieces of straight lines that lie on one surface, torn nowhere.

    Where depth jumps along a line, it is the rim of what is nearer, and belongs to that.

    Args:
        lines: (m, 4), x0, y0, x1, y1 in pixels.
        surface: of the photograph.

    Returns:
        For each piece (`POINTS_OF_LINE`, 3) points in its order.
    """
    long_side = max(surface.intrinsics.width, surface.intrinsics.height)
    pieces = []
    for start, end in lines.reshape(-1, 2, 2):
        length = float(np.linalg.norm(end - start))
        count = max(POINTS_OF_LINE, round(length / surface.spacing))
        along = start + np.linspace(0.0, 1.0, count)[:, None] * (end - start)
        aside = BESIDE_LINE * long_side * np.array([start[1] - end[1], end[0] - start[0]]) / length
        nearer = min(
            (along + aside, along - aside), key=lambda side: np.median(surface.depth(side))
        )
        tears = np.flatnonzero(surface.torn_between(nearer)) + 1
        for piece in np.split(nearer, tears):
            if (
                len(piece) > 1
                and np.linalg.norm(piece[-1] - piece[0]) >= SHORTEST_PIECE * long_side
            ):
                chosen = np.linspace(0, len(piece) - 1, POINTS_OF_LINE).round().astype(int)
                pieces.append(surface.lift(piece[chosen]))
    return pieces


def bend(seen: np.ndarray, least: float) -> float:
    """Return how far points (n, 2) leave the straight line that fits them best.

    As a share of their extent, or of `least` where that is longer: what is short is seen less. Of
    the points those farthest off, up to `ASTRAY` of all, are left out: they lie on something else.
    """
    offsets, axes = _spread(seen)
    along, across = (offsets @ axes.T).T
    return float(np.quantile(np.abs(across), 1 - ASTRAY) / max(np.ptp(along), least))


def lean(seen: np.ndarray, at_rest: np.ndarray) -> float:
    """Return by what angle, in radians, a line has turned that stands upright at rest; else 0.

    Towers and walls stay upright whatever the camera does, unless their depth slopes.

    Args:
        seen, at_rest: (n, 2) the same points in a view, and at rest.
    """
    before, now = (_direction(points) for points in (at_rest, seen))
    if abs(np.arctan2(before[0], before[1])) > UPRIGHT:
        return 0.0
    return float(np.arctan2(abs(before[0] * now[1] - before[1] * now[0]), abs(before @ now)))


def _direction(points: np.ndarray) -> np.ndarray:
    """Return the direction (2,) of the straight line that fits points (n, 2) best, upwards."""
    x, y = _spread(points)[1][0]
    return np.array([x, y]) if y >= 0 else np.array([-x, -y])


def _spread(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 2) from their middle, and the axes (2, 2) along which they are spread."""
    offsets = points - points.mean(axis=0)
    return offsets, np.linalg.svd(offsets, full_matrices=False)[2]


def _within(pixels: np.ndarray, camera: Intrinsics) -> np.ndarray:
    return ((pixels >= 0) & (pixels <= (camera.width, camera.height))).all(axis=1)


def _complex(places: np.ndarray) -> np.ndarray:
    return places[:, 0] + 1j * places[:, 1]
