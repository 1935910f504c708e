"""Clouds on grids: every tile a cell of its own, in the cloud's order, never worse than before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from zograscope_server.mosaic.grid.assignment import (
    MOST_EXACT,
    exchange_pairs,
    fit_to_cells,
    snap_to_grid,
    split_together,
)
from zograscope_server.mosaic.grid.shapes import circle_cells, mask_cells, rectangle_cells


def cloud(count: int, seed: int = 0) -> np.ndarray:
    """Clusters of different densities."""
    random = np.random.default_rng(seed)
    centres, spreads = random.normal(size=(8, 2)) * 3.0, random.uniform(0.1, 0.8, (8, 2))
    cluster = random.integers(8, size=count)
    return (centres[cluster] + spreads[cluster] * random.normal(size=(count, 2))).astype(np.float32)


def grid_as_cloud(cells: np.ndarray) -> np.ndarray:
    """The cells themselves, as a cloud with y up and on another scale."""
    return (cells * [0.25, -0.5] + [3.0, 7.0]).astype(np.float32)


def is_permutation(chosen: np.ndarray) -> bool:
    return np.array_equal(np.sort(chosen), np.arange(len(chosen)))


def arbitrary_cells(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    side = 2 * int(np.ceil(np.sqrt(count)))
    flat = random.choice(side * side, count, replace=False)
    return np.stack([flat % side, flat // side], axis=1).astype(np.int32)


@given(st.integers(0, 400), st.integers(0, 10))
def test_any_cells_are_each_used_once(count: int, seed: int):
    cells = arbitrary_cells(count, seed)
    assert is_permutation(split_together(cloud(count, seed), cells))


@settings(max_examples=50)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 200), st.just(2)),
        elements=st.floats(-1e6, 1e6, width=32),
    )
)
def test_points_that_coincide_or_lie_far_out_find_a_cell(points: np.ndarray):
    cells = circle_cells(len(points))
    snapped = snap_to_grid(points, cells)
    assert snapped.dtype == np.int32
    assert sorted(map(tuple, snapped)) == sorted(map(tuple, cells))


def test_a_cloud_that_is_a_grid_already_stays_as_it_is():
    for cells in (rectangle_cells(7000, 1.5), circle_cells(9000)):
        assert np.array_equal(snap_to_grid(grid_as_cloud(cells), cells), cells)


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(0, 10))
def test_a_small_grid_is_the_best_there_is(count: int, seed: int):
    points, cells = cloud(count, seed), arbitrary_cells(count, seed)
    cost = cdist(fit_to_cells(points, cells), cells, "sqeuclidean")
    best = cost[linear_sum_assignment(cost)].sum()
    targets = fit_to_cells(points, cells)
    assert ((snap_to_grid(points, cells) - targets) ** 2).sum() == pytest.approx(best)


@settings(max_examples=30)
@given(st.integers(1, 400), st.integers(0, 10))
def test_exchanging_pairs_never_makes_a_grid_worse(count: int, seed: int):
    cells = arbitrary_cells(count, seed)
    targets = fit_to_cells(cloud(count, seed), cells)
    at_random = np.random.default_rng(seed).permutation(count)
    for chosen in (at_random, split_together(targets, cells)):
        improved = exchange_pairs(targets, cells, chosen)
        assert is_permutation(improved)
        before, after = (((cells[c] - targets) ** 2).sum() for c in (chosen, improved))
        assert after <= before * (1.0 + 1e-9)


def test_exchanging_pairs_brings_a_large_grid_near_to_the_best():
    points, cells = cloud(1000), circle_cells(1000)
    targets = fit_to_cells(points, cells)

    def total(snapped: np.ndarray) -> float:
        return float(((snapped - targets) ** 2).sum())

    split = split_together(targets, cells)
    best = total(snap_to_grid(points, cells))
    exchanged = total(cells[exchange_pairs(targets, cells, split)])
    assert best < exchanged < best + 0.6 * (total(cells[split]) - best)


def test_snapping_can_be_cancelled():
    class Cancelled(Exception):
        pass

    def cancel(fraction: float | None, stage: str, detail: str = "") -> None:
        assert fraction is not None
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        snap_to_grid(cloud(100), rectangle_cells(100, 1.0), cancel)


def test_up_in_the_cloud_is_up_in_the_grid():
    snapped = snap_to_grid(np.array([[0.0, 1.0], [0.0, -1.0]], np.float32), rectangle_cells(2, 0.1))
    assert snapped.tolist() == [[0, 0], [0, 1]]


def test_the_same_cloud_gives_the_same_grid():
    count = 2 * MOST_EXACT
    points, cells = cloud(count), circle_cells(count)
    assert np.array_equal(snap_to_grid(points, cells), snap_to_grid(points.copy(), cells.copy()))


def test_the_fit_does_not_depend_on_the_clouds_scale():
    cells = mask_cells(500, np.tri(50, dtype=bool))
    points = cloud(500)
    fitted = fit_to_cells(points, cells)
    assert np.allclose(fitted, fit_to_cells(points * 1000.0 + 5.0, cells), atol=1e-3)
    assert np.allclose(fitted.mean(axis=0), cells.mean(axis=0))
