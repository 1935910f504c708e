"""Pictures and maps in fewer pixels, for what is looked at as a whole."""

import cv2
import numpy as np


def shrink(picture: np.ndarray, long_side: int, *, least: int = 1) -> np.ndarray:
    """Average a picture down to a longer side of so many pixels; a smaller one stays as it is.

    Args:
        picture: (height, width) or (height, width, channels).
        long_side: the most pixels of the longer side.
        least: the fewest of either; a narrower one is stretched.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    size = max(least, round(width * scale)), max(least, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
