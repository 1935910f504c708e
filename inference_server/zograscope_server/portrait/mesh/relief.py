"""The portrait's head as a mesh over its own picture, which turns with the head.

The 468 points of the face are its first vertices. Around them a grid carries hair, neck and
shoulders: it follows the head less and less, down to where nothing moves.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import Delaunay

from zograscope_server.faces import regions
from zograscope_server.faces.regions import face_width
from zograscope_server.ramp import ramp

GRID = 0.09  # face widths between vertices around the face
REACH = 0.45  # face widths from the face to where its expression is no longer felt
BACK = 0.25  # face widths, how far behind the head's middle its outline lies
BEHIND = 0.3  # face widths that what is around the face is drawn farther back
MARGIN = 0.4  # face widths that the mesh goes on beyond the picture's border
AROUND = (-1.5, 1.5, -1.55, 1.05)
"""Where the mesh lies: left, right, up and down of the face's middle, in face widths, heights."""


@dataclass(frozen=True)
class Relief:
    """A mesh over a picture.

    Attributes:
        rest: float32 (v, 3), in pixels of the picture; the first 468 are the face's points.
        triangles: int32 (t, 3).
        follow: float32 (v,), from 0 to 1, how far a vertex goes where the head goes.
        spread: sparse (v, 468), how the expression of points moves the vertices.
        width: of the face, in pixels.
    """

    rest: np.ndarray
    triangles: np.ndarray
    follow: np.ndarray
    spread: sparse.csr_matrix
    width: float

    def moved(self, head: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """Return the vertices (v, 3) after an expression (468, 3) and the head's matrix (3, 4).

        What is around the face comes out farther back than it is, so that a chin that drops, and
        goes back as it does, is never hidden by the neck.
        """
        placed = self.rest + self.spread @ expression
        turned = placed @ head[:, :3].T + head[:, 3]
        moved = placed + self.follow[:, None] * (turned - placed)
        moved[468:, 2] += BEHIND * self.width
        return moved


def build_relief(points: np.ndarray, size: tuple[int, int]) -> Relief:
    """Build the mesh for a face.

    Args:
        points: float32 (478, 3), of the portrait's face, in pixels.
        size: width and height of the picture.
    """
    face = points[:468].astype(np.float64)
    frame = HeadFrame.of(points)
    outline = face[list(regions.OVAL)]
    around = _grid_around(outline[:, :2], frame, size)
    places = np.concatenate([outline[:, :2], around])
    outer = Delaunay(places).simplices
    middles = places[outer].mean(axis=1)
    outer = outer[~_inside(middles, outline[:, :2])]

    count = len(regions.OVAL)
    influence, depth = _spread_outwards(places, outer, outline, frame)
    numbers = np.concatenate([regions.OVAL, 468 + np.arange(len(around))])
    rest = np.concatenate([face, np.column_stack([around, depth[count:]])])
    triangles = np.concatenate([regions.triangles(), *strips(), numbers[outer]])
    spread = sparse.lil_matrix((len(rest), 468))
    spread[np.arange(468), np.arange(468)] = 1.0
    spread = spread.tocsr()
    felt = sparse.csr_matrix(influence[count:])
    columns = np.zeros((count, 468))
    columns[np.arange(count), list(regions.OVAL)] = 1.0
    spread = sparse.vstack([spread[:468], felt @ sparse.csr_matrix(columns)]).tocsr()
    return Relief(
        rest.astype(np.float32),
        triangles.astype(np.int32),
        frame.follow(rest[:, :2]).astype(np.float32),
        spread.astype(np.float32),
        frame.width,
    )


@dataclass(frozen=True)
class HeadFrame:
    """Where places lie as seen from the middle of the face, in its widths and heights."""

    middle: np.ndarray
    right: np.ndarray
    down: np.ndarray
    width: float
    height: float
    depth: float

    @classmethod
    def of(cls, points: np.ndarray) -> "HeadFrame":
        """Return the frame of a face's points (478, 3)."""
        top, chin = points[regions.TOP, :2], points[regions.CHIN, :2]
        height = float(np.linalg.norm(chin - top))
        down = (chin - top) / height
        middle = 0.5 * (top + chin)
        temples = points[list(regions.TEMPLES)].mean(axis=0)
        return cls(
            middle, np.array([down[1], -down[0]]), down, face_width(points), height, temples[2]
        )

    def place(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far to the right and down places (n, 2) are, in face widths and heights."""
        way = places - self.middle
        return way @ self.right / self.width, way @ self.down / self.height

    def follow(self, places: np.ndarray) -> np.ndarray:
        """Return how far places (n, 2) go where the head goes: 1 on the head, 0 on the body."""
        across, down = self.place(places)
        return (
            (1.0 - ramp(down, 0.5, 0.9))
            * (1.0 - ramp(-down, 1.1, 1.5))
            * (1.0 - ramp(np.abs(across), 0.9, 1.45))
        )


def _grid_around(outline: np.ndarray, frame: HeadFrame, size: tuple[int, int]) -> np.ndarray:
    """Places outside the face's outline, close to the picture."""
    step = GRID * frame.width
    left, right, up, down = AROUND
    across = np.arange(left * frame.width, right * frame.width + step, step)
    downwards = np.arange(up * frame.height, down * frame.height + step, step)
    grid = np.stack(np.meshgrid(across, downwards), axis=-1).reshape(-1, 2)
    places = frame.middle + grid[:, :1] * frame.right + grid[:, 1:] * frame.down
    margin = MARGIN * frame.width
    near = ((places > -margin) & (places < np.array(size) + margin)).all(axis=1)
    places = places[near]
    contour = outline.astype(np.float32)[:, None]
    ways = np.array([cv2.pointPolygonTest(contour, (x, y), True) for x, y in places.tolist()])
    return places[ways < -0.5 * step]


def _inside(places: np.ndarray, outline: np.ndarray) -> np.ndarray:
    contour = outline.astype(np.float32)[:, None]
    return np.array([cv2.pointPolygonTest(contour, (x, y), False) > 0 for x, y in places.tolist()])


def _spread_outwards(
    places: np.ndarray, triangles: np.ndarray, outline: np.ndarray, frame: HeadFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (v, rim) of the rim for each vertex, which fade outwards, and depths (v,).

    Both are harmonic: each vertex has the mean of its neighbours, between the rim of the face and
    where nothing is felt any more.
    """
    count, rim = len(places), len(outline)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ones = np.ones(len(edges))
    joined = sparse.coo_matrix((ones, (edges[:, 0], edges[:, 1])), (count, count)).tocsr()
    joined = ((joined + joined.T) > 0).astype(float)
    laplacian = sparse.diags(np.asarray(joined.sum(axis=1)).ravel()) - joined
    ways = np.linalg.norm(places[:, None] - outline[None, :, :2], axis=2).min(axis=1)
    free = np.arange(count) >= rim
    free &= ways < REACH * frame.width
    fixed = ~free
    values = np.zeros((count, rim + 1))
    values[:rim, :rim] = np.eye(rim)
    values[:rim, rim] = outline[:, 2]
    values[rim:, rim] = frame.depth + BACK * frame.width
    solver = splu(laplacian[free][:, free].tocsc())
    values[free] = solver.solve(-(laplacian[free][:, fixed] @ values[fixed]))
    influence, behind = values[:, :rim], values[:, rim]
    # Close to the face all is as deep as its rim, so that no skin beyond the rim tears off.
    near = influence.sum(axis=1)
    at_rim = influence @ outline[:, 2] / np.maximum(near, 1e-6)
    return influence, behind + ramp(near, 0.25, 0.75) * (at_rim - behind)


def strips() -> list[np.ndarray]:
    """Return the triangles that close the eyes and the mouth, between their borders."""
    pairs = (
        (regions.RIGHT_UPPER_LID, regions.RIGHT_LOWER_LID),
        (regions.LEFT_UPPER_LID, regions.LEFT_LOWER_LID),
        (regions.INNER_UPPER_LIP, regions.INNER_LOWER_LIP),
    )
    return [strip(upper, lower) for upper, lower in pairs]


def strip(upper: tuple[int, ...], lower: tuple[int, ...]) -> np.ndarray:
    """Return the triangles (t, 3) between two rows of points that share their ends."""
    triangles = [(upper[0], upper[1], lower[1])]
    for i in range(1, len(upper) - 2):
        triangles += [(upper[i], upper[i + 1], lower[i]), (upper[i + 1], lower[i + 1], lower[i])]
    triangles.append((upper[-2], upper[-1], lower[-2]))
    return np.array(triangles, np.int32)
