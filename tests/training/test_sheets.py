"""Flat sheets are pictures of any size, each unlike the other, and depend on nothing but chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.depth import lettering, sheets

SIZES = st.tuples(st.integers(96, 300), st.integers(96, 300))


@pytest.mark.parametrize("maker", sheets.KINDS, ids=lambda maker: maker.__name__)
def test_every_kind_is_drawn(maker):
    for seed in range(8):
        size = [(96, 128), (150, 100), (120, 310)][seed % 3]
        canvas = maker(size, np.random.default_rng(seed))
        assert canvas.shape == (*size, 3)
        assert canvas.dtype == np.uint8
        np.testing.assert_array_equal(canvas, maker(size, np.random.default_rng(seed)))


@settings(max_examples=80)
@given(size=SIZES, seed=st.integers(0, 2**32))
def test_any_sheet_of_any_size(size, seed):
    picture, again = (sheets.flat_sheet(size, np.random.default_rng(seed)) for _ in range(2))
    assert picture.shape == (*size, 3)
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1
    np.testing.assert_array_equal(picture, again)


def test_sheets_differ():
    means = {sheets.flat_sheet((96, 96), np.random.default_rng(seed)).mean() for seed in range(30)}
    assert len(means) == 30


@pytest.mark.parametrize("script", lettering.SCRIPTS)
def test_columns_have_ink_and_paper(script):
    mask = lettering.column((120, 90), 8, script, np.random.default_rng(0))
    assert mask.shape == (120, 90)
    assert 0.03 < (mask > 128).mean() < 0.6


@given(text=st.text("abcXYZ 0189", min_size=1, max_size=30), height=st.integers(1, 120))
@settings(max_examples=40)
def test_letters_have_the_height_asked_for(text, height):
    mask = lettering.lettering(text, height, np.random.default_rng(0))
    assert len(mask) == height
    assert mask.dtype == np.uint8
    assert mask.shape[1] >= 1


@given(x=st.floats(-200, 300), y=st.floats(-200, 300), angle=st.floats(-90, 90))
@settings(max_examples=60)
def test_stamps_may_lie_beyond_the_canvas(x, y, angle):
    canvas = np.full((60, 80, 3), 255, np.uint8)
    lettering.stamp(canvas, np.full((20, 30), 255, np.uint8), (x, y), (0, 0, 0), angle)
    if x < -60 or y < -60 or x > 140 or y > 120:
        assert canvas.min() == 255
    if 10 < x < 70 and 10 < y < 50:
        assert canvas.min() == 0
