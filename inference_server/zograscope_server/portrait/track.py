"""Follows the driver's face through a whole clip, before anything is moved by it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from zograscope_server.faces.landmarks import EXPRESSIONS, Face, Landmarker
from zograscope_server.faces.loading import FaceModel
from zograscope_server.faces.regions import RIGID
from zograscope_server.faces.search import find_faces, look_closely
from zograscope_server.portrait.errors import PortraitError
from zograscope_server.portrait.similarity import Similarity, fit_similarity

SMOOTHING = (5, 3)
"""Window and order of the polynomial that points are fitted to over time (Savitzky, Golay, 1964).
The clip is known as a whole, so the window looks ahead and nothing lags."""

STEADIER = (7, 3)
"""The same for the head as a whole, which moves more slowly than lips and lids."""

GAZE = tuple(name for name in EXPRESSIONS if name.startswith("eyeLook"))


@dataclass(frozen=True)
class DriverTrack:
    """A driver's face in each of its frames.

    Attributes:
        times: float64 (n,), in seconds from the first.
        points: float32 (n, 478, 3), as `Face.points`.
        expressions: float32 (n, 52), from 0 to 1.
        poses: float32 (n, 4, 4), as `Face.pose`.
        heads: float64 (n, 3, 4), where the head went as a whole from the neutral frame, in pixels.
        found: bool (n,), whether there was a face; where not, the rest lies between neighbours.
        size: width and height of the frames.
        neutral: the number of the frame that the portrait at rest stands for.
    """

    times: np.ndarray
    points: np.ndarray
    expressions: np.ndarray
    poses: np.ndarray
    heads: np.ndarray
    found: np.ndarray
    size: tuple[int, int]
    neutral: int

    def __len__(self) -> int:
        return len(self.times)

    def save(self, file: Path) -> None:
        """Write it; `load` reads it again."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return what was saved. Raises OSError, ValueError or KeyError for other files."""
        with np.load(file, allow_pickle=False) as stored:
            arrays = {field.name: stored[field.name] for field in fields(cls)}
        size = (int(arrays["size"][0]), int(arrays["size"][1]))
        return cls(**arrays | {"size": size, "neutral": int(arrays["neutral"])})


class Tracker:
    """Takes a clip's frames one after the other, and gives the whole track.

    Each frame is looked at by itself, closely around the face of the frame before: what MediaPipe
    calls video smooths its points, and they lag.
    """

    def __init__(self, model: FaceModel, landmarker: Landmarker, name: str, face: int = 0) -> None:
        """Begin.

        Args:
            model: finds faces anywhere.
            landmarker: finds a face that fills its picture.
            name: of the clip, for error sentences.
            face: which of several is followed, from left to right.
        """
        self._model, self._landmarker, self._name = model, landmarker, name
        self._which = face
        self._times: list[float] = []
        self._faces: list[Face | None] = []
        self._last: Face | None = None
        self._size = (0, 0)

    def add(self, time: float, picture: np.ndarray) -> None:
        """Look at the next frame, uint8 (height, width, 3), at its time in seconds."""
        face = None
        if self._last is not None:
            face = look_closely(picture, self._last, self._landmarker)
        if face is None:
            face = self._choose(find_faces(picture, self._model))
        self._last = face or self._last
        self._times.append(time)
        self._faces.append(face)
        self._size = (picture.shape[1], picture.shape[0])

    def track(self, neutral: int | None = None) -> DriverTrack:
        """Return what was found, smoothed; `neutral` is found where it is None.

        Raises:
            ZograscopeError: `driver-without-face`, `neutral-frame-missing`.
        """
        found = np.array([face is not None for face in self._faces])
        if not found.any():
            raise PortraitError("driver-without-face", name=self._name)
        if neutral is not None and neutral >= len(found):
            raise PortraitError("neutral-frame-missing", number=neutral, count=len(found))
        faces = [face for face in self._faces if face is not None]
        points = _between(np.stack([face.points for face in faces]), found)
        expressions = _between(np.stack([face.expressions for face in faces]), found)
        poses = _between(np.stack([face.pose for face in faces]), found)
        points = smooth_points(points)
        expressions = np.clip(_smooth(expressions, SMOOTHING), 0.0, 1.0)
        poses[:, :3] = _smooth(poses[:, :3], STEADIER)
        if neutral is None:
            neutral = most_neutral(expressions, poses, found)
        rigid = list(RIGID)
        at_rest = points[neutral, rigid]
        heads = np.stack([fit_similarity(at_rest, frame[rigid]).matrix for frame in points])
        times = np.array(self._times) - self._times[0]
        return DriverTrack(times, points, expressions, poses, heads, found, self._size, neutral)

    def _choose(self, faces: list[Face]) -> Face | None:
        """The wanted face; once it was seen, the one that is nearest to where it was."""
        if not faces:
            return None
        if self._last is None:
            return faces[min(self._which, len(faces) - 1)]
        middle = self._last.points[:, :2].mean(axis=0)
        reach = self._last.box[2]

        def way(face: Face) -> float:
            return float(np.linalg.norm(face.points[:, :2].mean(axis=0) - middle))

        nearest = min(faces, key=way)
        return nearest if way(nearest) < reach else None


def smooth_points(points: np.ndarray) -> np.ndarray:
    """Take the jitter out of points (n, 478, 3): more out of the head than out of its face."""
    if len(points) < SMOOTHING[0]:
        return points
    rigid = list(RIGID)
    middle = points[len(points) // 2]
    heads = [fit_similarity(middle[rigid], frame[rigid]) for frame in points]
    at_rest = np.stack(
        [head.inverse.apply(frame) for head, frame in zip(heads, points, strict=True)]
    )
    matrices = _smooth(np.stack([head.matrix for head in heads]), STEADIER)
    return np.stack(
        [
            Similarity.nearest(matrix).apply(frame)
            for matrix, frame in zip(matrices, _smooth(at_rest, SMOOTHING), strict=True)
        ]
    ).astype(np.float32)


def most_neutral(expressions: np.ndarray, poses: np.ndarray, found: np.ndarray) -> int:
    """Return the number of the frame with least expression, nearest to the usual pose.

    Args:
        expressions: float32 (n, 52).
        poses: float32 (n, 4, 4).
        found: bool (n,): only such frames are chosen from.
    """
    gaze = np.array([name in GAZE for name in EXPRESSIONS])
    tension = expressions @ np.where(gaze, 0.3, 1.0)
    usual = np.median(poses[found, :3, :3], axis=0)
    turned = np.linalg.norm(poses[:, :3, :3] - usual, axis=(1, 2))
    return int(np.argmin(np.where(found, tension + 2.0 * turned, np.inf)))


def _between(values: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Values of the found frames, and between them those of the others."""
    if found.all():
        return values
    wanted, known = np.arange(len(found)), np.flatnonzero(found)
    flat = values.reshape(len(values), -1)
    columns = [np.interp(wanted, known, column) for column in flat.T]
    return np.stack(columns, axis=1).reshape(len(found), *values.shape[1:]).astype(np.float32)


def _smooth(values: np.ndarray, window_and_order: tuple[int, int]) -> np.ndarray:
    from scipy.signal import savgol_filter

    window, order = window_and_order
    if len(values) < window:
        return values
    return savgol_filter(values, window, order, axis=0, mode="interp").astype(np.float32)
