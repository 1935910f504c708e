"""Finds the object of a photograph that an artist has clicked, by its depth and its colours.

What stands out before its surroundings is told by a top-hat of the disparity along each row: the
ground rises towards the viewer row by row, and only what is narrower than a part of the row stands
above it. Around each click the connected part that stands out as far is the first guess; where
nothing does, such as a picture on a wall, it is what looks alike nearby. GrabCut (Rother,
Kolmogorov, Blake, "GrabCut", SIGGRAPH 2004) then divides what is around into object and rest, by
lightness, colour and how far it stands out. Clicks beside the object take away what is nearer to
them along the picture's surfaces (geodesic distance, as in Bai, Sapiro, "A geodesic framework for
fast interactive image and video segmentation", ICCV 2007).

All of that is done small, so that an answer comes in about a second. Then the outline is brought to
the picture's edges, as depth edges are (see `refinement`), at whatever size the picture has.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from zograscope_protocol.depth.tasks import Click

from zograscope_server.depth.refinement import WORKING_LONG_SIDE, enlarge_mask, random_walk
from zograscope_server.depth.resizing import shrink

SEARCH_LONG_SIDE = 384  # pixels of the picture in which an object is looked for
WIDEST_OBJECT = 0.44  # of the picture's width: what is wider stands out from nothing
STANDS_OUT = 0.04  # of disparity; what does so less is told by its colours
ALIKE = 0.25  # of how far the click stands out: what does so less is another thing
DEPTH_REACH = (0.15, 1.0)  # of disparity, and of how far it stands out: an object's own depth
SURFACE_REACH = 0.35  # of the long side, on a surface with contours: where nothing stands out
REACH = 0.10  # of the long side, by which an object may go on beyond the first guess
ITERATIONS = 4
CLICK_RADIUS = 2  # pixels that are sure around a click
SPECK = 0.0004  # of the picture: holes and islands that are smaller are none
SURFACE_COST = 40.0  # pixels that a step across the strongest contour is worth
BAND = 0.004  # of the long side: how far the outline may be moved to an edge
BAND_PRIOR = 0.02  # how much the small outline says there, against the picture's contours
RIM_SHARE = 0.001  # of the long side, by which an object keeps its soft rim


def find_object(pixels: np.ndarray, disparity: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """Find what was clicked.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
        disparity: (rows, columns) float32 in [0, 1], 1 is near, of the same picture.
        clicks: (x, y, belongs) in pixels; at least one belongs.

    Returns:
        (height, width) bool.
    """
    height, width = pixels.shape[:2]
    picture = shrink(pixels, SEARCH_LONG_SIDE, least=2)
    size = picture.shape[1::-1]
    depth = cv2.resize(disparity.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    outstanding = _stand_out(depth)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)

    on, beside = np.zeros(depth.shape, bool), np.zeros(depth.shape, bool)
    guess = np.zeros(depth.shape, bool)
    for x, y, belongs in clicks:
        row = min(max(int(y * size[1] / height), 0), size[1] - 1)
        column = min(max(int(x * size[0] / width), 0), size[0] - 1)
        around = _window(row, column)
        if not belongs:
            beside[around] = True
            continue
        on[around] = True
        guess |= _guess(depth, outstanding, lab, (row, column))
    on &= ~beside
    if not on.any():
        return np.zeros((height, width), bool)
    guess = (guess & ~beside) | on
    found = _divide(lab, outstanding, guess, on, beside)
    if beside.any():
        found &= ~_nearer_to(beside, on, lab, outstanding)
    found = _clean(found | on, on)
    return outline_at_edges(found.astype(np.float32), pixels)


def outline_at_edges(mask: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bring the outline of a mask to the edges of a picture.

    Args:
        mask: (rows, columns), above 0.5 where the object is, of whatever size.
        pixels: (height, width, 3) uint8 sRGB.

    Returns:
        (height, width) bool, grown by the soft rim that an object has in a picture.
    """
    height, width = pixels.shape[:2]
    picture = shrink(pixels, WORKING_LONG_SIDE, least=2)
    size = picture.shape[1::-1]
    chance = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    inside = chance > 0.5
    rim = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    if not rim.any():
        return np.full((height, width), bool(inside.any()))
    distance = cv2.distanceTransform((rim == 0).astype(np.uint8), cv2.DIST_L2, 5)
    # A small mask is unsure by a pixel of its own.
    reach = max(2.0, BAND * max(size), max(size) / max(mask.shape))
    side = random_walk(picture, distance < reach, inside, chance, prior=BAND_PRIOR)
    found = enlarge_mask(side, picture, pixels)
    radius = round(RIM_SHARE * max(height, width))
    if radius:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        found = cv2.dilate(found.astype(np.uint8), disc) > 0
    return found


def _stand_out(depth: np.ndarray) -> np.ndarray:
    """How far each pixel stands before what is beside it in its row: of disparity, at least 0."""
    half = max(1, round(WIDEST_OBJECT / 2 * depth.shape[1]))
    row = np.ones((1, 2 * half + 1), np.uint8)
    wide = cv2.copyMakeBorder(depth, 0, 0, 2 * half, 2 * half, cv2.BORDER_REPLICATE)
    outstanding: np.ndarray = cv2.morphologyEx(wide, cv2.MORPH_TOPHAT, row)
    return outstanding[:, 2 * half : -2 * half]


def _window(row: int, column: int, radius: int = CLICK_RADIUS) -> tuple[slice, slice]:
    return (
        slice(max(0, row - radius), row + radius + 1),
        slice(max(0, column - radius), column + radius + 1),
    )


def _guess(
    depth: np.ndarray, outstanding: np.ndarray, lab: np.ndarray, click: tuple[int, int]
) -> np.ndarray:
    """The connected part around a click that is as far away, or looks alike."""
    around = _window(*click)
    own_depth, own_height = np.median(depth[around]), np.median(outstanding[around])
    if own_height > STANDS_OUT:
        least, share = DEPTH_REACH
        alike = outstanding > max(STANDS_OUT / 2, ALIKE * own_height)
        alike &= np.abs(depth - own_depth) < max(least, share * own_height)
    else:
        alike = _distance_from([click], _surface_cost(lab, outstanding)) < SURFACE_REACH * max(
            depth.shape
        )
    alike[around] = True
    return _connected(alike, click)


def _connected(mask: np.ndarray, click: tuple[int, int]) -> np.ndarray:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    part: np.ndarray = labels == labels[click]
    return part


def _divide(
    lab: np.ndarray,
    outstanding: np.ndarray,
    guess: np.ndarray,
    on: np.ndarray,
    beside: np.ndarray,
) -> np.ndarray:
    """Divide what is around a guess into object and rest, by GrabCut."""
    radius = max(2, round(REACH * max(guess.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    around = cv2.dilate(guess.astype(np.uint8), disc) > 0
    roles = np.full(guess.shape, cv2.GC_BGD, np.uint8)
    roles[around], roles[guess] = cv2.GC_PR_BGD, cv2.GC_PR_FGD
    roles[beside], roles[on] = cv2.GC_BGD, cv2.GC_FGD
    if np.isin(roles, (cv2.GC_FGD, cv2.GC_PR_FGD)).all():
        return guess
    height = max(float(outstanding[guess].max(initial=0.0)), STANDS_OUT)
    seen = np.dstack(
        [lab[..., 0], _main_chroma(lab), np.clip(255.0 * outstanding / height, 0.0, 255.0)]
    ).astype(np.uint8)
    cv2.setRNGSeed(0)  # its clusters begin by chance, and a question has one answer
    of_rest, of_object = np.zeros((1, 65)), np.zeros((1, 65))
    unused = (0, 0, 1, 1)  # a rectangle, where there is no mask
    cv2.grabCut(seen, roles, unused, of_rest, of_object, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return (roles == cv2.GC_FGD) | (roles == cv2.GC_PR_FGD)


def _main_chroma(lab: np.ndarray) -> np.ndarray:
    """The one axis of colour along which a picture differs most, float (0..255)."""
    chroma = lab[..., 1:].reshape(-1, 2).astype(np.float32)
    chroma -= chroma.mean(axis=0)
    _, axes = np.linalg.eigh(chroma.T @ chroma)
    along = (chroma @ axes[:, 1]).reshape(lab.shape[:2])
    return np.clip(128.0 + 2.0 * along, 0.0, 255.0)


def _nearer_to(
    beside: np.ndarray, on: np.ndarray, lab: np.ndarray, outstanding: np.ndarray
) -> np.ndarray:
    """What is nearer to one kind of clicks than to the other, along the picture's surfaces."""
    cost = _surface_cost(lab, outstanding)
    nearer: np.ndarray = _distance_from(np.argwhere(beside), cost) < _distance_from(
        np.argwhere(on), cost
    )
    return nearer


def _surface_cost(lab: np.ndarray, outstanding: np.ndarray) -> np.ndarray:
    """What a step at each pixel costs: 1 on an even surface, more across contours."""
    seen = np.dstack([lab.astype(np.float32), 255.0 * outstanding])
    soft = cv2.GaussianBlur(seen, (0, 0), 1.0)
    slopes = [cv2.Sobel(soft, cv2.CV_32F, *step) for step in ((1, 0), (0, 1))]
    contour = np.sqrt(sum((slope**2).sum(axis=2) for slope in slopes))
    strongest = max(float(np.percentile(contour, 98)), 1e-6)
    return 1.0 + SURFACE_COST * np.clip(contour / strongest, 0.0, 1.0)


def _distance_from(places: Iterable[Sequence[int]], cost: np.ndarray) -> np.ndarray:
    """The least cost of a way from any of some places (row, column) to each pixel."""
    from skimage.graph import MCP_Geometric

    distance: np.ndarray = MCP_Geometric(cost).find_costs([tuple(place) for place in places])[0]
    return distance


def _clean(found: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Keep the parts that were clicked, and fill the specks in them."""
    _, labels = cv2.connectedComponents(found.astype(np.uint8), connectivity=4)
    kept = np.isin(labels, np.unique(labels[on]))
    _, labels, facts, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    specks = np.flatnonzero(facts[:, cv2.CC_STAT_AREA] < SPECK * found.size)
    filled: np.ndarray = kept | np.isin(labels, specks[specks > 0])
    return filled
