"""Writes plates as a layered file, and reads it back when an artist has edited it.

The file is a PSD, which GIMP, Krita and Photoshop open with layers, names and clear pixels. Its
canvas is the photograph; a layer may reach beyond, as the background does.
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from zograscope_protocol.depth.tasks import Rectangle

from zograscope_server.depth.errors import DepthError

MOST_LAYERS = 200
MOST_PIXELS = 600_000_000  # of all layers together
SIGNATURE = b"8BPS\x00\x01"


@dataclass(frozen=True)
class PictureLayer:
    """A layer of a file.

    Attributes:
        name: as an editor shows it.
        pixels: (h, w, 4) uint8 RGBA in sRGB, straight alpha.
        rectangle: left, top, right, bottom in pixels of the canvas, beyond which it may reach.
    """

    name: str
    pixels: np.ndarray
    rectangle: Rectangle


def write_psd(layers: Sequence[PictureLayer], width: int, height: int) -> bytes:
    """Write layers, the backmost first, as the bytes of a PSD of so many pixels."""
    from psd_tools import PSDImage

    # Opaque, or viewers that know no layers would show its flattened picture clear.
    document = PSDImage.new("RGBA", (width, height), color=255)
    for layer in layers:
        left, top, _, _ = layer.rectangle
        image = Image.fromarray(np.ascontiguousarray(layer.pixels), "RGBA")
        # Named afterwards, which writes the name in Unicode too: GIMP takes "ü" of the other for
        # no letter, and most scripts have no other.
        document.create_pixel_layer(image, top=top, left=left).name = layer.name
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def read_psd(
    data: bytes,
    file_name: str,
    size: tuple[int, int],
    rectangles: dict[str, Rectangle],
) -> dict[str, PictureLayer]:
    """Read the layers of a PSD by their names.

    Args:
        data: the file's bytes.
        file_name: for sentences.
        size: width and height that the file must have.
        rectangles: where each layer was that there may be. What was painted beside that, within
            the canvas, makes its rectangle larger.

    Returns:
        The layers that the file has.

    Raises:
        ZograscopeError: `layers-unreadable`, `layers-size`, `layer-unknown`, `layer-twice`,
            `layers-too-large`.
    """
    found: dict[str, PictureLayer] = {}
    for name, pixels, corner in _pixel_layers(data, file_name, size):
        if name not in rectangles:
            known = ", ".join(sorted(rectangles))
            raise DepthError("layer-unknown", name=file_name, layer=name, known=known)
        if name in found:
            raise DepthError("layer-twice", name=file_name, layer=name)
        found[name] = _placed(name, pixels, corner, rectangles[name], size)
    return found


def _pixel_layers(
    data: bytes, file_name: str, size: tuple[int, int]
) -> Iterator[tuple[str, np.ndarray, tuple[int, int]]]:
    """Yield name, RGBA pixels and upper left corner of each layer that has pixels."""
    from psd_tools import PSDImage

    if not data.startswith(SIGNATURE):
        raise DepthError("layers-unreadable", name=file_name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = PSDImage.open(io.BytesIO(data))
    except Exception as error:  # whatever a damaged file does to its parser
        raise DepthError("layers-unreadable", str(error), name=file_name) from error
    if document.size != size:
        found, expected = (f"{width} x {height}" for width, height in (document.size, size))
        raise DepthError("layers-size", name=file_name, size=found, expected=expected)
    layers = [layer for layer in document.descendants() if not layer.is_group()]
    area = sum(layer.width * layer.height for layer in layers)
    if len(layers) > MOST_LAYERS or area > MOST_PIXELS:
        raise DepthError("layers-too-large", name=file_name, limit=MOST_LAYERS)
    for layer in layers:
        if layer.has_pixels():
            try:
                pixels = _rgba(layer)
            except Exception as error:
                raise DepthError("layers-unreadable", str(error), name=file_name) from error
            yield layer.name, pixels, (layer.left, layer.top)


def _rgba(layer: "object") -> np.ndarray:
    """A layer's pixels, its mask reckoned with: (h, w, 4) uint8."""
    image = layer.topil()  # type: ignore[attr-defined]
    pixels = np.array(image.convert("RGBA"))
    mask = layer.mask  # type: ignore[attr-defined]
    if mask is None or mask.disabled:
        return pixels
    left, top = layer.left, layer.top  # type: ignore[attr-defined]
    cover = np.full(pixels.shape[:2], mask.background_color, np.uint8)
    drawn = mask.topil()
    if drawn is not None:
        _paste(cover, np.array(drawn.convert("L")), (mask.left - left, mask.top - top))
    alpha = pixels[..., 3].astype(np.uint16) * cover // 255
    pixels[..., 3] = alpha.astype(np.uint8)
    return pixels


def _placed(
    name: str,
    pixels: np.ndarray,
    corner: tuple[int, int],
    before: Rectangle,
    size: tuple[int, int],
) -> PictureLayer:
    """Bring a layer to the rectangle that it had, grown within the canvas as far as need be."""
    left, top = corner
    right, bottom = left + pixels.shape[1], top + pixels.shape[0]
    rectangle = (
        min(before[0], max(left, 0)),
        min(before[1], max(top, 0)),
        max(before[2], min(right, size[0])),
        max(before[3], min(bottom, size[1])),
    )
    canvas = np.zeros((rectangle[3] - rectangle[1], rectangle[2] - rectangle[0], 4), np.uint8)
    _paste(canvas, pixels, (left - rectangle[0], top - rectangle[1]))
    return PictureLayer(name, canvas, rectangle)


def _paste(canvas: np.ndarray, pixels: np.ndarray, corner: tuple[int, int]) -> None:
    """Lay pixels over a canvas at (across, down), as far as they lie on it."""
    across, down = corner
    rows = slice(max(down, 0), max(0, min(down + pixels.shape[0], canvas.shape[0])))
    columns = slice(max(across, 0), max(0, min(across + pixels.shape[1], canvas.shape[1])))
    if rows.start < rows.stop and columns.start < columns.stop:
        canvas[rows, columns] = pixels[
            rows.start - down : rows.stop - down, columns.start - across : columns.stop - across
        ]
