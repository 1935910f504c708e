"""Layouts by date, column and colour: nobody overlaps, nobody is lost, and order shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.mosaic.layout.ordering import (
    UNKNOWN,
    Arrangement,
    by_colour,
    by_column,
    by_date,
    numbers_of,
)

NUMBERS = st.one_of(st.floats(allow_infinity=False), st.floats(-1000, 1000))
DATES = st.one_of(st.just(np.nan), st.floats(-3000, 2100), st.integers(1890, 1960).map(float))
TEXTS = st.one_of(st.sampled_from(["", " ", "Paris", "Bonn", "unknown", "7"]), st.text(max_size=3))


def check(arrangement: Arrangement, count: int) -> None:
    """Every image has a place of its own in cloud, order and groups."""
    assert arrangement.cloud.shape == (count, 2) and arrangement.cloud.dtype == np.float32
    assert np.isfinite(arrangement.cloud).all()
    assert sorted(arrangement.order) == list(range(count))
    members = np.concatenate([group.members for group in arrangement.groups])
    assert sorted(members) == list(range(count))
    apart = np.abs(arrangement.cloud[:, None] - arrangement.cloud[None]).max(axis=2)
    np.fill_diagonal(apart, 1.0)
    assert apart.min() > 0.999


def shuffled(count: int) -> np.ndarray:
    return np.random.default_rng(count).permutation(count)


@settings(max_examples=80)
@given(st.lists(DATES, min_size=1, max_size=60))
def test_dates_of_any_kind_have_a_line(dates):
    dates = np.array(dates)
    arrangement = by_date(dates, shuffled(len(dates)))
    check(arrangement, len(dates))
    assert (np.diff(dates[arrangement.order][: np.isfinite(dates).sum()]) >= 0).all()
    for earlier, later in zip(arrangement.groups, arrangement.groups[1:], strict=False):
        assert (
            arrangement.cloud[earlier.members, 0].max() < arrangement.cloud[later.members, 0].min()
        )


@settings(max_examples=80)
@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_numbers_of_any_size_have_a_line(numbers):
    texts = ["" if np.isnan(number) else repr(number) for number in numbers]
    arrangement = by_column(texts, shuffled(len(texts)))
    check(arrangement, len(texts))
    usual = np.isfinite(numbers_of(texts))
    if usual.sum() >= 0.9 * np.sum([bool(text) for text in texts]) > 0:
        ordered = np.array(numbers)[arrangement.order][: usual.sum()]
        assert (np.diff(ordered) >= 0).all()


@settings(max_examples=80)
@given(st.lists(TEXTS, min_size=1, max_size=60))
def test_texts_of_any_kind_have_groups(texts):
    check(by_column(texts, shuffled(len(texts))), len(texts))


def test_a_time_line_is_a_histogram_of_its_years():
    years = np.repeat([1900.5, 1901.5, 1903.5], [1, 5, 2])
    arrangement = by_date(np.append(years, np.nan), np.arange(9))
    assert [group.label for group in arrangement.groups] == ["1900", "1901", "1903", UNKNOWN]
    assert [len(group.members) for group in arrangement.groups] == [1, 5, 2, 1]
    heights = [np.ptp(arrangement.cloud[group.members, 1]) for group in arrangement.groups]
    assert heights[1] > heights[2] >= heights[0] == 0
    gaps = np.diff([arrangement.cloud[group.members, 0].min() for group in arrangement.groups])
    assert gaps[1] == pytest.approx(2 * gaps[0])  # nobody stands in 1902, and the line shows it
    assert gaps[2] > gaps[0]


def test_long_times_are_binned_in_decades_and_short_ones_in_months():
    decades = by_date(np.linspace(1800, 1990, 200), np.arange(200))
    assert len(decades.groups) <= 40 and " to " in decades.groups[0].label
    months = by_date(np.array([1914.01, 1914.3, 1914.6, 1914.63]), np.arange(4))
    assert [group.label for group in months.groups] == [
        "1914, month 1",
        "1914, month 4",
        "1914, month 8",
    ]


def test_alike_images_stand_together_within_a_group():
    texts = ["a", "b"] * 20
    along = shuffled(40)
    arrangement = by_column(texts, along)
    for group in arrangement.groups:
        in_order = [image for image in arrangement.order if image in group.members]
        assert (np.diff(along[in_order]) > 0).all()


def test_groups_go_from_the_largest_to_the_unknown_and_are_runs_of_the_grid():
    texts = ["Bonn"] * 3 + ["Paris"] * 9 + [""] * 12 + ["Ulm"] * 3
    arrangement = by_column(texts, np.arange(27))
    assert [group.label for group in arrangement.groups] == ["Paris", "Bonn", "Ulm", UNKNOWN]
    along_order = [texts[image] for image in arrangement.order]
    assert along_order == ["Paris"] * 9 + ["Bonn"] * 3 + ["Ulm"] * 3 + [""] * 12


def test_a_column_of_numbers_is_a_line_and_one_of_mixed_texts_is_not():
    numbers = by_column([str(i / 10) for i in range(100)], np.arange(100))
    assert 8 <= len(numbers.groups) <= 20
    alike = by_column(["1234567890"] * 5, np.arange(5))
    assert [group.label for group in alike.groups] == ["1.23457e+09"]
    mixed = by_column(["1", "2", "3", "first", "second"], np.arange(5))
    assert len(mixed.groups) == 5
    np.testing.assert_array_equal(
        numbers_of(["3", "2,5", "x", "", "inf", "1e300"]), [3, 2.5, *[np.nan] * 4]
    )


def test_a_column_of_titles_all_different_is_done_in_good_time():
    count = 20_000
    texts = [f"Card {i}" for i in range(count)]
    arrangement = by_column(texts, np.arange(count))
    assert len(arrangement.groups) == count
    assert all(len(group.members) == 1 for group in arrangement.groups[:50])


def test_colours_have_light_above_dark_and_warm_beside_cold():
    lab = np.array([[20, 0, 40], [80, 0, 40], [20, 0, -40], [80, 0, -40]], np.float32)
    cloud = by_colour(lab).cloud
    assert cloud[:, 1][[1, 3]].min() > cloud[:, 1][[0, 2]].max()
    assert cloud[:, 0][:2].min() > cloud[:, 0][2:].max()
    for count in (1, 2, 30):
        greys = by_colour(np.tile(np.float32([50, 0, 0]), (count, 1)))
        assert np.isfinite(greys.cloud).all() and greys.order is None
