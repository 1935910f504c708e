"""Brings a small disparity map up to the size of its photograph, along the photograph's edges.

The fast guided filter (He, Sun, "Fast Guided Filter", 2015, after He, Sun, Tang, "Guided Image
Filtering", ECCV 2010): disparity is, in each small window, a linear function of the picture's
colours. The functions are found small and applied large, strip by strip, so that a photograph of
24 megapixels needs little more memory than its own.
"""

import cv2
import numpy as np

CREVICE_SHARE = 0.004  # of the long side: gaps this narrow, as between leaves, are closed
RIM = 5  # samples across: near things grow by half of it, over their soft rim
JUMP = 0.05  # of disparity: less is a slope, not an edge
RADIUS_SHARE = 0.012  # of the long side: the window in which disparity follows the picture
EDGE_CONTRAST = 0.02  # of the picture's range: weaker structure is grain, not an edge
STRIP_PIXELS = 4_000_000


def refine(disparity: np.ndarray, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a disparity map, with edges where the picture has them.

    Args:
        disparity: (rows, columns) float32 in [0, 1].
        pixels: (height, width, 3) uint8 of the same picture.
        size: (rows, columns) of the answer.

    Returns:
        (rows, columns) float32 in [0, 1].
    """
    rows, columns = disparity.shape
    small_picture = _resize(pixels, (rows, columns)).astype(np.float32) / 255.0
    gain, offset = _local_linear_functions(small_picture, disparity.astype(np.float32))
    wide = np.empty(size, np.float32)
    strip = max(1, STRIP_PIXELS // size[1])
    for top in range(0, size[0], strip):
        bottom = min(size[0], top + strip)
        guide = _strip_of(pixels, size, top, bottom) / np.float32(255.0)
        gain_here = _strip_of(gain, size, top, bottom)
        offset_here = _strip_of(offset, size, top, bottom)
        wide[top:bottom] = (gain_here * guide).sum(axis=2) + offset_here
    return np.clip(wide, 0.0, 1.0, out=wide)


def settle_edges(disparity: np.ndarray) -> np.ndarray:
    """Make each depth edge one clean step from far to near.

    What lies between the two at a soft edge belongs to neither, and would fly about as splinters
    when the camera moves. Crevices are closed towards the near side, so that foliage stays whole,
    and each value at an edge goes to the nearer of its extremes around (toggle mapping: Kramer,
    Bruckner, "Iterations of a non-linear transformation", Pattern Recognition 1975).

    Args:
        disparity: (rows, columns) float32 in [0, 1], 1 is near.
    """
    radius = max(1, round(CREVICE_SHARE * max(disparity.shape)))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    closed = cv2.morphologyEx(disparity, cv2.MORPH_CLOSE, around)
    calm = cv2.medianBlur(cv2.medianBlur(closed, 5), 5)
    low, high = cv2.erode(calm, around), cv2.dilate(calm, around)
    nearer_extreme = np.where(high - calm < calm - low, high, low)
    settled = np.where(high - low > JUMP, nearer_extreme, calm)
    # The soft rim of a near thing goes with it, or it would stay behind as an outline in the air.
    return cv2.dilate(cv2.medianBlur(settled, 5), np.ones((RIM, RIM), np.uint8))


def _local_linear_functions(
    picture: np.ndarray, disparity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gain (rows, columns, 3) and offset (rows, columns) of disparity over colour."""
    radius = max(2, round(RADIUS_SHARE * max(disparity.shape)))
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, window, borderType=cv2.BORDER_REFLECT)

    mean_picture, mean_disparity = mean(picture), mean(disparity)
    covariance = mean(picture * disparity[..., None]) - mean_picture * mean_disparity[..., None]
    products = picture[..., :, None] * picture[..., None, :]
    means = mean_picture[..., :, None] * mean_picture[..., None, :]
    spread = mean(products.reshape(*picture.shape[:2], 9)).reshape(products.shape) - means
    spread += EDGE_CONTRAST**2 * np.eye(3, dtype=np.float32)
    gain = np.linalg.solve(spread, covariance[..., None])[..., 0].astype(np.float32)
    offset = mean_disparity - (gain * mean_picture).sum(axis=2)
    return mean(gain), mean(offset)


def _resize(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    shrinking = size[0] < values.shape[0]
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return cv2.resize(values, (size[1], size[0]), interpolation=interpolation)


def _strip_of(values: np.ndarray, size: tuple[int, int], top: int, bottom: int) -> np.ndarray:
    """Rows top to bottom of `values` as if resized to `size`, without resizing the rest."""
    if values.shape[:2] == size:
        return values[top:bottom].astype(np.float32)
    scale = values.shape[0] / size[0]
    # Rows around the strip that its interpolation looks at.
    first = max(0, int(np.floor(top * scale)) - 2)
    last = min(values.shape[0], int(np.ceil(bottom * scale)) + 2)
    x = (np.arange(size[1], dtype=np.float32) + 0.5) * (values.shape[1] / size[1]) - 0.5
    y = (np.arange(top, bottom, dtype=np.float32) + 0.5) * scale - 0.5 - first
    map_x, map_y = np.meshgrid(x, y)
    part: np.ndarray = values[first:last].astype(np.float32)
    if scale > 1.0:
        part = cv2.blur(part, (max(1, round(scale)),) * 2, borderType=cv2.BORDER_REPLICATE)
    return cv2.remap(part, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
