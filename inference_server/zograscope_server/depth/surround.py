"""Paints the dome: a picture of every direction, for where a camera looks past all other layers."""

import cv2
import numpy as np

from zograscope_server.filling import fill_smoothly

WIDTH = 2048
SKETCH_WIDTH = 512  # until what lies behind is painted
SOFTEST = 0.06  # of the width: blur farthest from the picture
BLUR_LEVELS = 6


def make_dome(
    pixels: np.ndarray,
    rectangle: tuple[float, float, float, float],
    focal_length: float,
    centre: tuple[float, float],
    width: int = WIDTH,
) -> np.ndarray:
    """Continue a picture over the whole sphere.

    The picture is projected to the directions that its camera saw; the rest continues it smoothly
    (what is above the picture goes on up, what is below goes on down) and softly, the softer the
    farther from the picture.

    Args:
        pixels: (height, width, 3) uint8 sRGB: the background plate.
        rectangle: the picture's (left, top, right, bottom) in the photograph's pixels.
        focal_length: in the photograph's pixels.
        centre: the photograph's principal point (cx, cy).
        width: of the dome; its height is half of it.

    Returns:
        (width / 2, width, 3) uint8 equirectangular: the centre looks along the camera's axis, the
        top row is straight up, and the right half is to the camera's right.
    """
    height = width // 2
    known, seen = _project(pixels, rectangle, focal_length, centre, width)
    dome = fill_smoothly(known, seen, wrap=True)
    distance = cv2.distanceTransform((seen < 1.0).astype(np.uint8), cv2.DIST_L2, 5)
    remoteness = np.clip(distance / (0.5 * height), 0.0, 1.0)
    dome += remoteness[..., None] * (_colour_by_height(known, seen) - dome)
    soft = _blur_by_level(dome, remoteness * (BLUR_LEVELS - 1))

    # All directions of the top row are the same one, straight up; so are those of the bottom row.
    latitude = np.abs(np.linspace(1.0, -1.0, height, dtype=np.float32))[:, None, None]
    to_pole = np.clip((latitude - 0.6) / 0.4, 0.0, 1.0) ** 2
    soft += to_pole * (soft.mean(axis=1, keepdims=True) - soft)
    return np.clip(np.rint(soft), 0, 255).astype(np.uint8)


def _project(
    pixels: np.ndarray,
    rectangle: tuple[float, float, float, float],
    focal_length: float,
    centre: tuple[float, float],
    width: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Look up the picture along each of the dome's directions.

    Returns the dome (float32) and where it is known, with a soft rim.
    """
    height = width // 2
    longitude = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * 2.0 * np.pi
    latitude = (0.5 - (np.arange(height, dtype=np.float32) + 0.5) / height) * np.pi
    longitude, latitude = np.meshgrid(longitude, latitude)
    forward = np.cos(latitude) * np.cos(longitude)
    in_front = forward > 1e-3
    depth = np.where(in_front, forward, 1.0)
    x = centre[0] + focal_length * np.cos(latitude) * np.sin(longitude) / depth
    y = centre[1] - focal_length * np.sin(latitude) / depth

    left, top, right, bottom = rectangle
    # As many picture pixels as dome pixels for each angle, so that sampling does not alias.
    shrink = min(1.0, width / (2.0 * np.pi * focal_length * pixels.shape[1] / (right - left)))
    size = (max(2, round(pixels.shape[1] * shrink)), max(2, round(pixels.shape[0] * shrink)))
    picture = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    column = (x - left) / (right - left) * size[0] - 0.5
    row = (y - top) / (bottom - top) * size[1] - 0.5
    dome = cv2.remap(
        picture, column, row, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    to_rim = np.minimum(
        np.minimum(column, size[0] - 1 - column), np.minimum(row, size[1] - 1 - row)
    )
    seen = np.where(in_front, np.clip(to_rim / (0.01 * width), 0.0, 1.0), 0.0)
    if not seen.any():  # a strip that lies between the dome's pixels
        seen.flat[np.argmax(np.where(in_front, to_rim, -np.inf))] = 1.0
    return dome, seen.astype(np.float32)


def _colour_by_height(known: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The picture's mean colour at each latitude, so that sky and ground go all the way round.

    Returns (height, 1, 3); beyond the picture its top goes on up and its bottom down.
    """
    share = seen.sum(axis=1)
    rows = np.flatnonzero(share > 0.1 * share.max())
    mean = (known * seen[..., None]).sum(axis=1)[rows] / share[rows, None]
    heights = np.arange(len(seen))
    profile = np.stack([np.interp(heights, rows, channel) for channel in mean.T], axis=1)
    blurred = cv2.GaussianBlur(profile[:, None, :].astype(np.float32), (1, 0), 0.02 * len(seen))
    return blurred.reshape(-1, 1, 3)


def _blur_by_level(picture: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Blur each pixel by its own level in [0, BLUR_LEVELS - 1], interpolating between levels."""
    result = np.zeros_like(picture)
    width = picture.shape[1]
    for index in range(BLUR_LEVELS):
        sigma = SOFTEST * width * index**2 / (BLUR_LEVELS - 1) ** 2
        blurred = _blur_panorama(picture, sigma) if index else picture
        share = np.clip(1.0 - np.abs(level - index), 0.0, 1.0)
        result += share[..., None] * blurred
    return result


def _blur_panorama(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of a panorama, whose left and right borders meet."""
    shrink = max(1, int(sigma / 3.0))
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (width // shrink, max(1, height // shrink)), interpolation=cv2.INTER_AREA
    )
    pad = min(small.shape[1], int(4.0 * sigma / shrink) + 1)
    wrapped = cv2.copyMakeBorder(small, 0, 0, pad, pad, cv2.BORDER_WRAP)
    blurred = cv2.GaussianBlur(wrapped, (0, 0), sigma / shrink)
    # Enlarged with the seam inside, so that both sides of it are interpolated alike.
    enlarged = cv2.resize(
        blurred, (wrapped.shape[1] * shrink, height), interpolation=cv2.INTER_LINEAR
    )
    return cv2.resize(
        enlarged[:, pad * shrink : (pad + small.shape[1]) * shrink],
        (width, height),
        interpolation=cv2.INTER_LINEAR,
    )
