"""Separates a picture into what stands in front and what continues behind it.

A camera that leaves the photograph's viewpoint looks past the edges of near things, onto surfaces
that the photograph never saw. The background plate answers with a guess: the same picture on a
larger canvas, with the surroundings of every depth edge continued underneath the near side, in
colour and in depth. It lies behind the foreground everywhere, so that from the photograph's own
viewpoint it is never seen.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.exemplars import Scene, paint, smear
from zograscope_server.depth.resizing import shrink

DISPARITY_LONG_SIDE = 1024  # of the photograph's part of the plate
COLOUR_LONG_SIDE = 3072  # of the plate's whole canvas
SKETCH_LONG_SIDE = 768  # likewise, where it is only smeared
MARGIN = 0.25  # of the photograph's side, added on each side of the canvas
MARGIN_SOFTENING = 0.03  # of the long side: blur of the margin's disparity

EDGE_DEPTH_RATIO = 1.10  # of far to near depth across an edge
EDGE_SOFTNESS = 0.004  # of the long side: over how many pixels an edge may be spread
# A camera that moves sideways shifts a point on the screen in proportion to its disparity. These
# are the shifts, for disparity 1, that the plate prepares for, as shares of the long side.
REACH_ACROSS = 0.35
REACH_UPWARDS = 0.20
ORIGIN_STEEPNESS = 4  # how much farther up and down counts than across, for what is continued
FAR_LEVELS = 16  # of near depth, for each of which far sides are sought
FAR_SOFTENING = 0.002  # of the long side: blur between far sides that meet behind a near thing


@dataclass(frozen=True)
class BackgroundPlate:
    """The layer behind the photograph.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB on the plate's canvas.
        disparity: (rows, columns) float32 on the same canvas; never nearer than the foreground.
        rectangle: the canvas's (left, top, right, bottom) in pixels of the photograph, whose own
            rectangle is (0, 0, width, height).
    """

    pixels: np.ndarray
    disparity: np.ndarray
    rectangle: tuple[float, float, float, float]


def make_background_plate(
    pixels: np.ndarray,
    disparity: np.ndarray,
    depth_range: DepthRange,
    hidden: np.ndarray | None = None,
    *,
    sketch: bool = False,
) -> BackgroundPlate:
    """Paint the background plate of a photograph.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
        disparity: (rows, columns) float32 in [0, 1], 1 is near, of the same picture.
        depth_range: the near and far that turn disparity into depth.
        hidden: (height, width) bool: what stands in front whatever its depth, and is painted over.
        sketch: smear colours for now: a tenth of the work, and the same disparity.
    """
    height, width = pixels.shape[:2]
    small = shrink(disparity.astype(np.float32), DISPARITY_LONG_SIDE)
    rows, columns = small.shape
    margin_rows, margin_columns = round(MARGIN * rows), round(MARGIN * columns)
    margin_x, margin_y = margin_columns * width / columns, margin_rows * height / rows
    covered = _covered(hidden, small.shape)
    wanted = find_hidden(small, depth_range) | covered
    origin_y, origin_x = _find_origins(small, wanted & ~covered, depth_range)
    _continue_around(covered, small, (origin_y, origin_x), depth_range)
    continued = _continue_depth(small[origin_y, origin_x], wanted, depth_range)
    continued = np.minimum(continued, _furthest_nearby(disparity, small.shape))
    behind = _extend_disparity(continued, margin_rows, margin_columns)

    longest = SKETCH_LONG_SIDE if sketch else COLOUR_LONG_SIDE
    scale = min(1.0, longest / max(width + 2 * margin_x, height + 2 * margin_y))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    margins = (round(margin_y * scale),) * 2 + (round(margin_x * scale),) * 2

    def on_canvas(values: np.ndarray, outside: int = 0) -> np.ndarray:
        values = cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)
        return cv2.copyMakeBorder(values, *margins, cv2.BORDER_CONSTANT, value=outside)

    canvas = on_canvas(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    log_behind = np.log(depth_range.depth(behind))
    origins = [
        _repeat_border((place + margin + 0.5) / length, margin_rows, margin_columns)
        for place, margin, length in zip(
            (origin_x, origin_y), (margin_columns, margin_rows), behind.shape[::-1], strict=True
        )
    ]
    scene = Scene(
        pixels=canvas,
        seen=on_canvas((~covered).astype(np.uint8)) > 0,
        depth=on_canvas(np.log(depth_range.depth(small))),
        wanted=on_canvas(wanted.astype(np.uint8), outside=1) > 0,
        depth_behind=cv2.resize(log_behind, canvas.shape[1::-1], interpolation=cv2.INTER_NEAREST),
        origin=np.stack(origins, axis=-1).astype(np.float32),
    )
    return BackgroundPlate(
        pixels=smear(scene) if sketch else paint(scene),
        disparity=np.clip(behind, 0.0, 1.0),
        rectangle=(-margin_x, -margin_y, width + margin_x, height + margin_y),
    )


def find_hidden(disparity: np.ndarray, depth_range: DepthRange) -> np.ndarray:
    """Find where a disparity map hides something.

    A camera move uncovers a band along each edge that is as wide as the edge's jump in disparity
    is high. In the band, whatever stands well before the far side hides something.

    Returns:
        (rows, columns) bool: near sides of depth edges, as wide as a camera move uncovers.
    """
    edge = _edge_width(disparity)
    inverse = depth_range.inverse_depth(disparity)
    window = _square(edge)
    nearest, furthest = cv2.dilate(inverse, window), cv2.erode(inverse, window)
    far_side = (nearest > EDGE_DEPTH_RATIO * furthest) & (inverse < 1.02 * furthest)
    if not far_side.any():
        return np.zeros_like(far_side)

    # In pixels of the widest shift: how far each edge can be uncovered, ...
    across = REACH_ACROSS * max(disparity.shape)
    jump = np.where(far_side, cv2.dilate(disparity, window) - disparity, 0.0)
    reached = _spread(across * jump) > 0.0
    # ... and a cone under the near side, steeper than grounds and walls that lead up to it.
    cone = -_spread(np.where(far_side, -disparity, -2.0) * across) / across
    tolerance = EDGE_DEPTH_RATIO - 1.0
    above_cone = inverse > (1.0 + 0.5 * tolerance) * depth_range.inverse_depth(cone)
    return reached & above_cone


def _find_origins(
    disparity: np.ndarray, hidden: np.ndarray, depth_range: DepthRange
) -> tuple[np.ndarray, np.ndarray]:
    """Find which pixel is continued at each one, as rows and columns; most continue themselves.

    What is hidden continues the far side that a camera uncovers there first: the nearest one of an
    edge that lies well behind the pixel itself. Past a man before a bench it is the bench, past the
    bench it is the wall.
    """
    places = np.indices(disparity.shape)
    rows, columns = np.asarray(places[0]), np.asarray(places[1])
    edge = _edge_width(disparity)
    step = float(np.log(EDGE_DEPTH_RATIO))
    closeness = np.log(depth_range.inverse_depth(disparity)).astype(np.float32)
    furthest = cv2.erode(closeness, _square(edge))
    far_side = cv2.dilate(closeness, _square(edge)) - furthest > step
    far_side &= closeness < furthest + 0.02
    if not hidden.any() or not far_side.any():
        return rows, columns
    lowest = float(closeness[far_side].min())
    _continue_by_level(
        (rows, columns),
        hidden,
        closeness,
        lambda low, _: far_side & (closeness <= max(low - step, lowest)),
    )
    return rows, columns


def _continue_by_level(
    origins: tuple[np.ndarray, np.ndarray],
    inside: np.ndarray,
    closeness: np.ndarray,
    sources: Callable[[float, float], np.ndarray],
) -> None:
    """Let what is inside a mask continue the nearest of its sources; changes the origins there.

    The sources, a mask, are asked for each level of closeness, between its lowest and highest.
    """
    levels = np.linspace(closeness[inside].min(), closeness[inside].max(), FAR_LEVELS + 1)

    def found(level: tuple[float, float]) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        here = inside & (closeness >= level[0]) & (closeness <= level[1])
        if not here.any():
            return here, origins
        return here, _nearest(sources(*level))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for here, places in threads.map(found, pairwise(levels)):
            for origin, place in zip(origins, places, strict=True):
                origin[here] = place[here]


def _covered(mask: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """Bring a mask of any size to a shape, edges and all; nothing without one."""
    if mask is None:
        return np.zeros(shape, bool)
    small = cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) > 0.0
    return _grow(small, _edge_width(small))


def _continue_around(
    covered: np.ndarray,
    disparity: np.ndarray,
    origins: tuple[np.ndarray, np.ndarray],
    depth_range: DepthRange,
) -> None:
    """Let what a mask covers continue what is around it, and not nearer; changes the origins."""
    around = _grow(covered, _edge_width(disparity)) & ~covered
    if not around.any():
        return
    closeness = np.log(depth_range.inverse_depth(disparity))
    slack = 0.5 * float(np.log(EDGE_DEPTH_RATIO))
    lowest = float(closeness[around].min())
    _continue_by_level(
        origins,
        covered,
        closeness,
        lambda _, high: around & (closeness <= max(high + slack, lowest)),
    )


def _nearest(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the nearest pixel of a mask, where rows are farther apart than columns."""
    rows, columns = np.nonzero(mask)
    stretched = np.ones((ORIGIN_STEEPNESS * len(mask), mask.shape[1]), np.uint8)
    stretched[::ORIGIN_STEEPNESS] = ~mask
    _, labels = cv2.distanceTransformWithLabels(
        stretched, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label = labels[::ORIGIN_STEEPNESS]
    place = np.zeros(len(rows) + 1, int)
    place[label[rows, columns]] = np.arange(len(rows))
    return rows[place[label]], columns[place[label]]


def _continue_depth(
    continued: np.ndarray, hidden: np.ndarray, depth_range: DepthRange
) -> np.ndarray:
    """Soften where the continuations of one surface meet behind something near."""
    blur, weight = FAR_SOFTENING * max(hidden.shape), hidden.astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), blur), 1e-3)
    soft = cv2.GaussianBlur(continued * weight, (0, 0), blur) / total
    ratio = depth_range.inverse_depth(soft) / depth_range.inverse_depth(continued)
    alike = hidden & (np.abs(np.log(ratio)) < np.log(EDGE_DEPTH_RATIO))
    return np.where(alike, soft, continued).astype(np.float32)


def _spread(height: np.ndarray) -> np.ndarray:
    """Upper envelope of cones whose tips stand on every pixel.

    They fall by 1 for each pixel across, and faster up and down, where cameras move less.
    """
    for axis, fall in ((0, REACH_ACROSS / REACH_UPWARDS), (1, 1.0)):
        shape = [1, 1]
        shape[axis] = -1
        fallen = (fall * np.arange(height.shape[axis], dtype=np.float32)).reshape(shape)
        forwards = np.maximum.accumulate(height + fallen, axis=axis) - fallen
        backwards = np.flip(np.maximum.accumulate(np.flip(height - fallen, axis), axis=axis), axis)
        height = np.maximum(forwards, backwards + fallen)
    return height


def _furthest_nearby(disparity: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The smallest disparity around each cell of a grid of the given shape.

    The neighbourhood is 3 x 3 samples where the grids agree, and the whole footprint of the
    coarser grid's neighbouring cells otherwise, so that no interpolated plate comes in front.
    """
    reach = [
        1 if n == m else int(np.ceil(n / m)) + 1
        for n, m in zip(disparity.shape, shape, strict=True)
    ]
    window = np.ones((2 * reach[0] + 1, 2 * reach[1] + 1), np.uint8)
    furthest = cv2.erode(disparity, window)
    return cv2.resize(furthest, shape[::-1], interpolation=cv2.INTER_NEAREST)


def _extend_disparity(disparity: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Continue a disparity map likewise: its borders go straight on, and soften outwards."""
    canvas = cv2.copyMakeBorder(disparity, rows, rows, columns, columns, cv2.BORDER_REPLICATE)
    inside = np.s_[rows : rows + disparity.shape[0], columns : columns + disparity.shape[1]]
    outside = np.ones(canvas.shape, np.uint8)
    outside[inside] = 0
    softening = MARGIN_SOFTENING * max(disparity.shape)
    # The first ring stays, or what is interpolated at the frame would come in front.
    share = (cv2.distanceTransform(outside, cv2.DIST_L2, 5) - 1.0) / (2.0 * softening)
    soft = cv2.GaussianBlur(canvas, (0, 0), softening)
    return canvas + np.clip(share, 0.0, 1.0) * (soft - canvas)


def _repeat_border(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Continue a map by what is just inside its border: a scan's last pixels are often pale."""
    inset = min(_edge_width(values), min(values.shape) // 4)
    inner = values[inset : values.shape[0] - inset, inset : values.shape[1] - inset]
    margins = (rows + inset,) * 2 + (columns + inset,) * 2
    canvas = cv2.copyMakeBorder(inner, *margins, cv2.BORDER_REPLICATE)
    canvas[rows : rows + values.shape[0], columns : columns + values.shape[1]] = values
    return canvas


def _edge_width(disparity: np.ndarray) -> int:
    return max(1, round(EDGE_SOFTNESS * max(disparity.shape)))


def _grow(mask: np.ndarray, radius: int) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), _square(radius)) > 0


def _square(radius: int) -> np.ndarray:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
