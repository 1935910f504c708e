"""A portrait's file keeps its depth, its greys and its opacity on the way in and out."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.faces.landmarks import Face
from zograscope_server.portrait import source as module
from zograscope_server.portrait.examination import examine_size
from zograscope_server.portrait.source import choose_face, read_source

from .conftest import as_png, from_png

CHANNELS = {"grey": 1, "colour": 3, "alpha": 4}


def noise(kind: str, depth: type, seed: int = 0, size: tuple[int, int] = (70, 90)) -> np.ndarray:
    shape = size if kind == "grey" else (*size, CHANNELS[kind])
    most = np.iinfo(depth).max
    return np.random.default_rng(seed).integers(0, most, shape, depth, endpoint=True)


@given(
    st.sampled_from(sorted(CHANNELS)), st.sampled_from([np.uint8, np.uint16]), st.integers(0, 99)
)
def test_what_is_read_is_written_to_the_bit(kind, depth, seed):
    pixels = noise(kind, depth, seed)
    source = read_source(as_png(pixels).tobytes(), "noise.png")
    assert source.pixels.dtype == depth
    assert source.pixels.shape == (70, 90, 3) and source.size == (90, 70)
    assert source.grey == (kind == "grey") and (source.alpha is None) == (kind != "alpha")
    assert source.seen.dtype == np.uint8
    written = from_png(np.frombuffer(source.encode(source.pixels), np.uint8))
    assert written.dtype == depth
    np.testing.assert_array_equal(written, pixels)


@pytest.mark.parametrize("suffix", [".tiff", ".png"])
def test_deep_files_of_both_kinds(suffix):
    pixels = noise("colour", np.uint16)
    data = cv2.imencode(suffix, pixels[..., ::-1])[1].tobytes()
    np.testing.assert_array_equal(read_source(data, "deep").pixels, pixels)


def test_full_opacity_is_none():
    pixels = noise("alpha", np.uint16)
    pixels[..., 3] = 65535
    source = read_source(as_png(pixels).tobytes(), "full.png")
    assert source.alpha is None
    np.testing.assert_array_equal(source.pixels, pixels[..., :3])


def test_a_deep_file_that_viewers_turn_is_read_as_they_show_it():
    """Of a file with an orientation the pixels as stored are not what is seen."""
    import tifffile

    pixels = noise("colour", np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, photometric="rgb", extratags=[(274, "H", 1, 3, True)])
    found = read_source(stream.getvalue(), "turned.tif").seen.astype(int)
    np.testing.assert_allclose(found, pixels[::-1, ::-1] >> 8, atol=1)


def test_jpegs_and_grey_jpegs(picture):
    for mode in ("RGB", "L"):
        stream = io.BytesIO()
        Image.fromarray(picture).convert(mode).save(stream, "JPEG", quality=95)
        source = read_source(stream.getvalue(), "portrait.jpg")
        assert source.grey == (mode == "L") and source.alpha is None


def test_a_grey_portrait_stays_grey_where_a_driver_lends_it_colours():
    source = read_source(as_png(noise("grey", np.uint8)).tobytes(), "grey.png")
    frame = source.pixels.copy()
    frame[:10] = (200, 20, 30)
    written = from_png(np.frombuffer(source.encode(frame), np.uint8))
    assert written.ndim == 2
    np.testing.assert_array_equal(written[10:], source.pixels[10:, :, 0])
    assert (written[:10] < 90).all(), "as light as it looks, not as red"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"no picture at all", "not-an-image"),
        (as_png(noise("colour", np.uint8)).tobytes()[:-4000], "image-truncated"),
        (as_png(noise("colour", np.uint8, size=(63, 90))).tobytes(), "portrait-too-small"),
    ],
)
def test_what_is_no_portrait_is_told(data, code):
    with pytest.raises(ZograscopeError, match=r"odd\.png") as caught:
        read_source(data, "odd.png")
    assert caught.value.code == code


def test_one_of_several_faces_is_chosen():
    faces = [
        Face(np.full((478, 3), k, np.float32), np.zeros(52, np.float32), np.eye(4))
        for k in range(3)
    ]
    assert choose_face(faces, 2, "group").points[0, 0] == 2
    with pytest.raises(ZograscopeError, match=r"only 3.*from 0") as caught:
        choose_face(faces, 3, "group")
    assert caught.value.code == "face-missing"
    with pytest.raises(ZograscopeError, match="'wall'") as caught:
        choose_face([], 0, "wall")
    assert caught.value.code == "portrait-without-face"


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_portrait_that_is_too_large_is_read_smaller_and_told(depth, monkeypatch):
    data = as_png(noise("colour", depth, size=(140, 181))).tobytes()
    monkeypatch.setattr(module, "ENOUGH_PIXELS", 140 * 181)
    whole = read_source(data, "whole.png")
    assert (whole.size, whole.pixels.dtype, examine_size(whole)) == ((181, 140), depth, [])
    monkeypatch.setattr(module, "ENOUGH_PIXELS", 140 * 181 - 1)
    half = read_source(data, "sheet.png")
    assert (half.size, half.pixels.dtype) == ((91, 70), np.uint8)
    (told,) = examine_size(half)
    assert told.startswith("sheet.png") and "91 x 70" in told and "1/2" in told
