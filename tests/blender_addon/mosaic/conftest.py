"""Made-up results of the server's task `mosaic`: every tile one colour that tells its number."""

import importlib
import json
import math

import numpy as np
import pytest

from ..depth.conftest import encode_png, render  # noqa: F401 - a fixture


def number_colours(count: int) -> np.ndarray:
    """Return (count, 3) uint8 colours, all different, far enough apart to be read back."""
    numbers = np.arange(count)
    digits = np.stack([numbers % 32, numbers // 32 % 32, numbers // 1024 % 32], axis=1)
    return (digits * 8 + 4).astype(np.uint8)


def numbers_of(colours: np.ndarray) -> np.ndarray:
    """Read the numbers back from colours (..., 3)."""
    digits = colours.astype(int) // 8
    return digits[..., 0] + 32 * digits[..., 1] + 1024 * digits[..., 2]


def make_mosaic_result(count: int, columns: int, cell: int = 4, extents: np.ndarray | None = None):
    """Return arrays and metadata of a mosaic of `count` numbered tiles."""
    page_size = columns * columns
    pages = math.ceil(count / page_size)
    colours = np.zeros((pages * page_size, 3), np.uint8)
    colours[:count] = number_colours(count)
    arrays = {}
    for page in range(pages):
        cells = colours[page * page_size : (page + 1) * page_size].reshape(columns, columns, 3)
        arrays[f"atlas.{page}"] = encode_png(cells.repeat(cell, 0).repeat(cell, 1))
    across = math.ceil(math.sqrt(count))
    grid = np.stack([np.arange(count) % across, -(np.arange(count) // across)], axis=1)
    grid = (grid - [(across - 1) / 2, -(across - 1) / 2]).astype(np.float32)
    random = np.random.default_rng(0)
    arrays["layout.0"] = random.normal(0, across / 3, (count, 3)).astype(np.float32)
    arrays["layout.0"][:, 2] = 0
    arrays["layout.1"] = np.pad(grid, ((0, 0), (0, 1)))
    arrays["extent"] = np.ones((count, 2), np.float32) if extents is None else extents
    arrays["value.date"] = (1900 + np.arange(count) % 50).astype(np.float32)
    arrays["value.cluster"] = (np.arange(count) % 2).astype(np.float32)
    tiles = "".join(
        json.dumps({"name": f"{n}.jpg", "title": f"Tile {n}", "digest": f"{n:064x}"}) + "\n"
        for n in range(count)
    )
    arrays["tiles"] = np.frombuffer(tiles.encode(), np.uint8)
    arrays["problems"] = np.empty(0, np.uint8)
    metadata = {
        "name": "numbers",
        "model": "numbers",
        "count": count,
        "duplicates": 0,
        "left_out": 0,
        "layouts": [
            {"name": "tsne", "form": form, "title": f"Similarity, {form}"}
            for form in ("cloud", "grid")
        ],
        "clusters": ["even", "odd"],
        "atlas": {
            "columns": columns,
            "page_pixels": columns * cell,
            "pages": pages,
            "suffix": ".png",
        },
    }
    return arrays, metadata


@pytest.fixture(scope="session")
def builders(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.builders")


@pytest.fixture(scope="session")
def places(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.places")


@pytest.fixture(scope="session")
def node_wiring(zograscope):
    return importlib.import_module(zograscope.__name__ + ".node_wiring")
