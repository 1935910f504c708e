"""Finds the sky: what begins at the top of a picture, is even, and lies far away.

Old photographs have grey, sepia, blotched and burnt-out skies, so colour says little. Evenness and
place say more, and where they leave doubt there is no sky: a sky missed stays at the depth that was
estimated for it, but a wall mistaken for sky tears a hole in the scene. Walls and ceilings are even
and reach the top too; what is known of depth tells them apart, since they come nearer somewhere.
"""

import cv2
import numpy as np

from zograscope_server.depth.resizing import shrink
from zograscope_server.filling import fill_smoothly

WORKING_LONG_SIDE = 512
EVEN = 3.5  # largest local spread of lightness (0..255) that still counts as even
WINDOW = 7  # pixels over which the spread is measured
LIKE_SKY = 14.0  # colour distance (Lab, 0..255) to the sky around
TOP = 0.02  # of the height: how far below the top edge, which may be frayed, a sky may begin
SMALLEST_SHARE = 0.05  # of the picture
SHARE_OF_TOP = 0.5  # of the picture's width that a sky spans at least
SHARE_OF_BOTTOM = 0.25  # of the bottom edge: what reaches down so far is paper or a backdrop
DARKER_SHARE = 0.3  # of the rest of the picture that is darker than the sky at least
LIGHT = 100.0  # lightness (0..255) of a sky at least, unless it is blue (dusk) ...
BLUE = -5.0  # ... by this much on Lab b, from neutral
FLOATING_SHARE = 0.02  # of the sky: pictures on a wall are islands, towers stand on the ground
ONE_COLOUR = 9.0  # largest spread of chroma (Lab a and b, 0..255) of one sky
FAR = 0.25  # of disparity: what is nearer is no sky, whatever it looks like
FAR_SHARE = 0.5  # of a sky that is at least so far
WHOLE_SHARE = 0.9  # of a sky that is so far: then the rest is so too, whatever was estimated
USUALLY_FAR = 0.15  # of disparity: the middle of a sky, at most
DISPARITY_SPREAD = 0.16  # of disparity: between the outer tenths of one sky, at most
BEHIND = 0.25  # of the rest of the picture, from the far end: a sky lies behind as much of it
OVERHEAD = 0.06  # of disparity: what comes so much nearer towards the top is a ceiling


def sky_mask(pixels: np.ndarray, disparity: np.ndarray | None = None) -> np.ndarray:
    """Find the sky of a picture.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
        disparity: (rows, columns) float32 in [0, 1], 1 is near, where it is known: it can only
            speak against a sky, or a part of one.

    Returns:
        (height, width) bool; nothing is set where no sky is certain.
    """
    height, width = pixels.shape[:2]
    nothing = np.zeros((height, width), bool)
    small = shrink(pixels, WORKING_LONG_SIDE, least=WINDOW)
    size = small.shape[1::-1]
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)

    core = _reaching_top(_even(lab[..., 0]))
    if not core.any():
        return nothing
    sky = _grow_to_edges(lab, core)
    if not _is_plausible(sky, lab):
        return nothing
    if disparity is not None:
        disparity = cv2.resize(disparity, size, interpolation=cv2.INTER_AREA)
        far = sky & (disparity < FAR)
        if not _is_sky_by_depth(far, sky, disparity):
            return nothing
        sky = sky if far.sum() >= WHOLE_SHARE * sky.sum() else far
    # In whole numbers, as pictures are: of a large one, floats would be its largest part.
    return cv2.resize(sky.astype(np.uint8) * np.uint8(255), (width, height)) > 127


def _even(lightness: np.ndarray) -> np.ndarray:
    """Where the lightness hardly changes within the window, single specks apart."""
    calm = cv2.medianBlur(lightness.astype(np.uint8), 3).astype(np.float32)
    mean = cv2.blur(calm, (WINDOW, WINDOW))
    variance = cv2.blur(calm * calm, (WINDOW, WINDOW)) - mean * mean
    return np.sqrt(np.maximum(variance, 0.0)) < EVEN


def _reaching_top(mask: np.ndarray) -> np.ndarray:
    """The connected parts of a mask that touch the top of the picture."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    rows = max(WINDOW, round(TOP * len(mask)))
    at_top = np.unique(labels[:rows][mask[:rows]])
    return np.isin(labels, at_top)


def _grow_to_edges(lab: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Take in the pixels beside the core, and between branches, that have the colour of the sky."""
    sky_colour = fill_smoothly(lab, core.astype(np.float32))
    alike = np.linalg.norm(lab - sky_colour, axis=-1) < LIKE_SKY
    reach = np.ones((4 * WINDOW + 1, 4 * WINDOW + 1), np.uint8)
    beside = cv2.dilate(core.astype(np.uint8), reach) > 0
    return core | (alike & beside)


def _is_plausible(sky: np.ndarray, lab: np.ndarray) -> bool:
    """Whether a region is as large, as light, as uniform and as high up as skies are."""
    share = sky.mean()
    if not SMALLEST_SHARE <= share < 1.0:
        return False
    rows = max(WINDOW, round(TOP * len(sky)))
    colour = np.median(lab[sky], axis=0)
    darker = (lab[~sky][:, 0] < colour[0]).mean()
    return bool(
        sky[:rows].any(axis=0).mean() >= SHARE_OF_TOP
        and sky[-rows:].any(axis=0).mean() <= SHARE_OF_BOTTOM
        and darker >= DARKER_SHARE
        and (colour[0] >= LIGHT or colour[2] - 128.0 <= BLUE)
        and lab[sky][:, 1:].std(axis=0).max() <= ONE_COLOUR
        and _floating_share(sky) <= FLOATING_SHARE
    )


def _is_sky_by_depth(far: np.ndarray, sky: np.ndarray, disparity: np.ndarray) -> bool:
    """Whether the far part of a region is as large, as far and as even as a sky, and no ceiling."""
    if far.sum() < FAR_SHARE * sky.sum():
        return False
    values, rows = disparity[far], np.nonzero(far)[0]
    low, middle, high = np.percentile(values, (10, 50, 90))
    highest, lowest = np.percentile(rows, (25, 75))
    nearer_above = np.median(values[rows <= highest]) - np.median(values[rows >= lowest])
    return bool(
        middle <= USUALLY_FAR
        and high - low <= DISPARITY_SPREAD
        and middle <= np.quantile(disparity[~sky], BEHIND)
        and nearer_above <= OVERHEAD
    )


def _floating_share(sky: np.ndarray) -> float:
    """Area of what the sky encloses on all sides, as a share of the sky."""
    _, labels = cv2.connectedComponents((~sky).astype(np.uint8), connectivity=8)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return float((~np.isin(labels, rim) & ~sky).sum() / sky.sum())
