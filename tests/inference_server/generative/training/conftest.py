"""A small collection that is drawn: discs and lines of some colours on paper."""

from pathlib import Path

import cv2
import numpy as np
import pytest


def draw(seed: int, side: int = 64) -> np.ndarray:
    """Draw one picture, (side, side, 3) uint8."""
    random = np.random.default_rng(seed)
    picture = np.full((side, side, 3), random.integers(190, 240, 3), np.uint8)
    for _ in range(3):
        start, end = (tuple(map(int, random.integers(0, side, 2))) for _ in range(2))
        cv2.line(picture, start, end, random.integers(0, 120, 3).tolist(), 2)
    middle = tuple(map(int, random.integers(side // 4, 3 * side // 4, 2)))
    cv2.circle(picture, middle, int(random.integers(5, side // 4)), (40, 60, 200), -1)
    return picture


@pytest.fixture(scope="session")
def drawings(tmp_path_factory) -> Path:
    """A folder of drawings."""
    folder = tmp_path_factory.mktemp("drawings")
    for number in range(24):
        cv2.imwrite(str(folder / f"{number:02d}.png"), draw(number))
    return folder
