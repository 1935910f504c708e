"""Draws a mosaic of any size strip by strip, into a file that libvips can read.

A poster of 20,000 x 20,000 pixels has 1.2 GB. Only one strip of it, and the tiles that reach into
that strip, are in memory at any time; the finished strips go to a temporary TIFF file beside the
output. (libvips could read a raw file as well, but maps all of it into memory.)
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, ImageOps
from zograscope_protocol.mosaic.tasks import Colour

from zograscope_server.mosaic.errors import MosaicError
from zograscope_server.progress import OnProgress, no_progress

Pictures = Callable[[int, int], Image.Image]
"""Given a tile's number and the long side that is wanted in pixels, returns its picture.

The picture may have another size: it is resized. Called once for each tile, from one thread, and
from the top of the mosaic to its bottom. Raises ZograscopeError, never OSError.
"""

STRIP_ROWS = 256
_COVERING = 1.5  # what a cell's long side is multiplied by to ask for a 3:2 picture that fills it


@dataclass(frozen=True)
class Canvas:
    """Where tiles go and how they are drawn.

    Attributes:
        placements: (n, 4) float32 left, top, width and height of each tile, y down; where tiles
            overlap, the later lies on top.
        extent: width and height of the whole canvas, in the units of the placements.
        width_pixels: of the picture that is drawn; the height follows from the extent.
        background: sRGB, 0..255 each.
        crop: whether pictures are cropped to fill their cells, or fit into them with their aspect.
    """

    placements: np.ndarray
    extent: tuple[float, float]
    width_pixels: int
    background: Colour = (255, 255, 255)
    crop: bool = False

    @property
    def scale(self) -> float:
        """Pixels in one unit of the placements."""
        return self.width_pixels / self.extent[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width_pixels, max(1, round(self.extent[1] * self.scale))

    def boxes(self) -> np.ndarray:
        """(n, 4) int64 left, top, right and bottom in pixels: neighbours share their edge."""
        corners = self.placements.astype(np.float64)
        corners[:, 2:] += corners[:, :2]
        boxes = np.rint(corners * self.scale).astype(np.int64)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        return boxes


def draw_strips(
    canvas: Canvas, pictures: Pictures, on_progress: OnProgress = no_progress
) -> Iterator[np.ndarray]:
    """Draw a canvas from top to bottom.

    Yields:
        (rows, width, 3) uint8 sRGB: as many rows as `STRIP_ROWS`, or fewer at the end.
    """
    width, height = canvas.size
    boxes = canvas.boxes().tolist()
    waiting = iter(sorted(range(len(boxes)), key=lambda tile: boxes[tile][1]))
    tile, drawn = next(waiting, None), 0
    open_tiles: dict[int, tuple[int, int, np.ndarray]] = {}  # left, top and pixels
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        strip = np.empty((bottom - top, width, 3), np.uint8)
        strip[:] = canvas.background
        while tile is not None and boxes[tile][1] < bottom:
            on_progress(drawn / len(boxes), "Drawing the mosaic")
            picture = pictures(tile, _wanted_side(boxes[tile], canvas.crop))
            open_tiles[tile] = _fit(picture, boxes[tile], canvas.crop)
            tile, drawn = next(waiting, None), drawn + 1
        for number in sorted(open_tiles):
            _paste(strip, top, *open_tiles[number])
        open_tiles = {
            number: (left, above, pixels)
            for number, (left, above, pixels) in open_tiles.items()
            if above + len(pixels) > bottom
        }
        on_progress(drawn / max(len(boxes), 1), "Drawing the mosaic")
        yield strip


def _wanted_side(box: Sequence[int], crop: bool) -> int:
    left, top, right, bottom = box
    cell = max(right - left, bottom - top)
    return round(cell * _COVERING) if crop else cell


def fit_box(box: Sequence[int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where a picture of a size comes to lie in a cell that keeps its aspect.

    Args:
        box: left, top, right and bottom of the cell in pixels.
        size: width and height of the picture, in any unit.
    """
    left, top, right, bottom = box
    scale = min((right - left) / size[0], (bottom - top) / size[1])
    width, height = (max(1, round(side * scale)) for side in size)
    left += (right - left - width) // 2
    top += (bottom - top - height) // 2
    return left, top, left + width, top + height


def _fit(picture: Image.Image, box: Sequence[int], crop: bool) -> tuple[int, int, np.ndarray]:
    """A tile's left, top and (height, width, 3) pixels."""
    picture = picture.convert("RGB")
    if not crop:
        box = fit_box(box, picture.size)
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    if crop:
        return left, top, np.asarray(ImageOps.fit(picture, size, Image.Resampling.LANCZOS))
    resized = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return left, top, np.asarray(resized)


def _paste(strip: np.ndarray, strip_top: int, left: int, top: int, pixels: np.ndarray) -> None:
    """Copy the part of a tile that lies in the strip."""
    top -= strip_top
    bottom, right = top + pixels.shape[0], left + pixels.shape[1]
    target = strip[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    rows, columns = target.shape[:2]
    first_row, first_column = max(-top, 0), max(-left, 0)
    target[:] = pixels[first_row : first_row + rows, first_column : first_column + columns]


@contextlib.contextmanager
def drawn_canvas(
    canvas: Canvas, pictures: Pictures, output: Path, on_progress: OnProgress = no_progress
) -> Iterator[Any]:
    """Draw a canvas into a temporary file beside the output; it is gone when the context ends.

    Yields:
        a `pyvips.Image`, 8-bit sRGB, to be read once, from top to bottom.

    Raises:
        ZograscopeError: `output-needs-room`, `output-not-writable`.
    """
    import pyvips

    width, height = canvas.size
    with contextlib.ExitStack() as stack:
        try:
            _check_room(output, width * height * 3)
            folder = tempfile.TemporaryDirectory(prefix=".mosaic-", dir=output.parent)
            path = Path(stack.enter_context(folder)) / "canvas.tif"
            tifffile.imwrite(
                path,
                draw_strips(canvas, pictures, on_progress),
                shape=(height, width, 3),
                dtype=np.uint8,
                photometric="rgb",
                rowsperstrip=STRIP_ROWS,
                bigtiff=True,
            )
        except OSError as error:
            raise MosaicError("output-not-writable", str(error), path=output) from error
        yield pyvips.Image.tiffload(str(path), access="sequential")


def save_with_progress(
    image: Any, save: Callable[[], None], output: Path, stage: str, on_progress: OnProgress
) -> None:
    """Let libvips save an image, and tell how far it is.

    Args:
        image: the `pyvips.Image`.
        save: calls one of the image's save methods.
        output: what people call the file or folder, for error sentences.

    Raises:
        ZograscopeError: `output-not-writable`.
        Exception: whatever `on_progress` raised, once libvips has stopped.
    """
    import pyvips

    raised: list[BaseException] = []

    def report(_: Any, progress: Any) -> None:
        # What a callback raises is lost on its way through libvips, which has to be told to stop.
        try:
            on_progress(progress.percent / 100.0, stage)
        except BaseException as error:
            raised.append(error)
            image.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", report)
    try:
        save()
    except (pyvips.Error, OSError) as error:
        if raised:
            raise raised[0] from None
        raise MosaicError("output-not-writable", str(error), path=output) from error
    on_progress(1.0, stage)


def _check_room(output: Path, needed: int) -> None:
    free = shutil.disk_usage(output.parent).free
    if free < needed:
        gigabytes = {"needed": f"{needed / 1e9:.1f}", "free": f"{free / 1e9:.1f}"}
        raise MosaicError("output-needs-room", path=output, **gigabytes)
