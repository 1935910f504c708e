"""A drawn place with known depth, seen from two sides and mounted as a card."""

import importlib.util
import sys
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

WIDTH, HEIGHT = 300, 270
NEAR, FAR = 14.0, -3.0  # pixels of disparity


@dataclass(frozen=True)
class Place:
    """Two views, and the left one's disparity in pixels."""

    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray


@pytest.fixture(scope="session")
def drawn_card(repository):
    """The benchmarks' module that draws cards."""
    path = repository / "benchmarks" / "drawn_card.py"
    spec = importlib.util.spec_from_file_location("drawn_card", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["drawn_card"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def place(drawn_card) -> Place:
    """A wall, a ground that comes near, and two posts before it."""
    random = np.random.default_rng(3)
    texture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for cells in (12, 40, 120):
        coarse = random.uniform(0, 255, (cells, cells, 1)).astype(np.float32)
        wide = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        texture += wide[..., None] / 3
    disparity = np.full((HEIGHT, WIDTH), FAR, np.float32)
    disparity[150:] = np.linspace(FAR, NEAR, HEIGHT - 150)[:, None]
    for left, depth in ((70, 6.0), (190, 9.0)):
        post = np.s_[60:220, left : left + 40]
        disparity[post] = np.maximum(disparity[post], depth)
        texture[post] = 0.6 * texture[post] + (20 if left < 100 else 90)
    left = np.clip(texture, 0, 255).astype(np.uint8)
    right = drawn_card.second_view(left, disparity, np.random.default_rng(0))
    return Place(left, right, disparity)
