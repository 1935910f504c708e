"""Disparity is measured where both halves agree, and filled elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.depth.stereo.matching import fill, match


@pytest.fixture(scope="module")
def measured(place):
    everywhere = np.ones(place.disparity.shape, bool)
    low, high = float(place.disparity.min()), float(place.disparity.max())
    return match(place.left, place.right, everywhere, low, high)


def test_what_is_measured_is_right(place, measured):
    known = np.isfinite(measured)
    assert known.mean() > 0.8
    miss = np.abs(measured[known] - place.disparity[known])
    assert np.median(miss) < 0.3
    assert (miss > 2).mean() < 0.03


def test_what_only_the_left_half_shows_is_not_measured(place, measured):
    hidden = np.s_[80:140, 190 - 11 : 190 - 1]  # the wall, behind the nearer post for the right eye
    assert np.isfinite(measured[hidden]).mean() < 0.5


def test_nothing_is_measured_against_what_is_not_shown(place):
    shown = np.ones(place.disparity.shape, bool)
    shown[:, :120] = False
    measured = match(place.left, place.right, shown, -3.0, 14.0)
    assert not np.isfinite(measured[:, :100]).any()
    assert np.isfinite(measured[:, 160:]).mean() > 0.8


def test_pictures_of_nothing_are_not_measured():
    blank = np.full((80, 90, 3), 128, np.uint8)
    measured = match(blank, blank, np.ones((80, 90), bool), 0.0, 10.0)
    assert np.isfinite(measured).mean() < 0.05


def test_filling_keeps_what_was_measured_and_invents_no_extremes(place, measured):
    estimate = (place.disparity - place.disparity.min()) / np.ptp(place.disparity)
    whole = fill(measured, estimate.astype(np.float32), place.left)
    assert np.isfinite(whole).all()
    assert np.nanmin(measured) - 0.1 <= whole.min()
    assert whole.max() <= np.nanmax(measured) + 0.1
    assert np.median(np.abs(whole - place.disparity)) < 0.4
    # Beside the post, where only the left eye sees, the wall goes on: -3 rather than the post's 9.
    assert np.median(whole[80:140, 179:186]) < 1.5


@settings(max_examples=6)
@given(
    gain=st.floats(2.0, 60.0),
    offset=st.floats(-40.0, 40.0),
    left=st.integers(10, 50),
    width=st.integers(5, 30),
)
def test_a_gap_is_filled_with_the_estimate_as_it_fits_around(gain, offset, left, width):
    rows, columns = np.mgrid[:80, :100].astype(np.float32)
    estimate = (rows / 80 + 0.5 * np.sin(columns / 15)) / 2
    truth = (gain * estimate + offset).astype(np.float32)
    measured = truth.copy()
    measured[20:60, left : left + width] = np.nan
    whole = fill(measured, estimate, np.full((80, 100, 3), 128, np.uint8))
    assert np.abs(whole - truth).max() <= 0.06 * gain
