"""Packs thumbnails into a few large pictures, so that thousands of tiles share one material.

A page is a square of square cells, filled row by row from its top left. A picture lies in its
cell's top left corner; the rest of the cell repeats its last column and row, so that filters and
JPEG blocks at its rim find nothing foreign.
"""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from zograscope_server.progress import OnProgress, no_progress

PAGE_PIXELS = 8192  # what every graphics card of the last ten years takes
CELL_PIXELS = (512, 256, 128, 64, 32)
PAGES = 4  # of finer cells than FEWEST_PIXELS; beyond that, cells become smaller
FEWEST_PIXELS = 64  # until MOST_PAGES are full
MOST_PAGES = 16
JPEG_QUALITY = 92
SUFFIX = ".jpg"


@dataclass(frozen=True)
class AtlasPlan:
    """How many pictures of which size go where.

    Attributes:
        cell: pixels of a cell's side.
        columns: cells side by side, and one above the other, on a page.
        pages: how many.
    """

    cell: int
    columns: int
    pages: int

    @property
    def page_pixels(self) -> int:
        """Side of a page."""
        return self.cell * self.columns


def plan_atlas(count: int, cell: int | None = None) -> AtlasPlan:
    """Choose cells as large as a few pages allow, or plan for cells of a wanted size."""
    if cell is None:
        cell = next((size for size in CELL_PIXELS if count <= _capacity(size)), CELL_PIXELS[-1])
    columns = min(PAGE_PIXELS // cell, math.ceil(math.sqrt(count)))
    return AtlasPlan(cell, columns, math.ceil(count / columns**2))


def _capacity(cell: int) -> int:
    pages = PAGES if cell > FEWEST_PIXELS else MOST_PAGES
    return pages * (PAGE_PIXELS // cell) ** 2


def atlas_pages(
    plan: AtlasPlan,
    count: int,
    thumbnail: Callable[[int], bytes],
    extents: np.ndarray,
    on_progress: OnProgress = no_progress,
) -> Iterator[bytes]:
    """Make the pages, one at a time.

    Args:
        plan: from `plan_atlas`.
        count: number of tiles.
        thumbnail: returns the encoded picture of a tile, with at most `plan.cell` pixels a side.
        extents: (count, 2) float32, filled here: the share of its cell that each picture takes.
        on_progress: may raise to cancel.

    Yields:
        JPEG files.
    """
    on_page = plan.columns**2
    for page in range(plan.pages):
        last = min(count, (page + 1) * on_page)
        pixels = np.zeros((plan.page_pixels, plan.page_pixels, 3), np.uint8)
        for tile in range(page * on_page, last):
            if tile % 100 == 0:
                on_progress(tile / count, "Packing pictures", f"{tile} of {count}")
            row, column = divmod(tile - page * on_page, plan.columns)
            picture = _read(thumbnail(tile), plan.cell)
            height, width = picture.shape[:2]
            extents[tile] = width / plan.cell, height / plan.cell
            rest = ((0, plan.cell - height), (0, plan.cell - width), (0, 0))
            pixels[
                row * plan.cell : (row + 1) * plan.cell,
                column * plan.cell : (column + 1) * plan.cell,
            ] = np.pad(picture, rest, mode="edge")
        yield _encode(pixels)


def _read(data: bytes, cell: int) -> np.ndarray:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if max(picture.size) < cell:
        # A tiny picture would be a tiny tile.
        scale = cell / max(picture.size)
        size = [max(1, round(side * scale)) for side in picture.size]
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _encode(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()
