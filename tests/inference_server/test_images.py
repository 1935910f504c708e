"""Whatever an archive holds comes in as a viewer would show it, or is refused in words."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.images import read_photograph, read_reduced_photograph

WIDTH, HEIGHT = 40, 24


@pytest.fixture
def picture() -> np.ndarray:
    """A picture with a light corner at the top left and a red one at the top right."""
    pixels = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    pixels[:8, :8] = 230
    pixels[:8, -8:] = (220, 40, 40)
    return pixels


def encode(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(data: bytes) -> np.ndarray:
    photograph = read_photograph(data, "test")
    assert photograph.pixels.dtype == np.uint8
    assert photograph.pixels.shape[2] == 3
    return photograph.pixels


UPRIGHT = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_pictures_are_turned_upright(picture, orientation, kind):
    """Stored as the tag's inverse of the picture, each file shows the picture."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = np.ascontiguousarray(UPRIGHT[orientation](picture))
    assert np.array_equal(read(encode(Image.fromarray(stored), kind, exif=exif)), picture)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bit_grey_is_scaled_not_clipped(kind):
    ramp = np.linspace(0, 65535, WIDTH * HEIGHT).astype(np.uint16).reshape(HEIGHT, WIDTH)
    data = encode(Image.fromarray(ramp), "PNG") if kind == "png" else tiff(ramp)
    expected = np.round(ramp / 257.0)
    assert np.abs(read(data)[..., 1] - expected).max() <= 1


def tiff(samples: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("layout", ["contig", "separate"])
def test_sixteen_bit_colour_tiff(picture, layout):
    deep = picture.astype(np.uint16) * 257
    stored = deep if layout == "contig" else np.moveaxis(deep, -1, 0)
    assert np.array_equal(read(tiff(stored, photometric="rgb", planarconfig=layout)), picture)


def test_sixteen_bit_tiff_is_turned_too(picture):
    deep = np.ascontiguousarray(picture[::-1, ::-1]).astype(np.uint16) * 257
    data = tiff(deep, photometric="rgb", extratags=[(274, "H", 1, 3, True)])
    assert np.array_equal(read(data), picture)


def test_a_negative_tiff_is_shown_positive():
    ramp = np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 60
    shown = read(tiff(ramp, photometric="miniswhite"))[..., 0]
    assert shown[0, 0] == 255
    assert shown[-1, -1] < 60


def test_a_float_tiff_keeps_its_tones():
    ramp = np.linspace(0, 1, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)
    assert np.abs(read(tiff(ramp))[..., 0] - ramp * 255).max() <= 1


def test_the_first_page_counts(picture):
    pages = [Image.fromarray(picture), Image.new("RGB", (WIDTH, HEIGHT), "blue")]
    data = encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert np.array_equal(read(data), picture)


def test_grey_and_black_and_white(picture):
    grey = Image.fromarray(picture).convert("L")
    assert np.array_equal(read(encode(grey, "PNG"))[..., 2], np.asarray(grey))
    assert set(np.unique(read(encode(grey.convert("1"), "PNG")))) <= {0, 255}


def test_palette_and_transparency(picture):
    palette = Image.fromarray(picture).quantize(8)
    assert np.abs(read(encode(palette, "PNG")).astype(int) - picture).max() <= 3
    photograph = read_photograph(encode(palette, "PNG", transparency=palette.getpixel((0, 0))), "x")
    assert photograph.alpha[0, 0] == 0
    assert photograph.alpha[-1, -1] == 255


def test_alpha_is_kept_apart_and_dropped_when_it_says_nothing(picture):
    alpha = np.linspace(0, 255, WIDTH * HEIGHT).astype(np.uint8).reshape(HEIGHT, WIDTH)
    photograph = read_photograph(encode(Image.fromarray(np.dstack([picture, alpha])), "PNG"), "x")
    assert np.array_equal(photograph.alpha, alpha)
    assert np.array_equal(photograph.pixels, picture)
    opaque = np.dstack([picture, np.full_like(alpha, 255)])
    assert read_photograph(encode(Image.fromarray(opaque), "PNG"), "x").alpha is None


def test_printing_colours(picture):
    """Pillow, like Adobe, stores CMYK JPEG inverted; light must stay light."""
    shown = read(encode(Image.fromarray(picture).convert("CMYK"), "JPEG", quality=95)).astype(int)
    assert shown[2, 2].min() > 200
    assert shown[20, 20].max() < 100
    assert shown[2, -2, 0] - shown[2, -2, 1] > 100


def test_a_colour_profile_is_applied(picture):
    """XYZ-encoded colours differ from sRGB's; through the profile they come back."""
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    there = ImageCms.profileToProfile(Image.fromarray(picture), srgb, lab, outputMode="LAB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    shown = read(encode(there, "TIFF", icc_profile=profile)).astype(int)
    assert np.abs(shown - picture).max() <= 8


def test_a_broken_profile_is_no_obstacle(picture):
    data = encode(Image.fromarray(picture), "PNG", icc_profile=b"not a profile")
    assert np.array_equal(read(data), picture)


def test_the_camera_tells_its_focal_length(picture):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 35
    photograph = read_photograph(encode(Image.fromarray(picture), "JPEG", exif=exif), "x")
    diagonal = np.hypot(WIDTH, HEIGHT)
    assert photograph.focal_length == pytest.approx(35 / np.hypot(36, 24) * diagonal)
    assert 50 < photograph.field_of_view < 60


def bomb() -> bytes:
    """A PNG whose header announces 3.6 gigapixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header) - 4) + header
    return start + struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 9) + b"IDAT123456789"


def truncated() -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    return encode(Image.fromarray(noise), "JPEG")[:4000]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"Dear archive, please find enclosed", "not-an-image"),
        (b"", "file-empty"),
        (b"II*\0garbage that is no TIFF", "image-truncated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not-an-image"),
        (truncated(), "image-truncated"),
        (bomb(), "image-too-large"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(data, code):
    with pytest.raises(ZograscopeError) as caught:
        read_photograph(data, "letter.jpg")
    assert caught.value.code == code
    assert "letter.jpg" in caught.value.sentence


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_reduced_photograph_is_the_photograph_made_smaller(kind, orientation):
    rows, columns = np.mgrid[0:400, 0:600]
    pixels = np.stack([rows / 4, columns / 4, 90 + 0 * rows], -1).astype(np.uint8)
    exif = Image.Exif()
    if kind != "JPEG2000":
        exif[ExifTags.Base.Orientation] = orientation
    data = encode(Image.fromarray(pixels), kind, exif=exif)
    whole = Image.fromarray(read(data))
    reduced = read_reduced_photograph(data, "test", 50)
    assert (reduced.width, reduced.height) == whole.size
    assert 50 <= min(reduced.picture.size) < 100
    smaller = np.asarray(whole.resize(reduced.picture.size, Image.Resampling.BOX), np.float32)
    assert np.abs(np.asarray(reduced.picture, np.float32) - smaller).max() < 8


def test_a_jpeg2000_without_smaller_resolutions_is_read_whole():
    data = encode(Image.new("RGB", (200, 200), (200, 30, 30)), "JPEG2000", num_resolutions=1)
    assert read_reduced_photograph(data, "test", 20).picture.getpixel((3, 3)) == (200, 30, 30)


def test_reduced_photographs_share_the_care_of_whole_ones(picture):
    alpha = Image.fromarray(picture)
    alpha.putalpha(0)
    assert read_reduced_photograph(encode(alpha, "PNG"), "t", 8).picture.getextrema()[0] == (
        255,
        255,
    )
    deep = tiff(np.full((40, 40, 3), 65535, np.uint16), photometric="rgb")
    assert read_reduced_photograph(deep, "t", 8).picture.getpixel((0, 0)) == (255, 255, 255)
    palette = Image.fromarray(picture).quantize(8)
    assert read_reduced_photograph(encode(palette, "PNG"), "t", 8).picture.mode == "RGB"
    cmyk = encode(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG")
    red, green, _ = read_reduced_photograph(cmyk, "t", 8).picture.getpixel((0, 0))
    assert red > 150 > green
    one = read_reduced_photograph(encode(Image.new("L", (1, 1), 7), "PNG"), "t", 8)
    assert one.picture.getpixel((0, 0)) == (7, 7, 7)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"no", "not-an-image"),
        (encode(Image.effect_noise((64, 64), 90), "JPEG")[:-900], "image-truncated"),
    ],
)
def test_reduced_photographs_are_refused_in_words(data, code):
    with pytest.raises(ZograscopeError) as caught:
        read_reduced_photograph(data, "t", 8)
    assert caught.value.code == code


def test_the_camera_tells_when_it_was():
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "1998:07:02 12:00:00"
    data = encode(Image.new("RGB", (20, 20)), "JPEG", exif=exif)
    assert read_reduced_photograph(data, "t", 8).date == pytest.approx(1998.5, abs=1e-6)
    plain = encode(Image.new("RGB", (20, 20)), "JPEG")
    assert read_reduced_photograph(plain, "t", 8).date is None
