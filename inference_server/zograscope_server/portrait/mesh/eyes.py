"""The eyeballs of a portrait: a layer below the lids, on which the iris moves."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from zograscope_server.filling import fill_smoothly
from zograscope_server.portrait.mesh.outlines import smooth_outline, uncrossed
from zograscope_server.portrait.mesh.rasterizer import Window, draw_polygon, sample
from zograscope_server.portrait.transfer import EYES
from zograscope_server.ramp import ramp

AROUND = 0.35  # of the eye's width: how far the layer goes on below the lids
STIFF = 1.15  # radii around the iris that move as one
LOOSE = 2.6  # radii to where the white of the eye stays in its place
IRIS = (0.85, 1.4)  # radii, against MediaPipe's, between which the iris may end
LEAST_STEP = 0.02  # of brightness, from one radius to the next, that may be the iris' rim
BRIGHTEST = 22.0  # per cent of what is beside the iris, that is the white of the eye
FINE = 96.0  # pixels across an eye in which it is completed: small ones are made larger for that
OUTLINE = 33  # points along a lid, as it is drawn
DARKEST = 0.15  # that lashes leave of the eyeball
LASHES = 0.06  # of the eye's width: how far from the lids the picture shows lashes and shade
INWARDS = 0.03  # of the eye's width: what the lids shade is not the eyeball's own


@dataclass(frozen=True)
class Eye:
    """One eye of a portrait.

    Attributes:
        window: of the picture, in which the layer lies.
        layer: float32 (h * fine, w * fine, 3), the eyeball without lids.
        fine: pixels of the layer for each of the picture, a side.
        lashes: float32 (h, w, 3), 0 to 1, what lashes and the lids' shade leave of the eyeball.
        rest: float32 (h, w, 3), what the picture has beside all that, which is shown at rest only.
        ends: float64 (2, 2), its corners.
        iris: float64 (2,), the middle of the iris.
        radius: of the iris, in pixels.
        number: 0 for the sitter's right eye, 1 for the left.
    """

    window: Window
    layer: np.ndarray
    fine: int
    lashes: np.ndarray
    rest: np.ndarray
    ends: np.ndarray
    iris: np.ndarray
    radius: float
    number: int

    def see(self, window: Window, ends: np.ndarray, gaze: np.ndarray) -> np.ndarray:
        """Return what of the eyeball is seen in a window, float32 (h, w, 3), lids left aside.

        Args:
            window: of the new picture.
            ends: (2, 2), where the eye's corners are now.
            gaze: (2,), what the iris moved, in pixels of the portrait at rest.
        """
        rows, columns = np.mgrid[0 : window.height, 0 : window.width].astype(np.float32)
        seen = np.stack([columns + (window.left + 0.5), rows + (window.top + 0.5)], axis=-1)
        matrix = _place_between(ends, self.ends)
        places = seen @ matrix[:, :2].T + matrix[:, 2]
        way = (places - (self.iris + gaze)) / self.radius
        far = np.linalg.norm(way, axis=-1)
        share = 1.0 - ramp(far, STIFF, LOOSE)
        places = places - share[..., None] * gaze - (self.window.left, self.window.top)
        return sample(self.layer, (places * self.fine).astype(np.float32))


def cut_eye(picture: np.ndarray, points: np.ndarray, number: int) -> Eye:
    """Take an eye out of a picture, and complete what the lids hide of it.

    Args:
        picture: float32 (h, w, 3), from 0 to 1.
        points: float32 (478, 3).
        number: 0 for the sitter's right eye, 1 for the left.
    """
    upper, _, iris = EYES[number]
    ends = points[[upper[0], upper[-1]], :2].astype(np.float64)
    width = float(np.linalg.norm(ends[1] - ends[0]))
    opening = eye_opening(points[:, :2], number)
    middle = points[iris[0], :2].astype(np.float64)
    usual = float(np.linalg.norm(points[list(iris[1:]), :2] - middle, axis=1).mean())
    window = Window.around(opening, Window.of(picture), AROUND * width)
    part = picture[window.slices]

    fine = int(np.clip(np.ceil(FINE / width), 1, 8))
    size = (window.width * fine, window.height * fine)
    large = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
    origin = np.array([window.left, window.top])
    whole = Window(0, 0, *size)
    within = draw_polygon((opening - origin) * fine, whole)
    margin = max(1, round(INWARDS * width * fine))
    known = (cv2.erode(within, np.ones((2 * margin + 1,) * 2)) > 0.95).astype(np.float32)
    at = (middle - origin) * fine
    radius = _iris_radius(large, known, at, usual * fine)
    layer = _complete(large, known, at, radius)

    bare = np.ones_like(part)
    eye = Eye(window, layer, fine, bare, bare, ends, middle, radius / fine, number)
    inside = draw_polygon(opening, window)
    ball = eye.see(window, ends, np.zeros(2))
    reach = max(1, round(LASHES * width))
    along = 1.0 - cv2.erode(inside, np.ones((2 * reach + 1,) * 2))
    near_lids = cv2.GaussianBlur(along, (0, 0), 0.5 * reach)[..., None]
    lashes = 1.0 - near_lids * (1.0 - np.clip(part / np.maximum(ball, 1e-3), DARKEST, 1.0))
    rest = inside[..., None] * (part - ball * lashes)
    return replace(eye, lashes=lashes.astype(np.float32), rest=rest.astype(np.float32))


def eye_opening(points: np.ndarray, number: int) -> np.ndarray:
    """Return the outline (n, 2) of the opening between the lids of points (478, 2).

    Where the lids would cross, they meet.
    """
    upper, lower, _ = EYES[number]
    return smooth_outline(*uncrossed(points[list(upper)], points[list(lower)]), OUTLINE)


def _iris_radius(part: np.ndarray, known: np.ndarray, middle: np.ndarray, usual: float) -> float:
    """The radius at which the dark iris ends and the white begins, near the usual one.

    The greatest step of the mean around: Daugman, "High confidence visual recognition of persons by
    a test of statistical independence", PAMI 15, 1993; to the sides, since lids cover the rest.
    """
    rows, columns = np.mgrid[0 : known.shape[0], 0 : known.shape[1]] + 0.5
    across, down = columns - middle[0], rows - middle[1]
    far = np.hypot(across, down) / usual
    beside = known * (np.abs(down) < np.abs(across))
    light = part.mean(axis=2)
    radii = np.linspace(*IRIS, 19)
    means = []
    for radius in radii:
        ring = beside * np.exp(-np.square((far - radius) / 0.08))
        means.append((ring * light).sum() / max(ring.sum(), 1e-6) if ring.sum() > 0.5 else np.nan)
    steps = np.diff(np.array(means))
    if not np.isfinite(steps).any() or np.nanmax(steps) < LEAST_STEP:
        return usual
    best = int(np.nanargmax(steps))
    return float(0.5 * (radii[best] + radii[best + 1]) * usual)


def _complete(part: np.ndarray, known: np.ndarray, middle: np.ndarray, radius: float) -> np.ndarray:
    """An eyeball of which only a part is known: the iris goes on round, the white all around."""
    height, width = known.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    across, down = columns - middle[0], rows - middle[1]
    far = np.hypot(across, down) / radius
    white = _bright(part, known * (far > 1.08))
    white = white if white.sum() >= 4 else known
    # Its colour, and a little of how it changes from place to place.
    mean = (white[..., None] * part).sum(axis=(0, 1)) / max(white.sum(), 1e-6)
    around = 0.5 * fill_smoothly(part, white) + 0.5 * mean.astype(np.float32)
    # What a lid hides of the iris is like its other side.
    mirrored = np.stack([columns, 2.0 * middle[1] - rows], axis=-1).astype(np.float32)
    other = sample(part, mirrored, cv2.INTER_LINEAR)
    other_known = sample(known, mirrored, cv2.INTER_LINEAR)
    disc = far < 1.05
    ball = known * disc + (1 - known) * other_known * disc
    if ball.sum() >= 4:
        colour = np.where((known > 0)[..., None], part, other)
        iris = fill_smoothly(colour, (ball > 0.9).astype(np.float32))
        edge = np.clip((1.08 - far) / 0.15, 0.0, 1.0)[..., None]
        around = around + edge * (iris - around)
    soft = cv2.GaussianBlur(cv2.erode(known, np.ones((3, 3))), (0, 0), max(0.06 * radius, 0.6))
    return (around + soft[..., None] * (part - around)).astype(np.float32)


def _bright(part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weight of the brightest third alone: not of corners, lashes and the lids' shade."""
    light = part.mean(axis=2)
    values = light[weight > 0.5]
    if values.size < 4:
        return weight
    return weight * (light >= np.percentile(values, 100.0 - BRIGHTEST))


def _place_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The turn, size and shift (2, 3) that bring two points onto two others."""
    from_x, from_y = start[1] - start[0]
    to_x, to_y = end[1] - end[0]
    length = max(from_x**2 + from_y**2, 1e-9)
    cosine = (from_x * to_x + from_y * to_y) / length
    sine = (from_x * to_y - from_y * to_x) / length
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, end[0] - turn @ start[0]])
