"""Whatever an archive holds comes in as a viewer would show it, or is refused in words."""

import io
import struct
import subprocess
import sys
import zlib
from contextlib import suppress

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import images
from zograscope_server.images import read_photograph, read_reduced_photograph
from zograscope_server.memory_budget import MemoryBudget

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


# JPEG 2000 of any size


def test_jpeg2000_of_every_size_is_read_at_every_reduction(monkeypatch):
    decode, lost = images._decode_with_pillow, []

    def decode_reduced(data: bytes, name: str, side: int | None) -> object:
        if side is None and "whole" not in name:
            lost.append(name)
        return decode(data, name, side)

    monkeypatch.setattr(images, "_decode_with_pillow", decode_reduced)
    random = np.random.default_rng(1)
    for width, height in random.integers(33, 260, (200, 2)).tolist():
        whole = Image.fromarray(np.add.outer(np.arange(height) / 3, np.arange(width) / 3))
        tiles = {"tile_size": (64, 64)} if width % 2 else {}
        origin = {"offset": (height % 50, 5), "tile_offset": (0, 0)} if width % 4 == 1 else {}
        data = encode(whole.convert("L"), "JPEG2000", **tiles, **origin)
        for halvings in range(1, 6):
            if min(width, height) >> halvings == 0:
                continue
            side = max(1, min(width, height) >> halvings)
            name = "whole" if origin else f"{width} x {height}, halved {halvings} times"
            reduced = read_reduced_photograph(data, name, side)
            assert (reduced.width, reduced.height) == (width, height)
            assert min(reduced.picture.size) >= side
    assert not lost


def test_a_reduced_jpeg2000_shows_the_whole_picture():
    rows, columns = np.mgrid[0:203, 0:301]
    pixels = np.stack([rows, columns * 0.7, 90 + 0 * rows], -1).astype(np.uint8)
    data = encode(Image.fromarray(pixels), "JPEG2000")
    reduced = read_reduced_photograph(data, "t", 50).picture
    assert reduced.size == (76, 51)
    smaller = Image.fromarray(pixels).resize(reduced.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(reduced, int) - np.asarray(smaller, int)).max() < 12


# What announces more than it may


def png_of(width: int, height: int, bits: int, colour: int) -> bytes:
    """A sound PNG of nothing but zeros, small as can be."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    samples = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    row = bytes(1 + -(-width * bits * samples // 8))
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    parts = chunk(b"IHDR", header) + palette + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def announced(kind: str, width: int, height: int, **options) -> bytes:
    """A JPEG whose header announces another size than it holds."""
    data = bytearray(encode(Image.new("RGB", (64, 64)), kind, **options))
    marker = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    data[marker + 5 : marker + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def absurd_tiff(**tags: int) -> bytes:
    """A 16-bit TIFF of 8 x 8 whose tags announce something else."""
    data = bytearray(tiff(np.zeros((8, 8), np.uint16), photometric="minisblack"))
    codes = {"bits": 258, "samples": 277, "depth": 32997, "width": 256, "length": 257}
    for name, value in tags.items():
        code = struct.pack("<H", codes[name])
        place = data.find(code + struct.pack("<H", 3))  # as SHORT
        if place < 0:
            place = data.find(code + struct.pack("<H", 4))  # as LONG
        if place < 0:  # not there: in the place of the software's name
            place = data.find(struct.pack("<H", 305))
        data[place : place + 12] = code + struct.pack("<HII", 4, 1, value)
    return bytes(data)


def bmp_by_runs(side: int) -> bytes:
    """An 8-bit BMP in runs, of one pixel and the end of the row each."""
    rows = b"\1\0\0\0" * side + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(rows), 0, 0, 2, 0)
    begin = 14 + 40 + 8
    return struct.pack("<2sIHHI", b"BM", begin + len(rows), 0, 0, begin) + header + bytes(8) + rows


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(announced("JPEG", 17_300, 17_300), "image-truncated", id="JPEG without data"),
        pytest.param(
            announced("JPEG", 17_300, 17_300, progressive=True),
            "image-truncated",
            id="progressive JPEG without data",
        ),
        pytest.param(
            announced("JPEG", 4000, 4000) + b"\xff\xda" * 2000, "image-truncated", id="many scans"
        ),
        pytest.param(absurd_tiff(depth=1_000_000), "not-an-image", id="deep TIFF"),
        pytest.param(absurd_tiff(samples=60_000, width=16_000), "image-too-heavy", id="samples"),
        pytest.param(absurd_tiff(bits=65_000), "not-an-image", id="bits"),
        pytest.param(absurd_tiff(width=70_000, length=70_000), "image-too-large", id="wide TIFF"),
        pytest.param(absurd_tiff(width=300_001, length=9), "image-too-large", id="thread"),
        pytest.param(bmp_by_runs(6000), "image-too-large", id="BMP in runs"),
    ],
)
@pytest.mark.parametrize("reduced", [True, False])
def test_bombs_are_known_by_their_headers(data, code, reduced, monkeypatch):
    monkeypatch.setattr(images.Image.core, "new", lambda *asked: pytest.fail("decoded"))
    with pytest.raises(ZograscopeError) as caught:
        if reduced:
            read_reduced_photograph(data, "bomb.tif", 64)
        else:
            read_photograph(data, "bomb.tif")
    assert caught.value.code == code
    assert "bomb.tif" in caught.value.sentence


@pytest.mark.parametrize(
    ("mode", "bits", "colour", "each"), [("1", 1, 0, 1), ("P", 1, 3, 1), ("RGB", 8, 2, 4)]
)
def test_memory_is_counted_by_what_a_pixel_takes(mode, bits, colour, each, monkeypatch):
    data = png_of(3000, 2000, bits, colour)
    assert len(data) < 30_000
    whole = 6_000_000
    monkeypatch.setattr(images, "READING", MemoryBudget(whole * each))
    monkeypatch.setattr(images, "MOST_BYTES", whole * (each + 4))
    assert read_photograph(data, "t").pixels.shape == (2000, 3000, 3)
    assert min(read_reduced_photograph(data, "t", 100).picture.size) == 100
    monkeypatch.setattr(images, "READING", MemoryBudget(whole * each - 1))
    monkeypatch.setattr(images, "MOST_BYTES", whole * (each + 4) - 1)
    for read_it in (read_photograph, lambda *asked: read_reduced_photograph(*asked, 100)):
        with pytest.raises(ZograscopeError) as caught:
            read_it(data, "t")
        assert caught.value.code == "image-too-heavy"


MEASURE = """
import resource, sys
from zograscope_server.images import read_reduced_photograph
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_reduced_photograph(data, "t", 256)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory is told in its own unit there")
def test_a_small_file_of_many_pixels_takes_little_more_than_its_pixels(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_of(12_000, 9_000, 1, 3))
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "bomb.png")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(said.stdout) < 1.5 * 12_000 * 9_000


@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 7))
def test_damage_is_told_in_words(damage, place, number):
    data = bytearray(FILES[number])
    place %= len(data)
    data[place : place + len(damage)] = damage
    for read_it in (read_photograph, lambda *asked: read_reduced_photograph(*asked, 20)):
        with suppress(ZograscopeError):
            read_it(bytes(data), "damaged")


def _files() -> list[bytes]:
    pixels = np.random.default_rng(2).integers(0, 255, (40, 56, 3), np.uint8)
    picture = Image.fromarray(pixels)
    kinds = ("JPEG", "PNG", "TIFF", "WEBP", "JPEG2000", "BMP")
    deep = [pixels.astype(np.uint16), pixels[..., 0].astype(np.float32)]
    return [encode(picture, kind) for kind in kinds] + [tiff(samples) for samples in deep]


FILES = _files()


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (ExifTags.Base.FocalLengthIn35mmFilm, 65_535),
        (ExifTags.Base.FocalLengthIn35mmFilm, 1),
        (ExifTags.Base.FocalLengthIn35mmFilm, "far"),
    ],
)
def test_a_focal_length_that_no_camera_has_is_not_believed(picture, tag, value):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[tag] = value
    photograph = read_photograph(encode(Image.fromarray(picture), "JPEG", exif=exif), "x")
    assert photograph.focal_length is None
    assert photograph.field_of_view is None


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "TIFF", "WEBP", "JPEG2000", "16 bits", "palette", "with alpha"]
)
@pytest.mark.parametrize(("width", "height"), [(301, 201), (300, 200), (97, 1000)])
@pytest.mark.parametrize("reduction", [2, 3])
def test_what_has_too_many_pixels_is_read_smaller(kind, width, height, reduction):
    ramp = np.linspace(0, 255, width)[None, :] * np.ones((height, 1))
    picture = Image.fromarray(ramp.round().astype(np.uint8)).convert("RGB")
    match kind:
        case "16 bits":
            data = tiff((ramp * 257).astype(np.uint16))
        case "palette":
            data = encode(picture.quantize(256), "PNG")
        case "with alpha":
            picture.putalpha(100)
            data = encode(picture, "PNG")
        case _:
            data = encode(picture, kind)
    most = width * height // reduction**2 + 1 if reduction == 3 else width * height - 1
    photograph = read_photograph(data, "t", most)
    # Decoders that skip detail go by halves.
    found = photograph.reduction
    assert found == (2 if kind in ("JPEG", "JPEG2000") else reduction)
    assert photograph.pixels.shape == (-(-height // found), -(-width // found), 3)
    middle = photograph.pixels[len(photograph.pixels) // 2, :, 1].astype(float)
    expected = np.interp(np.arange(len(middle)) * found + (found - 1) / 2, range(width), ramp[0])
    assert np.abs(middle - expected)[1:-1].max() < 6
    assert (photograph.alpha is not None) == (kind == "with alpha")
    assert read_photograph(data, "t", width * height).reduction == 1


def test_the_focal_length_of_what_is_read_smaller_is_in_its_own_pixels():
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 50
    data = encode(Image.new("RGB", (600, 400)), "JPEG", exif=exif)
    whole, half = read_photograph(data, "t"), read_photograph(data, "t", 100_000)
    assert half.reduction == 2
    assert half.field_of_view == pytest.approx(whole.field_of_view)
    assert half.focal_length == pytest.approx(0.5 * whole.focal_length)
