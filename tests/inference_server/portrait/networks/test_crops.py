"""Faces are cut out as the networks want them, and put back without touching anything else."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from zograscope_server.portrait.networks.crops import SIDE, Crop, Framing, Paste

from .conftest import drawn_picture, drawn_points

LIKE_LIVEPORTRAIT = Framing(scale=2.3, lift=0.125)


@pytest.fixture(scope="module")
def fixtures(parity):
    return np.load(parity / "liveportrait_math.npz")


def crop_of_203(points: np.ndarray, framing: Framing) -> Crop:
    eyes = points[[0, 6, 12, 18, 24, 30, 36, 42]].mean(axis=0)
    return Crop.around(points, eyes, points[[48, 66]].mean(axis=0), framing)


@pytest.mark.parametrize(("name", "upright"), [("source", False), ("source_norot", True)])
def test_crops_are_the_authors(fixtures, name, upright):
    crop = crop_of_203(fixtures["lmk203"], Framing(2.3, 0.125, upright))
    np.testing.assert_allclose(crop.to_crop, fixtures[f"crop_{name}_M_o2c"], atol=1e-3)
    np.testing.assert_allclose(crop.from_crop, fixtures[f"crop_{name}_M_c2o"], atol=1e-3)


def test_crops_of_drivers_are_the_authors(fixtures):
    crop = crop_of_203(fixtures["lmk203"], Framing(2.2, 0.1, upright=True))
    corners = np.array([[0, 0, 1], [SIDE, 0, 1], [SIDE, SIDE, 1], [0, SIDE, 1]])
    found = (corners @ crop.from_crop.T)[:, :2]
    np.testing.assert_allclose(found, fixtures["driving_bbox_corners"], atol=1e-2)


@settings(max_examples=30)
@given(angle=st.floats(-1, 1), x=st.floats(-500, 2000), size=st.floats(5, 900))
def test_a_crop_follows_a_face(angle, x, size):
    """However the face lies, it lies in the same way in its crop."""
    upright = drawn_points((0, 0), 1.0)
    turned = upright.copy()
    cosine, sine = np.cos(angle), np.sin(angle)
    turned[:, :2] = upright[:, :2] @ np.array([[cosine, sine], [-sine, cosine]]) * size + [x, 90]
    found = Crop.of_face(turned, LIKE_LIVEPORTRAIT).normalised(turned)
    expected = Crop.of_face(upright, LIKE_LIVEPORTRAIT).normalised(upright)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(expected).max() < 1


def test_a_crop_of_a_clip_stands_still_and_upright():
    clip = np.stack([drawn_points((100 + n, 80), 50 + n) for n in range(5)])
    framing = Framing(2.2, 0.1, upright=True)
    crop = Crop.of_clip(clip, framing)
    middle = Crop.of_face(clip[2], framing)
    assert crop.angle == 0
    assert crop.side == pytest.approx(middle.side)
    np.testing.assert_allclose(crop.centre, middle.centre, atol=1e-4)


def test_eyes_on_the_mouth_make_no_crop_crooked():
    points = np.random.default_rng(0).normal(size=(9, 2))
    crop = Crop.around(points, np.ones(2), np.ones(2), LIKE_LIVEPORTRAIT)
    assert crop.angle == 0
    assert np.isfinite(crop.to_crop).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_cut_out_is_what_was_there(dtype):
    picture = drawn_picture(400, 300, dtype)
    crop = Crop(np.array([199.5, 149.5]), 128.0, 0.0)
    cut = crop.cut(picture, 256)
    assert cut.dtype == np.float32
    assert cut.shape == (256, 256, 3)
    there = picture[150 - 64 : 150 + 64, 200 - 64 : 200 + 64] / np.iinfo(dtype).max
    shrunk = cut.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - there)[4:-4, 4:-4].mean() < 0.03


def test_a_large_face_is_averaged_and_not_skipped_over():
    """A fine chequerboard becomes grey."""
    picture = np.zeros((4000, 4000, 3), np.uint8)
    picture[::2, ::2] = picture[1::2, 1::2] = 255
    cut = Crop(np.array([2000.0, 2000.0]), 3600.0, 0.3).cut(picture, 256)
    assert np.abs(cut - 0.5).max() < 0.05


@settings(max_examples=25)
@example((0.0, 0.0), 513.0, 1.0, False, 0)  # where cubics swing beyond a byte
@given(
    centre=st.tuples(st.floats(-100, 300), st.floats(-100, 260)),
    side=st.floats(3, 700),
    angle=st.floats(-3, 3),
    deep=st.booleans(),
    seed=st.integers(0, 99),
)
def test_outside_the_mask_every_byte_stays(centre, side, angle, deep, seed):
    dtype = np.uint16 if deep else np.uint8
    random = np.random.default_rng(seed)
    picture = random.integers(0, np.iinfo(dtype).max, (160, 210, 3), dtype, endpoint=True)
    paste = Paste(picture, Crop(np.array(centre), side, angle))
    before = picture.copy()
    moved = random.random((64, 64, 3), np.float32) * 3 - 1
    whole = paste(moved)
    assert whole.dtype == dtype
    assert whole.shape == picture.shape
    assert paste.mask.shape == picture.shape[:2]
    np.testing.assert_array_equal(whole[paste.mask == 0], picture[paste.mask == 0])
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("side", [60.0, 200.0])
def test_what_is_put_back_unmoved_changes_little(dtype, side):
    """Smooth colours come back, whatever the size; only the border fades."""
    picture = drawn_picture(420, 330, dtype)
    crop = Crop(np.array([210.0, 160.0]), side, 0.4)
    paste = Paste(picture, crop)
    whole = paste(crop.cut(picture, 512))
    most = np.iinfo(dtype).max
    assert np.abs(whole.astype(float) - picture).max() < 0.05 * most
    assert paste.mask[160, 210] == 255
    assert paste.mask.max() == 255
    white = paste(np.ones((256, 256, 3), np.float32))
    assert (white[160, 210] == most).all()


def test_colours_stay_apart():
    picture = np.zeros((100, 100, 3), np.uint8)
    moved = np.zeros((256, 256, 3), np.float32)
    moved[..., 2] = 1
    whole = Paste(picture, Crop(np.array([50.0, 50.0]), 40.0, 0.0))(moved)
    assert whole[50, 50].tolist() == [0, 0, 255]
