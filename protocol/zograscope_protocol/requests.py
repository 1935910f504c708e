"""What tasks are asked: parameters and inputs, ready to submit.

Here stand the requests that both sides of the protocol make; a request that only Blender makes
stands in the extension.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Extent = tuple[float, float]


@dataclass(frozen=True)
class Request:
    """A job that has not been submitted yet."""

    task: str
    parameters: dict[str, Any]
    inputs: Mapping[str, np.ndarray | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """How a mosaic becomes one flat picture.

    Attributes:
        layout: number of the layout.
        width_pixels: of the picture; its height follows from the layout.
        tile_size: of a cell, 1 touches its neighbours.
        fill: crop pictures to squares that fill their cells.
        margin: around the mosaic, in tiles.
        background: sRGB, 0 to 255 each.
    """

    layout: int = 1
    width_pixels: int = 4096
    tile_size: float = 0.94
    fill: bool = False
    margin: float = 0.5
    background: tuple[int, int, int] = (16, 16, 18)


def poster_request(
    arrays: Mapping[str, np.ndarray],
    tiles: Sequence[Mapping[str, Any]],
    picture: Picture,
    suffix: str,
) -> Request:
    """Ask for a mosaic as one picture file: .png, .jpg, .tif or .webp.

    Args:
        arrays: the result of the task `mosaic`, of which layouts and extents are taken.
        tiles: what is known of each tile.
        picture: how it is drawn.
        suffix: the file's.
    """
    placements, extent = placements_of(arrays[f"layout.{picture.layout}"], picture)
    return Request(
        "mosaic_poster",
        {"suffix": suffix, **_drawing(picture, extent)},
        {"placements": placements, "digests": digests_of(tiles)},
    )


def page_request(
    arrays: Mapping[str, np.ndarray],
    tiles: Sequence[Mapping[str, Any]],
    picture: Picture,
    title: str,
    clusters: Sequence[str] = (),
) -> Request:
    """Ask for a mosaic as a web page that opens from disk; the result is a zip of its folder.

    Args:
        arrays: the result of the task `mosaic`, of which the layout, clusters and tiles are taken.
        tiles: what is known of each tile.
        picture: how it is drawn.
        title: of the page.
        clusters: the names of clusters, by number.
    """
    placements, extent = placements_of(arrays[f"layout.{picture.layout}"], picture)
    return Request(
        "mosaic_page",
        {"title": title, "clusters": list(clusters), **_drawing(picture, extent)},
        {
            "placements": placements,
            "digests": digests_of(tiles),
            "tiles": arrays["tiles"],
            "clusters": arrays["value.cluster"].astype(np.int32),
        },
    )


def similar_request(
    tiles: Sequence[Mapping[str, Any]], model: str, tile: int | None, image: bytes | None
) -> Request:
    """Ask how alike the tiles are to one of them, or to the file of another picture."""
    inputs: dict[str, np.ndarray | bytes] = {"digests": digests_of(tiles)}
    parameters: dict[str, Any] = {"model": model}
    if image is not None:
        inputs["image"] = image
    else:
        parameters["tile"] = tile
    return Request("similar_images", parameters, inputs)


def originals_request(tiles: Sequence[Mapping[str, Any]], long_side: int) -> Request:
    """Ask for some tiles' images at full resolution, at most `long_side` pixels large."""
    return Request("originals", {"long_side": long_side}, {"digests": digests_of(tiles)})


def placements_of(layout: np.ndarray, picture: Picture) -> tuple[np.ndarray, Extent]:
    """Return where tiles lie in a flat picture.

    Args:
        layout: (n, 3) in tiles, y up; larger third values lie in front.
        picture: its tile size and margin are taken.

    Returns:
        (n, 4) float32 left, top, width, height, y down, and the width and height of it all.
    """
    side, border = picture.tile_size, picture.margin + 0.5
    left = layout[:, 0].min() - border
    top = layout[:, 1].max() + border
    extent = (
        float(layout[:, 0].max() + border - left),
        float(top - layout[:, 1].min() + border),
    )
    placements = np.empty((len(layout), 4), np.float32)
    placements[:, 0] = layout[:, 0] - side / 2 - left
    placements[:, 1] = top - layout[:, 1] - side / 2
    placements[:, 2:] = side
    return placements, extent


def digests_of(tiles: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the names (n, 32) uint8 of the tiles' contents."""
    joined = b"".join(bytes.fromhex(tile["digest"]) for tile in tiles)
    return np.frombuffer(joined, np.uint8).reshape(-1, 32)


def _drawing(picture: Picture, extent: Extent) -> dict[str, Any]:
    return {
        "extent": list(extent),
        "width_pixels": picture.width_pixels,
        "background": list(picture.background),
        "crop": picture.fill,
    }
