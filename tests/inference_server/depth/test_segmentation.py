"""Objects that are clicked: by depth, by colour, by more clicks, and along the picture's edges."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.depth.segmentation import find_object, outline_at_edges

HEIGHT, WIDTH = 160, 240


def picture(seed: int = 0) -> np.ndarray:
    """A ground of coarse grain."""
    grain = np.random.default_rng(seed).integers(90, 140, (HEIGHT // 4, WIDTH // 4), np.uint8)
    grey = cv2.resize(grain, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grey[..., None], 3, axis=2)


def ground() -> np.ndarray:
    """Disparity that rises downwards, at half the size."""
    return np.repeat(np.linspace(0, 1, HEIGHT // 2, dtype=np.float32)[:, None], WIDTH // 2, axis=1)


def ellipse(u: float, v: float, across: float, down: float) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.square((x - u) / across) + np.square((y - v) / down) < 1


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.fixture
def figures():
    """Two figures that stand on the ground: pixels, disparity, and the mask of each."""
    pixels, disparity = picture(), ground()
    both = ellipse(80, 90, 20, 55), ellipse(170, 90, 20, 55)
    for mask, colour in zip(both, ((40, 30, 60), (200, 190, 60)), strict=True):
        pixels[mask] = colour
        small = cv2.resize(mask.astype(np.uint8), disparity.shape[::-1]) > 0
        disparity[small] = np.maximum(disparity[small], 0.85)
    return pixels, disparity, both


def test_a_click_finds_what_stands_there(figures):
    pixels, disparity, masks = figures
    for mask, x in zip(masks, (80, 170), strict=True):
        found = find_object(pixels, disparity, [(x, 80, True)])
        assert overlap(found, mask) > 0.9


def test_shift_adds_and_ctrl_takes_away(figures):
    pixels, disparity, (left, right) = figures
    clicks = [(80.0, 80.0, True), (170.0, 80.0, True)]
    assert overlap(find_object(pixels, disparity, clicks), left | right) > 0.9
    found = find_object(pixels, disparity, [*clicks, (170.0, 95.0, False), (170.0, 60.0, False)])
    assert overlap(found, left) > 0.8
    assert not found[95, 170]


def test_what_is_flat_is_found_by_its_colours():
    pixels, sign = picture(), np.zeros((HEIGHT, WIDTH), bool)
    sign[50:90, 100:160] = True
    pixels[sign] = (200, 60, 40)
    found = find_object(pixels, np.full((80, 120), 0.4, np.float32), [(130, 70, True)])
    assert overlap(found, sign) > 0.85


def test_an_outline_moves_to_the_edge_of_a_picture_of_any_size():
    mask = ellipse(120, 80, 60, 50)
    large = cv2.resize(mask.astype(np.uint8), (1440, 960), interpolation=cv2.INTER_NEAREST) > 0
    pixels = np.where(large[..., None], 200, 60).astype(np.uint8).repeat(3, axis=2)
    coarse = cv2.resize(mask.astype(np.float32), (60, 40), interpolation=cv2.INTER_AREA) > 0.5
    found = outline_at_edges(coarse, pixels)
    assert found.shape == large.shape
    missed = large & ~found
    assert missed.mean() < 0.002
    # What is more is the rim that goes along, of a pixel.
    rim = cv2.dilate(large.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert not (found & ~rim).any()


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 99),
    places=st.lists(st.tuples(st.floats(-9, 300), st.floats(-9, 300)), min_size=1, max_size=4),
    belong=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_whatever_is_clicked_gives_an_answer_that_holds_the_click(seed, places, belong):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    disparity = random.random((15, 20), dtype=np.float32)
    clicks = [(x, y, index == 0 or belong[index]) for index, (x, y) in enumerate(places)]
    found = find_object(pixels, disparity, clicks)
    assert found.shape == (30, 40) and found.dtype == bool
    assert np.array_equal(found, find_object(pixels, disparity, clicks))


def test_a_mask_without_an_outline_stays_as_it_is():
    pixels = picture()
    for value in (False, True):
        mask = np.full((HEIGHT, WIDTH), value)
        assert np.array_equal(outline_at_edges(mask, pixels), mask)
