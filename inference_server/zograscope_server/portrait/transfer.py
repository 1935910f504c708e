"""Puts a driver's movement onto another face: in that face's own head, to its own measure."""

from dataclasses import dataclass

import numpy as np
from zograscope_protocol.portrait.tasks import PortraitOptions

from zograscope_server.faces import regions
from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.regions import face_width
from zograscope_server.portrait.head.fit import FittedHead
from zograscope_server.portrait.similarity import Similarity
from zograscope_server.portrait.track import DriverTrack
from zograscope_server.ramp import ramp

LEAST_RATIO, MOST_RATIO = 0.6, 1.7
"""How much less or more a part of the portrait may move than the driver's, for its own size."""

CLOSED = (0.32, 0.55)
"""Shares of a lid's opening at rest: MediaPipe's closed eyes are as open as the first."""

EYES = (
    (regions.RIGHT_UPPER_LID, regions.RIGHT_LOWER_LID, regions.RIGHT_IRIS),
    (regions.LEFT_UPPER_LID, regions.LEFT_LOWER_LID, regions.LEFT_IRIS),
)

_FLIP = np.diag([1.0, -1.0, -1.0])  # from y up and z to the viewer, to pictures


@dataclass(frozen=True)
class Motion:
    """How the points of a portrait move, in each frame, in pixels of its picture.

    Attributes:
        heads: where the head goes as a whole, from its place at rest.
        expression: float32 (n, 478, 3), what each point moves before the head goes there.
        gaze: float32 (n, 2, 2), what the right and the left iris move, x and y, in the same way.
    """

    heads: tuple[Similarity, ...]
    expression: np.ndarray
    gaze: np.ndarray

    def __len__(self) -> int:
        return len(self.heads)


def transfer(track: DriverTrack, source: Face, options: PortraitOptions) -> Motion:
    """Return how the source moves as the driver does, by the strengths that were chosen."""
    rest, neutral = source.points, track.points[track.neutral]
    strengths = _strengths(options)
    driver_heads = _driver_heads(track)
    heads = _place_heads(relative_poses(track), rest, strengths["pose"])

    at_rest = np.stack(
        [head.inverse.apply(frame) for head, frame in zip(driver_heads, track.points, strict=True)]
    )
    between = _between_heads(track.poses[track.neutral], source.pose, neutral, rest)
    offsets = (at_rest - neutral) @ (between.scale * between.rotation).T
    shares = region_shares(rest)
    measures = _measures(neutral, rest, between.scale)
    gains = sum(shares[name] * measures[name] * strengths[name] for name in shares)
    expression = offsets * np.asarray(gains)[None, :, None]
    _close_lids(expression, at_rest, neutral, rest, min(strengths["eyes"], 1.0))
    gaze = _transfer_gaze(at_rest, neutral, rest, between, strengths["eyes"])
    return Motion(heads, expression.astype(np.float32), gaze)


def follow_curves(
    curves: np.ndarray, poses: np.ndarray, head: FittedHead, source: Face, options: PortraitOptions
) -> Motion:
    """Return how the source moves by curves of its 52 expressions, without a driver.

    Args:
        curves: float32 (n, 52), added to the rest.
        poses: float32 (n, 4, 4), as `relative_poses` gives them.
        head: that was fitted to the source.
        source: its face.
        options: strengths.
    """
    strengths = _strengths(options)
    actions = np.stack([head.landmarks(action) for action in head.actions])
    offsets = np.einsum("na,apc->npc", curves.astype(np.float64), actions)
    shares = region_shares(source.points)
    gains = sum(shares[name] * strengths[name] for name in shares)
    expression = offsets * np.asarray(gains)[None, :, None]
    rest = source.points.astype(np.float64)
    _close_lids(expression, rest + expression, rest, rest, min(strengths["eyes"], 1.0))
    gaze = np.zeros((len(curves), 2, 2), np.float32)
    for eye, (upper, _, iris) in enumerate(EYES):
        corners = offsets[:, [upper[0], upper[-1]]].mean(axis=1)
        gaze[:, eye] = (offsets[:, iris[0]] - corners)[:, :2] * strengths["eyes"]
    heads = _place_heads(poses, source.points, strengths["pose"])
    return Motion(heads, expression.astype(np.float32), gaze)


def relative_poses(track: DriverTrack) -> np.ndarray:
    """Return how the driver's head stands against its neutral frame, float32 (n, 4, 4).

    x right, y up, z to the viewer, about the middle of the head; lengths in face widths.
    """
    neutral = track.points[track.neutral]
    middle = neutral[list(regions.RIGID)].mean(axis=0)
    width = face_width(neutral)
    poses = np.tile(np.eye(4, dtype=np.float32), (len(track), 1, 1))
    for pose, head in zip(poses, _driver_heads(track), strict=True):
        pose[:3, :3] = head.scale * _FLIP @ head.rotation @ _FLIP
        pose[:3, 3] = _FLIP @ (head.apply(middle[None])[0] - middle) / width
    return poses


def relative_curves(track: DriverTrack) -> np.ndarray:
    """Return the driver's expressions beyond its neutral frame's, float32 (n, 52), 0 to 1."""
    return np.clip(track.expressions - track.expressions[track.neutral], 0.0, 1.0)


def region_shares(points: np.ndarray) -> dict[str, np.ndarray]:
    """Return how far each point (478, 3) belongs to eyes, brows and mouth; the three sum to 1."""
    eyes = points[[33, 133, 362, 263], :2].mean(axis=0)
    mouth = points[list(regions.MOUTH_CORNERS), :2].mean(axis=0)
    down = (mouth - eyes) / np.square(mouth - eyes).sum()
    height = (points[:, :2] - eyes) @ down  # 0 at the eyes, 1 at the mouth
    lower = ramp(height, 0.35, 0.65)
    upper = ramp(-height, 0.18, 0.34)
    return {"mouth": lower, "brows": upper, "eyes": 1.0 - lower - upper}


def lid_opening(points: np.ndarray, eye: int) -> float:
    """Return how far an eye of points (478, 3) is open, as a share of its width."""
    upper, lower, _ = EYES[eye]
    gap = np.linalg.norm(points[list(upper[3:6]), :2] - points[list(lower[3:6]), :2], axis=1).mean()
    return float(gap / np.linalg.norm(points[upper[0], :2] - points[upper[-1], :2]))


def lip_gap(points: np.ndarray) -> float:
    """Return how far the lips of points (478, 3) are open, as a share of the mouth's width."""
    upper, lower = list(regions.INNER_UPPER_LIP[4:7]), list(regions.INNER_LOWER_LIP[4:7])
    gap = np.linalg.norm(points[upper, :2] - points[lower, :2], axis=1).mean()
    corners = points[list(regions.MOUTH_CORNERS)]
    return float(gap / max(np.linalg.norm(corners[0] - corners[1]), 1e-6))


def _strengths(options: PortraitOptions) -> dict[str, float]:
    named = {
        "pose": options.strength_pose,
        "eyes": options.strength_eyes,
        "brows": options.strength_brows,
        "mouth": options.strength_mouth,
    }
    return {name: value if name in options.regions else 0.0 for name, value in named.items()}


def _driver_heads(track: DriverTrack) -> list[Similarity]:
    return [Similarity.nearest(matrix) for matrix in track.heads]


def _place_heads(poses: np.ndarray, rest: np.ndarray, strength: float) -> tuple[Similarity, ...]:
    """Turn, grow and shift the source's head about its own middle."""
    from scipy.spatial.transform import Rotation

    middle, width = rest[list(regions.RIGID)].mean(axis=0), face_width(rest)
    heads = []
    for pose in poses.astype(np.float64):
        relative = Similarity.nearest(pose[:3])
        turn = Rotation.from_matrix(_FLIP @ relative.rotation @ _FLIP).as_rotvec() * strength
        rotation, scale = Rotation.from_rotvec(turn).as_matrix(), relative.scale**strength
        way = _FLIP @ relative.shift * width * strength
        heads.append(Similarity(rotation, scale, middle + way - scale * rotation @ middle))
    return tuple(heads)


def _between_heads(
    driver_pose: np.ndarray, source_pose: np.ndarray, neutral: np.ndarray, rest: np.ndarray
) -> Similarity:
    """What turns an offset in the driver's neutral head into one in the source's."""
    turn = (
        Similarity.nearest(source_pose[:3]).rotation
        @ Similarity.nearest(driver_pose[:3]).rotation.T
    )
    scale = face_width(rest) / face_width(neutral)
    return Similarity(_FLIP @ turn @ _FLIP, scale, np.zeros(3))


def head_rotation(face: Face) -> np.ndarray:
    """Return how a head is turned from looking at the viewer, (3, 3), in pictures' axes."""
    return _FLIP @ Similarity.nearest(face.pose[:3]).rotation @ _FLIP


def _measures(neutral: np.ndarray, rest: np.ndarray, scale: float) -> dict[str, float | np.ndarray]:
    """How much more each region of the source moves than its face's size says, for its own size."""

    def ratio(ours: float, theirs: float) -> float:
        return float(np.clip(ours / max(theirs, 1e-6), LEAST_RATIO, MOST_RATIO))

    def width(points: np.ndarray, ends: tuple[int, int]) -> float:
        return float(np.linalg.norm(points[ends[0]] - points[ends[1]]))

    corners = regions.MOUTH_CORNERS
    mouth = ratio(width(rest, corners), scale * width(neutral, corners))
    openings = [
        ratio(
            lid_opening(rest, eye) * width(rest, (upper[0], upper[-1])),
            scale * lid_opening(neutral, eye) * width(neutral, (upper[0], upper[-1])),
        )
        for eye, (upper, _, _) in enumerate(EYES)
    ]
    middle = 0.5 * (rest[133, 0] + rest[362, 0])
    eyes = np.where(rest[:, 0] < middle, openings[0], openings[1])
    return {"mouth": mouth, "eyes": eyes, "brows": 1.0}


def _transfer_gaze(
    at_rest: np.ndarray, neutral: np.ndarray, rest: np.ndarray, between: Similarity, strength: float
) -> np.ndarray:
    """What each iris moves against its eye's corners, to the measure of the source's own eye."""
    gaze = np.zeros((len(at_rest), 2, 2), np.float32)
    for eye, (upper, _, iris) in enumerate(EYES):
        ends = [upper[0], upper[-1]]
        middles = at_rest[:, ends].mean(axis=1)
        way = (at_rest[:, iris[0]] - middles) - (neutral[iris[0]] - neutral[ends].mean(axis=0))
        theirs = np.linalg.norm(neutral[ends[0]] - neutral[ends[1]])
        ours = np.linalg.norm(rest[ends[0]] - rest[ends[1]])
        gaze[:, eye] = ((way / theirs) @ between.rotation.T)[:, :2] * ours * strength
    return gaze


def _close_lids(
    expression: np.ndarray, at_rest: np.ndarray, neutral: np.ndarray, rest: np.ndarray, share: float
) -> None:
    """Close the source's lids where the driver's are as good as closed.

    MediaPipe's lids never quite meet; what they leave open is taken away here.
    """
    for eye, (upper, lower, _) in enumerate(EYES):
        whole = lid_opening(neutral, eye)
        open_ = np.array([lid_opening(points, eye) / max(whole, 1e-6) for points in at_rest])
        closing = share * (1.0 - ramp(open_, *CLOSED))[:, None, None]
        above, below = list(upper[1:-1]), list(lower[1:-1])
        gap = (rest[below] + expression[:, below]) - (rest[above] + expression[:, above])
        expression[:, above] += 0.85 * closing * gap
        expression[:, below] -= 0.15 * closing * gap
