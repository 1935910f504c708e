"""The network that comes with Zograscope: what an artist sees first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from zograscope_server.depth.embedded import (
    INPUT_PIXELS,
    LEAST_RELIEF,
    LOOKS,
    WEIGHTS,
    EmbeddedDepth,
    input_size,
    spread_out,
)
from zograscope_server.depth.network import STRIDE, DepthNetwork

MOST_PARAMETERS, MOST_BYTES = 5_000_000, 12_000_000


@pytest.fixture(scope="module")
def model():
    return EmbeddedDepth()


def test_the_network_is_compact():
    assert sum(value.numel() for value in DepthNetwork().parameters()) <= MOST_PARAMETERS
    assert WEIGHTS.stat().st_size <= MOST_BYTES


def test_the_weights_are_whole_and_say_where_they_come_from():
    with safe_open(WEIGHTS, "pt") as file:
        assert int(file.metadata()["pictures"]) > 0
        assert all(np.isfinite(file.get_tensor(name).float().numpy()).all() for name in file.keys())  # noqa: SIM118


def test_other_weights_are_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"head.weight": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="another network"):
        EmbeddedDepth(tmp_path / "other.safetensors")


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.sampled_from(LOOKS))
def test_any_picture_is_seen_in_about_the_trained_size(height, width, look):
    columns, rows = input_size(height, width, look)
    assert columns % STRIDE == 0
    assert rows % STRIDE == 0
    assert 0.6 * INPUT_PIXELS < rows * columns / look < 1.5 * INPUT_PIXELS


@settings(max_examples=6)
@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 2**32 - 1))
def test_any_picture_gets_disparity(model, height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    disparity = model.estimate(pixels).disparity
    assert disparity.dtype == np.float32
    assert np.isfinite(disparity).all()
    assert disparity.min() >= 0.0
    assert disparity.max() <= 1.0


def test_a_mirrored_picture_has_mirrored_depth(model):
    from skimage.data import astronaut

    picture = astronaut()
    seen = model.estimate(picture).disparity
    mirrored = model.estimate(np.ascontiguousarray(picture[:, ::-1])).disparity[:, ::-1]
    np.testing.assert_allclose(seen, mirrored, atol=1e-4)


def test_ground_comes_nearer_towards_the_viewer(model):
    """A field of rough soil below an even sky."""
    rng = np.random.default_rng(4)
    picture = np.full((240, 320, 3), (170, 200, 230), np.uint8)
    soil = rng.normal(0, 1, (130, 320, 1)) * np.linspace(4, 40, 130)[:, None, None]
    picture[110:] = np.clip(np.add(soil, (120, 95, 60)), 0, 255)
    rows = model.estimate(picture).disparity.mean(axis=1)
    far, near = rows[: len(rows) // 3].mean(), rows[-len(rows) // 6 :].mean()
    assert near > far + 0.4


def test_a_printed_page_stays_flat(model):
    rng = np.random.default_rng(7)
    page = np.full((400, 300, 3), 235, np.uint8)
    for top in range(30, 370, 12):
        letters = rng.random(120) < 0.6
        page[top : top + 6, 30:270] = np.where(np.repeat(letters, 2)[None, :, None], 40, 235)
    disparity = model.estimate(page).disparity
    low, high = np.percentile(disparity, (5, 95))
    assert high - low < 0.15


@given(st.floats(-3, 3), st.floats(0.01, 4), st.integers(0, 2**32 - 1))
def test_relief_is_spread_but_never_invented(shift, relief, seed):
    predicted = shift + relief * np.random.default_rng(seed).random((8, 9))
    spread = spread_out(predicted)
    assert (np.diff(spread.ravel()[np.argsort(predicted.ravel())]) >= -1e-6).all()
    wanted = min(1.0, relief / LEAST_RELIEF)
    assert np.ptp(spread) <= wanted + 0.02
