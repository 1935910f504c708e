"""The depth brush's mathematics, by numpy alone."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HEIGHT, WIDTH = 40, 60
SIZE = (120, 80)  # of the photograph: twice the map
MIDDLE = (60.0, 40.0)


@pytest.fixture(scope="module")
def strokes(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.brush.strokes")


def step(height=HEIGHT, width=WIDTH) -> np.ndarray:
    """A wall at .3 on the left, a nearer one at .6 on the right."""
    return np.where(np.arange(width) < width // 2, 0.3, 0.6)[None].repeat(height, 0).astype("f4")


def paint(strokes, depth, tool, *points, radius=20.0, strength=1.0, **options):
    brush = strokes.Brush(tool, radius, strength, **options)
    stroke = strokes.Stroke(depth, brush, SIZE, points[0])
    return [stroke.move(point) for point in points]


def test_nothing_painted_is_the_estimate_to_the_last_bit(strokes):
    estimate = np.random.default_rng(1).random((HEIGHT, WIDTH), np.float32)
    assert np.array_equal(strokes.EditedDepth.over(estimate).disparity, estimate)


@pytest.mark.parametrize(("tool", "sign"), [("nearer", 1), ("farther", -1)])
def test_nearer_and_farther_move_what_is_under_the_brush_and_nothing_else(strokes, tool, sign):
    depth = strokes.EditedDepth.over(step())
    ((rows, columns),) = paint(strokes, depth, tool, MIDDLE)
    change = depth.disparity - depth.estimate
    assert change[20, 30] == pytest.approx(sign * strokes.STEP, rel=0.02)
    assert (change * sign >= 0).all()
    outside = np.ones_like(change, bool)
    outside[rows, columns] = False
    assert not change[outside].any()
    v, u = (2 * (np.indices(change.shape) + 0.5)).astype("f4")
    assert np.array_equal(change != 0, (np.hypot(u - 60, v - 40) < 20) & (change != 0))
    assert not depth.coverage.any()


def test_what_is_brought_beyond_the_nearest_is_not_saved_up(strokes):
    depth = strokes.EditedDepth.over(np.full((HEIGHT, WIDTH), 0.95, np.float32))
    for _ in range(9):
        paint(strokes, depth, "nearer", MIDDLE)
    assert depth.disparity.max() == 1
    paint(strokes, depth, "farther", MIDDLE)
    assert depth.disparity[20, 30] == pytest.approx(1 - strokes.STEP, rel=0.02)


def test_flatten_brings_all_to_where_the_stroke_began(strokes):
    depth = strokes.EditedDepth.over(step())
    paint(strokes, depth, "flatten", (30.0, 40.0), (90.0, 40.0), (30.0, 40.0))
    assert depth.disparity[20, 15:45] == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(depth.disparity[0], depth.estimate[0])


def test_put_has_its_depth_whatever_the_estimate_says(strokes):
    depth = strokes.EditedDepth.over(step())
    for _ in range(3):
        paint(strokes, depth, "put", (30.0, 40.0), (90.0, 40.0), value=0.8)
    other = strokes.EditedDepth.over(1 - step(), depth.difference, depth.coverage)
    for shown in (depth, other):
        assert shown.disparity[20, 18:42] == pytest.approx(0.8, abs=0.01)
    assert np.array_equal(other.disparity[0], 1 - step()[0])


def test_smooth_evens_out(strokes):
    noise = np.random.default_rng(2).normal(0.5, 0.05, (HEIGHT, WIDTH)).astype("f4")
    depth = strokes.EditedDepth.over(noise)
    paint(strokes, depth, "smooth", (40.0, 40.0), (80.0, 40.0))
    under = (slice(17, 23), slice(20, 40))
    assert depth.disparity[under].std() < 0.4 * noise[under].std()
    assert depth.disparity[under].mean() == pytest.approx(noise[under].mean(), abs=0.02)


def test_on_surface_stays_on_one_side_of_a_cut(strokes):
    depth = strokes.EditedDepth.over(step())
    paint(strokes, depth, "nearer", (45.0, 40.0), (59.0, 40.0), on_surface=True)
    change = depth.disparity - depth.estimate
    assert change[20, 28] > strokes.STEP
    assert not change[:, WIDTH // 2 :].any()


@settings(max_examples=15)
@given(
    tools=st.lists(
        st.sampled_from(["nearer", "farther", "flatten", "smooth", "put"]), min_size=1, max_size=6
    ),
    points=st.lists(st.tuples(st.floats(-50, 170), st.floats(-50, 130)), min_size=1, max_size=4),
    radius=st.floats(0.3, 200),
    size=st.tuples(st.integers(2, 50), st.integers(2, 50)),
)
def test_disparity_stays_whole_and_within_whatever_is_painted(strokes, tools, points, radius, size):
    estimate = np.random.default_rng(3).random(size, np.float32)
    depth = strokes.EditedDepth.over(estimate)
    for tool in tools:
        for region in paint(strokes, depth, tool, *points, radius=radius, value=0.9):
            assert region is None or depth.disparity[region].size
    assert depth.disparity.min() >= 0 and depth.disparity.max() <= 1
    assert depth.coverage.min() >= 0 and depth.coverage.max() <= 1
    again = strokes.EditedDepth.over(estimate, depth.difference, depth.coverage)
    assert again.disparity == pytest.approx(depth.disparity, abs=1e-6)


def test_edits_of_another_size_lie_in_the_same_place(strokes):
    depth = strokes.EditedDepth.over(step())
    paint(strokes, depth, "nearer", (60.0, 30.0), radius=30.0)
    fine = strokes.EditedDepth.over(step(80, 120), depth.difference, depth.coverage)
    change = fine.disparity - fine.estimate
    assert change[30, 60] == pytest.approx(strokes.STEP, rel=0.05)
    coarse = change.reshape(40, 2, 60, 2).mean(axis=(1, 3))
    assert coarse == pytest.approx(depth.difference, abs=0.004)


@pytest.fixture
def camera(strokes):
    return strokes.Intrinsics(focal_length=100.0, cx=60.0, cy=40.0, width=120, height=80)


def test_a_ray_from_rest_meets_its_own_pixel(relief, camera):
    ray = np.array([(33.5 - 60) / 100, (40 - 12.5) / 100, -1.0])
    chosen = relief.Settings(near=1.0, far=9.0)
    found = relief.pixel_along(step(), camera, chosen, np.zeros(3), ray)
    assert found == pytest.approx((33.5, 12.5))
    assert relief.pixel_along(step(), camera, chosen, np.zeros(3), -ray) is None


def test_a_ray_from_the_side_meets_what_is_nearest(relief, camera):
    chosen = relief.Settings(near=1.0, far=9.0)
    depth = relief.depth_from_disparity(np.float32(0.6), 1.0, 9.0)
    target = np.array([(90 - 60) / 100 * depth, (40 - 30) / 100 * depth, -depth])
    eye = np.array([0.4, 0.1, 0.2])
    found = relief.pixel_along(step(), camera, chosen, eye, target - eye)
    assert found == pytest.approx((90, 30), abs=0.5)


def test_the_rim_lies_on_the_relief_around_the_brush(strokes, relief, camera):
    chosen = relief.Settings(near=1.0, far=9.0)
    x, y, z = strokes.circle_on_relief(step(), camera, chosen, (60.0, 40.0), 15.0).T
    u, v = 60 + 100 * x / -z, 40 - 100 * y / -z
    assert np.hypot(u - 60, v - 40) == pytest.approx(15, abs=1e-3)
    expected = relief.depth_from_disparity(np.float32([0.3, 0.6]), 1.0, 9.0)
    assert (z.min(), z.max()) == pytest.approx(tuple(-expected), rel=1e-5)
