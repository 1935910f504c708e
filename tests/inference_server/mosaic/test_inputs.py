"""What the mosaic's tasks are given is what they take, or is refused in words."""

import json
from typing import Any

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.mosaic.tasks import PageOptions, PosterOptions
from zograscope_server.mosaic import tasks

DIGESTS = np.zeros((2, 32), np.uint8)
LAYOUT = np.array([[0, 0, 0], [1, 0, 0]], np.float32)


def lines(*tiles: Any) -> np.ndarray:
    return np.frombuffer("\n".join(json.dumps(tile) for tile in tiles).encode(), np.uint8)


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        ({}, {}),
        ({"layout": LAYOUT[:1]}, {}),
        ({"layout": np.full((2, 3), np.inf)}, {}),
        ({"layout": np.full((2, 3), 3e38, np.float32)}, {}),
        ({"layout": LAYOUT.astype("S4")}, {}),
        ({"layout": LAYOUT}, {"tile_size": 10.0, "width_pixels": 200_000}),
        ({"placements": np.full((2, 4), np.nan)}, {"extent": (1.0, 1.0)}),
        ({"placements": np.full((2, 4), 1e30)}, {"extent": (1.0, 1.0)}),
        ({"placements": np.full((2, 4), 1e6)}, {"extent": (0.001, 0.001)}),
    ],
)
def test_layouts_that_cannot_be_drawn_are_refused(
    inputs: dict[str, np.ndarray], options: dict[str, Any]
) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(ZograscopeError) as caught:
        tasks._placing({"digests": DIGESTS, **inputs}, PosterOptions(**options))
    assert caught.value.code == "bad-parameters"


def test_a_layout_is_placed() -> None:
    placing = tasks._placing({"digests": DIGESTS, "layout": LAYOUT}, PosterOptions())
    assert placing.placements.shape == (2, 4)
    assert placing.extent == (3.0, 2.0)


@pytest.mark.parametrize(
    "tiles",
    [
        np.frombuffer(b"\xff\n{}", np.uint8),
        np.frombuffer(b"[" * 100_000 + b"\n{}", np.uint8),
        lines({}),
        lines({}, {}, {}),
        lines({}, 7),
        lines({}, {"fields": [1]}),
        lines({}, {"date": [1900]}),
        lines({}, {"date": float("inf")}),
        lines({}, {"link": 7}),
    ],
)
def test_what_is_not_known_as_it_was_told_is_refused(tiles: np.ndarray) -> None:
    with pytest.raises(ZograscopeError) as caught:
        tasks._tiles({"digests": DIGESTS, "tiles": tiles})
    assert caught.value.code == "bad-parameters"


def test_what_was_told_is_known() -> None:
    tiles = lines({"name": "a", "date": 1900.5, "fields": {"x": "y"}}, {"date": None})
    assert len(tasks._tiles({"digests": DIGESTS, "tiles": tiles})) == 2


def test_clusters_are_numbers() -> None:
    inputs = {"digests": DIGESTS, "clusters": np.array([np.nan, 0])}
    with pytest.raises(ZograscopeError):
        tasks._labels(inputs, PageOptions(clusters=("a",)))
