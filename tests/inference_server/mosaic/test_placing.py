"""Where tiles lie in a flat picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from zograscope_server.mosaic.placing import place_tiles

layouts = arrays(
    np.float32,
    st.integers(1, 30).map(lambda count: (count, 3)),
    elements=st.floats(-1000, 1000, width=32),
)


@given(layouts, st.floats(0.01, 10.0), st.floats(0.0, 100.0))
def test_all_cells_and_the_margin_fit_exactly(layout, tile_size, margin):
    placements, (width, height) = place_tiles(layout, tile_size, margin)
    assert placements[:, 2:] == pytest.approx(tile_size)
    middles = placements[:, :2] + tile_size / 2
    near, far = middles.min(axis=0), middles.max(axis=0)
    assert near == pytest.approx(margin + 0.5, abs=1e-3)
    assert np.array([width, height]) - far == pytest.approx(margin + 0.5, abs=1e-3)


@given(layouts)
def test_tiles_keep_their_distances_with_y_down(layout):
    placements, _ = place_tiles(layout, 0.94, 0.5)
    moved = placements[:, :2] - placements[0, :2]
    assert moved == pytest.approx((layout[:, :2] - layout[0, :2]) * [1, -1], abs=1e-3)


@given(layouts, st.floats(-100, 100))
def test_what_lies_in_front_changes_nothing(layout, front):
    lifted = layout + np.array([0, 0, front], np.float32)
    assert np.array_equal(
        place_tiles(layout, 1, 0).placements, place_tiles(lifted, 1, 0).placements
    )


def test_a_row_of_two():
    layout = np.array([[0, 0, 0], [1, 0, 0]], np.float32)
    placements, extent = place_tiles(layout, 0.5, 1.0)
    assert extent == (4.0, 3.0)
    assert placements.tolist() == [[1.25, 1.25, 0.5, 0.5], [2.25, 1.25, 0.5, 0.5]]
