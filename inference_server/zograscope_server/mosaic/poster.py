"""Writes a mosaic as one picture file of any size, without holding it in memory."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.mosaic.tasks import Colour

from zograscope_server.mosaic.canvas import (
    Canvas,
    Pictures,
    drawn_canvas,
    save_with_progress,
)
from zograscope_server.mosaic.errors import MosaicError
from zograscope_server.progress import OnProgress, no_progress, part_of

_DRAWING = 0.7  # share of the time; the rest is compression


@dataclass(frozen=True)
class _Format:
    name: str
    longest_side: int
    save: Callable[[Any, str], None]


def _save_tiff(image: Any, path: str) -> None:
    too_long_for_classic_tiff = image.width * image.height * image.bands > 4_000_000_000
    image.tiffsave(
        path, compression="deflate", predictor="horizontal", bigtiff=too_long_for_classic_tiff
    )


_PNG = _Format("PNG", 2**31 - 1, lambda image, path: image.pngsave(path, compression=4))
_JPEG = _Format("JPEG", 65_500, lambda image, path: image.jpegsave(path, Q=92))
_TIFF = _Format("TIFF", 2**31 - 1, _save_tiff)
_WEBP = _Format("WebP", 16_383, lambda image, path: image.webpsave(path, Q=90))
_FORMATS: Mapping[str, _Format] = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _WEBP,
}


def write_poster(
    path: Path,
    placements: np.ndarray,
    pictures: Pictures,
    extent: tuple[float, float],
    width_pixels: int,
    background: Colour = (255, 255, 255),
    crop: bool = False,
    on_progress: OnProgress = no_progress,
) -> None:
    """Write a poster; the file appears, or is replaced, when it is complete.

    Memory holds one strip of the poster and the tiles that reach into it. The disk needs three
    bytes for each pixel besides the poster itself while it is written.

    Args:
        path: ends in .png, .jpg, .tif or .webp, which decides the format.
        placements: (n, 4) float32 left, top, width and height of each tile, y down.
        pictures: gives each tile's picture.
        extent: width and height of the poster in the units of the placements.
        width_pixels: of the poster; its height follows from the extent.
        background: sRGB, 0..255 each.
        crop: fill each cell with its picture, or keep the picture's aspect within the cell.

    Raises:
        ZograscopeError: `poster-format`, `poster-too-large`, `output-needs-room`,
            `output-not-writable`.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise MosaicError("poster-format", path=path)
    canvas = Canvas(placements, extent, width_pixels, background, crop)
    width, height = canvas.size
    if max(width, height) > kind.longest_side:
        raise MosaicError(
            "poster-too-large",
            format=kind.name,
            limit=kind.longest_side,
            width=width,
            height=height,
        )
    with drawn_canvas(canvas, pictures, path, part_of(on_progress, 0.0, _DRAWING)) as image:
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")

        def save() -> None:
            kind.save(image, str(unfinished))
            unfinished.replace(path)

        try:
            saving = part_of(on_progress, _DRAWING, 1.0)
            save_with_progress(image, save, path, "Writing the poster", saving)
        finally:
            unfinished.unlink(missing_ok=True)
