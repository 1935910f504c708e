"""A picture whose depth is known, for where there is no photograph: a tower on a meadow."""

from pathlib import Path

import cv2
import numpy as np

HORIZON = 0.45  # share of the height
EDGE = 0.4  # share of the width where the tower begins, with a sharp edge
TOWER_WIDTH = 1 / 6
TOWER_TOP, TOWER_FOOT = 0.2, 0.9
NEAREST = 2.0  # metres, at the bottom edge


def draw_picture(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw sky, a receding meadow and a dark tower.

    Returns:
        pixels: (height, width, 3) uint8 sRGB.
        depth: (height, width) float32 in metres, infinite for the sky.
    """
    random = np.random.default_rng(0)
    pixels = np.full((height, width, 3), (205, 215, 230), np.uint8)
    horizon = int(HORIZON * height)
    pixels[horizon:] = (100, 120, 70)
    pixels[horizon:] += random.integers(0, 40, (height - horizon, width, 1), np.uint8)
    below = np.arange(height) + 0.5 - horizon
    rows = np.where(below > 0, NEAREST * (height - horizon) / np.maximum(below, 0.5), np.inf)
    depth = np.repeat(rows[:, None], width, axis=1).astype(np.float32)

    foot, left = int(TOWER_FOOT * height), int(EDGE * width)
    tower = np.s_[int(TOWER_TOP * height) : foot, left : left + int(TOWER_WIDTH * width)]
    pixels[tower] = (45, 40, 40)
    depth[tower] = depth[foot, 0]
    return pixels, depth


def write_picture(path: Path, width: int, height: int) -> Path:
    """Write the picture as a file and return its path."""
    pixels, _ = draw_picture(width, height)
    cv2.imwrite(str(path), pixels[..., ::-1])
    return path
