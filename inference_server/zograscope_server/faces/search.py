"""Finds the faces of a whole picture, small ones in large pictures too, at full resolution."""

from typing import TYPE_CHECKING

import numpy as np

from zograscope_server.faces.landmarks import Face, Landmarker

if TYPE_CHECKING:
    from zograscope_server.faces.loading import FaceModel

SEARCHED = 1536  # pixels of the longer side in which faces are looked for
PARTS = (1, 2, 3)
"""Into how many parts a side is cut: MediaPipe sees 128 pixels, and misses what is small there."""

AROUND = 1.6  # of the face's size: the part in which its points are found exactly
LEAST = 8  # pixels a side of a part that holds a face
SAME = 0.3  # of the boxes' union in common: the same face


def find_faces(picture: np.ndarray, model: "FaceModel") -> list[Face]:
    """Return all faces from left to right.

    Args:
        picture: uint8 (height, width, 3), red first, of any size.
        model: what finds them.
    """
    import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, SEARCHED / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else picture
    found: list[Face] = []
    with model.landmarker() as landmarker:
        for left, top, right, bottom in _parts(small.shape[1], small.shape[0]):
            for face in landmarker.find(np.ascontiguousarray(small[top:bottom, left:right])):
                found.append(face.placed((left, top), 1.0 / scale))
        exact = []
        for face in _distinct(found):
            again = look_closely(picture, face, landmarker)
            exact.append(again or face)
    return sorted(_distinct(exact), key=lambda face: float(face.points[:, 0].mean()))


def _parts(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of the parts; neighbours overlap by half."""
    parts = []
    for count in PARTS:
        side_x, side_y = width // count, height // count
        if min(side_x, side_y) < 64 and count > 1:
            break
        steps = range(2 * count - 1)
        for row in steps:
            for column in steps:
                left, top = column * side_x // 2, row * side_y // 2
                parts.append((left, top, left + side_x, top + side_y))
    return parts


def look_closely(picture: np.ndarray, face: Face, landmarker: Landmarker) -> Face | None:
    """Return a face, found anew in the part of a picture around where it is, or was.

    Args:
        picture: uint8 (height, width, 3), red first.
        face: that is looked for, in pixels of the picture.
        landmarker: for single pictures.
    """
    part, corner = part_around(picture, face)
    if min(part.shape[:2]) < LEAST:
        return None
    again = [other.placed(corner, 1.0) for other in landmarker.find(part)]
    return max(again, key=lambda other: _common(other, face), default=None)


def part_around(picture: np.ndarray, face: Face) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the part of a picture in which a face is looked at closely, and its corner x, y."""
    left, top, width, height = face.box
    side = AROUND * max(width, height)
    middle = np.array([left + 0.5 * width, top + 0.5 * height])
    least = np.maximum(np.floor(middle - 0.5 * side), 0).astype(int)
    most = np.minimum(np.ceil(middle + 0.5 * side), picture.shape[1::-1]).astype(int)
    most = np.maximum(most, least)
    part = np.ascontiguousarray(picture[least[1] : most[1], least[0] : most[0]])
    return part, (int(least[0]), int(least[1]))


def _distinct(faces: list[Face]) -> list[Face]:
    """The faces, each once; of several findings the largest part's, which came first."""
    kept: list[Face] = []
    for face in faces:
        if all(_common(face, other) < SAME for other in kept):
            kept.append(face)
    return kept


def _common(one: Face, other: Face) -> float:
    left, top, width, height = one.box
    left2, top2, width2, height2 = other.box
    across = min(left + width, left2 + width2) - max(left, left2)
    down = min(top + height, top2 + height2) - max(top, top2)
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / max(width * height + width2 * height2 - shared, 1e-6)
