"""Mattes: known blends of two surfaces are taken apart again, and hard edges are left alone."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.matting import LONG_SIDE, make_matte

RANGE = DepthRange(1.0, 10.0)
SIDE = 240
NEAR, FAR = np.array([0.75, 0.3, 0.2]), np.array([0.15, 0.35, 0.6])


def _scene(softness: float, near=NEAR, far=FAR, grain=0.01):
    """A disc in front of a wall, whose rim is soft; return pixels, disparity and true shares."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    inside = 70.0 - np.hypot(x - SIDE / 2, y - SIDE / 2)
    share = np.clip(0.5 + inside / softness, 0.0, 1.0)
    noise = np.random.default_rng(0).normal(0.0, grain, (SIDE, SIDE, 3))
    picture = share[..., None] * near + (1 - share[..., None]) * far + noise
    pixels = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    # As everywhere in a diorama, the near side reaches over its soft rim.
    disparity = np.where(share > 0.02, 0.9, 0.1).astype(np.float32)
    return pixels, disparity, share


def test_shares_and_colours_of_a_blend_are_found_again():
    pixels, disparity, share = _scene(softness=3.0)
    matte = make_matte(pixels, disparity, RANGE)
    rim = (share > 0.02) & (share < 0.98)
    found = matte[..., 3] / 255.0
    assert np.abs(found - share)[rim].mean() < 0.15
    # A hard edge takes the whole rim for near.
    assert np.abs(found - share)[rim].mean() < 0.5 * np.abs(1.0 - share)[rim].mean()
    seen = rim & (found > 0.2) & (found < 0.9)
    own = np.abs(matte[seen, :3] / 255.0 - NEAR).mean()
    assert own < 0.5 * np.abs(pixels[seen] / 255.0 - NEAR).mean()


def test_away_from_rims_all_is_opaque():
    pixels, disparity, share = _scene(softness=3.0)
    matte = make_matte(pixels, disparity, RANGE)
    assert np.all(matte[(share > 0.999) & (cv2.erode(share, np.ones((15, 15))) > 0.999), 3] == 255)
    assert np.all(matte[share < 0.01, 3] == 255)


def test_what_has_one_colour_on_both_sides_keeps_its_edge():
    pixels, disparity, _ = _scene(softness=3.0, far=NEAR + 0.01, grain=0.03)
    assert make_matte(pixels, disparity, RANGE) is None


def test_a_flat_picture_has_no_matte():
    pixels, disparity, _ = _scene(softness=3.0)
    assert make_matte(pixels, np.full_like(disparity, 0.5), RANGE) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (3, 2), (2500, 40)])
def test_pictures_of_any_shape(size):
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 256, (*size, 3), dtype=np.uint8)
    disparity = chance.random((max(1, size[0] // 2), max(1, size[1] // 2)), np.float32)
    matte = make_matte(pixels, disparity, RANGE)
    assert matte is None or max(matte.shape) <= LONG_SIDE


@settings(max_examples=20, deadline=None)
@given(
    near=st.tuples(*[st.floats(0, 1)] * 3),
    far=st.tuples(*[st.floats(0, 1)] * 3),
    softness=st.floats(1.0, 6.0),
)
def test_no_matte_is_farther_from_the_truth_than_a_hard_edge(near, far, softness):
    pixels, disparity, share = _scene(softness, np.array(near), np.array(far))
    matte = make_matte(pixels, disparity, RANGE)
    if matte is None:
        return
    rim = disparity > 0.5
    found = matte[..., 3] / 255.0
    # In what is seen: shares count as much as the colours that they blend differ.
    assert np.abs(found - share)[rim].mean() <= np.abs(1.0 - share)[rim].mean() + 0.01


@pytest.mark.parametrize("axis", [0, 1])
def test_a_straight_edge_has_its_own_colours_on_both_sides(axis):
    """Its near side is even, and nowhere nearer than what is about it."""
    x = np.abs(np.arange(SIDE) - SIDE / 2)
    share = np.clip((40.0 - x) / 4.0, 0.0, 1.0)[:, None] * np.ones(SIDE)
    noise = np.random.default_rng(0).normal(0.0, 0.01, (SIDE, SIDE, 3))
    picture = share[..., None] * NEAR + (1 - share[..., None]) * FAR + noise
    pixels = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    disparity = np.where(share > 0.02, 0.9, 0.1).astype(np.float32)
    if axis:
        pixels, disparity, share = pixels.swapaxes(0, 1), disparity.T, share.T
    matte = make_matte(np.ascontiguousarray(pixels), np.ascontiguousarray(disparity), RANGE)
    rim = (share > 0.02) & (share < 0.98)
    assert np.abs(matte[..., 3] / 255.0 - share)[rim].mean() < 0.15


def test_a_soft_edge_draws_no_outline_when_its_matte_is_interpolated():
    """Between the clear end of a rim and the opaque far side beyond, only the far side is seen."""
    pixels, disparity, _ = _scene(softness=5.0)
    matte = make_matte(pixels, disparity, RANGE).astype(float) / 255.0
    clear = (matte[..., 3] < 0.1) & (disparity > 0.5)
    for across in (1, -1):
        beyond = np.roll(matte, -across, axis=1)
        outermost = clear & (np.roll(disparity, -across, axis=1) < 0.5)
        assert outermost.sum() > 20
        between = (matte[outermost] + beyond[outermost]) / 2
        opacity = between[:, 3:]
        seen = opacity * between[:, :3] + (1 - opacity) * FAR
        assert np.abs(seen - FAR).mean() < 0.05
