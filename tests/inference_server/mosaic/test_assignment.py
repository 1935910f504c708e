"""Clouds on grids: every tile a cell of its own, in the cloud's order, never worse than before."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from zograscope_server.mosaic.grid.assignment import fit_to_cells, snap_to_grid, split_together
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


def test_up_in_the_cloud_is_up_in_the_grid():
    snapped = snap_to_grid(np.array([[0.0, 1.0], [0.0, -1.0]], np.float32), rectangle_cells(2, 0.1))
    assert snapped.tolist() == [[0, 0], [0, 1]]


def test_the_same_cloud_gives_the_same_grid():
    points, cells = cloud(6000), circle_cells(6000)
    assert np.array_equal(snap_to_grid(points, cells), snap_to_grid(points.copy(), cells.copy()))


def test_the_fit_does_not_depend_on_the_clouds_scale():
    cells = mask_cells(500, np.tri(50, dtype=bool))
    points = cloud(500)
    fitted = fit_to_cells(points, cells)
    assert np.allclose(fitted, fit_to_cells(points * 1000.0 + 5.0, cells), atol=1e-3)
    assert np.allclose(fitted.mean(axis=0), cells.mean(axis=0))
