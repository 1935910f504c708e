"""Holds people together: a head is one surface with a relief of its own, and so is its figure.

A depth network sees a face as skin before hair before a wall, and cuts there. Where the face
landmarker found a face, more is known: 478 points with depth. The head around them gets one base,
that of the body below the chin, and on it the points' own relief in the size that the head has in
the scene. A random walker that starts on the face says how far the head goes (see `refinement`), so
that its outline is where the picture has it. What stands below the chin, as far away and without a
gap, becomes one smooth surface. Nothing is invented where no face was found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.refinement import random_walk
from zograscope_server.faces.regions import CHIN, OVAL, TEMPLES, TOP, face_width
from zograscope_server.filling import fill_smoothly
from zograscope_server.ramp import ramp

if TYPE_CHECKING:
    from zograscope_server.faces.loading import FaceModel

LEAST_FACE = 20.0  # pixels across: smaller ones are stains and letters
WORKING_SIDE = 320  # pixels of the part around a head in which its outline is found

# In heights of the face, from the top of the forehead to the chin:
HAIR = 0.55  # how far the head may go on above the forehead, with hair or a hat
EYES = 0.6  # above the chin
SKULL = 0.6  # from the eyes to where a head is sure to reach, hair or not
SIDES = 0.45  # ... and beyond the temples
NECK = 0.5  # from the chin to where a head is sure to have become a body
CHEST = (0.4, 1.3)  # below the chin: where the body's depth is read
FIGURE = 6.5  # below the chin: how far down a standing person reaches
FIGURE_HALF_WIDTH = 1.6
FIGURE_SMOOTHING = 0.25
CROWN = 1.7  # above the chin: how far up hair and hats reach
ON_FIGURE = 0.5  # of a line: a line of which so much lies on a figure is its own
HANGS = 0.3  # of disparity: how far from a face veils and sleeves are
LOOKS_ALONG = 50  # places of a line

BELONGS = 0.10  # of disparity: what is farther from the body's, there, is no part of it
OUTLINE_PRIOR = 0.02  # how much the estimated depth says of the outline, against the picture
FACE_RIM = 2  # samples around the points that are the face as well, so that none lies on an edge
OUTLINE_SOFTNESS = 0.01  # of the face's height: blur of the relief between its points

FindFaces = Callable[[np.ndarray], np.ndarray]
"""From (height, width, 3) uint8 pixels to points, float32 (n, 478, 3): x and y in pixels, and z in
the same unit towards the viewer, about the middle of the head."""


@dataclass(frozen=True)
class _Face:
    """A face on the grid of a disparity map: points (478, 3), and its axes.

    Attributes:
        points: x, y and z (towards the viewer), in samples.
        chin: (2,) where the chin is.
        up: (2,) unit vector from the chin to the forehead.
        height: from the chin to the top of the forehead, in samples.
    """

    points: np.ndarray
    chin: np.ndarray
    up: np.ndarray
    height: float


def no_faces() -> np.ndarray:
    """The points where there is no face: float32 (0, 478, 3)."""
    return np.zeros((0, 478, 3), np.float32)


def face_finder(model: "FaceModel") -> FindFaces:
    """Return what finds the faces of a picture by a loaded face landmarker."""

    def find(pixels: np.ndarray) -> np.ndarray:
        from zograscope_server.faces.search import find_faces

        found = [face.points * (1.0, 1.0, -1.0) for face in find_faces(pixels, model)]
        return np.array(found, np.float32) if found else no_faces()

    return find


def large_enough(points: np.ndarray) -> np.ndarray:
    """Leave out the faces (n, 478, 3) that are too small to be any."""
    kept = [face for face in points if face_width(face) >= LEAST_FACE]
    return np.array(kept, np.float32) if kept else no_faces()


def hold_together(
    disparity: np.ndarray,
    pixels: np.ndarray,
    faces: np.ndarray,
    depth_range: DepthRange,
    focal_length: float,
) -> np.ndarray:
    """Give each head its own relief, on the depth of its body, and make each figure one surface.

    Args:
        disparity: (rows, columns) float32 in [0, 1], 1 is near.
        pixels: (height, width, 3) uint8 of the same picture.
        faces: (n, 478, 3) float32, see `FindFaces`.
        depth_range: what disparity 1 and 0 mean.
        focal_length: in pixels of the picture.

    Returns:
        (rows, columns) float32 in [0, 1].
    """
    held = disparity.astype(np.float32)
    scale = disparity.shape[1] / pixels.shape[1]
    # From far to near, so that who stands in front is not painted over.
    for points in sorted(faces, key=face_width):
        face = _on_grid(points, scale)
        held = _hold_one(held, pixels, face, depth_range, focal_length * scale)
    return held


def beside_people(
    lines: np.ndarray, faces: np.ndarray, disparity: np.ndarray, width: int
) -> np.ndarray:
    """Leave out the lines on figures: cloth and limbs look straight, and nobody sees them bend.

    What crosses more than a figure's width is no part of it, but a table or a rail that it is at.

    Args:
        lines: (m, 4) x0, y0, x1, y1 in pixels of the picture.
        faces: (n, 478, 3) float32, see `FindFaces`.
        disparity: (rows, columns) float32 in [0, 1], 1 is near.
        width: of the picture in pixels.

    Returns:
        (k, 4), the others.
    """
    if not len(lines) or not len(faces):
        return lines
    scale = disparity.shape[1] / width
    share = np.linspace(0.0, 1.0, LOOKS_ALONG)[:, None]
    along = scale * (lines[:, None, :2] * (1 - share) + lines[:, None, 2:] * share)
    # A line is the edge of something: what is nearer there carries it.
    near = cv2.dilate(disparity.astype(np.float32), np.ones((5, 5), np.uint8))

    def seen(places: np.ndarray) -> np.ndarray:
        columns, rows = places.astype(int).clip(0, np.array(disparity.shape[::-1]) - 1).T
        return near[rows, columns].T

    own = np.zeros(len(lines), bool)
    for points in faces:
        face = _on_grid(points, scale)
        across, down = np.moveaxis((along - face.chin) / face.height, -1, 0)
        inside = (np.abs(across) < FIGURE_HALF_WIDTH) & (down > -CROWN) & (down < FIGURE)
        level = np.median(seen(face.points[:468, :2]))
        inside &= np.abs(seen(along) - level) < HANGS
        crosses = np.ptp(across, axis=1) > 2 * FIGURE_HALF_WIDTH
        own |= (inside.mean(axis=1) > ON_FIGURE) & ~crosses
    return lines[~own]


def _on_grid(points: np.ndarray, scale: float) -> _Face:
    points = points * np.float32(scale)
    chin, axis = points[CHIN, :2], points[TOP, :2] - points[CHIN, :2]
    # Of a head that nods, the forehead comes near the chin in the picture; its length stays.
    height = float(np.linalg.norm(points[TOP] - points[CHIN]))
    return _Face(points, chin, axis / max(float(np.linalg.norm(axis)), 1e-6), height)


def _hold_one(
    disparity: np.ndarray,
    pixels: np.ndarray,
    face: _Face,
    depth_range: DepthRange,
    focal_length: float,
) -> np.ndarray:
    oval = _face_area(disparity.shape, face)
    if not oval.any():
        return disparity
    figure, body = _find_figure(disparity, face, oval)
    # A nose nearer than the nearest there is would be cut flat: so far back the face lies then.
    most = depth_range.disparity(depth_range.near / _relative_depth(face, focal_length).min())
    base = min(_base(body, figure, disparity, face, oval), float(most))
    held = disparity + figure * (body - disparity)
    across, down = _face_axes(disparity.shape, face)
    head = _find_head(held, pixels, face, oval, base, (across, down))
    relief = _head_relief(face, oval, head, base, depth_range, focal_length)

    # The head passes into the body over the neck.
    share = ramp(down, 0.0, NECK * face.height)
    below = np.where(np.abs(held - base) < 2 * BELONGS, held, np.float32(base))
    return np.where(head, np.clip(relief + share * (below - relief), 0.0, 1.0), held)


def _face_axes(shape: tuple[int, ...], face: _Face) -> tuple[np.ndarray, np.ndarray]:
    """How far each sample lies across the face from its chin, and down from it, in samples."""
    rows, columns = np.indices(shape, dtype=np.float32)
    x, y = columns + 0.5 - face.chin[0], rows + 0.5 - face.chin[1]
    return x * -face.up[1] + y * face.up[0], -(x * face.up[0] + y * face.up[1])


def _find_figure(
    disparity: np.ndarray, face: _Face, oval: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find what stands below a chin, and its disparity as one smooth surface.

    Returns:
        How far each sample belongs to it, in [0, 1] without edges, and the surface: float32
        (rows, columns).
    """
    rows, columns = np.indices(disparity.shape, dtype=np.float32)
    across, down = (columns - face.chin[0]) / face.height, (rows - face.chin[1]) / face.height
    chest = (np.abs(across) < 0.5) & (down > CHEST[0]) & (down < CHEST[1])
    if not chest.any():
        return np.zeros_like(disparity), disparity
    depth = np.float32(np.median(disparity[chest]))
    alike = ramp(2.0 - np.abs(disparity - depth) / BELONGS, 0.0, 1.0)
    alike *= ramp(4.0 * (FIGURE_HALF_WIDTH - np.abs(across)), 0.0, 1.0)
    alike *= ramp(FIGURE - down, 0.0, 1.0) * (down > 0.0)
    _, labels = cv2.connectedComponents((alike > 0.0).astype(np.uint8), connectivity=4)
    own = np.unique(labels[chest & (alike > 0.0)])
    alike = np.where(np.isin(labels, own[own > 0]), alike, np.float32(0.0))
    sigma = max(0.5, FIGURE_SMOOTHING * face.height)
    weight = cv2.GaussianBlur(alike, (0, 0), sigma)
    total = cv2.GaussianBlur(alike * disparity, (0, 0), sigma)
    return alike, total / np.maximum(weight, 1e-6)


def _base(
    body: np.ndarray, figure: np.ndarray, disparity: np.ndarray, face: _Face, oval: np.ndarray
) -> float:
    """The disparity of the plane that a face lies in: its body's, or its own where none is seen."""
    rows = np.arange(disparity.shape[0], dtype=np.float32)[:, None]
    down = (rows - face.chin[1]) / face.height
    chest = (figure > 0.5) & (down > CHEST[0]) & (down < CHEST[1])
    if chest.any():
        return float(np.median(body[chest]))
    return float(np.median(disparity[oval]))


def _find_head(
    disparity: np.ndarray,
    pixels: np.ndarray,
    face: _Face,
    oval: np.ndarray,
    base: float,
    axes: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Find face, hair, hat and neck: (rows, columns) bool, with an outline of the picture's."""
    across, down = axes
    # A head turns about the middle between its temples: there is its skull, and below it the neck.
    radius = 0.5 * face_width(face.points)
    axis = np.array([-face.up[1], face.up[0]], np.float32)
    temples = face.points[list(TEMPLES), :2] - face.chin
    across = (across - float(temples.mean(axis=0) @ axis)) / radius
    up = -down / face.height
    side = 1.0 + SIDES * face.height / radius
    egg = np.square(across / side) + np.square((up - 0.4 - HAIR / 2) / (0.6 + HAIR / 2)) < 1.0
    skull = np.square(across) + np.square((up - EYES) / SKULL) < 1.0
    throat = (up <= 0.15) & (up > -NECK)
    may_be = (egg & (up > -0.15)) | (throat & (np.abs(across) < 0.8)) | oval
    surely = (skull & (up > EYES)) | (throat & (np.abs(across) < 0.35)) | oval

    rows, columns = np.flatnonzero(may_be.any(axis=1)), np.flatnonzero(may_be.any(axis=0))
    part = np.s_[max(0, rows[0] - 2) : rows[-1] + 3, max(0, columns[0] - 2) : columns[-1] + 3]
    around = disparity[part][~may_be[part]]
    behind = float(np.percentile(around, 25)) if around.size else base
    nearness = (disparity[part] - behind) / max(base - behind, 0.05)
    size = surely[part].shape
    shrink = min(1.0, WORKING_SIDE / max(size))
    small = (max(3, round(size[0] * shrink)), max(3, round(size[1] * shrink)))

    def shrunk(values: np.ndarray) -> np.ndarray:
        resized: np.ndarray = cv2.resize(
            values.astype(np.float32), small[::-1], interpolation=cv2.INTER_AREA
        )
        return resized

    picture = _part_of(pixels, part, disparity.shape, small)
    undecided = (shrunk(may_be[part]) > 0.5) & (shrunk(surely[part]) < 0.5)
    chance = random_walk(
        picture,
        undecided,
        shrunk(surely[part]) >= 0.5,
        np.clip(shrunk(nearness), 0.0, 1.0),
        prior=OUTLINE_PRIOR,
    )
    head = np.zeros(disparity.shape, bool)
    head[part] = cv2.resize(chance, size[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    head |= surely
    # One piece, without the specks that a walker leaves in hair.
    closed = cv2.morphologyEx(
        head.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8), borderValue=0
    )
    _, labels = cv2.connectedComponents(closed, connectivity=4)
    return np.isin(labels, np.unique(labels[oval & (labels > 0)]))


def _part_of(
    pixels: np.ndarray,
    part: tuple[slice, slice],
    shape: tuple[int, ...],
    size: tuple[int, int],
) -> np.ndarray:
    """The part of a picture that is this part of a map of the shape, in (rows, columns) of size."""
    top, bottom = (
        round(min(edge, shape[0]) * pixels.shape[0] / shape[0])
        for edge in (part[0].start, part[0].stop)
    )
    left, right = (
        round(min(edge, shape[1]) * pixels.shape[1] / shape[1])
        for edge in (part[1].start, part[1].stop)
    )
    cut = pixels[top:bottom, left:right]
    resized: np.ndarray = cv2.resize(cut, size[::-1], interpolation=cv2.INTER_AREA)
    return resized


def _head_relief(
    face: _Face,
    oval: np.ndarray,
    head: np.ndarray,
    base: float,
    depth_range: DepthRange,
    focal_length: float,
) -> np.ndarray:
    """The disparity of a head: its points' depth in scene units about the base, and around them
    as far away as the rim of the face.

    The points' depth is in pixels, and so a scene's depth is to the focal length what theirs is.
    """
    from scipy.interpolate import LinearNDInterpolator

    points = face.points[:468]
    depth = depth_range.depth(np.array(base, np.float32)) * _relative_depth(face, focal_length)
    values = depth_range.disparity(depth)

    rows, columns = np.nonzero(oval)
    inside = LinearNDInterpolator(points[:, :2], values)(columns + 0.5, rows + 0.5)
    known = np.zeros(oval.shape, np.float32)
    relief = np.zeros(oval.shape, np.float32)
    told = np.isfinite(inside)
    relief[rows[told], columns[told]] = inside[told]
    known[rows[told], columns[told]] = 1.0
    rim = np.float32(np.median(values[list(OVAL)]))
    outline = head & ~_eroded(head, max(1, round(0.03 * face.height))) & ~oval
    relief, known = np.where(outline, rim, relief), np.where(outline, np.float32(1.0), known)
    if not known.any():
        return np.full(oval.shape, np.float32(base))
    filled = fill_smoothly(relief, known)
    soft = cv2.GaussianBlur(filled, (0, 0), max(0.5, OUTLINE_SOFTNESS * face.height))
    return soft


def _relative_depth(face: _Face, focal_length: float) -> np.ndarray:
    """How far away each point of a face is (468,), as a share of how far the face is."""
    depth = face.points[:468, 2]
    towards = depth - np.mean(depth)
    share: np.ndarray = np.maximum(1.0 - towards / np.float32(focal_length), np.float32(0.2))
    return share


def _eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.erode(mask.astype(np.uint8), window) > 0


def _face_area(shape: tuple[int, ...], face: _Face) -> np.ndarray:
    """Which samples show the face, rim included, wherever it turns: bool of that shape."""
    hull = cv2.convexHull(face.points[:468, :2] - np.float32(0.5))
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(hull).astype(np.int32)], 1)
    return cv2.dilate(mask, np.ones((2 * FACE_RIM + 1, 2 * FACE_RIM + 1), np.uint8)) > 0
