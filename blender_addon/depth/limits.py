"""How far a move may go: until a person would see what is wrong.

One list says what is let pass in a view (`Limits`), one function what of it is exceeded (`faults`),
and `limit_reach` finds the longest move of which no view has any.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .camera_moves import CameraPath
from .holes import Surfaces, ViewQuality

BISECTIONS = 5


@dataclass(frozen=True)
class Limits:
    """What a person lets pass in a view; each number is one of `ViewQuality` or `FaceQuality`."""

    flaws: float
    """Share of the view that is smeared or invented: what a move as a whole may cost."""
    clearance: float = 0.0
    """The least distance to a surface: what is nearer is swollen and blurred."""
    holes: float = 0.01
    """Share of the view that shows nothing at all."""
    worst_part: float = 0.5
    """Share of a part of the view that is smeared or invented: more, and nothing real is left."""
    distortion: float = 0.03
    """Of a face against a rigid head: from here on it is somebody else's."""
    lost: float = 0.10
    """Of a face: a head that turns hides as much of itself."""
    face_stretched: float = 0.05
    """Share of a head that is smeared: an ear, but no cheek."""
    bend: float = 0.015
    """Of a straight line, against its length: from here on it is an arc."""
    lean: float = 0.05
    """Radians by which an upright line turns: from here on a tower falls."""


def faults(view: ViewQuality, limits: Limits) -> tuple[str, ...]:
    """Return what is wrong with a view, in words; nothing where a person lets it pass."""
    judged = {
        "holes": view.holes > limits.holes,
        "too much is smeared or made up": view.stretched + view.invented > limits.flaws,
        "a part is smeared or made up": view.worst_part > limits.worst_part,
        "something is too near": view.clearance < limits.clearance,
        "a face loses its shape": any(f.distortion > limits.distortion for f in view.faces),
        "a face is cut or hidden": any(f.lost > limits.lost for f in view.faces),
        "a face is smeared": any(f.stretched > limits.face_stretched for f in view.faces),
        "a straight line bends": view.bend > limits.bend,
        "an upright line leans": view.lean > limits.lean,
    }
    return tuple(fault for fault, there in judged.items() if there)


def limit_reach(
    surfaces: Surfaces, path: Callable[[float], CameraPath], most: float, limits: Limits
) -> float:
    """Return the largest reach whose poses all pass, to a part in 2 ** `BISECTIONS`.

    Args:
        surfaces: what is looked at.
        path: poses of the move for a reach; the farther from 0, the farther from rest.
        most: the reach that is tried first; it may lie below 0.
        limits: what is let pass.
    """

    def passes(reach: float) -> bool:
        return not any(faults(surfaces.measure(*pose), limits) for pose in path(reach).poses())

    if passes(most):
        return most
    shortest_bad, reach = most, 0.0
    for _ in range(BISECTIONS):
        middle = (reach + shortest_bad) / 2
        if passes(middle):
            reach = middle
        else:
            shortest_bad = middle
    return reach
