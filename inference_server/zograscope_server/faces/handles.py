"""Points of a face that can be moved by hand; the others follow."""

from collections.abc import Sequence

import numpy as np

from zograscope_server.faces.errors import FaceError

HANDLES = {"eye_right": 468, "eye_left": 473, "mouth_right": 61, "mouth_left": 291, "chin": 152}
"""The number of the point that each handle holds; right and left are the person's own."""

FARTHEST = 1.0  # of the face's length: a handle that is moved farther is a mistake
ANCHORS = (10, 234, 454)  # what stays where it is: forehead and temples


def handle_places(points: np.ndarray) -> np.ndarray:
    """Return where the handles of points (478, 3) stand: float32 (5, 2)."""
    return points[list(HANDLES.values()), :2].astype(np.float32)


def move_by_handles(points: np.ndarray, handles: Sequence[tuple[str, float, float]]) -> np.ndarray:
    """Return points (478, 3) with the named handles at their places, and all others smoothly along.

    Thin-plate splines: Bookstein, "Principal warps", PAMI 11, 1989.

    Raises ZograscopeError `handle-too-far`.
    """
    if not handles:
        return points
    from scipy.interpolate import RBFInterpolator

    wanted = {name: (x, y) for name, x, y in handles}
    held = [*HANDLES.values(), *ANCHORS]
    start = points[held, :2].astype(np.float64)
    end = start.copy()
    reach = FARTHEST * np.ptp(points[:468, :2], axis=0).max()
    for row, name in enumerate(HANDLES):
        end[row] = wanted.get(name, start[row])
        if not np.linalg.norm(end[row] - start[row]) <= reach:
            raise FaceError("handle-too-far", handle=name, x=end[row, 0], y=end[row, 1])
    way = RBFInterpolator(start, end - start, kernel="thin_plate_spline", smoothing=0.0)
    moved = points.copy()
    moved[:, :2] += way(points[:, :2].astype(np.float64)).astype(np.float32)
    return moved
