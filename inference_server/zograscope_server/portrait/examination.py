"""Says what will go badly before anything is moved, and shows the points that were found."""

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.faces.handles import handle_places
from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.loading import FaceModel
from zograscope_server.faces.regions import face_width
from zograscope_server.faces.search import part_around
from zograscope_server.portrait.mirror import mirrored_points
from zograscope_server.portrait.source import Source
from zograscope_server.portrait.track import DriverTrack
from zograscope_server.portrait.transfer import head_rotation

SMALL = 80  # pixels across a face: less has no eyes and lips to speak of
TURNED = 35.0  # degrees to the side at which half of a face is hidden
TURNING = 40.0  # degrees that a driver may turn away from its neutral frame
UNSURE = 0.02  # face widths between the points of a mouth and of its mirror image: it is hidden
OUTSIDE = 0.04  # of the face's points beyond the picture's border
TENSE = 2.5  # sum of the expressions of a neutral frame that is none
SHOWN = 1024  # pixels of the longer side of the picture with points


def examine_size(source: Source) -> list[str]:
    """Return a sentence on a portrait that was read smaller than its file has it."""
    if source.reduction == 1:
        return []
    width, height = source.size
    return [
        f"{source.name} is larger than anybody sees it move. It was read at {width} x {height} "
        f"pixels of 8 bits, 1/{source.reduction} of its sides."
    ]


def examine_source(picture: np.ndarray, face: Face, name: str, model: FaceModel) -> list[str]:
    """Return sentences on what will go badly with a portrait, for one of its faces.

    Args:
        picture: uint8 (h, w, 3).
        face: that is to be moved.
        name: what the artist calls the picture.
        model: what found the face.
    """
    warnings = []
    width, height = face.box[2:]
    if min(width, height) < SMALL:
        warnings.append(
            f"The face in {name} is only {round(width)} pixels wide. Eyes and mouth will be "
            "coarse; a larger scan moves better."
        )
    yaw = yaw_of(face)
    if abs(yaw) > TURNED:
        warnings.append(
            f"The face in {name} is turned {abs(yaw):.0f} degrees to the side. What it hides is "
            "made up; keep the pose's strength low."
        )
    places = face.points[:468, :2]
    outside = ((places < 0) | (places > picture.shape[1::-1])).any(axis=1).mean()
    if outside > OUTSIDE:
        warnings.append(
            f"The face in {name} is cut by the picture's border. What lies beyond it is made up."
        )
    elif _mouth_doubt(picture, face, model) > UNSURE:
        warnings.append(
            f"The mouth in {name} is hidden or hard to see. Check the points, and move them by "
            "their handles if they are wrong."
        )
    return warnings


def examine_driver(track: DriverTrack, name: str) -> list[str]:
    """Return sentences on what will go badly with a driver."""
    warnings = []
    lost = int((~track.found).sum())
    if lost:
        warnings.append(
            f"No face was found in {lost} of {len(track)} frames of {name}. There the portrait "
            "moves on from the frame before to the frame after."
        )
    size = np.median([face_width(points) for points in track.points])
    if size < SMALL:
        warnings.append(
            f"The face in {name} is only {size:.0f} pixels wide. Small movements will be lost; "
            "film closer."
        )
    turn = np.degrees(np.abs(_turns(track))).max()
    if turn > TURNING:
        warnings.append(
            f"The actor in {name} turns {turn:.0f} degrees away from the neutral frame "
            f"{track.neutral}. The portrait will show what it does not have; lower the "
            "pose's strength."
        )
    if track.expressions[track.neutral].sum() > TENSE:
        warnings.append(
            f"No frame of {name} is quite neutral; frame {track.neutral} is the nearest. Choose "
            "another one if the portrait looks tense."
        )
    if len(track) == 1:
        warnings.append(f"{name} has only one frame: the portrait will be still.")
    return warnings


def yaw_of(face: Face) -> float:
    """Return how far a face is turned to the side, in degrees."""
    forwards = head_rotation(face)[:, 2]
    return float(np.degrees(np.arctan2(forwards[0], forwards[2])))


def draw_points(picture: np.ndarray, faces: list[Face], chosen: int) -> np.ndarray:
    """Return a picture with the points of its faces, uint8, at most `SHOWN` pixels a side.

    Args:
        picture: uint8 (h, w, 3), red first.
        faces: in it.
        chosen: the number of the face that is moved; its handles are drawn too.
    """
    scale = min(1.0, SHOWN / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    drawn = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for number, face in enumerate(faces):
        points = face.points[:, :2] * scale
        thick = max(1, round(face.box[2] * scale / 250))
        colour = (80, 220, 255) if number == chosen else (160, 160, 160)
        for closed, lines in ((True, _RINGS), (False, _LINES)):
            rows = [_fixed(points[list(line)]) for line in lines]
            cv2.polylines(drawn, rows, closed, colour, thick, cv2.LINE_AA, 4)
        if number == chosen:
            for x, y in handle_places(face.points) * scale:
                cv2.circle(drawn, (round(x), round(y)), 3 * thick, (255, 120, 40), -1, cv2.LINE_AA)
        label = (round(face.box[0] * scale), round(face.box[1] * scale) - 4)
        cv2.putText(
            drawn, str(number), label, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA
        )
    return drawn


_RINGS = (
    regions.OVAL,
    regions.OUTER_LIPS,
    regions.RIGHT_IRIS[1:],
    regions.LEFT_IRIS[1:],
)
_LINES = (
    regions.RIGHT_UPPER_LID,
    regions.RIGHT_LOWER_LID,
    regions.LEFT_UPPER_LID,
    regions.LEFT_LOWER_LID,
    regions.INNER_UPPER_LIP,
    regions.INNER_LOWER_LIP,
    regions.RIGHT_BROW[:5],
    regions.LEFT_BROW[:5],
)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * 16).astype(np.int32)


def _turns(track: DriverTrack) -> np.ndarray:
    """How far each frame's head is turned from the neutral one's, in radians (n,)."""
    rotations = track.poses[:, :3, :3]
    between = np.einsum("nij,kj->nik", rotations, track.poses[track.neutral, :3, :3])
    return np.arccos(np.clip((np.trace(between, axis1=1, axis2=2) - 1.0) / 2.0, -1.0, 1.0))


def _mouth_doubt(picture: np.ndarray, face: Face, model: FaceModel) -> float:
    """How far the mouth's points are from those of the mirrored picture, in face widths.

    What is seen well is seen the same in a mirror; what is guessed is not.
    """
    part, corner = part_around(picture, face)
    part = np.ascontiguousarray(part[:, ::-1])
    with model.landmarker(most_faces=1) as landmarker:
        found = landmarker.find(part)
    if not found:
        return np.inf
    mirrored = found[0].points[mirrored_points(), :2]
    mirrored[:, 0] = part.shape[1] - mirrored[:, 0]
    mouth = list(regions.OUTER_LIPS)
    away = np.linalg.norm(mirrored[mouth] + corner - face.points[mouth, :2], axis=1).mean()
    return float(away / face_width(face.points))
