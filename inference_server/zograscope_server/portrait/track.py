"""Follows the driver's face through a whole clip, before anything is moved by it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from zograscope_server.faces.landmarks import EXPRESSIONS, Face, Landmarker
from zograscope_server.faces.loading import FaceModel
from zograscope_server.faces.regions import RIGID, face_width
from zograscope_server.faces.search import find_faces, look_closely
from zograscope_server.portrait.errors import PortraitError
from zograscope_server.portrait.similarity import Similarity, fit_similarity

SMOOTHING = (5, 3)
"""Window and order of the polynomial that expressions are fitted to over time (Savitzky, Golay,
1964). The clip is known as a whole, so the window looks ahead and nothing lags."""

WINDOW = 4  # frames before and after, that take the trembling out of a point
TREMBLING = 0.006  # face widths between frames: what moves by more does not tremble, it moves

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
        expressions = np.clip(_smooth(expressions, SMOOTHING), 0.0, 1.0)
        poses[:, :3] = _smooth(poses[:, :3], SMOOTHING)
        if neutral is None:
            neutral = most_neutral(expressions, poses, found)
        points, heads = steady(points, bone_heads(points, neutral), neutral)
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


def steady(points: np.ndarray, heads: np.ndarray, neutral: int) -> tuple[np.ndarray, np.ndarray]:
    """Take the trembling out of a head, and then of its face.

    What moves keeps its pace: a blink is over in three frames.

    Args:
        points: (n, 478, 3).
        heads: (n, 3, 4), where the head went from the neutral frame.
        neutral: the number of that frame.

    Returns:
        The same, as float32 and float64.
    """
    placed = [Similarity.nearest(head) for head in heads]
    bones = points[neutral, list(RIGID)].astype(np.float64)
    least = TREMBLING * face_width(points[neutral])
    faces = np.stack([head.inverse.apply(face) for head, face in zip(placed, points, strict=True)])
    faces = _steady(faces, least)
    seen = _steady(np.stack([head.apply(bones) for head in placed]), least)
    placed = [fit_similarity(bones, frame) for frame in seen]
    moved = np.stack([head.apply(face) for head, face in zip(placed, faces, strict=True)])
    back = placed[neutral].inverse
    return moved.astype(np.float32), np.stack([head.after(back).matrix for head in placed])


def bone_heads(points: np.ndarray, neutral: int) -> np.ndarray:
    """Where the bones of the head went from the neutral frame, (n, 3, 4)."""
    rigid = list(RIGID)
    at_rest = points[neutral, rigid]
    return np.stack([fit_similarity(at_rest, frame[rigid]).matrix for frame in points])


def _steady(values: np.ndarray, least: float) -> np.ndarray:
    """The mean of values (n, k, 3) over frames in which they are nearly the same.

    Tomasi, Manduchi, "Bilateral filtering", ICCV 1998, over time.
    """
    count = len(values)
    total, weights = np.zeros(values.shape), np.zeros(values.shape[:2])
    for away in range(-WINDOW, WINDOW + 1):
        frames = np.arange(max(0, -away), min(count, count - away))
        others = values[frames + away]
        way = np.square(others - values[frames]).sum(axis=2) / least**2
        weight = np.exp(-0.5 * (way + (away / (0.5 * WINDOW)) ** 2))
        total[frames] += weight[..., None] * others
        weights[frames] += weight
    return total / weights[..., None]


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
