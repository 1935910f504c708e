"""The embedded estimate sees what a painter would, and edges follow the picture."""

import importlib.util

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from zograscope_server.depth.classical import ClassicalDepth
from zograscope_server.depth.depth_map import disparity_of_metric_depth, normalise_disparity
from zograscope_server.depth.estimate import estimate_depth
from zograscope_server.depth.refinement import enlarge, grow_near_side, refine, settle_edges
from zograscope_server.images import Photograph


def estimate(pixels: np.ndarray, long_side: int | None = None) -> np.ndarray:
    return estimate_depth(Photograph(pixels, None, None, "made"), long_side=long_side).disparity


@pytest.fixture
def landscape() -> np.ndarray:
    """Sky, a grainy meadow, and a dark tower that stands on it."""
    random = np.random.default_rng(0)
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[:110] = (200, 215, 235)
    pixels[110:] = (90, 120, 60)
    pixels[110:] += random.integers(0, 40, (130, 320, 1), np.uint8)
    pixels[50:190, 140:180] = (50, 40, 40)
    return pixels


@pytest.mark.parametrize(
    ("model", "sky", "upright", "least"),
    [(ClassicalDepth(), 0.05, 0.7, 0.2), (None, 0.1, 0.5, 0.1)],
)
def test_ground_recedes_the_sky_is_far_and_towers_stand(landscape, model, sky, upright, least):
    photograph = Photograph(landscape, None, None, "made")
    disparity = estimate_depth(photograph, model=model, long_side=None).disparity
    assert disparity[:40].max() < sky
    rows = [disparity[row, 20:120].mean() for row in (130, 170, 210, 235)]
    assert rows == sorted(rows)
    top, foot = disparity[60:90, 150:170].mean(), disparity[160:185, 150:170].mean()
    assert top > upright * foot > least, "a tower is nearly as near at the top as where it stands"


def test_a_map_stays_flat():
    sheet = np.full((300, 400, 3), 240, np.uint8)
    for x in range(10, 400, 25):
        cv2.line(sheet, (x, 0), (400 - x, 300), (60, 40, 30), 1)
    assert np.ptp(estimate(sheet)) < 0.25


@pytest.mark.parametrize("shape", [(16, 300), (300, 16), (16, 16), (900, 40)])
def test_any_shape(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    disparity = estimate(pixels)
    assert disparity.shape == shape
    assert disparity.dtype == np.float32
    assert 0.0 <= disparity.min() <= disparity.max() <= 1.0


def test_quality_bounds_the_long_side(landscape):
    assert estimate(landscape, long_side=100).shape == (75, 100)
    assert estimate(landscape, long_side=10_000).shape == (240, 320)


def test_it_beats_a_ramp_on_real_pictures(shared):
    """On the mean relative error, against measured depth; one number must not hide another."""
    path = shared / "depth_pairs" / "load_pairs.py"
    spec = importlib.util.spec_from_file_location("load_pairs", path)
    pairs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pairs)
    errors = []
    for sample in pairs.samples():
        depth, valid = sample["depth"], sample["valid"]
        size = depth.shape[::-1]
        guess = cv2.resize(estimate(sample["rgb"]), size)
        ramp = np.repeat(np.linspace(0, 1, size[1], dtype=np.float32)[:, None], size[0], axis=1)
        errors.append(
            [
                pairs.absrel(pairs.align_disparity(disparity, depth, valid), depth, valid)
                for disparity in (guess, ramp)
            ]
        )
    ours, ramps = np.mean(errors, axis=0)
    assert ours < ramps


def test_refined_edges_lie_where_the_picture_has_them():
    pixels = np.full((240, 320, 3), 40, np.uint8)
    pixels[:, 163:] = 210
    coarse = np.zeros((60, 80), np.float32)
    coarse[:, 41:] = 1.0
    fine = refine(coarse, pixels, (240, 320))
    crossing = np.argmax(fine > 0.5, axis=1)
    assert np.abs(crossing - 163).max() <= 1
    assert fine[:, :150].max() < 0.1
    assert fine[:, 176:].min() > 0.9


def test_surfaces_stay_smooth_whatever_is_painted_on_them():
    random = np.random.default_rng(3)
    pixels = np.kron(random.integers(0, 256, (24, 32, 3), np.uint8), np.ones((10, 10, 1), np.uint8))
    slope = np.repeat(np.linspace(0.2, 0.9, 60, dtype=np.float32)[:, None], 80, axis=1)
    fine = refine(slope, pixels, (240, 320))
    assert fine == pytest.approx(enlarge(slope, (240, 320)), abs=1e-3)
    assert settle_edges(fine) == pytest.approx(fine, abs=1e-2)


def test_an_edge_without_a_contour_stays_a_slope():
    coarse = cv2.GaussianBlur(
        np.repeat(np.float32([[0.2] * 40 + [0.8] * 40]), 60, axis=0), (0, 0), 1
    )
    grey = np.full((240, 320, 3), 128, np.uint8)
    assert np.abs(np.diff(refine(coarse, grey, (240, 320)), axis=1)).max() < 0.1


def test_near_things_grow_by_their_rim_and_nothing_else_changes():
    disparity = np.tile(np.linspace(0.1, 0.4, 60, dtype=np.float32)[:, None], (1, 60))
    disparity[20:40, 20:40] = 0.9
    grown = grow_near_side(disparity)
    assert (grown[18:42, 18:42] == np.float32(0.9)).all()
    grown[18:42, 18:42] = disparity[18:42, 18:42]
    assert np.array_equal(grown, disparity)


def test_strips_leave_no_seams(monkeypatch):
    random = np.random.default_rng(2)
    pixels = cv2.GaussianBlur(random.integers(0, 256, (200, 300, 3), np.uint8), (0, 0), 3)
    coarse = cv2.GaussianBlur(random.random((50, 75), np.float32), (0, 0), 2)
    for size in ((200, 300), (133, 200)):
        # As if these were large.
        monkeypatch.setattr("zograscope_server.depth.refinement.WORKING_LONG_SIDE", 150)
        whole = refine(coarse, pixels, size)
        with monkeypatch.context() as patch:
            patch.setattr("zograscope_server.depth.refinement.STRIP_PIXELS", 7 * size[1])
            assert refine(coarse, pixels, size) == pytest.approx(whole, abs=2e-3)


@settings(max_examples=30)
@given(hnp.arrays(np.float32, (20, 30), elements=st.floats(0, 1, width=32)), st.integers(0, 99))
def test_refinement_stays_in_range(coarse, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (60, 90, 3), np.uint8)
    fine = refine(coarse, pixels, (60, 90))
    assert np.isfinite(fine).all()
    assert 0.0 <= fine.min() <= fine.max() <= 1.0


def test_soft_edges_become_steps_and_crevices_close():
    soft = np.zeros((80, 200), np.float32)
    soft[:, 100:] = 0.8
    soft[30:33, 140:180] = 0.0
    soft = cv2.GaussianBlur(soft, (7, 1), 0)
    settled = settle_edges(soft)
    values = np.unique(settled.round(2))
    assert values[(values > 0.15) & (values < 0.65)].size == 0
    assert settled[60, 100] > 0.75, "the soft rim belongs to the near side"
    slope = np.repeat(np.linspace(0, 1, 200, dtype=np.float32)[None], 80, axis=0)
    assert settle_edges(slope) == pytest.approx(slope, abs=0.03)


@given(
    hnp.arrays(np.float32, (8, 9), elements=st.floats(0.5, 100, width=32)),
)
def test_metric_depth_comes_back(depth):
    disparity, near, far = disparity_of_metric_depth(depth)
    assert 0.0 <= disparity.min() <= disparity.max() <= 1.0
    again = 1.0 / (disparity * (1.0 / near - 1.0 / far) + 1.0 / far)
    inside = (depth >= near) & (depth <= far)
    assert again[inside] == pytest.approx(depth[inside], rel=2e-3)


@pytest.mark.parametrize("values", [[np.nan] * 4, [0.0] * 4, [np.inf, -np.inf, 1.0, 2.0]])
def test_strange_values_are_survived(values):
    array = np.array(values, np.float32).reshape(2, 2)
    assert np.isfinite(normalise_disparity(array)).all()
    disparity, near, far = disparity_of_metric_depth(array)
    assert np.isfinite(disparity).all()
    assert 0.0 < near < far
