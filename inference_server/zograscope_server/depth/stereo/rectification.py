"""Brings the right half of a stereograph onto the rows of the left one, without any calibration.

Each print was cut and glued by hand: a bit turned, lifted, enlarged, and its camera may have been
tipped against the other. All that is known are points seen in both, and that after rectification
each lies on one row in both. A general fundamental matrix has seven parameters, and from noisy
points on faded prints it comes out wild; five small ones say all that happens to a card, and the
differences in height of points give them, whatever their depth:

    y' - y = shift + turn x + scale y + yaw x y + pitch y^2

(to first order, in units of half the width from the middle; y in the left half, x and y' in the
right one). The same parameters move points sideways, as a turn or another scale does. Only the
right half is resampled; the left one stays the photograph that it is.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

FEATURES = 2000
DISTINCT = 0.8  # a feature's best likeness over its second best, in distance (Lowe, 2004)
REACH_X, REACH_Y = 0.2, 0.07  # of the width, between the two places of a point
FEWEST_POINTS = 25
TRIES = 500
ON_ROW = 0.003  # of the width: how far a point may lie off its row
STIFFNESS = np.array([0.0, 0.2, 0.2, 3.0, 3.0])  # against each parameter, in points' worth
LARGEST_TURN = 4.0  # degrees
LARGEST_PARAMETER = 0.12


@dataclass(frozen=True)
class Rectification:
    """How the right half lies against the left one.

    Attributes:
        parameters: shift, turn, scale, yaw, pitch as above.
        size: (width, height) of the left half, in pixels.
        nearest, farthest: disparities x_left - x_right between which the points lie, in pixels.
        points: on how many points this rests.
    """

    parameters: tuple[float, float, float, float, float]
    size: tuple[int, int]
    nearest: float
    farthest: float
    points: int

    @property
    def turn(self) -> float:
        """How far the right half is turned against the left, in degrees clockwise."""
        return math.degrees(self.parameters[1])

    @property
    def vertical_shift(self) -> float:
        """How far the right half lies below the left one, in pixels of the left."""
        return self.parameters[0] * self.size[0] / 2


def rectify(left: np.ndarray, right: np.ndarray) -> Rectification | None:
    """Find how the right half lies, or None where too few points are seen in both.

    Args:
        left, right: (height, width) uint8, even in light, of one size.
    """
    height, width = left.shape
    here, there = _common_points(left, right)
    if len(here) < FEWEST_POINTS:
        return None
    unit, middle = width / 2, np.array([width / 2, height / 2])
    (_, y), (x, raised) = ((here - middle) / unit).T, ((there - middle) / unit).T
    terms = np.stack([np.ones_like(x), x, y, x * y, y * y], axis=1)
    lift = raised - y
    on_row = _consensus(terms[:, :3], lift)
    for _ in range(5):
        if on_row.sum() < FEWEST_POINTS:
            return None
        fitted = _fit(terms[on_row], lift[on_row])
        on_row = np.abs(lift - terms @ fitted) <= 2 * ON_ROW
    if np.abs(fitted).max() > LARGEST_PARAMETER or abs(math.degrees(fitted[1])) > LARGEST_TURN:
        return None
    # Where the points would lie in the right half once it is rectified: their warp taken back.
    straight = there[on_row, 0] - _sideways(fitted, x[on_row], y[on_row]) * unit
    farthest, nearest = np.percentile(here[on_row, 0] - straight, (1, 99))
    shift, turn, scale, yaw, pitch = (float(value) for value in fitted)
    return Rectification(
        (shift, turn, scale, yaw, pitch),
        (width, height),
        nearest=float(nearest),
        farthest=float(farthest),
        points=int(on_row.sum()),
    )


def warp_right(right: np.ndarray, rectification: Rectification) -> tuple[np.ndarray, np.ndarray]:
    """Resample the right half so that its rows are those of the left one.

    Args:
        right: (height, width) or (height, width, 3) uint8.

    Returns:
        The warped half, and (height, width) bool, where it shows anything.
    """
    width, height = rectification.size
    unit = width / 2
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across, down = (x + 0.5 - width / 2) / unit, (y + 0.5 - height / 2) / unit
    shift, turn, scale, yaw, pitch = rectification.parameters
    lift = shift + turn * across + scale * down + yaw * across * down + pitch * down * down
    map_x = (x + unit * _sideways(rectification.parameters, across, down)).astype(np.float32)
    map_y = (y + unit * lift).astype(np.float32)
    warped = cv2.remap(right, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = (map_x >= 0) & (map_x <= width - 1) & (map_y >= 0) & (map_y <= height - 1)
    return warped, inside


def even_light(half: np.ndarray) -> np.ndarray:
    """Grey without fading and without the density of its exposure.

    Takes (height, width, 3) uint8; returns (height, width) uint8 whose local mean and contrast are
    the same everywhere.
    """
    grey = cv2.cvtColor(half, cv2.COLOR_RGB2GRAY).astype(np.float32)
    sigma = 0.03 * half.shape[1]
    level = cv2.GaussianBlur(grey, (0, 0), sigma)
    contrast = np.sqrt(cv2.GaussianBlur((grey - level) ** 2, (0, 0), sigma))
    # Where nothing is, grain must not become a picture.
    floor = max(3.0, 0.3 * float(np.median(contrast)))
    even = 128 + 45 * (grey - level) / np.maximum(contrast, floor)
    return np.clip(even, 0, 255).astype(np.uint8)


def _sideways(
    parameters: np.ndarray | tuple[float, ...], x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """How far the same turn, scale, yaw and pitch move a point to the right."""
    _, turn, scale, yaw, pitch = parameters
    return scale * x - turn * y + yaw * x * x + pitch * x * y


def _common_points(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) places x, y of points that both halves show, in each."""
    detector = cv2.SIFT.create(FEATURES, contrastThreshold=0.02)
    (one, first), (other, second) = (
        detector.detectAndCompute(half, None) for half in (left, right)
    )
    nothing = np.zeros((0, 2))
    if first is None or second is None or len(other) < 2:
        return nothing, nothing
    width = left.shape[1]
    place_one, place_other = (np.array([point.pt for point in points]) for points in (one, other))
    pairs = []
    for match in cv2.BFMatcher(cv2.NORM_L2).knnMatch(first, second, k=2):
        if len(match) == 2 and match[0].distance < DISTINCT * match[1].distance:
            pairs.append((match[0].queryIdx, match[0].trainIdx))
    if not pairs:
        return nothing, nothing
    chosen, found = np.array(pairs).T
    here, there = place_one[chosen] + 0.5, place_other[found] + 0.5
    apart = np.abs(there - here)
    near = (apart[:, 0] <= REACH_X * width) & (apart[:, 1] <= REACH_Y * width)
    return here[near], there[near]


def _consensus(terms: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """Which points agree with the shift, turn and scale that most agree with (RANSAC)."""
    random = np.random.default_rng(0)
    best = np.zeros(len(lift), bool)
    for _ in range(TRIES):
        sample = random.choice(len(lift), 3, replace=False)
        try:
            fitted = np.linalg.solve(terms[sample], lift[sample])
        except np.linalg.LinAlgError:
            continue
        if np.abs(fitted).max() > LARGEST_PARAMETER:
            continue
        agree = np.abs(lift - terms @ fitted) <= 2 * ON_ROW
        if agree.sum() > best.sum():
            best = agree
    return best


def _fit(terms: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """Least squares that trusts the small parameters only as far as points speak for them."""
    normal = terms.T @ terms + np.diag(STIFFNESS)
    return np.asarray(np.linalg.solve(normal, terms.T @ lift))
