"""Reads a depth map that the artist brings: painted, rendered, scanned or estimated elsewhere."""

import io
import math
import re
import struct

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.errors import DepthError
from zograscope_server.images import MOST_BYTES, MOST_PIXELS

_EXR = b"\x76\x2f\x31\x01"
_NPY = b"\x93NUMPY"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def read_depth_map(data: bytes, name: str, *, near_is_white: bool = True) -> DepthMap:
    """Read a depth map from the bytes of a PNG, TIFF, EXR or npy file, 8, 16 or 32 bits.

    Its values are taken as disparity, brought to [0, 1]; where there are none (NaN, infinity) the
    scene is farthest.

    Args:
        data: the file's bytes.
        name: what the artist calls it.
        near_is_white: whether larger values are nearer.

    Raises:
        ZograscopeError: `depth-map-unreadable`.
    """
    try:
        values = _one_channel(_read_values(data))
    except Exception as error:
        # A damaged file makes a decoder raise nearly anything.
        raise DepthError("depth-map-unreadable", str(error), name=name) from error
    known = np.isfinite(values)
    if values.ndim != 2 or min(values.shape) < 2 or not known.any():
        raise DepthError("depth-map-unreadable", f"shape {values.shape}", name=name)
    low, high = float(values[known].min()), float(values[known].max())
    disparity = (values - low) / ((high - low) or 1.0)
    if not near_is_white:
        disparity = 1.0 - disparity
    disparity = np.where(known, disparity, 0.0).astype(np.float32)
    return DepthMap(disparity, model=name, licence="the artist's own")


def _read_values(data: bytes) -> np.ndarray:
    """Decode the file to float64 (rows, columns) or (rows, columns, channels)."""
    if data.startswith(_NPY):
        array = np.load(_checked_npy(data), allow_pickle=False)
        return array.astype(np.float64)
    if data.startswith(_EXR):
        _check_exr(data)
        return imagecodecs.exr_decode(data).astype(np.float64)
    if data[:4] in _TIFF:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages.first
            _check_pixels(page.imagewidth, page.imagelength, page.samplesperpixel)
            if page.imagedepth != 1 or page.dtype is None:
                raise ValueError("its samples are not a picture's")
            samples = page.asarray().astype(np.float64)
            planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3
            return np.moveaxis(samples, 0, -1) if planar else samples
    image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "BMP", "PPM"))
    _check_pixels(*image.size, len(image.getbands()))
    if image.mode in ("P", "LA", "PA"):
        image = image.convert("L")
    return np.asarray(image).astype(np.float64)


def _one_channel(values: np.ndarray) -> np.ndarray:
    values = values.squeeze()
    if values.ndim != 3:
        return values
    if values.shape[2] > 4:
        raise ValueError(f"{values.shape[2]} channels are not a picture's")
    return values[..., :3] @ _LUMINANCE if values.shape[2] >= 3 else values[..., 0]


def _checked_npy(data: bytes) -> io.BytesIO:
    """Return an npy file that has all that its header announces."""
    file = io.BytesIO(data)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(file)]
    shape, _, dtype = read_header(file)
    if math.prod(shape) * dtype.itemsize > len(data) - file.tell():
        raise ValueError(f"it has less than its shape {shape}")
    _check_pixels(*(*shape, 1, 1, 1)[:3])
    file.seek(0)
    return file


def _check_exr(data: bytes) -> None:
    """Look at what an OpenEXR file announces of its size, in each of its parts."""
    windows = re.findall(rb"dataWindow\0box2i\0\x10\0\0\0(.{16})", data, re.DOTALL)
    lists = re.findall(rb"channels\0chlist\0(.{4})", data, re.DOTALL)
    # A channel takes 16 bytes of the list besides its name.
    channels = max((int.from_bytes(size, "little") // 18 for size in lists), default=1)
    for window in windows:
        left, top, right, bottom = struct.unpack("<4i", window)
        _check_pixels(right - left + 1, bottom - top + 1, max(1, channels))


def _check_pixels(width: int, height: int, channels: int = 1) -> None:
    """Raise ValueError for more than can be read, as numbers of 64 bits."""
    if width * height > MOST_PIXELS or 8 * width * height * channels > MOST_BYTES:
        raise ValueError(f"{width} x {height} pixels of {channels} channels are too many")
