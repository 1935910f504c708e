"""Separates a picture into what stands in front and what continues behind it.

A camera that leaves the photograph's viewpoint looks past the edges of near things, onto surfaces
that the photograph never saw. The background plate answers with a guess: the same picture on a
larger canvas, with the surroundings of every depth edge continued underneath the near side, in
colour and in depth. It lies behind the foreground everywhere, so that from the photograph's own
viewpoint it is never seen.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.filling import continue_picture, fill_smoothly

DISPARITY_LONG_SIDE = 1024  # of the photograph's part of the plate
COLOUR_LONG_SIDE = 3072  # of the plate's whole canvas
MARGIN = 0.25  # of the photograph's side, added on each side of the canvas
MARGIN_DETAIL = 0.03  # of the long side: coarsest structure that is mirrored into the margin
MARGIN_SOFTENING = 0.03  # of the long side: blur of the margin's disparity

EDGE_DEPTH_RATIO = 1.10  # of far to near depth across an edge
EDGE_SOFTNESS = 0.004  # of the long side: over how many pixels an edge may be spread
# A camera that moves sideways shifts a point on the screen in proportion to its disparity. These
# are the shifts, for disparity 1, that the plate prepares for, as shares of the long side.
REACH_ACROSS = 0.35
REACH_UPWARDS = 0.20


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


@dataclass(frozen=True)
class Occlusion:
    """Where a disparity map hides something.

    Attributes:
        hidden: (rows, columns) bool: near sides of depth edges, as wide as a camera move uncovers.
        background: (rows, columns) float32 in [0, 1]: how far a pixel shows what would continue
            behind the hidden parts; 0 in them, at their soft rims, and on near things at large.
    """

    hidden: np.ndarray
    background: np.ndarray


def make_background_plate(
    pixels: np.ndarray,
    disparity: np.ndarray,
    depth_range: DepthRange,
    hidden: np.ndarray | None = None,
) -> BackgroundPlate:
    """Paint the background plate of a photograph.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
        disparity: (rows, columns) float32 in [0, 1], 1 is near, of the same picture.
        depth_range: the near and far that turn disparity into depth.
        hidden: (height, width) bool: what stands in front whatever its depth, and is painted over.
    """
    height, width = pixels.shape[:2]
    small = _shrink(disparity, DISPARITY_LONG_SIDE)
    rows, columns = small.shape
    margin_rows, margin_columns = round(MARGIN * rows), round(MARGIN * columns)
    margin_x, margin_y = margin_columns * width / columns, margin_rows * height / rows
    occlusion = find_occlusion(small, depth_range)
    if hidden is not None:
        occlusion = _hide(occlusion, hidden, _edge_width(small))
    keep = np.where(_grow(occlusion.hidden, _edge_width(small)), 0.0, 1.0).astype(np.float32)

    behind = fill_smoothly(small, occlusion.background)
    behind = cv2.GaussianBlur(behind, (0, 0), 1.0 + _edge_width(small))
    behind = behind + keep * (small - behind)
    behind = _extend_disparity(behind, margin_rows, margin_columns)
    inside = np.s_[margin_rows : margin_rows + rows, margin_columns : margin_columns + columns]
    behind[inside] = np.minimum(behind[inside], _furthest_nearby(disparity, small.shape))

    scale = min(1.0, COLOUR_LONG_SIDE / max(width + 2 * margin_x, height + 2 * margin_y))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    colour = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    background = cv2.resize(occlusion.background, size, interpolation=cv2.INTER_LINEAR)
    painted = continue_picture(colour, background)
    painted += cv2.resize(keep, size, interpolation=cv2.INTER_LINEAR)[..., None] * (
        colour - painted
    )
    painted = _extend_picture(painted, round(margin_y * scale), round(margin_x * scale))
    return BackgroundPlate(
        pixels=np.clip(np.rint(painted), 0, 255).astype(np.uint8),
        disparity=np.clip(behind, 0.0, 1.0),
        rectangle=(-margin_x, -margin_y, width + margin_x, height + margin_y),
    )


def find_occlusion(disparity: np.ndarray, depth_range: DepthRange) -> Occlusion:
    """Find the depth edges of a disparity map, and what they hide.

    A camera move uncovers a band along each edge that is as wide as the edge's jump in disparity
    is high. In the band, whatever stands well before the far side hides something.
    """
    edge = _edge_width(disparity)
    inverse = depth_range.inverse_depth(disparity)
    window = np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)
    nearest, furthest = cv2.dilate(inverse, window), cv2.erode(inverse, window)
    far_side = (nearest > EDGE_DEPTH_RATIO * furthest) & (inverse < 1.02 * furthest)
    if not far_side.any():
        return Occlusion(np.zeros_like(far_side), np.ones_like(disparity))

    # In pixels of the widest shift: how far each edge can be uncovered, ...
    across = REACH_ACROSS * max(disparity.shape)
    jump = np.where(far_side, cv2.dilate(disparity, window) - disparity, 0.0)
    reached = _spread(across * jump) > 0.0
    # ... and a cone under the near side, steeper than grounds and walls that lead up to it.
    cone = -_spread(np.where(far_side, -disparity, -2.0) * across) / across
    tolerance = EDGE_DEPTH_RATIO - 1.0
    above_cone = inverse > (1.0 + 0.5 * tolerance) * depth_range.inverse_depth(cone)
    hidden = reached & above_cone

    expected = fill_smoothly(disparity, far_side.astype(np.float32))
    surplus = inverse / depth_range.inverse_depth(expected) - 1.0
    # Beyond its hidden rim a near thing stays in the plate, but nothing is learnt from it: only
    # what agrees with the far sides of the edges around is background.
    agreement = np.exp(-np.square(np.maximum(surplus, 0.0) / tolerance))
    background = np.where(_grow(hidden, edge), 0.0, agreement)
    return Occlusion(hidden, background.astype(np.float32))


def _hide(occlusion: Occlusion, hidden: np.ndarray, edge: int) -> Occlusion:
    """Count what a mask holds among the hidden parts."""
    size = occlusion.hidden.shape[::-1]
    covered = cv2.resize(hidden.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.0
    background = np.where(_grow(covered, edge), np.float32(0.0), occlusion.background)
    return Occlusion(occlusion.hidden | covered, background)


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


def _extend_picture(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Continue a picture on a canvas that is larger by so many pixels on each side."""
    margins = (rows, rows, columns, columns)
    canvas = cv2.copyMakeBorder(picture, *margins, cv2.BORDER_CONSTANT)
    known = cv2.copyMakeBorder(
        np.ones(picture.shape[:2], np.float32), *margins, cv2.BORDER_CONSTANT
    )
    return continue_picture(canvas, known, coarsest_detail=MARGIN_DETAIL)


def _extend_disparity(disparity: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Continue a disparity map likewise: its borders go straight on, and soften outwards."""
    canvas = cv2.copyMakeBorder(disparity, rows, rows, columns, columns, cv2.BORDER_REPLICATE)
    inside = np.s_[rows : rows + disparity.shape[0], columns : columns + disparity.shape[1]]
    outside = np.ones(canvas.shape, np.uint8)
    outside[inside] = 0
    softening = MARGIN_SOFTENING * max(disparity.shape)
    share = cv2.distanceTransform(outside, cv2.DIST_L2, 5) / (2.0 * softening)
    soft = cv2.GaussianBlur(canvas, (0, 0), softening)
    return canvas + np.clip(share, 0.0, 1.0) * (soft - canvas)


def _shrink(disparity: np.ndarray, long_side: int) -> np.ndarray:
    scale = long_side / max(disparity.shape)
    if scale >= 1.0:
        return disparity.astype(np.float32)
    size = tuple(max(1, round(n * scale)) for n in disparity.shape[::-1])
    return cv2.resize(disparity.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _edge_width(disparity: np.ndarray) -> int:
    return max(1, round(EDGE_SOFTNESS * max(disparity.shape)))


def _grow(mask: np.ndarray, radius: int) -> np.ndarray:
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), window) > 0
