"""Comfortable parallax, and the stereograph card, by numpy alone."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def card(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.eyes.card")


@pytest.fixture(scope="module")
def parallax(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.eyes.parallax")


@settings(max_examples=30)
@given(nearest=st.floats(0.01, 100), factor=st.floats(1.01, 1000))
def test_nearest_and_farthest_are_a_thirtieth_of_the_width_apart(parallax, nearest, factor):
    focal_length, width = 110.0, 96.0
    apart = parallax.interocular_distance(nearest, factor * nearest, focal_length, width)
    shift = focal_length * apart * (1 / nearest - 1 / (factor * nearest))
    assert shift == pytest.approx(width / 30)


def test_a_flat_picture_has_eyes_too(parallax):
    assert 0 < parallax.interocular_distance(2.0, 2.0, 100.0, 90.0) < 2.0


@pytest.mark.parametrize(("height", "width"), [(80, 120), (121, 75), (64, 64)])
def test_a_card_shows_both_views_under_a_curved_top(card, height, width):
    random = np.random.default_rng(4)
    left, right = random.random((2, height, width, 3), np.float32)
    made = card.stereograph_card(left, right)
    assert not made.shape[0] % 2 and not made.shape[1] % 2
    assert made.min() >= 0 and made.max() <= 1
    top = round(card.TOP * width)
    start = round(card.SIDE * width)
    second = start + width + round(card.BETWEEN * width)
    foot = int(np.ceil(card.RISE * width)) + 1
    for view, column in ((left, start), (right, second)):
        print_ = made[top : top + height, column : column + width]
        assert print_[foot:] == pytest.approx(view[foot:], abs=1e-6)
        middle = slice(width // 2 - 2, width // 2 + 2)
        assert print_[2:, middle] == pytest.approx(view[2:, middle], abs=1e-6)
        assert np.abs(print_[0, [0, -1]] - view[0, [0, -1]]).max() > 0.01  # cut by the curve
    assert made[0, 0] == pytest.approx(card.TABLE / 255, abs=1e-6)


def test_a_pair_from_blender_keeps_its_rows_and_sides(card):
    pair = np.ones((40, 100, 4), np.float32)
    pair[:20, :50, :3] = (1, 0, 0)  # below, on the left
    made = card.card_of_pair(pair)
    height, width, _ = made.shape
    assert made[..., 3].min() == 1
    assert made[height // 4, width // 4, :3] == pytest.approx((1, 0, 0), abs=1e-6)
    assert made[height // 4, 3 * width // 4, :3] == pytest.approx((1, 1, 1), abs=1e-6)
