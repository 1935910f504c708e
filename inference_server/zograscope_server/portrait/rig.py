"""The portrait's own head as a mesh with the 52 expressions, for animation by hand."""

from dataclasses import dataclass

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.regions import face_width
from zograscope_server.portrait.animation import fit
from zograscope_server.portrait.head import model
from zograscope_server.portrait.head.fit import FittedHead
from zograscope_server.portrait.mesh import mouth
from zograscope_server.portrait.mesh.eyes import cut_eye
from zograscope_server.portrait.mesh.layers import take_apart
from zograscope_server.portrait.mesh.matte import Segmenter
from zograscope_server.portrait.mesh.relief import Relief, strip, strips
from zograscope_server.portrait.source import Source

TEXTURES = ("picture", "eyes", "mouth", "background")
PICTURE, EYES, MOUTH, BACKGROUND = range(4)
UNDER = 0.03  # face widths that eyes and mouth lie farther back, so that no lid or lip is pierced
BEHIND = 0.75  # face widths from the middle of the head to the plane of the background


@dataclass(frozen=True)
class Rig:
    """A mesh in pixels of the picture, x right, y down, z away from the viewer.

    Attributes:
        vertices: float32 (v, 3).
        triangles: int32 (t, 3), counter-clockwise as the viewer sees them; of what lies within the
            head, as whoever looks into it does.
        uv: float32 (v, 2), right and up from the texture's lower left corner.
        materials: uint8 (t,), numbers of `TEXTURES`.
        shape_keys: float32 (52, v, 3), offsets.
        head: float32 (v,), how far a vertex follows the head.
        pivot: float32 (3,), about which the head turns.
        textures: uint8 or uint16 (h, w, 3 or 4) for each of `TEXTURES`.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    materials: np.ndarray
    shape_keys: np.ndarray
    head: np.ndarray
    pivot: np.ndarray
    textures: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Part:
    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    actions: np.ndarray
    head: np.ndarray
    material: int


def make_rig(source: Source, face: Face, segmenter: Segmenter) -> Rig:
    """Build the mesh: the picture's relief, eyes and mouth behind it, and what is behind all."""
    head = fit(face)
    layers = take_apart(source.pixels, face.points, segmenter)
    picture = source.pixels.astype(np.float32) / np.float32(layers.white)
    eyes, eye_texture = _eyes(head, picture, face)
    inside, mouth_texture = _inside(head, mouth.skin_tone(picture, face.points))
    for part in (*eyes, inside):
        part.vertices[:, 2] += UNDER * face_width(face.points)
    parts = [
        _sheet(layers.relief, head, source.size),
        _between_lips(face, head, source.size),
        *eyes,
        inside,
        _plane(source.size, float(face.points[:, 2].mean()) + BEHIND * face_width(face.points)),
    ]
    counts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    return Rig(
        vertices=np.concatenate([part.vertices for part in parts]).astype(np.float32),
        triangles=np.concatenate(
            [part.triangles + start for part, start in zip(parts, counts, strict=False)]
        ).astype(np.int32),
        uv=np.concatenate([part.uv for part in parts]).astype(np.float32),
        materials=np.concatenate(
            [np.full(len(part.triangles), part.material, np.uint8) for part in parts]
        ),
        shape_keys=np.concatenate([part.actions for part in parts], axis=1).astype(np.float32),
        head=np.concatenate([part.head for part in parts]).astype(np.float32),
        pivot=face.points[list(regions.RIGID)].mean(axis=0),
        textures={
            "picture": layers.foreground(),
            "eyes": eye_texture,
            "mouth": mouth_texture,
            "background": layers.whole_background(),
        },
    )


def _sheet(relief: Relief, head: FittedHead, size: tuple[int, int]) -> _Part:
    """The relief, open at the eyes and the mouth."""
    closing = {tuple(triangle) for strip in strips() for triangle in strip.tolist()}
    open_ = [triangle for triangle in relief.triangles.tolist() if tuple(triangle) not in closing]
    triangles = _to_the_viewer(relief.rest, np.array(open_, np.int32))
    points = np.stack([head.landmarks(action)[:468] for action in head.actions])
    actions = np.stack([relief.spread @ offsets for offsets in points])
    return _Part(
        relief.rest,
        triangles,
        _uv(relief.rest[:, :2], np.array(size)),
        actions,
        relief.follow,
        PICTURE,
    )


def _between_lips(face: Face, head: FittedHead, size: tuple[int, int]) -> _Part:
    """What the picture has between the lips: it hangs on the upper one, as its teeth would."""
    upper, lower = list(regions.INNER_UPPER_LIP), list(regions.INNER_LOWER_LIP)
    count = len(upper)
    rest = face.points[upper + lower]
    triangles = strip(tuple(range(count)), (0, *range(count + 1, 2 * count - 1), count - 1))
    actions = np.stack([head.landmarks(action)[upper + upper] for action in head.actions])
    uv = _uv(rest[:, :2], np.array(size))
    triangles = _to_the_viewer(rest, triangles)
    return _Part(rest, triangles, uv, actions, np.ones(len(rest)), PICTURE)


def _to_the_viewer(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return triangles (t, 3) that all run counter-clockwise as the viewer sees them."""
    a, b, c = (vertices[triangles[:, corner], :2] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    clockwise = ux * vy - uy * vx > 0  # y runs down
    return np.where(clockwise[:, None], triangles[:, ::-1], triangles)


def _eyes(head: FittedHead, picture: np.ndarray, face: Face) -> tuple[list[_Part], np.ndarray]:
    """Both eyeballs, each with its place in one texture, one eye above the other."""
    eyes = [cut_eye(picture, face.points, number) for number in (0, 1)]
    width = max(eye.layer.shape[1] for eye in eyes)
    height = sum(eye.layer.shape[0] for eye in eyes)
    texture = np.zeros((height, width, 3), np.float32)
    parts, top = [], 0
    for eye, kind in zip(eyes, (model.EYE_RIGHT, model.EYE_LEFT), strict=True):
        rows, columns = eye.layer.shape[:2]
        # Lashes and the shade of lids go with the eyeball: at rest it looks as in the picture.
        lashes, rest = (cv2.resize(line, (columns, rows)) for line in (eye.lashes, eye.rest))
        layer = eye.layer * lashes + rest
        padding = ((0, 0), (0, width - columns), (0, 0))
        texture[top : top + rows] = np.pad(layer, padding, mode="edge")
        vertices, triangles, actions, _ = _of_head(head, (kind,))
        places = (vertices[:, :2] - (eye.window.left, eye.window.top)) * eye.fine
        # What lies beyond the layer shows its rim.
        places = np.clip(places, 0.5, np.array([columns, rows]) - 0.5)
        uv = _uv(places + np.array([0, top]), np.array([width, height]))
        parts.append(_Part(vertices, triangles, uv, actions, np.ones(len(vertices)), EYES))
        top += rows
    return parts, np.clip(texture * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _inside(head: FittedHead, tone: np.ndarray) -> tuple[_Part, np.ndarray]:
    """What lies behind lips and lids: each triangle has one colour, a pixel of the texture."""
    kinds = (model.MOUTH, model.TONGUE, model.TEETH, model.GUMS)
    vertices, triangles, actions, numbers = _of_head(
        head, (*kinds, model.SOCKET_LEFT, model.SOCKET_RIGHT)
    )
    colours = mouth.inner_colours(head, numbers, tone)[triangles].mean(axis=1)
    side = int(np.ceil(np.sqrt(len(triangles))))
    texture = np.zeros((side * side, 3), np.uint8)
    texture[: len(colours)] = np.clip(colours * 255.0 + 0.5, 0, 255)
    pixel = np.arange(len(triangles))
    places = np.column_stack([pixel % side, pixel // side]) + 0.5
    corners = triangles.ravel()
    part = _Part(
        vertices[corners],
        np.arange(len(corners), dtype=np.int32).reshape(-1, 3),
        np.repeat(_uv(places, np.array([side, side])), 3, axis=0),
        actions[:, corners],
        np.ones(len(corners)),
        MOUTH,
    )
    return part, texture.reshape(side, side, 3)


def _plane(size: tuple[int, int], depth: float) -> _Part:
    width, height = size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    return _Part(
        np.column_stack([corners, np.full(4, depth)]),
        np.array([(0, 2, 1), (0, 3, 2)], np.int32),
        _uv(corners, np.array(size)),
        np.zeros((52, 4, 3), np.float32),
        np.zeros(4),
        BACKGROUND,
    )


def _of_head(
    head: FittedHead, kinds: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, triangles and actions of some parts, and the numbers of their vertices."""
    numbers, triangles = np.unique(head.triangles[np.isin(head.parts, kinds)], return_inverse=True)
    triangles = triangles.reshape(-1, 3).astype(np.int32)
    return head.vertices[numbers], triangles, head.actions[:, numbers], numbers


def _uv(places: np.ndarray, size: np.ndarray) -> np.ndarray:
    share = places / size
    return np.column_stack([share[:, 0], 1.0 - share[:, 1]])
