"""What can be told of a moved portrait from its pixels and from points that others found in it.

Points of faces are (..., k, 2) in pixels, x right, y down: the 68 of iBUG's scheme, as dlib finds
them, or MediaPipe's 478. Series are of a clip's frames, in order.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 256
"""Pixels of the pictures that are judged, as in the literature since VoxCeleb."""

PARTS = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
"""Of the 68 points."""

MEANINGFUL = 3.0
"""Times the tracker's own noise, which a driver's movement must exceed to be followed at all."""

STILL = 1e-6
"""A series that varies less stands still; the rest is rounding."""

# New edges: gradients at EDGE_BLUR pixels, of a picture whose values are from 0 to 1.
EDGE_BLUR = 1.0
EDGE_EXCESS = 1.3  # a movement that squeezes skin makes its edges steeper by so much
EDGE_LEAST = 0.02  # for each pixel; grain and rounding stay below
EDGE_REACH = (
    0.035  # of the face's size: how far expression moves an edge beyond the head's movement
)
FACE_MARGIN = 1.25  # of the points' hull; hair and cheeks, where warps tear
MOVING_MARGIN = 1.7  # of the hulls of eyes and mouth, where edges come and go rightly


@dataclass(frozen=True)
class Opening:
    """Something that opens: pairs of points above and below, and its corners."""

    pairs: tuple[tuple[int, int], ...]
    corners: tuple[int, int]

    def measure(self, points: np.ndarray) -> np.ndarray:
        """Return how far it is open over its width: (n,) of (n, k, 2)."""
        above, below = np.array(self.pairs).T
        gaps = np.linalg.norm(points[:, above] - points[:, below], axis=-1).mean(axis=-1)
        right, left = self.corners
        return gaps / np.linalg.norm(points[:, right] - points[:, left], axis=-1)


@dataclass(frozen=True)
class Scheme:
    """Where points lie. Of eyes it is the aspect ratio of Soukupova and Cech (2016)."""

    mouth: Opening
    eyes: tuple[Opening, Opening]

    def openings(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Return the series of `mouth`, inner gap over outer width, and of `eyes`, their mean."""
        eyes = np.mean([eye.measure(points) for eye in self.eyes], axis=0)
        return {"mouth": self.mouth.measure(points), "eyes": eyes}


IBUG_68 = Scheme(
    Opening(((61, 67), (62, 66), (63, 65)), (48, 54)),
    (Opening(((37, 41), (38, 40)), (36, 39)), Opening(((43, 47), (44, 46)), (42, 45))),
)
MEDIAPIPE_478 = Scheme(
    Opening(((82, 87), (13, 14), (312, 317)), (61, 291)),
    (
        Opening(((160, 144), (158, 153)), (33, 133)),
        Opening(((385, 380), (387, 373)), (362, 263)),
    ),
)


def keypoint_distance(made: np.ndarray, driver: np.ndarray) -> dict[str, float]:
    """Return the mean distance of (n, 68, 2) points (AKD), of all and of each part, in pixels."""
    distances = np.linalg.norm(made - driver, axis=-1)
    parts = {name: float(distances[..., part].mean()) for name, part in PARTS.items()}
    return {"all": float(distances.mean())} | parts


def l1(made: np.ndarray, driver: np.ndarray) -> float:
    """Return the mean absolute difference of two uint8 pictures, of values from 0 to 1."""
    return float(cv2.absdiff(made, driver).mean()) / 255


def follow(made: np.ndarray, driver: np.ndarray, noise: float) -> dict[str, float | bool]:
    """How well one series follows another.

    Args:
        made, driver: (n,), in the same unit.
        noise: standard deviation of what the tracker adds to the driver's series.

    Returns:
        `correlation`, nan where either stands still; `gain`, the slope of least squares of made on
        driver, whose noise makes it smaller by `attenuation` at most; `range` of the driver, its
        standard deviation; `meaningful`, whether that is well above the noise.
    """
    spread = float(driver.std())
    both = made.std() * spread
    covariance = float(np.mean((made - made.mean()) * (driver - driver.mean())))
    return {
        "correlation": covariance / float(both) if both > STILL**2 else math.nan,
        "gain": covariance / spread**2 if spread > STILL else math.nan,
        "range": spread,
        "attenuation": max(0.0, 1 - (noise / spread) ** 2) if spread > STILL else 0.0,
        "meaningful": spread > MEANINGFUL * noise,
    }


def face_size(points: np.ndarray) -> float:
    """Return the median over (n, k, 2) of the points' root mean square distance to their centre."""
    offsets = points - points.mean(axis=1, keepdims=True)
    return float(np.median(np.sqrt((offsets**2).sum(axis=-1).mean(axis=-1))))


def jitter(points: np.ndarray) -> float:
    """Return the root mean square of the third difference of (n, k, 2), in face sizes.

    Smooth movement leaves little in it, trembling from frame to frame all.
    """
    if len(points) < 4:
        return math.nan
    jerks = np.diff(points, 3, axis=0)
    return float(np.sqrt((jerks**2).sum(axis=-1).mean())) / face_size(points)


def cosine(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the cosines (n,) of the angle between one (d,) and others (n, d)."""
    return others @ one / (np.linalg.norm(one) * np.linalg.norm(others, axis=-1))


def new_edges(
    made: np.ndarray, source: np.ndarray, made_points: np.ndarray, source_points: np.ndarray
) -> np.ndarray:
    """Find tears and folds: edges in a moved face that are in the source nowhere near.

    The source's gradients, widened by what expression moves, stay where they are (background) or
    go along with the affine movement of the face; what is steeper than both is new. Eyes and
    mouth are left out, since lids close and lips part.

    Args:
        made, source: (height, width, 3) uint8.
        made_points, source_points: (68, 2) in them.

    Returns:
        (height, width) uint8: 0 outside of what is looked at, 1 as it should be, 2 where an edge
        is new.
    """
    allowed = _gradient(source)
    size = face_size(source_points[None])
    reach = 2 * max(1, round(EDGE_REACH * size)) + 1
    allowed = cv2.dilate(allowed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    homogeneous = np.column_stack([source_points, np.ones(len(source_points))])
    movement = np.linalg.lstsq(homogeneous, made_points, rcond=None)[0].T
    height, width = allowed.shape
    moved = cv2.warpAffine(allowed, movement, (width, height), borderMode=cv2.BORDER_REPLICATE)
    bound = EDGE_EXCESS * np.maximum(allowed, moved) + EDGE_LEAST

    looked_at = _hull(made_points, FACE_MARGIN, allowed.shape)
    for part in (slice(36, 42), slice(42, 48), slice(48, 68)):
        looked_at[_hull(made_points[part], MOVING_MARGIN, allowed.shape) > 0] = 0
    return np.where(_gradient(made) > bound, 2, 1).astype(np.uint8) * looked_at


def share_of_new(edges: np.ndarray) -> float:
    """Return the share of new edges in what `new_edges` looked at, in per cent."""
    return 100 * float(np.count_nonzero(edges == 2)) / max(1, np.count_nonzero(edges))


def torn(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Tear a face on purpose: a band of the wider cheek slips inwards by a tenth of the face.

    Args:
        picture: (height, width, 3) uint8.
        points: (68, 2).
    """
    nose = points[PARTS["nose"], 0].mean()
    inwards = 1 if nose - points[2, 0] > points[14, 0] - nose else -1
    upper, lower = (points[1], points[4]) if inwards > 0 else (points[15], points[12])
    slip = inwards * max(2, round(float(np.ptp(points[PARTS["jaw"], 0])) / 10))
    left, right = sorted(round(float(edge)) for edge in (upper[0] - slip, nose - slip))
    band = np.s_[round(float(upper[1])) : round(float(lower[1])), max(0, left) : max(0, right)]
    result = picture.copy()
    result[band] = np.roll(picture, slip, axis=1)[band]
    return result


def reencoded(picture: np.ndarray, shift: float = 0.5, quality: int = 90) -> np.ndarray:
    """Shift a (height, width, 3) picture by part of a pixel and back, and store it as JPEG.

    Nothing moves, so what a tracker finds elsewhere afterwards is its own noise.
    """
    height, width = picture.shape[:2]
    for sign in (1, -1):
        movement = np.float32([[1, 0, sign * shift], [0, 1, sign * shift]])
        picture = cv2.warpAffine(
            picture, movement, (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    _, stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(stored, cv2.IMREAD_COLOR)


def similarity(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the (3, 3) turn, scale and shift that brings (k, 2) closest to another (k, 2)."""
    origin, target = start.mean(axis=0), end.mean(axis=0)
    one, other = (points @ [1, 1j] for points in (start - origin, end - target))
    factor = np.vdot(one, other) / np.vdot(one, one).real  # a complex number turns and scales
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, target - turn @ origin
    return matrix


def _gradient(picture: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    grey = cv2.GaussianBlur(grey, (0, 0), EDGE_BLUR)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return cv2.magnitude(across, down)


def _hull(points: np.ndarray, margin: float, shape: tuple[int, ...]) -> np.ndarray:
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    hull = cv2.convexHull((centre + margin * (points - centre)).astype(np.float32))
    filled = np.zeros(shape[:2], np.uint8)
    return cv2.fillConvexPoly(filled, np.rint(hull).astype(np.int32), 1)
