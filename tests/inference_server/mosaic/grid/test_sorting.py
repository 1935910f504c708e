"""Sorting by features: every image has a cell of its own, and neighbours are alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.mosaic.grid.assignment import snap_to_grid
from zograscope_server.mosaic.grid.quality import distance_preservation_quality
from zograscope_server.mosaic.grid.shapes import circle_cells, rectangle_cells
from zograscope_server.mosaic.grid.sorting import sort_by_features


def colours(count: int) -> np.ndarray:
    return np.random.default_rng(4).random((count, 3)).astype(np.float32)


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(1, 5), st.booleans())
def test_every_image_has_a_cell_of_its_own(count, dimensions, circle):
    cells = circle_cells(count) if circle else rectangle_cells(count, 1.5)
    vectors = np.random.default_rng(count).normal(size=(count, dimensions)).astype(np.float32)
    chosen = sort_by_features(vectors, cells)
    assert sorted(map(tuple, chosen.tolist())) == sorted(map(tuple, cells.tolist()))


@pytest.mark.parametrize("cells", [rectangle_cells(400, 1.0), circle_cells(400)])
def test_neighbours_are_more_alike_than_by_a_plane_through_the_features(cells):
    vectors = colours(400)
    sorted_cells = sort_by_features(vectors, cells)
    plane = (vectors - vectors.mean(axis=0)) @ np.linalg.svd(vectors - vectors.mean(axis=0))[2][
        :2
    ].T
    snapped = snap_to_grid(plane.astype(np.float32), cells)
    ours = distance_preservation_quality(vectors, sorted_cells)
    assert ours > distance_preservation_quality(vectors, snapped) + 0.05
    shuffled = cells[np.random.default_rng(0).permutation(400)]
    assert ours > distance_preservation_quality(vectors, shuffled) + 0.4


def test_the_same_seed_gives_the_same_grid():
    cells, vectors = rectangle_cells(200, 1.5), colours(200)
    assert np.array_equal(sort_by_features(vectors, cells, 3), sort_by_features(vectors, cells, 3))


def test_equal_images_are_no_trouble():
    cells = rectangle_cells(50, 1.0)
    chosen = sort_by_features(np.ones((50, 8), np.float32), cells)
    assert len(np.unique(chosen, axis=0)) == 50


def test_it_can_be_cancelled():
    def stop(fraction, stage, detail=""):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sort_by_features(colours(100), rectangle_cells(100, 1.0), on_progress=stop)
