"""What the tasks of mosaics can be asked; TASKS.md describes their inputs and results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zograscope_protocol.errors import quoted
from zograscope_protocol.mosaic import results
from zograscope_protocol.options import (
    Options,
    choice,
    flag,
    number,
    option,
    refusal,
    text,
    texts,
    whole,
)

LAYOUTS = ("tsne", "umap", "date", "colour")
COLUMN = "column:"
"""What a layout by a column of the metadata is called, before the column's name."""

SHAPES = ("rectangle", "circle", "mask")
NEIGHBOURHOODS = ("map", "features")
POSTER_SUFFIXES = (".png", ".jpg", ".tif", ".webp")
DIGEST_BYTES = 32
MOST_ORIGINALS = 60  # as a message can name arrays
LARGEST_SEED = 2**32 - 1

Colour = tuple[int, int, int]


def is_layout(name: Any) -> bool:
    """Whether a layout of that name can be made."""
    by_column = isinstance(name, str) and name.startswith(COLUMN) and len(name) > len(COLUMN)
    return by_column or name in LAYOUTS


def digests_of(tiles: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the names (n, 32) uint8 of the tiles' contents, from what is known of each tile."""
    joined = b"".join(bytes.fromhex(tile["digest"]) for tile in tiles)
    return np.frombuffer(joined, np.uint8).reshape(-1, DIGEST_BYTES)


def _read_layouts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(map(is_layout, value)):
        raise refusal(
            f"the {name} are {quoted(value)}, but each can only be one of {', '.join(LAYOUTS)} "
            f"or {COLUMN}NAME"
        )
    return tuple(value)


def _read_colour(name: str, value: Any) -> Colour:
    whole_numbers = isinstance(value, list | tuple) and all(type(part) is int for part in value)
    if not whole_numbers or len(value) != 3 or not all(0 <= part <= 255 for part in value):
        raise refusal(f"the {name} is {quoted(value)}, and not three numbers from 0 to 255")
    return value[0], value[1], value[2]


def _read_extent(name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    numbers = isinstance(value, list | tuple) and all(type(side) in (int, float) for side in value)
    if not numbers or len(value) != 2 or not all(0 < side < 1e9 for side in value):
        raise refusal(f"the {name} is {quoted(value)}, and not a width and a height")
    return float(value[0]), float(value[1])


@dataclass(frozen=True)
class MosaicOptions(Options):
    """How a collection becomes a mosaic.

    Attributes:
        collection: path or address of a folder, a table or a IIIF manifest.
        model: that compares images, `default` or a name of the catalogue.
        layouts: "tsne", "umap", "date", "colour" or "column:NAME", the first is the main one.
        shape: of the grid; "mask" fills the outline of the input `mask`.
        aspect: of a rectangle, width / height.
        mask_name: for sentences.
        neighbourhood: "map" snaps the cloud to the grid; "features" sorts the images themselves
            into it, which makes better neighbours and gives up the cloud's shape.
        stack: put near duplicates on a pile.
        tile_pixels: of a tile in the atlas; None chooses by the number of tiles.
        atlas: whether one is wanted at all.
        online: whether what is not here yet may be fetched.
        refresh: ask again for what was fetched before.
        seed: of the layouts.
        keep_map: where a collection has changed, place new images into its former map.
    """

    task = "mosaic"
    result = results.MOSAIC
    collection: str = text()
    model: str = text("default")
    layouts: tuple[str, ...] = option(_read_layouts, default=("tsne",))
    shape: str = choice(SHAPES)
    aspect: float = number(0.05, 20.0, default=1.5)
    mask_name: str = text("mask")
    neighbourhood: str = choice(NEIGHBOURHOODS)
    stack: bool = flag(default=False)
    tile_pixels: int | None = whole(8, 1024, default=None)
    atlas: bool = flag(default=True)
    online: bool = flag(default=True)
    refresh: bool = flag(default=False)
    seed: int = whole(0, LARGEST_SEED, default=0)
    keep_map: bool = flag(default=False)


@dataclass(frozen=True)
class PictureOptions(Options):
    """How a mosaic becomes one flat picture.

    Attributes:
        width_pixels: of the picture; its height follows from the layout.
        tile_size: of a cell, 1 touches its neighbours.
        margin: around the mosaic, in tiles.
        background: sRGB, 0 to 255 each.
        crop: cut pictures to squares that fill their cells.
        extent: width and height of the whole, with the input `placements` of clients of 1.0; None
            with the input `layout`, from which the server reckons both.
    """

    width_pixels: int = whole(1, 200_000, default=4096)
    tile_size: float = number(0.01, 10.0, default=0.94)
    margin: float = number(0.0, 1000.0, default=0.5)
    background: Colour = option(_read_colour, default=(16, 16, 18))
    crop: bool = flag(default=False)
    extent: tuple[float, float] | None = option(_read_extent, default=None)


@dataclass(frozen=True)
class PosterOptions(PictureOptions):
    """How a mosaic becomes a poster: `suffix` says which kind of file."""

    task = "mosaic_poster"
    result = results.FILE
    suffix: str = choice(POSTER_SUFFIXES)


@dataclass(frozen=True)
class PageOptions(PictureOptions):
    """How a mosaic becomes a web page.

    Attributes:
        title: of the page.
        clusters: the clusters' names, by the numbers of the input `clusters`.
    """

    task = "mosaic_page"
    result = results.FILE
    title: str = text("Mosaic")
    clusters: tuple[str, ...] = texts()


@dataclass(frozen=True)
class SimilarOptions(Options):
    """What images are compared with.

    Attributes:
        model: that compares them.
        tile: which of the images; None compares with the picture of the input `image`.
    """

    task = "similar_images"
    result = results.SIMILAR
    model: str = text("default")
    tile: int | None = whole(0, 2**31, default=None)


@dataclass(frozen=True)
class OriginalsOptions(Options):
    """How large originals are wanted: at most `long_side` pixels."""

    task = "originals"
    result = results.ORIGINALS
    long_side: int = whole(64, 16384, default=4096)
