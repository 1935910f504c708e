"""What the mosaic's tasks are asked: options and inputs, ready to submit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from zograscope_protocol.mosaic.tasks import (
    OriginalsOptions,
    PageOptions,
    PosterOptions,
    SimilarOptions,
    digests_of,
)
from zograscope_protocol.submission import Submission
from zograscope_protocol.wire import Buffer

from .builders import Mosaic, read_attribute

Tiles = Sequence[Mapping[str, Any]]
"""What is known of each tile."""

Inputs = dict[str, np.ndarray | Buffer]


def poster_submission(mosaic: Mosaic, layout: int, options: PosterOptions) -> Submission:
    """Ask for a mosaic, laid out by a layout's number, as one picture file."""
    return options.submission(_drawn(mosaic, layout))


def page_submission(mosaic: Mosaic, layout: int, options: PageOptions) -> Submission:
    """Ask for a mosaic as a web page that opens from disk; the result is a zip of its folder."""
    inputs: Inputs = {
        **_drawn(mosaic, layout),
        "tiles": _lines(_tiles_of(mosaic)),
        "clusters": read_attribute(mosaic.tiles.data, "cluster").astype(np.int32),
    }
    return options.submission(inputs)


def similar_submission(tiles: Tiles, model: str, tile: int | bytes) -> Submission:
    """Ask how alike the tiles are to one of them, or to the file of another picture."""
    if isinstance(tile, bytes):
        inputs: Inputs = {"digests": digests_of(tiles), "image": tile}
        return SimilarOptions(model=model).submission(inputs)
    return SimilarOptions(model=model, tile=tile).submission({"digests": digests_of(tiles)})


def originals_submission(tiles: Tiles, long_side: int) -> Submission:
    """Ask for some tiles' images at full resolution, at most `long_side` pixels large."""
    return OriginalsOptions(long_side=long_side).submission({"digests": digests_of(tiles)})


def _tiles_of(mosaic: Mosaic) -> list[dict[str, Any]]:
    """Return what is known of each tile, in the order of the vertices."""
    known = mosaic.what_is_known()
    return [known[number] for number in mosaic.numbers()]


def _drawn(mosaic: Mosaic, layout: int) -> dict[str, np.ndarray]:
    return {"layout": mosaic.layout(layout), "digests": digests_of(_tiles_of(mosaic))}


def _lines(tiles: Tiles) -> np.ndarray:
    text = "".join(json.dumps(tile) + "\n" for tile in tiles)
    return np.frombuffer(text.encode(), np.uint8)
