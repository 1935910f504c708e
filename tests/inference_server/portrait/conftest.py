"""A drawn portrait with its face, and heads of which each movement is known."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from zograscope_server.faces.landmarks import EXPRESSIONS, Face
from zograscope_server.faces.search import find_faces
from zograscope_server.portrait.animation import fit
from zograscope_server.portrait.head.fit import FittedHead
from zograscope_server.portrait.head.model import HeadModel
from zograscope_server.portrait.track import DriverTrack

from ..media.conftest import draw_clip

__all__ = ["draw_clip"]  # a fixture, for portraits too

SIDE = 256
FLIP = np.diag([1.0, -1.0, -1.0])  # from y up and z to the viewer, to pictures


@pytest.fixture(scope="session")
def picture(drawn) -> np.ndarray:
    return drawn.draw_face(SIDE)


@pytest.fixture(scope="session")
def face(picture, tools) -> Face:
    (found,) = find_faces(picture, tools.faces)
    return found


@pytest.fixture(scope="session")
def head(face) -> FittedHead:
    return fit(face)


def as_png(pixels: np.ndarray) -> np.ndarray:
    """The bytes of a picture's file, of one with colours red first."""
    stored = pixels
    if pixels.ndim == 3:
        stored = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    return cv2.imencode(".png", np.ascontiguousarray(stored))[1].ravel()


def from_png(file: np.ndarray) -> np.ndarray:
    """The pixels of a PNG as they are, red first."""
    pixels = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


@pytest.fixture(scope="session")
def make_driver() -> Callable[..., DriverTrack]:
    """A function that makes the track of a head which the project has itself."""
    model = HeadModel.load()

    def make(
        expressions: np.ndarray,
        turns: np.ndarray,
        shifts: np.ndarray,
        *,
        size: float = 1500.0,
        rest: np.ndarray | None = None,
    ) -> DriverTrack:
        """Frame 0 is the neutral one.

        Args:
            expressions: (n, 52).
            turns: (n, 3), rotation vectors in radians.
            shifts: (n, 3), in pixels.
            size: pixels for each metre.
            rest: (3,), how the head is turned in the neutral frame.
        """
        facing = Rotation.from_rotvec(np.zeros(3) if rest is None else rest)
        points, poses, heads = [], [], []
        middle = np.array([320.0, 240, 0])
        for values, turn, shift in zip(expressions, turns, shifts, strict=True):
            shape = model.template + np.tensordot(values, model.actions, axes=1)
            rotation = (Rotation.from_rotvec(turn) * facing).as_matrix()
            placed = size * model.landmarks(shape) @ rotation.T
            points.append(placed + middle + shift)
            spin = Rotation.from_rotvec(turn).as_matrix()
            heads.append(np.column_stack([spin, middle + shift - spin @ middle]))
            pose = np.eye(4)
            pose[:3, :3] = FLIP @ rotation @ FLIP
            poses.append(pose)
        count = len(points)
        return DriverTrack(
            np.arange(count) / 25,
            np.array(points, np.float32),
            np.asarray(expressions, np.float32),
            np.array(poses, np.float32),
            np.array(heads),
            np.ones(count, bool),
            (640, 480),
            0,
        )

    return make


def expression(**strengths: float) -> np.ndarray:
    """Return (52,) with the named expressions."""
    values = np.zeros(len(EXPRESSIONS))
    for name, strength in strengths.items():
        values[EXPRESSIONS.index(name)] = strength
    return values
