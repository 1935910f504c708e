"""How the motion of a driver becomes that of a source: arithmetic on the networks' points.

In numpy and without a network, but for what is handed in. The formulas are those of the papers of
the first-order motion model (Siarohin et al. 2019) and of LivePortrait (Guo et al. 2024); with all
strengths at 1 they are followed exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from zograscope_protocol.portrait.tasks import PortraitOptions

from zograscope_server.faces.regions import MOUTH_CORNERS, RIGID
from zograscope_server.portrait.networks.crops import LEFT_EYE, RIGHT_EYE


@dataclass(frozen=True)
class Strengths:
    """How much of the driver's motion is taken, for each region; 0 is none, 1 is all."""

    pose: float = 1.0
    eyes: float = 1.0
    brows: float = 1.0
    mouth: float = 1.0

    @classmethod
    def of(cls, options: PortraitOptions) -> "Strengths":
        """Return those of the regions that were asked for; of the others, none."""
        asked = {
            region: getattr(options, f"strength_{region}") if region in options.regions else 0.0
            for region in ("pose", "eyes", "brows", "mouth")
        }
        return cls(**asked)


def hull_size(points: np.ndarray) -> float:
    """Return the area or volume of the convex hull of (n, 2) or (n, 3) points; 0 of flat ones."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        return float(ConvexHull(points).volume)
    except QhullError:
        return 0.0


def size_ratio(source: np.ndarray, driver: np.ndarray) -> float:
    """Return the root of the ratio of two hulls; 1 where there is none."""
    ours, theirs = hull_size(source), hull_size(driver)
    return float(np.sqrt(ours / theirs)) if ours > 0 and theirs > 0 else 1.0


def inverse(matrices: np.ndarray) -> np.ndarray:
    """Return the inverses of (..., 2, 2) matrices; of those that nearly have none, the identity."""
    size = np.abs(matrices).max(axis=(-2, -1)) ** 2
    sound = np.abs(np.linalg.det(matrices)) > LEAST_DETERMINANT * size
    return np.linalg.inv(np.where(sound[..., None, None], matrices, np.eye(2)))


LEAST_DETERMINANT = 1e-4  # of a matrix whose largest entry is 1


# ---- The first-order motion model


@dataclass(frozen=True)
class Local:
    """Points (10, 2) from -1 to 1, and how the picture about each lies, (10, 2, 2)."""

    points: np.ndarray
    jacobians: np.ndarray


@dataclass(frozen=True)
class Similarity:
    """x goes to scale * R(angle) x + shift, in two dimensions; how a head as a whole moves."""

    scale: float
    angle: float
    shift: np.ndarray

    def linear(self, strength: float = 1.0) -> np.ndarray:
        """Return the (2, 2) matrix of so much of the turn and of the change in size."""
        cosine, sine = np.cos(strength * self.angle), np.sin(strength * self.angle)
        return self.scale**strength * np.array([[cosine, -sine], [sine, cosine]])

    def moved(self, points: np.ndarray) -> np.ndarray:
        """Return (n, 2) points as they are moved."""
        return points @ self.linear().T + self.shift


STILL = Similarity(1.0, 0.0, np.zeros(2))

CENTRES = {
    "eyes": ((33, 133), (362, 263)),
    "brows": ((105,), (334,)),
    "mouth": (MOUTH_CORNERS, (17,), (152,)),
}
BACKGROUND_SHARE = 0.1


def head_movement(neutral: np.ndarray, now: np.ndarray) -> Similarity:
    """Fit a similarity to (478, 2) points at rest and now (Umeyama, PAMI 1991)."""
    before, after = neutral[list(RIGID)], now[list(RIGID)]
    middle_before, middle_after = before.mean(axis=0), after.mean(axis=0)
    start = (before - middle_before) @ [1, 1j]
    end = (after - middle_after) @ [1, 1j]
    turn = np.vdot(start, end) / max(float(np.vdot(start, start).real), 1e-12)
    fitted = Similarity(float(abs(turn)), float(np.angle(turn)), np.zeros(2))
    if fitted.scale < 1e-6:
        return replace(STILL, shift=middle_after - middle_before)
    return replace(fitted, shift=middle_after - fitted.linear() @ middle_before)


def local_strengths(points: np.ndarray, face: np.ndarray, strengths: Strengths) -> np.ndarray:
    """Return the strength of each network's point (n, 2), by the regions of a face near it.

    Args:
        points: which no training tied to a region.
        face: (478, 2), in the same frame.
        strengths: of the regions; a point far from all of them goes with the pose.
    """
    spread = 0.5 * float(np.linalg.norm(face[33] - face[263])) + 1e-9
    values, weights = [strengths.pose], [np.full(len(points), BACKGROUND_SHARE)]
    for region, groups in CENTRES.items():
        centres = np.array([face[list(group)].mean(axis=0) for group in groups])
        distances = np.linalg.norm(points[:, None] - centres, axis=-1).min(axis=1)
        values.append(getattr(strengths, region))
        weights.append(np.exp(-((distances / spread) ** 2) / 2))
    return np.average(np.tile(np.array(values)[:, None], len(points)), axis=0, weights=weights)


def transfer_local(
    source: Local,
    neutral: Local,
    now: Local,
    *,
    scale: float = 1.0,
    strengths: np.ndarray | float = 1.0,
    pose: float = 1.0,
    head: Similarity = STILL,
) -> Local:
    """Move a source's points by what the driver's did since it was neutral.

    Args:
        source, neutral, now: motion of source, neutral driver and driver.
        scale: of the source's face over the driver's (`size_ratio`).
        strengths: (n,), of what each point does beside the head.
        pose: strength of what the head does.
        head: what it does, in the driver's frame.
    """
    carried = head.moved(neutral.points)
    own = np.asarray(strengths, np.float64)
    offset = pose * (carried - neutral.points) + own[..., None] * (now.points - carried)
    # Split as the offset is: first the head turns what lies about a point, then the face does.
    since = now.jacobians @ inverse(neutral.jacobians)
    face = since @ np.linalg.inv(head.linear())
    face = np.eye(2) + own[..., None, None] * (face - np.eye(2))
    return Local(source.points + scale * offset, face @ head.linear(pose) @ source.jacobians)


def transfer_local_absolutely(
    source: Local, now: Local, strengths: np.ndarray | float = 1.0
) -> Local:
    """Bring a source's points to where the driver's are; strengths (n,) as above."""
    own = np.asarray(strengths, np.float64)
    return Local(
        source.points + own[..., None] * (now.points - source.points),
        source.jacobians + own[..., None, None] * (now.jacobians - source.jacobians),
    )


# ---- LivePortrait


@dataclass(frozen=True)
class Head:
    """A head as LivePortrait describes it.

    Attributes:
        points: (21, 3), of this head at rest and from the front; x right, y down, z away.
        expression: (21, 3), what is added to them.
        rotation: (3, 3), which multiplies them from the right.
        scale: of them.
        translation: (3,); its z is not used.
    """

    points: np.ndarray
    expression: np.ndarray
    rotation: np.ndarray
    scale: float
    translation: np.ndarray

    def placed(self) -> np.ndarray:
        """Return the points (21, 3) where they stand in the picture, which is from -1 to 1."""
        placed = self.scale * (self.points @ self.rotation + self.expression)
        return placed + self.translation * [1, 1, 0]


def degrees_of_bins(bins: np.ndarray) -> np.ndarray:
    """Return the angles in degrees, (...), of (..., 66) unnormalised bins of 3 degrees."""
    likely = np.exp(bins - bins.max(axis=-1, keepdims=True))
    likely = likely / likely.sum(axis=-1, keepdims=True)
    return likely @ np.arange(bins.shape[-1]) * 3.0 - 97.5


def rotation_of(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Return the (3, 3) rotation of angles in degrees, for rows of coordinates."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("xyz", [pitch, yaw, roll], degrees=True).as_matrix().T


EYE_POINTS = (11, 13, 15, 16, 18)
BROW_POINTS = (1, 2)
# What of the driver's expression fits another's head as it is: (21, 3).
ABSOLUTE = np.zeros((21, 3))
ABSOLUTE[[1, 2, 6, *range(11, 21)]] = 1
ABSOLUTE[[3, 4], 1] = 1
ABSOLUTE[[5, 8], 2] = 1
ABSOLUTE[9, 1:] = 1


def point_strengths(strengths: Strengths) -> np.ndarray:
    """Return the strength of each point's expression, (21, 1); cheeks and jaw go with the mouth."""
    values = np.full((21, 1), strengths.mouth)
    values[list(EYE_POINTS)] = strengths.eyes
    values[list(BROW_POINTS)] = strengths.brows
    return values


def transfer_head(source: Head, neutral: Head, now: Head, strengths: Strengths) -> Head:
    """Move a source's head by what the driver's did since it was neutral."""
    pose = strengths.pose
    turned = _part_of_turn(now.rotation @ neutral.rotation.T, pose) @ source.rotation
    change = now.expression - neutral.expression
    grown = now.scale / neutral.scale if neutral.scale > 0 and now.scale > 0 else 1.0
    return Head(
        points=source.points,
        expression=source.expression + point_strengths(strengths) * change,
        rotation=turned,
        scale=source.scale * grown**pose,
        translation=source.translation + pose * (now.translation - neutral.translation),
    )


def transfer_head_absolutely(source: Head, now: Head, strengths: Strengths) -> Head:
    """Bring a source's head to how the driver's is."""
    pose = strengths.pose
    change = ABSOLUTE * (now.expression - source.expression)
    return Head(
        points=source.points,
        expression=source.expression + point_strengths(strengths) * change,
        rotation=_part_of_turn(now.rotation @ source.rotation.T, pose) @ source.rotation,
        scale=source.scale,
        translation=source.translation + pose * (now.translation - source.translation),
    )


def expression_friendly(source: np.ndarray, first: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return moved points (21, 3) as seen from the source, at the source's size.

    By `transfer_head` a neutral driver leaves the source where it is, so that this changes nothing.

    Args:
        source: where the source's points stand.
        first: where they were moved to for the neutral driver.
        moved: where for the driver now.
    """
    return source + size_ratio(source, first) * (moved - first)


def _part_of_turn(rotation: np.ndarray, strength: float) -> np.ndarray:
    """Return a (3, 3) rotation about the same axis by so much of the angle."""
    from scipy.spatial.transform import Rotation

    if strength == 1:
        return rotation
    return Rotation.from_rotvec(strength * Rotation.from_matrix(rotation).as_rotvec()).as_matrix()


# ---- Openings of eyes and mouth


@dataclass(frozen=True)
class Openings:
    """How far a face's eyes and lips are open: gap over width.

    Attributes:
        eyes: (2,), of the eye that is on the left of the picture, and of the other.
        lips: of the mouth.
    """

    eyes: np.ndarray
    lips: float

    @classmethod
    def of(cls, points: np.ndarray) -> "Openings":
        """Return those of MediaPipe's (478, 3) points."""
        right, left = (ratio(points, *eye[2:], *eye[:2]) for eye in (RIGHT_EYE, LEFT_EYE))
        return cls(np.array([right, left]), ratio(points, 13, 14, *MOUTH_CORNERS))


def ratio(points: np.ndarray, upper: int, lower: int, one: int, other: int) -> float:
    """Return one distance between points (n, 2 or 3), in the picture, over another."""
    flat = points[:, :2].astype(np.float64)
    gap, width = np.linalg.norm(flat[[upper, one]] - flat[[lower, other]], axis=1)
    return float(gap / (width + 1e-6))


LEAST_OPENING = 0.05  # below which a driver's eye or mouth is taken for closed at rest


def missing_opening(source: np.ndarray, neutral: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Return by how much the source's openings still differ from what they should be, (...).

    What is closed in the driver should be closed in the source, and what is at rest should be at
    rest; between, the source's opening is in proportion. The driver's motion alone changes it by
    the same amount in both, which closes wide eyes too little and narrow ones too much.
    """
    closed = np.clip((neutral - now) / np.maximum(neutral, LEAST_OPENING), 0, 1)
    return closed * (neutral - source)


Retarget = Callable[[np.ndarray], np.ndarray]
"""A small network, from float32 (inputs,) to (63,) offsets of the points."""


def eye_offsets(
    retarget: Retarget, head: Head, openings: np.ndarray, missing: np.ndarray
) -> np.ndarray:
    """Return (21, 3) offsets that open a source's eyes by what is missing, each by its own.

    Args:
        retarget: LivePortrait's network for eyes, which opens both alike.
        head: the source's.
        openings, missing: (2,), as of `Openings.eyes`.
    """
    total = np.zeros((21, 3))
    for side, (opening, change) in enumerate(zip(openings, missing, strict=True)):
        if change:
            offsets = _change(retarget, head, openings, opening, change)
            total += _share_of_side(head.points, right_of_picture=bool(side)) * offsets
    return total


def lip_offsets(retarget: Retarget, head: Head, opening: float, missing: float) -> np.ndarray:
    """Return (21, 3) offsets that open a source's lips by what is missing; see `eye_offsets`."""
    if not missing:
        return np.zeros((21, 3))
    return _change(retarget, head, np.array([opening]), opening, missing)


def _change(
    retarget: Retarget, head: Head, openings: np.ndarray, opening: float, missing: float
) -> np.ndarray:
    """Return what a retargeting network answers beyond what it answers for no change."""
    known = np.concatenate([head.placed().ravel(), openings])
    wanted, kept = (retarget(np.append(known, opening + more)) for more in (missing, 0.0))
    return (wanted - kept).reshape(21, 3)


def _share_of_side(points: np.ndarray, *, right_of_picture: bool) -> np.ndarray:
    """Return (21, 1), how far each point belongs to the eye on one side of the picture."""
    across = points[:, :1]
    reach = max(float(np.abs(across[list(EYE_POINTS)]).max()), 1e-6)
    right = np.clip(0.5 + across / reach, 0, 1)
    return right if right_of_picture else 1 - right


def stitch(retarget: Retarget, source: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return moved points (21, 3) that join the source's shoulders, by LivePortrait's network."""
    answer = retarget(np.concatenate([source.ravel(), moved.ravel()]))
    stitched = moved + answer[:63].reshape(21, 3)
    stitched[:, :2] += answer[63:]
    return stitched
