"""Reads any image that an archive holds as an upright photograph in 8-bit sRGB.

Archives keep scans as 16-bit TIFF, press files as CMYK, maps as palette PNG, and phones turn their
pictures by a tag. All of that ends here: what comes out is what an artist would see in a viewer.
"""

import datetime
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from PIL import ExifTags, Image, ImageCms, ImageOps, Jpeg2KImagePlugin, JpegImagePlugin
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.errors import ServerError

MOST_PIXELS = 300_000_000  # a 60 cm sheet at 720 dpi; more is a mistake or an attack

# Only formats that decode without starting another program (Pillow hands EPS to Ghostscript).
_WANTED = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "JPEG2000", "GIF", "BMP", "PPM", "PSD")
Image.init()
FORMATS = [name for name in _WANTED if name in Image.OPEN]  # what this build of Pillow has
Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is checked instead, also before anything is decoded

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_MILLIMETRES_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # FocalPlaneResolutionUnit
_DIAGONAL_35MM = math.hypot(36.0, 24.0)
_ON_THEIR_SIDE = (5, 6, 7, 8)  # orientations that swap width and height


@dataclass(frozen=True)
class Photograph:
    """An upright picture in sRGB, with what its file says about the camera.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB; row 0 is the top.
        alpha: (height, width) uint8, 255 is opaque, or None where the file has no transparency.
        focal_length: in pixels of this picture, or None where the file does not tell.
        source: the file's format and kind of pixels, such as "TIFF, 16-bit RGB".
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    focal_length: float | None
    source: str

    @property
    def field_of_view(self) -> float | None:
        """Horizontal field of view in degrees, or None where the file does not tell."""
        if self.focal_length is None:
            return None
        return math.degrees(2.0 * math.atan(0.5 * self.pixels.shape[1] / self.focal_length))


@dataclass(frozen=True)
class ReducedPhotograph:
    """An upright picture, read only as large as is needed.

    Attributes:
        picture: RGB in sRGB; what is transparent shows white.
        width, height: of the whole picture, in pixels.
        date: when the camera took it, as a decimal year, or None where the file does not tell.
    """

    picture: Image.Image
    width: int
    height: int
    date: float | None


@dataclass(frozen=True)
class _Decoded:
    """An image as its file holds it, but upright and with 8 bits for each sample.

    `size` is the width and height of the whole picture, of which the image may be a reduced one.
    """

    image: Image.Image
    size: tuple[int, int]
    profile: bytes | None
    camera: Mapping[int, Any]
    source: str


def read_photograph(data: bytes, name: str) -> Photograph:
    """Decode an image file; of one with several frames or pages, the first.

    Args:
        data: the file's bytes.
        name: what the artist calls the file, for error sentences.

    Raises:
        ZograscopeError: `file-empty`, `not-an-image`, `image-truncated`, `image-too-large`.
    """
    decoded = _decode(data, name, None)
    colour, alpha = _to_srgb(decoded.image, decoded.profile)
    return Photograph(
        pixels=np.asarray(colour),
        alpha=None if alpha is None else np.asarray(alpha),
        focal_length=_focal_length(decoded.camera, *decoded.size),
        source=decoded.source,
    )


def read_reduced_photograph(data: bytes, name: str, side: int) -> ReducedPhotograph:
    """Decode an image file for thumbnails, no larger than need be, which is much faster.

    Args:
        data, name: as in `read_photograph`.
        side: both sides have at least as many pixels, where the whole picture has them.

    Raises:
        ZograscopeError: as `read_photograph`.
    """
    decoded = _decode(data, name, side)
    image = decoded.image
    if image.mode not in ("1", "P", "PA"):  # their pixels cannot be averaged
        image = image.reduce(max(1, min(image.size) // side))
    colour, alpha = _to_srgb(image, decoded.profile)
    if alpha is not None:
        colour = Image.composite(colour, Image.new("RGB", colour.size, "white"), alpha)
    return ReducedPhotograph(colour, *decoded.size, _date_taken(decoded.camera))


def _decode(data: bytes, name: str, reduced_side: int | None) -> _Decoded:
    """Decode; with `reduced_side`, a decoder that is faster for it may give a reduced image."""
    if not data:
        raise ServerError("file-empty", name=name)
    return _decode_deep_tiff(data, name) or _decode_with_pillow(data, name, reduced_side)


def _decode_with_pillow(data: bytes, name: str, reduced_side: int | None) -> _Decoded:
    # A damaged file makes a decoder raise nearly anything, so both steps catch everything.
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:
        raise ServerError("not-an-image", str(error), name=name) from error
    _check_size(*image.size, name)
    source, size = f"{image.format}, {image.mode}", image.size
    try:
        if reduced_side is not None:
            _reduce_while_decoding(image, data, reduced_side)
        image.load()
        exif = image.getexif()
        camera = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
        profile = image.info.get("icc_profile")
        if exif.get(ExifTags.Base.Orientation) in _ON_THEIR_SIDE:
            size = size[::-1]
        image = ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception as error:
        raise ServerError("image-truncated", str(error), name=name) from error
    if image.mode.startswith(("I", "F")):
        bits = 16 if image.mode.startswith("I;16") else None
        image = Image.fromarray(to_eight_bits(np.asarray(image), bits))
    return _Decoded(image, size, profile, camera, source)


def _reduce_while_decoding(image: Image.Image, data: bytes, side: int) -> None:
    """Have the decoder skip detail that leaves both sides at `side` pixels or more."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, (side, side))
    elif isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        halvings = max(1, min(image.size) // side).bit_length() - 1
        image.reduce = min(halvings, _jpeg2000_levels(data))


def _jpeg2000_levels(data: bytes) -> int:
    """How often the picture is there at half the size (ISO 15444-1, A.6.1: marker COD)."""
    size_marker = max(0, data.find(b"\xff\x4f\xff\x51"))
    marker = data.find(b"\xff\x52", size_marker)
    return data[marker + 9] if 0 <= marker < len(data) - 9 else 0


def _decode_deep_tiff(data: bytes, name: str) -> _Decoded | None:
    """Decode a TIFF of more than 8 bits for each sample, or return None for any other file."""
    if data[:4] not in _TIFF_SIGNATURES:
        return None
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages.first
            _check_size(page.imagewidth, page.imagelength, name)
            inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
            separated = page.photometric == tifffile.PHOTOMETRIC.SEPARATED
            grey_or_rgb = page.photometric in (
                tifffile.PHOTOMETRIC.MINISBLACK,
                tifffile.PHOTOMETRIC.RGB,
            )
            if page.bitspersample <= 8 or not (inverted or separated or grey_or_rgb):
                return None
            samples = page.asarray()
            if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3:
                samples = np.moveaxis(samples, 0, -1)
            tags = {tag.code: tag.value for tag in page.tags}
            is_float, bits = samples.dtype.kind == "f", page.bitspersample
    except (ZograscopeError, MemoryError):
        raise
    except Exception as error:
        raise ServerError("image-truncated", str(error), name=name) from error
    eight = to_eight_bits(samples, None if is_float else bits)
    if inverted:
        eight = 255 - eight
    eight = np.atleast_3d(eight)
    if separated:
        image = Image.fromarray(np.ascontiguousarray(eight[..., :4]), "CMYK")
    else:
        mode = _TIFF_MODES.get(eight.shape[2])
        if mode is None:
            raise ServerError("not-an-image", f"{eight.shape[2]} channels", name=name)
        image = Image.fromarray(np.ascontiguousarray(eight).squeeze(), mode)
    kind = "float" if is_float else f"{bits}-bit"
    orientation = tags.get(ExifTags.Base.Orientation, 1)
    if orientation != 1:
        image.getexif()[ExifTags.Base.Orientation] = orientation
        image = ImageOps.exif_transpose(image)
    profile = tags.get(ExifTags.Base.InterColorProfile)
    return _Decoded(image, image.size, profile, tags, f"TIFF, {kind}")


def to_eight_bits(samples: np.ndarray, bits: int | None) -> np.ndarray:
    """Bring deeper samples to 8 bits.

    Args:
        samples: any shape, integer or float.
        bits: of an integer sample's full range; None stretches from the darkest to the lightest
            finite value, unless a float picture lies in [0, 1] already.
    """
    values = samples.astype(np.float32)
    if bits is not None:
        low, high = 0.0, float(2**bits - 1)
    else:
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        if samples.dtype.kind == "f" and low >= 0.0 and high <= 1.0:
            low, high = 0.0, 1.0
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(high - low, 1e-9)
    return np.round(np.clip(scaled, 0.0, 1.0) * 255.0).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, Image.Image | None]:
    """Return the picture as RGB in sRGB, and its alpha where it has transparency."""
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        if alpha.getextrema() == (255, 255):
            alpha = None
        image = image.convert("RGB")
    elif image.mode in ("1", "P"):
        image = image.convert("RGB")
    converted = _through_profile(image, profile) if profile else None
    return converted or image.convert("RGB"), alpha


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert by the ICC profile, or return None where it does not fit the picture."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MOST_PIXELS:
        limit = MOST_PIXELS // 1_000_000
        raise ServerError("image-too-large", name=name, width=width, height=height, limit=limit)


def _focal_length(camera: Mapping[int, Any], width: int, height: int) -> float | None:
    """The focal length in pixels that the camera noted down, if it did."""
    diagonal = math.hypot(width, height)
    tags = ExifTags.Base
    try:
        if equivalent := float(camera.get(tags.FocalLengthIn35mmFilm) or 0):
            return equivalent / _DIAGONAL_35MM * diagonal
        length = float(camera.get(tags.FocalLength) or 0)
        resolution = float(camera.get(tags.FocalPlaneXResolution) or 0)
        unit = _MILLIMETRES_PER_UNIT.get(int(camera.get(tags.FocalPlaneResolutionUnit) or 2))
        sensor_width = float(camera.get(tags.ExifImageWidth) or 0)
        if length and resolution and unit and sensor_width:
            # The file may be smaller than what the sensor took.
            return length * resolution / unit * max(width, height) / sensor_width
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return None


def _date_taken(camera: Mapping[int, Any]) -> float | None:
    """The decimal year in which the camera says that it took the picture, if it does."""
    text = str(camera.get(ExifTags.Base.DateTimeOriginal, ""))
    try:
        taken = datetime.datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    start = datetime.datetime(taken.year, 1, 1)
    return taken.year + (taken - start) / (datetime.datetime(taken.year + 1, 1, 1) - start)
