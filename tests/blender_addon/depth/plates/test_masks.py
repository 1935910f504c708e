"""Masks and depth of plates, by numpy alone."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="session")
def masks(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.plates.masks")


@settings(deadline=None, max_examples=10)
@given(
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    factor=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_what_is_shrunk_and_enlarged_lies_where_it_was(masks, height, width, factor, seed):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    small = masks.shrink(pixels, factor)
    assert small.shape == (-(-height // factor), -(-width // factor), 3)
    block = pixels[:factor, :factor].reshape(-1, 3)
    if block.shape[0] == factor**2:
        assert np.abs(small[0, 0] - block.mean(axis=0)).max() <= 0.51
    mask = random.random(small.shape[:2]) < 0.5
    large = masks.enlarge(mask, factor, (width, height))
    assert large.shape == (height, width)
    assert np.array_equal(large[::factor, ::factor], mask)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), share=st.floats(0.05, 0.95))
def test_an_outline_is_closed_and_parts_inside_from_outside(masks, seed, share):
    mask = np.random.default_rng(seed).random((9, 12)) < share
    edges = masks.outline(mask)
    padded = np.pad(mask, 1)
    count = sum(np.diff(padded, axis=axis).sum() for axis in (0, 1))
    assert edges.shape == (count, 2, 2)
    assert (np.abs(edges[:, 1] - edges[:, 0]).sum(axis=1) == 1).all()
    ends = edges.reshape(-1, 2)
    _, meetings = np.unique(ends, axis=0, return_counts=True)
    assert (meetings % 2 == 0).all()
    for (u, v), (u1, v1) in edges.astype(int):
        sides = (
            (padded[v, u + 1], padded[v + 1, u + 1])
            if v == v1
            else (padded[v + 1, u], padded[v + 1, u + 1])
        )
        assert sides[0] != sides[1] and (u1, v1) != (u, v)


def test_bounds_hold_the_mask_and_stay_in_the_picture(masks):
    mask = np.zeros((40, 60), bool)
    mask[3, 50] = mask[20, 30] = True
    assert masks.bounds_of(mask) == (14, 0, 60, 37)
    assert masks.bounds_of(mask, padding=0) == (30, 3, 51, 21)


def test_a_plate_keeps_its_depth_up_to_its_outline(masks):
    """A figure at .8 before a wall at .1, in a map that blurs the edge between them."""
    disparity = np.full((50, 75), 0.1, np.float32)
    disparity[10:40, 20:45] = 0.8
    disparity[10:40, [19, 45]] = 0.45
    mask = np.zeros((100, 150), bool)
    mask[18:82, 37:93] = True  # two pixels more than the figure
    bounds = masks.bounds_of(mask, padding=10)
    own = masks.plate_disparity(disparity, masks.cut(mask, bounds), bounds, (150, 100))
    assert own.shape == (42, 38)
    assert own == pytest.approx(0.8, abs=0.03)


def test_a_thread_keeps_its_own_depth(masks):
    disparity = np.full((50, 75), 0.1, np.float32)
    disparity[:, 30] = 0.6
    mask = np.zeros((100, 150), bool)
    mask[:, 60:62] = True
    bounds = masks.bounds_of(mask, padding=10)
    own = masks.plate_disparity(disparity, masks.cut(mask, bounds), bounds, (150, 100))
    assert own == pytest.approx(0.6, abs=0.03)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), rows=st.integers(8, 40), columns=st.integers(8, 60))
def test_a_background_behind_the_front_is_behind_every_plate(masks, relief, seed, rows, columns):
    """At each place that a plate shows, whatever grids both are sampled on."""
    random = np.random.default_rng(seed)
    size = (60, 40)
    disparity = random.random((rows, columns), dtype=np.float32)
    top, left = random.integers(0, 25), random.integers(0, 40)
    mask = np.zeros(size[::-1], bool)
    mask[top : top + 12, left : left + 15] = random.random((min(12, 40 - top), 15)) < 0.5
    mask[top, left] = True
    bounds = masks.bounds_of(mask, padding=int(random.integers(0, 6)))
    part = masks.cut(mask, bounds)
    own = masks.plate_disparity(disparity, part, bounds, size)
    front = masks.front_disparity(disparity, [(own, part, bounds)], size)
    assert (front <= disparity).all()
    u, v = (np.arange(count, dtype=np.float32) + 0.5 for count in size)
    behind = relief.sample(front, u, v, (0.0, 0.0, 60.0, 40.0))
    shown = relief.sample(own, u, v, tuple(map(float, bounds)))
    assert (behind <= shown + 1e-6)[mask].all()
