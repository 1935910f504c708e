"""Makes straight again what is straight: masts, walls, kerbs and horizons that depth has bent.

Along the picture of a straight line of space, inverse depth is an affine function of the place. A
depth network does not know that: a rocket leans, and bends like rubber as soon as a camera moves.
So along each straight line of the photograph (see `lines`) the disparity of what carries it is
fitted by one affine function, and what was off it is a correction there. Corrections are carried on
over each surface, but not over depth edges, and fade where no line is near: a weighted least
squares smoothing of the sparse corrections, guided by the disparity itself (the fast global
smoother of Min, Choi, Lu, Ham, Sohn, Do, IEEE TIP 2014), over that of where they are.

What stands upright is taken to stand at one distance, that of its foot; what may recede is not. A
rocket's nose or a spire above such a line, with the sky on both sides, stands there too. And
nothing floats: a knob or a chimney is not nearer than the roof that it stands on.
"""

import cv2
import numpy as np
from scipy import ndimage

from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.resizing import shrink

WORKING_SIDE = 1024  # samples of the longer side on which it is done
ASIDE = 0.004  # of the long side: what carries a line begins beside it
LEAST_LENGTH = 0.08  # of the long side, for all that one affine function fits
OFF = 0.12  # of disparity: what is farther from a line's function is something else
GAP = 0.04  # of a line: a crossing, after which it goes on
LEAST_SHARE = 0.5  # of a line's samples that its function must fit
BESIDE = 0.008  # of the long side: lines this near each other are of one thing ...
ALIKE = 0.1  # ... where they differ by less of disparity
ROUNDS = 4  # of fitting to what is close
MEDIANS = 200  # of a line's samples that the first fit looks at
UPRIGHT = 0.26  # radians from the vertical
EXACTLY = 0.07  # radians: as upright as walls are in a picture that is level
IN_FRONT = 0.12  # of the width, from the middle: there rails lead away
HORIZON = (0.35, 0.65)  # of the height: it is hardly above or below
MOST = 0.4  # of disparity: what would have to be moved farther is left as it is
FOOT = 0.25  # of a line's length: its lower part, where it is known best how far away it is
ABOVE = 0.6  # of a line's length: how far above it what is slender still belongs to it
SLENDER = 0.12  # of the long side: what is wider may be a roof, which recedes
STICKS_OUT = 0.05  # of the long side: what is narrower, against the sky, stands on what is below it
UNDER = 3  # samples below where it does
CARRIED = (0.08, 0.02, 0.005)  # of the long side: how far corrections reach over a surface
EDGE = 6.0  # of 255 of disparity: over such a step they are hardly carried on
FADING = 0.002  # of a correction's own weight: less than this and it fades

NOTHING = (np.zeros(0), np.zeros((0, 2), int), np.zeros(0))


def straighten(
    disparity: np.ndarray, lines: np.ndarray, width: int, depth_range: DepthRange
) -> tuple[np.ndarray, np.ndarray]:
    """Lay what carries the straight lines of a picture onto straight lines of space.

    Args:
        disparity: (rows, columns) float32 in [0, 1], 1 is near, 0 the sky.
        lines: (m, 4) x0, y0, x1, y1 in pixels of the picture, those first that bind the others.
        width: of the picture in pixels.
        depth_range: what disparity 1 and 0 mean.

    Returns:
        (rows, columns) float32 in [0, 1]; the disparity itself where there are no lines. And the
        lines (m, 4), each without what lies on something else.
    """
    small = shrink(disparity, WORKING_SIDE)
    scale = small.shape[1] / width
    bound, known = small.copy(), np.zeros_like(small)
    kept = lines.astype(np.float32)
    for number, line in enumerate(lines.astype(np.float64)):
        share, places, values = _fitted(bound, line * scale, depth_range)
        if len(share):
            _bind(bound, places, values)
            known[places[:, 1], places[:, 0]] = 1.0
            start, end = line.reshape(2, 2)
            kept[number] = (start + share[[0, -1], None] * (end - start)).ravel()
    if not known.any():
        return disparity, lines
    correction = _enlarge(_carry(bound - small, known, small), small, disparity)
    straight = np.where(disparity > 0.0, np.clip(disparity + correction, 0.0, 1.0), disparity)
    return straight.astype(np.float32), kept


def set_down(disparity: np.ndarray) -> np.ndarray:
    """Let what sticks out against the sky be no nearer than what it stands on.

    Args:
        disparity: (rows, columns) float32 in [0, 1], 1 is near, 0 the sky.

    Returns:
        The same, with such things set back.
    """
    solid = (disparity > 0.0).astype(np.uint8)
    reach = max(3, round(STICKS_OUT * max(disparity.shape)))
    broad = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((1, reach), np.uint8))
    sticks_out = (solid > 0) & (broad == 0)
    count, things = cv2.connectedComponents(sticks_out.astype(np.uint8))
    rows, columns = np.nonzero((things[:-1] > 0) & (broad[1:] > 0))
    if not len(rows):
        return disparity
    stands = things[rows, columns]
    below = disparity[np.minimum(rows + UNDER, len(disparity) - 1), columns]
    numbers = np.unique(stands)
    most = np.full(count, np.inf, np.float32)
    most[numbers] = ndimage.median(below, stands, numbers)
    return np.minimum(disparity, most[things])  # 0 is all else, and has no limit


def _carry(wanted: np.ndarray, known: np.ndarray, disparity: np.ndarray) -> np.ndarray:
    """Spread corrections (rows, columns), wanted where known is 1, over the surfaces there."""
    guide = np.rint(disparity * 255.0).astype(np.uint8)
    carried = np.zeros_like(wanted)
    for reach in CARRIED:  # far first, then what that has missed
        strength = (reach * max(disparity.shape)) ** 2
        smoother = cv2.ximgproc.createFastGlobalSmootherFilter(guide, strength, EDGE)
        missing = smoother.filter(known * (wanted - carried))
        carried += missing / (smoother.filter(known) + FADING)
    return carried


def _enlarge(values: np.ndarray, small: np.ndarray, disparity: np.ndarray) -> np.ndarray:
    """Bring values of a small map to the size of the whole, each from what is as near.

    Joint bilateral upsampling (Kopf, Cohen, Lischinski, Uyttendaele, SIGGRAPH 2007), of the four
    samples about each pixel.
    """
    if small.shape == disparity.shape:
        return values
    (rows, below, down), (columns, right, across) = (
        _neighbours(few, many) for few, many in zip(small.shape, disparity.shape, strict=True)
    )
    enlarged = np.empty_like(disparity)
    for row, (upper, lower, share) in enumerate(zip(rows, below, down, strict=True)):
        total, weights = np.zeros_like(disparity[row]), np.full_like(disparity[row], 1e-9)
        for there, of_row in ((upper, 1 - share), (lower, share)):
            for at, of_column in ((columns, 1 - across), (right, across)):
                alike = np.exp(-np.abs(small[there, at] - disparity[row]) / (EDGE / 255.0))
                weight = of_row * of_column * alike
                total += weight * values[there, at]
                weights += weight
        enlarged[row] = total / weights
    return enlarged


def _neighbours(few: int, many: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of many samples the two of few about it, and the share of the second."""
    places = ((np.arange(many) + 0.5) * few / many - 0.5).clip(0, few - 1)
    first = places.astype(int)
    return first, np.minimum(first + 1, few - 1), (places - first).astype(np.float32)


def _fitted(
    disparity: np.ndarray, line: np.ndarray, depth_range: DepthRange
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find what carries a line.

    Returns:
        (n,) shares of the way from its start to its end; (k, 2) places there and above, column and
        row, and their disparity (k,); n and k are 0 where no one surface carries it.
    """
    size = np.array(disparity.shape[::-1])
    start, end = line.reshape(2, 2)
    length = float(np.linalg.norm(end - start))
    if length < LEAST_LENGTH * max(disparity.shape):
        return NOTHING
    count = int(length) + 1
    share = np.linspace(0.0, 1.0, count)
    along = start + share[:, None] * (end - start)
    aside = ASIDE * max(disparity.shape) * np.array([start[1] - end[1], end[0] - start[0]]) / length
    sides = [np.floor(along + side).astype(int).clip(0, size - 1) for side in (aside, -aside)]
    places = max(sides, key=lambda side: float(np.median(disparity[side[:, 1], side[:, 0]])))
    seen = disparity[places[:, 1], places[:, 0]].astype(np.float64)
    left = seen > 0.0  # no line is carried by the sky
    least = max(LEAST_LENGTH * max(disparity.shape), LEAST_SHARE * left.sum())
    if left.sum() < least:
        return NOTHING
    slope, offset = _robust_fit(share[left], seen[left])
    fits = _longest_run(left & (np.abs(seen - (offset + slope * share)) < OFF), round(GAP * count))
    if fits.sum() < least:
        return NOTHING
    if _stands(line, offset, slope, disparity.shape, depth_range):
        foot = 1.0 - FOOT if end[1] > start[1] else FOOT
        level = offset + slope * foot
        if np.abs(level - seen[fits]).max() < MOST:
            above = _above(disparity, places[fits], level)
            places = np.concatenate([places[fits], above])
            return share[fits], places, np.full(len(places), level)
    return share[fits], places[fits], offset + slope * share[fits]


def _above(disparity: np.ndarray, places: np.ndarray, level: float) -> np.ndarray:
    """Return the places (k, 2) above a standing line where what is slender goes on to the sky."""
    rows, columns = disparity.shape
    ordered = places[np.argsort(places[:, 1])]
    (x, y), (foot_x, foot_y) = ordered[0], ordered[-1]
    tilt = (x - foot_x) / max(foot_y - y, 1)
    found = []
    for step in range(1, int(ABOVE * (foot_y - y)) + 1):
        row, column = y - step, round(x + tilt * step)
        if row < 0 or not 0 <= column < columns:
            break
        sky = np.flatnonzero(disparity[row] <= 0.0)
        right = np.searchsorted(sky, column)
        if not 0 < right < len(sky) or sky[right] == column:
            break
        if sky[right] - sky[right - 1] > SLENDER * max(rows, columns):
            break
        if abs(disparity[row, column] - level) > MOST:
            break
        found.append((column, row))
    return np.array(found, int).reshape(-1, 2)


def _longest_run(fits: np.ndarray, gap: int) -> np.ndarray:
    """Leave of a row of bool its longest part without a longer gap."""
    places = np.flatnonzero(fits)
    parts = np.split(places, np.flatnonzero(np.diff(places) > gap + 1) + 1)
    longest = max(parts, key=len)
    found = np.zeros_like(fits)
    found[longest] = True
    return found


def _bind(bound: np.ndarray, places: np.ndarray, values: np.ndarray) -> None:
    """Give a line's disparity to all beside it that was as near: lines there lie as it does."""
    columns, rows = places.T
    before = bound[rows, columns]
    radius = max(1, round(BESIDE * max(bound.shape)))
    steps = np.mgrid[-radius : radius + 1, -radius : radius + 1].reshape(2, -1).T
    around = (places[:, None, ::-1] + steps).reshape(-1, 2)
    near = np.clip(around, 0, np.array(bound.shape) - 1).T
    alike = np.abs(bound[*near] - before.repeat(len(steps))) < ALIKE
    bound[*near[:, alike]] = values.repeat(len(steps))[alike]
    bound[rows, columns] = values


def _robust_fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return slope and offset of the straight line on which most points (x, y) lie.

    It begins with repeated medians (Siegel 1982), and is fitted again without what is far from it.
    """
    from scipy.stats import siegelslopes

    thin = np.linspace(0, len(x) - 1, min(len(x), MEDIANS)).astype(int)
    slope, offset = siegelslopes(y[thin], x[thin])
    for _ in range(ROUNDS):
        close = np.abs(y - offset - slope * x) < OFF
        if close.sum() < 2:
            break
        slope, offset = np.polyfit(x[close], y[close], 1)
    return float(slope), float(offset)


def _stands(
    line: np.ndarray, offset: float, slope: float, shape: tuple[int, ...], depth_range: DepthRange
) -> bool:
    """Whether a line stands upright, rather than recedes over the ground or along a ceiling.

    What recedes has its far end towards the horizon, and its depth grows as that comes near. And it
    is upright in the picture only where it leads straight away below the camera, or above it.
    """
    rows, columns = shape
    x0, y0, x1, y1 = line
    tilt = abs(np.arctan2(x1 - x0, abs(y1 - y0)))
    if tilt > UPRIGHT:
        return False
    in_front = abs((x0 + x1) / 2 - columns / 2) < IN_FRONT * columns
    if tilt < EXACTLY and not in_front:
        return True
    ends = np.clip(np.array([offset, offset + slope], np.float32), 0.0, 1.0)
    near, far = sorted(depth_range.depth(ends))
    far_row, near_row = (y0 / rows, y1 / rows) if slope > 0 else (y1 / rows, y0 / rows)
    below, above = HORIZON[0] < far_row < near_row, near_row < far_row < HORIZON[1]
    if not (below or above):
        return True
    horizon = HORIZON[0] if below else HORIZON[1]
    usual = (near_row - horizon) / (far_row - horizon)
    return bool(far < near * usual**0.5)
