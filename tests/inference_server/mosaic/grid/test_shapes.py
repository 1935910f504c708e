"""Cells of a shape: exactly as many as asked, distinct, compact, and true to the outline."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.mosaic.grid.shapes import circle_cells, mask_cells, rectangle_cells

COUNTS = st.integers(1, 3000)


def raster(cells: np.ndarray) -> np.ndarray:
    """The cells as a (rows, columns) bool picture."""
    picture = np.zeros(cells.max(axis=0)[::-1] + 1, bool)
    picture[cells[:, 1], cells[:, 0]] = True
    return picture


def assert_sound(cells: np.ndarray, count: int) -> None:
    assert cells.shape == (count, 2)
    assert cells.dtype == np.int32
    assert cells.min(axis=0).tolist() == [0, 0]
    assert len(np.unique(cells, axis=0)) == count
    assert np.array_equal(cells, cells[np.lexsort(cells.T)])  # reading order


def assert_without_holes(cells: np.ndarray) -> None:
    picture = raster(cells)
    assert ndimage.label(picture)[1] == 1
    assert np.array_equal(ndimage.binary_fill_holes(picture), picture)


@given(COUNTS, st.floats(0.01, 100.0))
def test_a_rectangle_has_full_rows_and_a_centred_last_one(count: int, aspect: float):
    cells = rectangle_cells(count, aspect)
    assert_sound(cells, count)
    picture = raster(cells)
    assert picture[:-1].all()
    left, right = picture[-1].argmax(), picture[-1, ::-1].argmax()
    assert abs(left - right) <= 1
    assert picture[-1, left : picture.shape[1] - right].all()


@given(st.integers(100, 3000), st.floats(0.25, 4.0))
def test_a_rectangle_comes_near_to_its_aspect(count: int, aspect: float):
    width, height = rectangle_cells(count, aspect).max(axis=0) + 1
    assert abs((width - 0.5) / (count / width) / aspect - 1.0) < 0.5
    assert 0.75 < width / height / aspect < 1.25


@given(COUNTS)
def test_a_circle_is_round_and_without_holes(count: int):
    cells = circle_cells(count)
    assert_sound(cells, count)
    assert_without_holes(cells)
    centre = cells.mean(axis=0)
    furthest = np.sqrt(((cells - centre) ** 2).sum(axis=1).max())
    assert furthest < np.sqrt(count / np.pi) + 1.0


def test_a_few_tiles_make_the_roundest_circle_there_is():
    assert circle_cells(4).tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert circle_cells(5).tolist() == [[1, 0], [0, 1], [1, 1], [2, 1], [1, 2]]


@settings(max_examples=60)
@given(COUNTS, hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_any_mask_gets_exactly_its_cells(count: int, mask: np.ndarray):
    if mask.any():
        assert_sound(mask_cells(count, mask), count)
    else:
        with pytest.raises(ZograscopeError, match="the mask is empty"):
            mask_cells(count, mask)


@given(COUNTS, st.integers(1, 30), st.integers(1, 30))
def test_a_full_mask_is_a_rectangle_without_holes(count: int, height: int, width: int):
    cells = mask_cells(count, np.ones((height, width), bool))
    assert_sound(cells, count)
    assert_without_holes(cells)


@pytest.mark.parametrize("count", [700, 5000])
def test_a_mask_keeps_its_outline_and_its_hole(count: int):
    y, x = np.mgrid[-1:1:400j, -1.5:1.5:600j]
    ring = (x**2 / 2 + y**2 < 0.9) & ~((x + 0.4) ** 2 + y**2 < 0.1)
    picture = raster(mask_cells(count, np.pad(ring, ((13, 40), (7, 90)))))
    rows, columns = ring.any(axis=1).nonzero()[0], ring.any(axis=0).nonzero()[0]
    ring = ring[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    indices = [
        ((np.arange(n) + 0.5) * m / n).astype(int)
        for n, m in zip(picture.shape, ring.shape, strict=True)
    ]
    differing = picture != ring[np.ix_(*indices)]
    assert differing.sum() < 2.5 * np.sqrt(count)
    assert ndimage.label(picture)[1] == 1
    assert ndimage.label(~np.pad(picture, 1))[1] == 2
