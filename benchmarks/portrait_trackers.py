"""Who finds points in moved portraits: dlib, which no method here uses, and MediaPipe.

dlib (`dlib-bin`) takes its networks from the wheel `face-recognition-models`, whose own Python is
not imported: 68 points (Kazemi and Sullivan, 2014), and a vector of 128 numbers that tells people
apart. The 68 points hang on where exactly the box of the face lies; their mean over a few boxes
has half the noise, so both are kept.
"""

import importlib.util
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from portrait_judge import SIDE

BOXES = 16
BOX_SPREAD = 0.06  # of a box's side
BOX_OF_MESH = 0.91  # side of dlib's box over the height of MediaPipe's points; same centre
LARGEST = 512
"""Pixels a side at which MediaPipe looks at a frame."""


@dataclass(frozen=True)
class Tracks:
    """Points in n frames.

    Attributes:
        single: (n, 68, 2), in pixels at SIDE, of one box: what is usually told as AKD.
        steady: (n, 68, 2), means over some boxes about a finer one.
        mesh: (n, 478, 2), in pixels at SIDE, of MediaPipe, each frame for itself.
        lost: (n,) bool, where dlib's detector found no face; the frame before lends its box.
        lost_mesh: (n,) bool, where MediaPipe found none; its points are those of the frame before.
        people: (n, 128), vectors of identity; nan where not asked for.

    What was never found is nan.
    """

    single: np.ndarray
    steady: np.ndarray
    mesh: np.ndarray
    lost: np.ndarray
    lost_mesh: np.ndarray
    people: np.ndarray

    @classmethod
    def of(cls, frames: list[Self]) -> Self:
        """Put frames together."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(one, name) for one in frames]) for name in names))

    def __getitem__(self, which: Any) -> Self:
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def arrays(self) -> dict[str, np.ndarray]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def dlib_problem() -> str | None:
    """Return what is missing for dlib, or None."""
    if importlib.util.find_spec("dlib") is None:
        return "dlib is not installed (pip install dlib-bin)"
    try:
        files("face-recognition-models")
    except PackageNotFoundError:
        return "its models are not here (pip install --no-deps face-recognition-models)"
    return None


class Tracker:
    """Finds points in frames of clips; what it finds in one helps where the next has none."""

    def __init__(self, landmarker: Path | None) -> None:
        """Load dlib's models, and MediaPipe's if its file is given."""
        import dlib

        held = {file.name: str(file.locate()) for file in files("face-recognition-models") or ()}
        self._dlib = dlib
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(held["shape_predictor_68_face_landmarks.dat"])
        network = held["dlib_face_recognition_resnet_model_v1.dat"]
        self._identity = dlib.face_recognition_model_v1(network)
        self._landmarker = None
        if landmarker:
            from zograscope_server.faces.landmarks import Landmarker

            self._landmarker = Landmarker(landmarker)
        self._offsets = np.random.default_rng(0).uniform(-BOX_SPREAD, BOX_SPREAD, (BOXES, 3))
        self.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._landmarker:
            self._landmarker.__exit__()

    @property
    def has_mesh(self) -> bool:
        return self._landmarker is not None

    def begin(self) -> None:
        """Forget the clip before."""
        self._boxes: dict[int, np.ndarray] = {}  # centre and side, at SIDE, by enlargement
        self._mesh = np.full((478, 2), np.nan)

    def find(self, picture: np.ndarray, *, person: bool = False) -> Tracks:
        """Look at a square (s, s, 3) uint8 frame; nan where no face was ever found."""
        small = resized(picture, SIDE)
        lost_mesh = self._find_mesh(picture)
        coarse, lost = self._find_box(small, 0)
        fine, _ = self._find_box(small, 1)
        single = self._points(small, coarse)
        around = fine + self._offsets * fine[2]
        steady = np.mean([self._points(small, box) for box in around], axis=0)
        vector = self._person(small, fine) if person else np.full(128, np.nan)
        rows = (single, steady, self._mesh.copy(), np.array(lost), np.array(lost_mesh), vector)
        return Tracks(*(row[None] for row in rows))

    def _find_box(self, picture: np.ndarray, enlarge: int) -> tuple[np.ndarray, bool]:
        """Return the largest face's box, or that of the frame before, or that of the mesh."""
        found = self._detector(picture, enlarge)
        if len(found):
            box = max(found, key=lambda one: one.area())
            middle = box.center()
            self._boxes[enlarge] = np.array([middle.x, middle.y, box.width()], float)
        elif enlarge not in self._boxes:
            least, most = self._mesh.min(axis=0), self._mesh.max(axis=0)
            side = BOX_OF_MESH * (most[1] - least[1])
            return np.array([*(least + most) / 2, side]), True
        return self._boxes[enlarge], not len(found)

    def _shape(self, picture: np.ndarray, box: np.ndarray) -> Any:
        x, y, side = box
        edges = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        return self._predictor(picture, self._dlib.rectangle(*(round(edge) for edge in edges)))

    def _points(self, picture: np.ndarray, box: np.ndarray) -> np.ndarray:
        if not np.isfinite(box).all():
            return np.full((68, 2), np.nan)
        return np.array([(part.x, part.y) for part in self._shape(picture, box).parts()], float)

    def _person(self, picture: np.ndarray, box: np.ndarray) -> np.ndarray:
        if not np.isfinite(box).all():
            return np.full(128, np.nan)
        shape = self._shape(picture, box)
        return np.array(self._identity.compute_face_descriptor(picture, shape))

    def _find_mesh(self, picture: np.ndarray) -> bool:
        """Find the largest face's points; say whether there was none."""
        if self._landmarker is None:
            return True
        shown = resized(picture, min(LARGEST, picture.shape[0]))
        faces = self._landmarker.find(shown)
        if faces:
            largest = max(faces, key=lambda face: face.box[3])
            self._mesh = largest.points[:, :2] * (SIDE / shown.shape[0])
        return not faces


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """Bring a square to another size, by areas where it becomes smaller."""
    if picture.shape[0] == side:
        return np.ascontiguousarray(picture)
    smaller = side < picture.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return cv2.resize(picture, (side, side), interpolation=method)
