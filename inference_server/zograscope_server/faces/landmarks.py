"""Finds faces by MediaPipe's face landmarker: 478 points, 52 expressions and the head's pose."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import mediapipe as mp

POINTS = 478
"""468 on the face, then 5 for each iris: the right eye's of the sitter first."""

EXPRESSIONS = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight",
    "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft",
    "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
"""ARKit's 52, in alphabetical order."""

MOST_FACES = 20


@dataclass(frozen=True)
class Face:
    """One face in one picture.

    Attributes:
        points: float32 (478, 3), in pixels of the picture, x right, y down, z away from the viewer
            in the same unit, about the middle of the head.
        expressions: float32 (52,), from 0 to 1, in the order of `EXPRESSIONS`.
        pose: float32 (4, 4), from MediaPipe's canonical face (centimetres, x right, y up, z to the
            viewer) to its camera.
    """

    points: np.ndarray
    expressions: np.ndarray
    pose: np.ndarray

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the points, in pixels."""
        least, most = self.points[:468, :2].min(axis=0), self.points[:468, :2].max(axis=0)
        (left, top), (width, height) = least.tolist(), (most - least).tolist()
        return left, top, width, height

    def placed(self, origin: tuple[int, int], scale: float) -> "Face":
        """Return the face of a part as one of the whole: the part began at x, y, and was scaled."""
        points = (self.points + np.array([*origin, 0.0], np.float32)) * np.float32(scale)
        return Face(points, self.expressions, self.pose)


class Landmarker:
    """MediaPipe's face landmarker, for single pictures or for the frames of one clip."""

    def __init__(self, model: Path, *, clip: bool = False, most_faces: int = MOST_FACES) -> None:
        """Load the model file; for a clip, faces are followed from frame to frame."""
        import mediapipe as mp

        vision = mp.tasks.vision
        self._mode = vision.RunningMode.VIDEO if clip else vision.RunningMode.IMAGE
        options = vision.FaceLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=self._mode,
            num_faces=most_faces,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._landmarker = vision.FaceLandmarker.create_from_options(options)
        self._clip = clip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._landmarker.close()

    def find(self, picture: np.ndarray, milliseconds: int = 0) -> list[Face]:
        """Return the faces from left to right.

        Args:
            picture: uint8 (height, width, 3), red first.
            milliseconds: of a clip's frame; they must increase.
        """
        import mediapipe as mp

        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        found = (
            self._landmarker.detect_for_video(image, milliseconds)
            if self._clip
            else self._landmarker.detect(image)
        )
        height, width = picture.shape[:2]
        scale = np.array([width, height, width], np.float32)
        faces = [
            Face(
                np.array([(p.x, p.y, p.z) for p in points], np.float32) * scale,
                _expressions(shapes),
                np.asarray(pose, np.float32),
            )
            for points, shapes, pose in zip(
                found.face_landmarks,
                found.face_blendshapes,
                found.facial_transformation_matrixes,
                strict=True,
            )
        ]
        return sorted(faces, key=lambda face: face.points[:, 0].mean())


def _expressions(shapes: "list[mp.tasks.components.containers.Category]") -> np.ndarray:
    scores = {shape.category_name: shape.score for shape in shapes}
    return np.array([scores.get(name, 0.0) for name in EXPRESSIONS], np.float32)
