"""Skin that a portrait does not show: it is made from the skin around it.

Where the face curves away from the viewer, a turn of the head uncovers what the picture never
showed. So the face is unrolled to a view from its front, and completed there.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.regions import face_width
from zograscope_server.filling import continue_picture
from zograscope_server.portrait.mesh.rasterizer import FAR, Window, draw_places, sample
from zograscope_server.portrait.transfer import head_rotation

SEEN, HIDDEN = 0.45, 0.25
"""How far skin points to the viewer where the picture is to be trusted, and where it is not."""

AT_RIM = 0.15  # of made skin is shown at the rim of the face
UNCOVERED = 0.20  # how far skin has turned to the viewer once the made skin is shown
BEHIND = 0.05  # face widths behind what is in front: hidden
MARGIN = 0.1  # face widths around the face


@dataclass(frozen=True)
class Skin:
    """The skin of a face as seen from its front.

    Attributes:
        picture: float32 (h, w, 3), complete.
        places: float32 (468, 2), of the face's points in it.
        normals: float32 (468, 3), in the portrait; z is negative towards the viewer.
        hidden: float32 (468,), 1 where the portrait does not show the skin.
        width: of the face, in pixels.
    """

    picture: np.ndarray
    places: np.ndarray
    normals: np.ndarray
    hidden: np.ndarray
    width: float

    def uncover(
        self,
        seen: np.ndarray,
        vertices: np.ndarray,
        depth: np.ndarray,
        rotation: np.ndarray,
        window: Window,
    ) -> None:
        """Paint made skin over an image where the turned head shows what was hidden.

        Args:
            seen: float32 (h, w, 4), colour and matte, which is changed.
            vertices: of the moved mesh, the face's points first.
            depth: float32 (h, w), of what is seen.
            rotation: (3, 3), of the head.
            window: of the picture, that `seen` shows.
        """
        turned = (self.normals @ rotation.T)[:, 2]
        share = self.hidden * np.clip((self.normals[:, 2] - turned) / UNCOVERED, 0.0, 1.0)
        faces = regions.triangles()
        faces = faces[(share > 0.01)[faces].any(axis=1)]
        if len(faces) == 0:
            return
        face = vertices[:468]
        part = Window.around(face[np.unique(faces)], window, margin=1)
        if part.empty:
            return
        places, here = draw_places(face, faces, np.column_stack([self.places, share]), part)
        slices = part.within(window).slices
        front = (here < FAR) & (here <= depth[slices] + BEHIND * self.width)
        weight = (places[..., 2] * front)[..., None]
        made = sample(self.picture, np.ascontiguousarray(places[..., :2]), cv2.INTER_LINEAR)
        target = seen[slices]
        target[..., :3] += weight * (made - target[..., :3])
        target[..., 3:] += weight * (1.0 - target[..., 3:])


def complete_skin(picture: np.ndarray, face: Face) -> Skin:
    """Unroll a face and complete it.

    Args:
        picture: float32 (h, w, 3), from 0 to 1.
        face: in it.
    """
    points = face.points[:468].astype(np.float64)
    width = face_width(face.points)
    normals = _normals(points)
    facing = np.clip((-normals[:, 2] - HIDDEN) / (SEEN - HIDDEN), 0.0, 1.0)
    known = facing * _in_front(points, width)

    front = (points - points.mean(axis=0)) @ head_rotation(face)
    margin = MARGIN * width
    front[:, :2] -= front[:, :2].min(axis=0) - margin
    size = np.ceil(front[:, :2].max(axis=0) + margin).astype(int)
    window = Window(0, 0, int(size[0]), int(size[1]))
    triangles = regions.triangles()
    places, depth = draw_places(front, triangles, np.column_stack([points[:, :2], known]), window)
    unrolled = sample(picture, np.ascontiguousarray(places[..., :2]))
    trusted = np.where(depth < FAR, places[..., 2], 0.0)
    weight = (trusted > 0.97).astype(np.float32)
    complete = continue_picture(unrolled, weight) if weight.any() else unrolled
    return Skin(
        complete.astype(np.float32),
        front[:, :2].astype(np.float32),
        normals.astype(np.float32),
        _faded(1.0 - known),
        width,
    )


def _faded(hidden: np.ndarray) -> np.ndarray:
    """Let made skin end softly at the face's rim, where hair or background goes on."""
    hidden = hidden.astype(np.float32)
    hidden[list(regions.OVAL)] *= AT_RIM
    return hidden


def _normals(points: np.ndarray) -> np.ndarray:
    """Of each point (468, 3), away from the face: z is negative where it looks at the viewer."""
    triangles = regions.triangles()
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return normals if normals[:, 2].mean() < 0 else -normals


def _in_front(points: np.ndarray, width: float) -> np.ndarray:
    """Which points (468, 3) the picture shows: nothing else of the face is before them."""
    window = Window.around(points, margin=1)
    _, depth = draw_places(points, regions.triangles(), points[:, :2], window)
    columns, rows = (points[:, :2] - (window.left, window.top)).astype(int).T
    ahead = depth[rows, columns] - depth.min()
    own = points[:, 2] - points[:, 2].min()
    return (own <= ahead + BEHIND * width).astype(np.float64)
