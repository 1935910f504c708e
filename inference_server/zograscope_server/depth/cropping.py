"""Cuts pictures and depth maps to a part of themselves, and refuses what is too small."""

from dataclasses import replace

import cv2
import numpy as np
from zograscope_protocol.depth.tasks import Rectangle
from zograscope_protocol.options import refusal

from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.errors import DepthError
from zograscope_server.images import Photograph

SHORTEST_SIDE = 16  # pixels, of what a diorama can be made of
SHAPE_TOLERANCE = 0.02  # of the height, by which a depth map may miss the proportions


def check_large_enough(pixels: np.ndarray, name: str) -> None:
    """Raise ZograscopeError `image-too-small` for (height, width, 3) of which none can be made."""
    height, width = pixels.shape[:2]
    if min(width, height) < SHORTEST_SIDE:
        raise DepthError(
            "image-too-small", name=name, width=width, height=height, limit=SHORTEST_SIDE
        )


def crop_photograph(photograph: Photograph, rectangle: Rectangle | None) -> Photograph:
    """Cut the rectangle (left, top, right, bottom; right and bottom exclusive) out.

    Raises:
        ZograscopeError: `bad-parameters` when it does not lie in the picture, or is too small.
    """
    if rectangle is None:
        return photograph
    left, top, right, bottom = rectangle
    height, width = photograph.pixels.shape[:2]
    inside = 0 <= left < right <= width and 0 <= top < bottom <= height
    if not inside or min(right - left, bottom - top) < SHORTEST_SIDE:
        raise refusal(
            f"the crop {list(rectangle)} does not fit into the picture of {width} x {height} pixels"
        )
    return cut_photograph(photograph, rectangle)


def cut_photograph(photograph: Photograph, rectangle: Rectangle) -> Photograph:
    """Return the part of a photograph, transparency too, in a rectangle that lies in it."""
    alpha = photograph.alpha
    return replace(
        photograph,
        pixels=np.ascontiguousarray(cut(photograph.pixels, rectangle)),
        alpha=None if alpha is None else np.ascontiguousarray(cut(alpha, rectangle)),
    )


def cut(pixels: np.ndarray, rectangle: Rectangle) -> np.ndarray:
    """Return the pixels inside of (left, top, right, bottom)."""
    left, top, right, bottom = rectangle
    return pixels[top:bottom, left:right]


def crop_depth_map(
    depth: DepthMap, rectangle: Rectangle | None, scan_size: tuple[int, int]
) -> DepthMap:
    """Cut the same rectangle out of a depth map of the whole scan of (height, width) pixels.

    Raises ZograscopeError `depth-map-shape` for a map of other proportions.
    """
    rows, columns = depth.disparity.shape
    height, width = scan_size
    if abs(rows - columns * height / width) > max(1.0, SHAPE_TOLERANCE * rows):
        raise DepthError(
            "depth-map-shape",
            name=depth.model,
            depth_shape=f"{columns} x {rows}",
            picture_shape=f"{width} x {height}",
        )
    if rectangle is None:
        return depth
    left, top, right, bottom = rectangle
    # The crop's pixel grid, brought to the depth map's own resolution.
    crop_columns = max(2, round((right - left) * columns / width))
    crop_rows = max(2, round((bottom - top) * rows / height))
    x = left + (np.arange(crop_columns, dtype=np.float32) + 0.5) * (right - left) / crop_columns
    y = top + (np.arange(crop_rows, dtype=np.float32) + 0.5) * (bottom - top) / crop_rows
    map_x, map_y = np.meshgrid(x * columns / width - 0.5, y * rows / height - 0.5)
    disparity = cv2.remap(
        depth.disparity, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return replace(depth, disparity=disparity)
