"""Reads any image that an archive holds as an upright photograph in 8-bit sRGB.

Archives keep scans as 16-bit TIFF, press files as CMYK, maps as palette PNG, and phones turn their
pictures by a tag. All of that ends here: what comes out is what an artist would see in a viewer.
"""

import datetime
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil
import tifffile
from PIL import (
    BmpImagePlugin,
    ExifTags,
    Image,
    ImageCms,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    TiffImagePlugin,
)
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.errors import ServerError
from zograscope_server.memory_budget import MemoryBudget

MOST_PIXELS = 300_000_000  # a 60 cm sheet at 720 dpi; more is a mistake or an attack
ENOUGH_PIXELS = 160_000_000
"""Of a picture that is shown as a whole: as the largest cameras have, and no card shows more."""
LONGEST_SIDE = 300_000  # pixels, as Photoshop's largest
_MEMORY = psutil.virtual_memory().total
MOST_BYTES = min(6_000_000_000, _MEMORY // 3)
"""Of memory, to read one picture whole: less than the half that a worker has."""
READING = MemoryBudget(min(3_000_000_000, _MEMORY // 4))
"""What all decoders of this process may hold at once; thumbnails are never made for more."""

BAND_PIXELS = 4_000_000  # that are converted at a time
MOST_SCANNED = 20_000_000_000  # pixels times scans of a JPEG: at most about a minute
LARGE = 20_000_000  # pixels; what has more is looked at before it is decoded
PIXELS_IN_A_BYTE = 1024  # of a JPEG that is whole: a block of 64 takes a bit for each of its scans

# Only formats that decode without starting another program (Pillow hands EPS to Ghostscript).
_WANTED = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "JPEG2000", "GIF", "BMP", "PPM", "PSD")
Image.init()
FORMATS = [name for name in _WANTED if name in Image.OPEN]  # what this build of Pillow has
Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is checked instead, also before anything is decoded

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_BOUNDED = (1, 5, 8, 32773, 32946, 34925, 50000)
"""Compressions of TIFF that fill what is announced and no more: none, LZW, deflate, and such."""

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}  # else 4
_BESIDE = {"WEBP": 12, "AVIF": 12, "BMP": 3, "GIF": 4}
"""Bytes for each pixel that decoders hold beside Pillow's own image."""

_MILLIMETRES_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # FocalPlaneResolutionUnit
_DIAGONAL_35MM = math.hypot(36.0, 24.0)
_NARROWEST, _WIDEST = 1.0, 170.0  # degrees of a field of view that a camera can have had
_TURNS: Mapping[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}
"""What brings a picture upright, by the orientation of Exif."""

_ON_THEIR_SIDE = (5, 6, 7, 8)  # orientations that swap width and height


@dataclass(frozen=True)
class Photograph:
    """An upright picture in sRGB, with what its file says about the camera.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB; row 0 is the top.
        alpha: (height, width) uint8, 255 is opaque, or None where the file has no transparency.
        focal_length: in pixels of this picture, or None where the file does not tell.
        source: the file's format and kind of pixels, such as "TIFF, 16-bit RGB".
        reduction: how many pixels of the file's side make one of this picture.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    focal_length: float | None
    source: str
    reduction: int = 1

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
    """An image as its file holds it, not upright yet.

    Attributes:
        band: returns the rows from one to before another, with 8 bits for each sample.
        shape: width and height of what was decoded.
        size: of the whole upright picture, of which that may be a reduced one.
        orientation: of Exif, 1 to 8.
        profile: ICC profile, or None.
        camera: what the camera noted down, by Exif's tags.
        source: the file's format and kind of pixels.
    """

    band: Callable[[int, int], Image.Image]
    shape: tuple[int, int]
    size: tuple[int, int]
    orientation: int
    profile: bytes | None
    camera: Mapping[int, Any]
    source: str


_Needs = Callable[[int, int], int | None]
"""Of a whole picture's width and height, which side is enough; None where all of it is needed."""


def _all_of_it(width: int, height: int) -> None:
    pass


def read_photograph(data: bytes, name: str, most_pixels: int = MOST_PIXELS) -> Photograph:
    """Decode an image file; of one with several frames or pages, the first.

    Args:
        data: the file's bytes.
        name: what the artist calls the file, for error sentences.
        most_pixels: what has more, by its header, is read at a half, a third, ... of its sides.

    Raises:
        ZograscopeError: `file-empty`, `not-an-image`, `image-truncated`, `image-too-large`,
            `image-too-heavy`.
    """

    def needs(width: int, height: int) -> int | None:
        reduction = math.ceil(math.sqrt(width * height / most_pixels))
        return None if reduction <= 1 else max(1, min(width, height) // reduction)

    with READING.turn():
        decoded = _decode(data, name, needs)
        side = needs(*decoded.size) or min(decoded.shape)
        pixels, alpha = _in_srgb(decoded, max(1, min(decoded.shape) // side))
    reduction = max(1, round(max(decoded.size) / max(pixels.shape[:2])))
    focal_length = _focal_length(decoded.camera, *decoded.size)
    return Photograph(
        pixels=pixels,
        alpha=alpha,
        focal_length=None if focal_length is None else focal_length / reduction,
        source=decoded.source,
        reduction=reduction,
    )


def read_reduced_photograph(data: bytes, name: str, side: int) -> ReducedPhotograph:
    """Decode an image file for thumbnails, no larger than need be, which is much faster.

    Args:
        data, name: as in `read_photograph`.
        side: both sides have at least as many pixels, where the whole picture has them.

    Raises:
        ZograscopeError: as `read_photograph`.
    """
    with READING.turn():
        decoded = _decode(data, name, lambda width, height: side)
        pixels, alpha = _in_srgb(decoded, max(1, min(decoded.shape) // side))
    colour = Image.fromarray(pixels)
    if alpha is not None:
        white = Image.new("RGB", colour.size, "white")
        colour = Image.composite(colour, white, Image.fromarray(alpha))
    return ReducedPhotograph(colour, *decoded.size, _date_taken(decoded.camera))


def _decode(data: bytes, name: str, needs: _Needs) -> _Decoded:
    """Decode; where less than all is needed, a decoder that can may give a reduced image."""
    if not data:
        raise ServerError("file-empty", name=name)
    return _decode_deep_tiff(data, name, needs) or _decode_with_pillow(data, name, needs)


def _decode_with_pillow(data: bytes, name: str, needs: _Needs) -> _Decoded:
    # A damaged file makes a decoder raise nearly anything, so both steps catch everything.
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:
        raise ServerError("not-an-image", str(error), name=name) from error
    check_size(*image.size, name)
    source, size = f"{image.format}, {image.mode}", image.size
    side = needs(*size)
    _check_is_worth_decoding(image, data, name)
    try:
        if side is not None:
            _reduce_while_decoding(image, data, side)
        _take_memory(_bytes_to_decode(image, size), image.size, name, side is not None)
        image.load()
        exif = image.getexif()
        camera = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
        profile = image.info.get("icc_profile")
        orientation = exif.get(ExifTags.Base.Orientation)
    except (ZograscopeError, MemoryError):
        raise
    except Exception as error:
        if side is not None and getattr(image, "_reduce", False):
            return _decode_with_pillow(data, name, _all_of_it)  # it lacks some of its reductions
        raise ServerError("image-truncated", str(error), name=name) from error
    if orientation in _ON_THEIR_SIDE:
        size = size[::-1]
    if image.mode.startswith(("I", "F")):
        bits = 16 if image.mode.startswith("I;16") else None
        image = Image.fromarray(to_eight_bits(np.asarray(image), bits))
    width = image.width

    def band(top: int, bottom: int) -> Image.Image:
        return image.crop((0, top, width, bottom))

    return _Decoded(band, image.size, size, _orientation(orientation), profile, camera, source)


def _check_is_worth_decoding(image: Image.Image, data: bytes, name: str) -> None:
    """Refuse what announces far more than its file holds, or would keep a decoder for minutes."""
    pixels = image.width * image.height
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        if pixels > LARGE and pixels > len(data) * PIXELS_IN_A_BYTE:
            raise ServerError("image-truncated", f"{len(data)} bytes for all of it", name=name)
        scans = data.count(b"\xff\xda")  # which compressed data never holds
        if pixels * scans > MOST_SCANNED:
            raise ServerError("image-truncated", f"{scans} scans", name=name)
    if isinstance(image, BmpImagePlugin.BmpImageFile) and image.tile[0][0] == "bmp_rle":
        check_size(*image.size, name, LARGE)  # Pillow fills its rows in Python, pixel by pixel


def _bytes_to_decode(image: Image.Image, size: tuple[int, int]) -> int:
    """Return how much memory it takes, at most, to decode an image and bring it to 8 bits.

    Args:
        image: opened, not loaded; its own size may be a reduced one.
        size: of the whole.
    """
    pixels = image.width * image.height
    each = _STORED.get(image.mode, 4)
    if image.mode.startswith(("I", "F")):
        each += each + 2
    each += _BESIDE.get(image.format or "", 0)
    bands = len(image.getbands())
    if isinstance(image, JpegImagePlugin.JpegImageFile) and image.info.get("progressive"):
        return pixels * each + 2 * bands * math.prod(size)  # coefficients, never reduced
    if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        return math.ceil(pixels / 4 ** (image._reduce)) * (each + 5 * bands)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        strip = _first_number(image.tag_v2.get(TiffImagePlugin.ROWSPERSTRIP), image.height)
        side = [_first_number(image.tag_v2.get(tag), 0) for tag in (322, 323)]  # of a tile
        turned = 4 * (image.tag_v2.get(ExifTags.Base.Orientation, 1) != 1)
        at_once = max(image.width * min(strip, image.height), math.prod(side))
        return pixels * (each + turned) + at_once * bands
    return pixels * each


def _first_number(value: Any, otherwise: int) -> int:
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) and value > 0 else otherwise


def _take_memory(size: int, shape: tuple[int, int], name: str, reduced: bool) -> None:
    """Take what it takes to decode; refuse a picture that would need more than one may."""
    width, height = shape
    if not reduced:
        size += 4 * width * height  # the picture itself
    limit = READING.limit if reduced else MOST_BYTES
    if size > limit:
        needed, most = f"{size / 1e9:.1f}", f"{limit / 1e9:.1f}"
        raise ServerError("image-too-heavy", name=name, needed=needed, limit=most)
    READING.take(size)


def _reduce_while_decoding(image: Image.Image, data: bytes, side: int) -> None:
    """Have the decoder skip detail that leaves both sides at `side` pixels or more."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, (side, side))
    elif isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        halvings = max(1, min(image.size) // side).bit_length() - 1
        _halve_jpeg2000(image, data, min(halvings, _jpeg2000_levels(data)))


def _halve_jpeg2000(image: Jpeg2KImagePlugin.Jpeg2KImageFile, data: bytes, halvings: int) -> None:
    """Have a JPEG 2000 decoded at a half, a quarter, ... of its size.

    Its sides are then (ISO 15444-1, B.5) ceil(size / 2^n). Pillow reckons round(size / 2^n), and
    calls the file broken where that is less: so it is given a size of which it reckons the right
    one. Pictures that begin elsewhere than the grid of marker SIZ it can only decode whole.
    """
    marker = data.find(b"\xff\x4f\xff\x51")
    if halvings < 1 or any(data[marker + 16 : marker + 24]):
        return
    half = 1 << halvings
    image.reduce = halvings
    image._size = (-(-image.width // half) * half, -(-image.height // half) * half)


def _jpeg2000_levels(data: bytes) -> int:
    """How often the picture is there at half the size (ISO 15444-1, A.6.1: marker COD)."""
    size_marker = max(0, data.find(b"\xff\x4f\xff\x51"))
    marker = data.find(b"\xff\x52", size_marker)
    return data[marker + 9] if 0 <= marker < len(data) - 9 else 0


def _decode_deep_tiff(data: bytes, name: str, needs: _Needs) -> _Decoded | None:
    """Decode a TIFF of more than 8 bits for each sample, or return None for any other file."""
    if data[:4] not in _TIFF_SIGNATURES:
        return None
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages.first
            check_size(page.imagewidth, page.imagelength, name)
            inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
            separated = page.photometric == tifffile.PHOTOMETRIC.SEPARATED
            grey_or_rgb = page.photometric in (
                tifffile.PHOTOMETRIC.MINISBLACK,
                tifffile.PHOTOMETRIC.RGB,
            )
            if page.bitspersample <= 8 or not (inverted or separated or grey_or_rgb):
                return None
            reduced = needs(page.imagewidth, page.imagelength) is not None
            samples = _read_samples(page, name, reduced)
            tags = {tag.code: tag.value for tag in page.tags}
            is_float, bits = samples.dtype.kind == "f", page.bitspersample
    except (ZograscopeError, MemoryError):
        raise
    except Exception as error:
        raise ServerError("image-truncated", str(error), name=name) from error
    channels = samples.shape[2] if samples.ndim == 3 else 1
    mode = "CMYK" if separated and channels >= 4 else _TIFF_MODES.get(channels)
    if mode is None or samples.ndim not in (2, 3):
        raise ServerError("not-an-image", f"samples of shape {samples.shape}", name=name)
    low, high = _tones(samples, None if is_float else bits)

    def band(top: int, bottom: int) -> Image.Image:
        eight = _scaled(samples[top:bottom], low, high)
        if inverted:
            eight = 255 - eight
        if mode == "CMYK":
            eight = eight[..., :4]
        return Image.fromarray(np.ascontiguousarray(eight), mode)

    kind = "float" if is_float else f"{bits}-bit"
    orientation = _orientation(tags.get(ExifTags.Base.Orientation))
    shape = (samples.shape[1], samples.shape[0])
    profile = tags.get(ExifTags.Base.InterColorProfile)
    return _Decoded(
        band,
        shape,
        shape[::-1] if orientation in _ON_THEIR_SIDE else shape,
        orientation,
        profile if isinstance(profile, bytes) else None,
        tags,
        f"TIFF, {kind}",
    )


def _read_samples(page: tifffile.TiffPage, name: str, reduced: bool) -> np.ndarray:
    """Decode the samples of a page as (rows, columns) or (rows, columns, channels)."""
    if page.imagedepth != 1 or page.dtype is None or page.compression not in _BOUNDED:
        kind = f"{page.imagedepth} planes of {page.bitspersample} bits, packed {page.compression}"
        raise ServerError("not-an-image", kind, name=name)
    tile = max(1, page.tilewidth) * max(1, page.tilelength)
    pixels = page.imagewidth * page.imagelength + tile
    memory = pixels * page.samplesperpixel * page.dtype.itemsize
    _take_memory(memory, (page.imagewidth, page.imagelength), name, reduced)
    decoded = page.asarray()
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and decoded.ndim == 3:
        decoded = np.moveaxis(decoded, 0, -1)
    return decoded[..., 0] if decoded.ndim == 3 and decoded.shape[2] == 1 else decoded


def to_eight_bits(samples: np.ndarray, bits: int | None) -> np.ndarray:
    """Bring deeper samples to 8 bits.

    Args:
        samples: any shape, integer or float.
        bits: of an integer sample's full range; None stretches from the darkest to the lightest
            finite value, unless a float picture lies in [0, 1] already.
    """
    low, high = _tones(samples, bits)
    result = np.empty(samples.shape, np.uint8)
    for top, bottom in _bands_of(samples):
        result[top:bottom] = _scaled(samples[top:bottom], low, high)
    return result


def _tones(samples: np.ndarray, bits: int | None) -> tuple[float, float]:
    """Return the values that become 0 and 255."""
    if bits is not None:
        return 0.0, float(2**bits - 1)
    low, high = math.inf, -math.inf
    for top, bottom in _bands_of(samples):
        values = samples[top:bottom].astype(np.float32)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high or (samples.dtype.kind == "f" and low >= 0.0 and high <= 1.0):
        return 0.0, 1.0
    return low, high


def _scaled(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    values = np.nan_to_num(samples.astype(np.float32), nan=low, posinf=high, neginf=low)
    scaled = (values - low) / max(high - low, 1e-9)
    return np.round(np.clip(scaled, 0.0, 1.0) * 255.0).astype(np.uint8)


def _bands_of(samples: np.ndarray) -> list[tuple[int, int]]:
    """Return where bands of rows begin and end, each of about BAND_PIXELS samples."""
    rows = max(1, BAND_PIXELS * len(samples) // max(1, samples.size))
    return [(top, min(top + rows, len(samples))) for top in range(0, len(samples), rows)]


def _in_srgb(decoded: _Decoded, reduction: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the upright picture in sRGB, `reduction` times smaller, and its alpha if it has one.

    It is converted band by band, so that memory holds it once as it was and once as it becomes.
    """
    width, height = decoded.shape
    columns, rows = -(-width // reduction), -(-height // reduction)
    pixels = np.empty((rows, columns, 3), np.uint8)
    alpha: np.ndarray | None = None
    to_srgb: _ToSrgb | None = None
    step = max(1, BAND_PIXELS // (width * reduction)) * reduction
    for top in range(0, height, step):
        band = _smaller(decoded.band(top, min(top + step, height)), reduction)
        at = slice(top // reduction, top // reduction + band.height)
        if band.has_transparency_data:
            band = band.convert("RGBA")
            if alpha is None:
                alpha = np.empty((rows, columns), np.uint8)
            alpha[at] = np.asarray(band.getchannel("A"))
            band = band.convert("RGB")
        elif band.mode in ("1", "P"):
            band = band.convert("RGB")
        to_srgb = to_srgb or _through_profile(band.mode, decoded.profile)
        pixels[at] = np.asarray(to_srgb(band))
    if alpha is not None and alpha.min() == 255:
        alpha = None
    if turn := _TURNS.get(decoded.orientation):
        pixels = np.ascontiguousarray(turn(pixels))
        alpha = None if alpha is None else np.ascontiguousarray(turn(alpha))
    return pixels, alpha


_ToSrgb = Callable[[Image.Image], Image.Image]


def _smaller(band: Image.Image, reduction: int) -> Image.Image:
    if reduction == 1:
        return band
    if band.mode in ("1", "P", "PA"):  # their pixels cannot be averaged
        band = band.convert("RGBA" if band.has_transparency_data else "RGB")
    return band.reduce(reduction)


def _through_profile(mode: str, profile: bytes | None) -> _ToSrgb:
    """Return what converts pictures of a mode to sRGB, by the ICC profile where that fits them."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            transform = ImageCms.buildTransform(source, srgb, mode, "RGB")
            return lambda band: ImageCms.applyTransform(band, transform) or band
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return lambda band: band.convert("RGB")


def check_size(width: int, height: int, name: str, most: int = MOST_PIXELS) -> None:
    """Raise ZograscopeError `image-too-large` for more pixels than a picture can have."""
    if width * height > most or max(width, height) > LONGEST_SIDE:
        limit = most // 1_000_000
        raise ServerError("image-too-large", name=name, width=width, height=height, limit=limit)


def _orientation(value: Any) -> int:
    return value if isinstance(value, int) and value in _TURNS else 1


def _focal_length(camera: Mapping[int, Any], width: int, height: int) -> float | None:
    """The focal length in pixels that the camera noted down, if it did, and if one can have it."""
    found = _noted_focal_length(camera, width, height)
    if found is None or not math.isfinite(found) or found <= 0.0:
        return None
    field_of_view = math.degrees(2.0 * math.atan(0.5 * width / found))
    return found if _NARROWEST <= field_of_view <= _WIDEST else None


def _noted_focal_length(camera: Mapping[int, Any], width: int, height: int) -> float | None:
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
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
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
