"""What a camera sees when it leaves the place where the photograph was taken.

Rays through a coarse picture of the camera hit the photograph's surface, the background that was
painted behind it, the surround, or nothing. Their shares say how much of a view is wrong, the worst
part of it how much of that is seen at once, and faces and straight lines what is seen before all
else. How much a person lets pass is said in `limits`.
"""

from dataclasses import dataclass

import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from .attention import (
    LEANING_LINE,
    NOTHING,
    SEEN_LINE,
    Attention,
    LiftedFace,
    RestSurface,
    attention_of,
    bend,
    lean,
    lift_faces,
    lift_lines,
)
from .camera_moves import CameraPath, Pose
from .diorama import Diorama, disparity_of
from .ray_casting import RayCaster, RayHits
from .relief import Intrinsics, Relief

RAYS_ACROSS = 64
CELLS_ACROSS = 256
STRETCH = 3.0  # times as long as wide (or as a pixel): a texel that looks smeared
PART = 0.1  # of the picture's width: a part of a view that is looked at by itself
EDGE = 0.1  # of the picture's sides, where nobody looks for what is wrong
FACE_STRETCH = 2.0  # as `STRETCH`: faces are looked at closely
OWN = 0.3  # of the distance of the eyes: what is seen that near to a point of a face belongs to it
HIDDEN = 0.95  # of the distance to a point: what lies nearer hides it
LEAST_OF_LINE = 5  # points that must be seen, to see whether they lie on a straight line

NOWHERE, PHOTOGRAPH, BACKGROUND = -1, 0, 1  # layers, as rays hit them
REST = Pose(np.zeros(3), np.eye(3), 1.0)


@dataclass(frozen=True)
class FaceQuality:
    """What is wrong with a face in a view.

    Attributes:
        distortion: how far its points are from a rigid head's, on average, as a share of the
            distance of the eyes.
        lost: share of it that is beyond the frame, hidden or torn, of what rest shows.
        stretched: share of the head that is smeared.
    """

    distortion: float
    lost: float
    stretched: float


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
        worst_part: share of the worst part of the view, away from its edge, that is any of these,
            where the photograph has detail.
        faces: of each face that rest shows.
        bend: how far the points of a straight line leave it, at most, as a share of its length.
        lean: by what angle an upright line has turned, at most, in radians.
    """

    holes: float
    stretched: float
    painted: float
    surround: float
    clearance: float
    worst_part: float = 0.0
    faces: tuple[FaceQuality, ...] = ()
    bend: float = 0.0
    lean: float = 0.0

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
        attention: Attention = NOTHING,
        surface: RestSurface | None = None,
    ) -> None:
        """Prepare the layers.

        Args:
            photograph: its relief.
            intrinsics: of the photograph.
            background: the relief behind it.
            dome: whether a surround closes the scene.
            attention: what there is to look at.
            surface: the photograph's relief in full, for what is looked at.
        """
        self._intrinsics = intrinsics
        self._surface = surface
        self._kept = photograph.kept
        self._photograph = _tree(photograph)
        layers = [photograph] if background is None else [photograph, background]
        self._rays_at = RayCaster(layers)
        self._dome = dome
        self._rays = _ray_places(intrinsics)
        long_side = max(intrinsics.width, intrinsics.height)
        self._seen_line = SEEN_LINE * long_side / intrinsics.focal_length
        self._detail = attention.detail
        self._faces = lift_faces(attention.faces, surface) if surface else []
        self._lines = lift_lines(attention.lines, surface) if surface else []

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
            attention=attention_of(diorama.root),
            surface=rest_surface(diorama),
        )

    def measure(self, position: np.ndarray, rotation: np.ndarray, zoom: float) -> ViewQuality:
        """Measure the view from a position (3,), with a rotation (3, 3) and a zoom of the lens."""
        pose = Pose(position, rotation, zoom)
        hits = self._cast(pose, self._rays.reshape(-1, 2))
        shown = hits.layers == PHOTOGRAPH
        smeared = np.zeros(len(shown), bool)
        stretch = texel_stretch(hits.points[shown], hits.normals[shown], *pose)
        smeared[shown] = stretch > STRETCH
        missed = float(np.mean(hits.layers == NOWHERE))
        lines = [self._line(line, pose) for line in self._lines]
        return ViewQuality(
            holes=0.0 if self._dome else missed,
            stretched=float(smeared.mean()),
            painted=float(np.mean(hits.layers == BACKGROUND)),
            surround=missed if self._dome else 0.0,
            clearance=self._clearance(Vector(position.tolist())),
            worst_part=self._worst_part(~shown | smeared, hits.points),
            faces=tuple(self._face(face, pose) for face in self._faces),
            bend=max((bent for bent, _ in lines), default=0.0),
            lean=max((leaning for _, leaning in lines), default=0.0),
        )

    def measure_path(self, path: CameraPath) -> list[ViewQuality]:
        """Measure each pose of a path."""
        return [self.measure(*pose) for pose in path.poses()]

    def _cast(self, pose: Pose, places: np.ndarray) -> RayHits:
        """Cast rays through places (n, 2) of a view, at a focal length of 1.

        What hits nothing gets a point far away.
        """
        ahead = np.full(len(places), -1.0)
        directions = np.stack([*(places / pose.zoom).T, ahead], axis=-1) @ pose.rotation.T
        hits = self._rays_at.cast(pose.position, directions)
        torn = (hits.layers == PHOTOGRAPH) & (hits.faces >= self._kept)
        if self._surface is not None and torn.any():
            # Shreds of a slope face the camera, and are as good as the slope that they make up.
            at_rest = self._pixels(REST.seen(hits.points[torn])[0])
            hits.points[torn], hits.normals[torn], _ = self._surface.slopes(at_rest)
        return hits

    def _clearance(self, eye: Vector) -> float:
        hit = self._photograph.ray_cast(Vector(), eye, eye.length)[3] if eye.length else None
        return self._photograph.find_nearest(eye)[3] if hit is None else 0.0

    def _worst_part(self, flawed: np.ndarray, points: np.ndarray) -> float:
        """Return the largest share of a part that is flawed, counted where there is detail."""
        rows, columns = self._rays.shape[:2]
        at_rest = self._pixels(REST.seen(points)[0])
        shape = self._detail.shape
        row, column = (
            np.clip(at_rest[:, axis] / size * cells, 0, cells - 1).astype(int)
            for axis, size, cells in (
                (1, self._intrinsics.height, shape[0]),
                (0, self._intrinsics.width, shape[1]),
            )
        )
        seen = (flawed * self._detail[row, column]).reshape(rows, columns)
        inner = seen[
            round(EDGE * rows) : rows - round(EDGE * rows),
            round(EDGE * columns) : columns - round(EDGE * columns),
        ]
        side = max(1, round(PART * columns))
        sums = np.pad(inner, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
        parts = (
            sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        )
        return float(parts.max(initial=0.0)) / side**2

    def _face(self, face: LiftedFace, pose: Pose) -> FaceQuality:
        """Measure a face: rays go to where a rigid head would have each of its points."""
        places, distortion = face.expected(pose)
        places = places[face.inside]
        hits = self._cast(pose, places)
        at_rest = self._pixels(REST.seen(hits.points)[0])
        gaps = np.linalg.norm(at_rest[:, None] - face.pixels[None], axis=2).min(axis=1)
        own = (hits.layers == PHOTOGRAPH) & (gaps <= OWN * face.eyes_in_pixels)
        stretch = texel_stretch(face.head, face.normals, *pose)
        return FaceQuality(
            distortion=distortion,
            lost=1.0 - float(np.mean(own & self._in_frame(places))),
            stretched=float(np.mean(stretch > FACE_STRETCH)) if len(stretch) else 0.0,
        )

    def _line(self, line: np.ndarray, pose: Pose) -> tuple[float, float]:
        """Measure a line (n, 3): how far what is seen of it leaves the straight, and leans."""
        places, ahead = pose.seen(line)
        hits = self._cast(pose, places)
        shown = (
            (_depths(hits.points, pose) >= HIDDEN * ahead) & (ahead > 0) & self._in_frame(places)
        )
        if np.count_nonzero(shown) < LEAST_OF_LINE:
            return 0.0, 0.0
        at_rest = REST.seen(line[shown])[0]
        is_long = np.ptp(at_rest, axis=0).max() >= LEANING_LINE / SEEN_LINE * self._seen_line
        leaning = lean(places[shown], at_rest) if is_long else 0.0
        return bend(places[shown], self._seen_line), leaning

    def _pixels(self, places: np.ndarray) -> np.ndarray:
        """Return the pixels (n, 2) of places (n, 2) of a view, at a focal length of 1."""
        camera = self._intrinsics
        return (camera.cx, camera.cy) + camera.focal_length * places * (1.0, -1.0)

    def _in_frame(self, places: np.ndarray) -> np.ndarray:
        camera, pixels = self._intrinsics, self._pixels(places)
        return ((pixels >= 0) & (pixels <= (camera.width, camera.height))).all(axis=1)


def rest_surface(diorama: Diorama) -> RestSurface:
    """Return the surface of a diorama's photograph, in full."""
    return RestSurface(disparity_of(diorama.photograph), diorama.intrinsics, diorama.settings())


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


def _depths(points: np.ndarray, pose: Pose) -> np.ndarray:
    return pose.seen(points)[1]


def _tree(relief: Relief) -> BVHTree:
    return BVHTree.FromPolygons(relief.vertices.tolist(), relief.faces.tolist())


def _ray_places(intrinsics: Intrinsics) -> np.ndarray:
    """Return (rows, columns, 2) places on a coarse grid of the picture, at a focal length of 1."""
    rows = max(1, round(RAYS_ACROSS * intrinsics.height / intrinsics.width))
    u = (np.arange(RAYS_ACROSS) + 0.5) * intrinsics.width / RAYS_ACROSS
    v = (np.arange(rows) + 0.5) * intrinsics.height / rows
    columns, rows_of_rays = np.meshgrid(u, v)
    across = (columns - intrinsics.cx) / intrinsics.focal_length
    up = (intrinsics.cy - rows_of_rays) / intrinsics.focal_length
    return np.stack([across, up], axis=-1)
