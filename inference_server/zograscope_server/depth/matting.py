"""Mattes of soft edges: how much of a pixel at an outline is the near thing's, and in what colour.

A pixel at the edge of hair, leaves or rigging shows near and far at once. Where the near thing is
seen from elsewhere, that pixel is to show of it no more than its own share, over what is then
behind. So along each depth edge the rim of the near side gets an opacity, by where its colour lies
on the way between the mean colours of both sides (Ruzon and Tomasi, "Alpha Estimation in Natural
Images", CVPR 2000, in its simplest form), and its own colour without the far side's (Forte and
Pitié, "Approximate Fast Foreground Colour Estimation", ICIP 2021).

Where both sides have the same colours nothing tells their shares, and the edge stays as it is.
"""

import cv2
import numpy as np

from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.layers import EDGE_DEPTH_RATIO

LONG_SIDE = 2048  # of the matte; softer than the photograph where that is larger
RIM_SHARE = 0.004  # of the long side: how far an edge is soft
LEAST_RIM = 3  # pixels
CLEAN = 0.08  # of the way between two colours, at both ends: grain about one of them
APART = (1.0, 3.0)  # times their spread, by which the colours of both sides must differ to tell
LEAST_SPREAD = 0.02  # of the picture's range: grain
OPAQUE = 250  # of 255: what is less soft is not soft
FAINT = 0.25  # share of the near thing below which its own colour fades
LEAST_SOFT = 1e-4  # of the picture, below which there is no matte
FIRST_REACH, LAST_REACH = 4.0, 0.75  # in rims: how far colours are taken from, coarsely and finely


def make_matte(
    pixels: np.ndarray, disparity: np.ndarray, depth_range: DepthRange
) -> np.ndarray | None:
    """Find the soft edges of a photograph's near things.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
        disparity: (rows, columns) float32 in [0, 1], 1 is near, of the same picture; near things
            reach over their soft rim.
        depth_range: the near and far that turn disparity into depth.

    Returns:
        (h, w, 4) uint8 of the picture at most LONG_SIDE long: the near thing's own colour, sRGB
        with straight alpha; opaque and black away from soft edges. None where no edge is soft.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    inverse = depth_range.inverse_depth(
        cv2.resize(disparity.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    ).astype(np.float32)
    radius = max(LEAST_RIM, round(RIM_SHARE * max(size)))
    near, far, rim = _sides(inverse, radius)
    if not rim.any():
        return None
    share = _share(picture, near, far, rim, radius)
    soft = rim & (share * 255.0 < OPAQUE)
    if soft.mean() < LEAST_SOFT:
        return None
    share = np.where(soft, share, np.where(far, 0.0, 1.0)).astype(np.float32)
    matte = np.zeros((*rim.shape, 4), np.uint8)
    matte[..., 3] = np.where(soft, np.rint(255.0 * share), 255)
    # Colours reach a little farther, since a picture that is interpolated looks beside its pixels.
    around = cv2.dilate(soft.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    # Where hardly any of the near thing is, its colour is of no weight, but stands beside opaque
    # pixels of the far side: between them an interpolated picture would draw its outline.
    own = np.clip(share / FAINT, 0.0, 1.0)[..., None]
    colour = picture + own * (_near_colour(picture, share, radius) - picture)
    matte[around, :3] = np.rint(255.0 * colour[around])
    return matte


def _sides(inverse: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return near sides of edges beyond their rims, far sides, and rims; (h, w) bool."""
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    nearest, farthest = cv2.dilate(inverse, window), cv2.erode(inverse, window)
    edge = nearest > EDGE_DEPTH_RATIO * farthest
    # What is nearer than the middle, by the ratio of depths, is the near side.
    is_near = np.square(inverse) > nearest * farthest
    far = edge & ~is_near
    distance = cv2.distanceTransform((~far).astype(np.uint8), cv2.DIST_L2, 5)
    rim = edge & is_near & (distance <= radius)
    wide = cv2.dilate(rim.astype(np.uint8), window) > 0
    return wide & ~far & ~rim, far, rim


def _share(
    picture: np.ndarray, near: np.ndarray, far: np.ndarray, rim: np.ndarray, radius: int
) -> np.ndarray:
    """Return how much of each pixel of the rims is the near side's, (h, w) in [0, 1]."""
    near_mean, near_spread, near_weight = _colours(picture, near, radius)
    far_mean, far_spread, far_weight = _colours(picture, far, radius)
    between = near_mean - far_mean
    length = np.square(between).sum(axis=2)
    place = ((picture - far_mean) * between).sum(axis=2) / np.maximum(length, 1e-6)
    known = (near_weight > 0) & (far_weight > 0)
    place = np.clip((place - CLEAN) / (1.0 - 2.0 * CLEAN), 0.0, 1.0)
    apart = np.sqrt(length) / (near_spread + far_spread + LEAST_SPREAD)
    sure = np.clip((apart - APART[0]) / (APART[1] - APART[0]), 0.0, 1.0) * known
    return 1.0 - sure * (1.0 - place)


def _colours(
    picture: np.ndarray, mask: np.ndarray, radius: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean (h, w, 3), spread (h, w) and weight (h, w) of the colours around, of a mask."""
    weight = mask.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), radius)
    safe = np.maximum(total, 1e-6)[..., None]
    mean = cv2.GaussianBlur(picture * weight[..., None], (0, 0), radius) / safe
    square = cv2.GaussianBlur(np.square(picture) * weight[..., None], (0, 0), radius) / safe
    spread = np.sqrt(np.maximum(square - np.square(mean), 0.0).sum(axis=2))
    return mean, spread, np.where(total > 1e-3, total, 0.0)


def _near_colour(picture: np.ndarray, share: np.ndarray, radius: int) -> np.ndarray:
    """Return the colours of the near side alone, (h, w, 3) in [0, 1]; see the source above."""
    share = share[..., None]
    near, far = picture, picture
    for reach in (FIRST_REACH, LAST_REACH):
        side = 2 * round(reach * radius) + 1

        def blur(values: np.ndarray, side: int = side) -> np.ndarray:
            blurred = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
            return blurred.reshape(values.shape)

        weight = blur(share)
        far = blur(far * (1.0 - share)) / (1.0 - weight + 1e-5)
        near = blur(near * share) / (weight + 1e-5)
        near = np.clip(near + share * (picture - share * near - (1.0 - share) * far), 0.0, 1.0)
    return near
