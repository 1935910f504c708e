"""Thumbnails lie where the node group looks for them, and nothing bleeds."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from zograscope_server.mosaic.atlas import PAGE_PIXELS, AtlasPlan, atlas_pages, plan_atlas


def jpeg(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@given(st.integers(1, 3_000_000))
def test_every_tile_has_a_cell_and_no_page_is_empty(count):
    plan = plan_atlas(count)
    assert (plan.pages - 1) * plan.columns**2 < count <= plan.pages * plan.columns**2
    assert plan.page_pixels <= PAGE_PIXELS


@given(st.integers(1, 1_000_000))
def test_more_tiles_never_have_larger_cells(count):
    assert plan_atlas(count + 1).cell <= plan_atlas(count).cell


@pytest.mark.parametrize(
    ("count", "cell", "pages"), [(500, 512, 2), (10_000, 128, 3), (100_000, 64, 7)]
)
def test_usual_collections_fit_a_few_pages(count, cell, pages):
    plan = plan_atlas(count)
    assert (plan.cell, plan.pages) == (cell, pages)


def test_pictures_fill_their_cells_from_the_top_left():
    sizes = [(64, 40), (33, 64), (64, 64), (64, 1), (20, 10)]
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200)]
    files = [jpeg(*size, colour) for size, colour in zip(sizes, colours, strict=True)]
    plan = AtlasPlan(cell=64, columns=2, pages=2)
    extents = np.zeros((5, 2), np.float32)
    pages = [
        np.asarray(Image.open(io.BytesIO(page)))
        for page in atlas_pages(plan, 5, files.__getitem__, extents)
    ]
    assert [page.shape for page in pages] == [(128, 128, 3)] * 2
    # The smallest picture is enlarged to its cell, since it would be a tiny tile.
    assert (extents * 64).tolist() == [[64, 40], [33, 64], [64, 64], [64, 1], [64, 32]]
    for tile, (width, height) in enumerate((extents * 64).astype(int).tolist()):
        page, cell = divmod(tile, 4)
        row, column = divmod(cell, 2)
        picture = pages[page][row * 64 : row * 64 + height, column * 64 : column * 64 + width]
        assert np.abs(picture.astype(int) - colours[tile]).max() < 12


def test_the_rest_of_a_cell_repeats_its_picture_rim():
    plan = AtlasPlan(cell=64, columns=2, pages=1)
    extents = np.zeros((1, 2), np.float32)
    (page,) = atlas_pages(plan, 1, lambda tile: jpeg(64, 20, (250, 10, 10)), extents)
    cell = np.asarray(Image.open(io.BytesIO(page)))[:64, :64]
    assert np.abs(cell.astype(int) - (250, 10, 10)).max() < 12
