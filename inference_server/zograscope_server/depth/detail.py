"""Says where a photograph has detail: there a smear or an invention is seen, in a sky it is not."""

import cv2
import numpy as np

from zograscope_server.depth.resizing import shrink

WORKING_SIDE = 512  # pixels of the longer side in which contrast is measured
LONG_SIDE = 64  # cells of the map
NEIGHBOURHOOD = 0.03  # of the longer side, across which contrast is taken
FULL_CONTRAST = 24.0  # grey levels of 255: standard deviation of what is full of detail


def detail_map(pixels: np.ndarray) -> np.ndarray:
    """Return how much there is to see around each place of a picture.

    Args:
        pixels: (height, width, 3) uint8 sRGB.

    Returns:
        (rows, columns) float32 in [0, 1] over the whole picture, at most `LONG_SIDE` cells a side:
        local contrast, 0 in an even sky or wall, 1 where it is full of detail.
    """
    grey = shrink(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), WORKING_SIDE).astype(np.float32)
    side = max(3, round(NEIGHBOURHOOD * max(grey.shape)))
    mean, mean_of_squares = (cv2.blur(values, (side, side)) for values in (grey, grey * grey))
    contrast = np.sqrt(np.maximum(mean_of_squares - mean * mean, 0.0)) / FULL_CONTRAST
    return np.clip(shrink(contrast, LONG_SIDE), 0.0, 1.0)
