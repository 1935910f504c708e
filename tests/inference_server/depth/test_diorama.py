"""The whole way from an image file to a diorama's parts, and its tasks."""

import io
import math
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth.border import find_paper_border
from zograscope_server.depth.cropping import check_large_enough, crop_photograph
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.diorama import (
    guess_kind,
    make_diorama,
    pack_diorama,
)
from zograscope_server.depth.surround import make_dome
from zograscope_server.images import Photograph

WIDTH, HEIGHT = 160, 120


def scene() -> np.ndarray:
    """A sepia scene: a light sky, a textured ground, a dark post."""
    random = np.random.default_rng(0)
    grey = random.integers(60, 130, (HEIGHT // 3, WIDTH // 3)).astype(np.float32)
    grey = cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grey[:50] = 225
    grey[30:100, 70:85] = 30
    return np.clip(grey[..., None] * (1.0, 0.92, 0.8), 0, 255).astype(np.uint8)


def photograph(pixels: np.ndarray, focal_length: float | None = None) -> Photograph:
    return Photograph(pixels, alpha=None, focal_length=focal_length, source="test")


def depth_map(**changes) -> DepthMap:
    """A depth map as a model would give it: ground, post and a sky that is not quite far."""
    disparity = np.full((60, 80), 0.1, np.float32)
    disparity[25:] = np.linspace(0.15, 1.0, 35, dtype=np.float32)[:, None]
    disparity[15:50, 35:42] = 0.8
    values = {
        "disparity": disparity,
        "near": None,
        "far": None,
        "field_of_view": None,
        "metric": False,
        "model": "test",
        "licence": "none",
    }
    known = {field.name for field in fields(DepthMap)}
    return DepthMap(**{name: value for name, value in (values | changes).items() if name in known})


def make(pixels=None, options=None, focal_length=None, background=False, **changes):
    """Make a diorama; without a background unless it is asked for, since painting takes seconds."""
    return make_diorama(
        photograph(scene() if pixels is None else pixels, focal_length),
        lambda _: depth_map(**changes),
        replace(options or DioramaOptions(), background=background),
    )


def png(pixels: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return np.frombuffer(file.getvalue(), np.uint8)


def test_the_packed_parts_are_what_the_protocol_describes():
    parts = make(background=True)
    arrays, metadata = pack_diorama(parts, "street.png")
    picture = np.asarray(Image.open(io.BytesIO(arrays["photograph"].tobytes())))
    assert np.array_equal(picture, scene())
    assert arrays["disparity"].dtype == np.float32
    assert arrays["disparity"].shape == (60, 80)
    assert 0 <= arrays["disparity"].min() <= arrays["disparity"].max() <= 1
    assert np.all(arrays["disparity"][:12] == 0), "the sky is at the far end"
    background = Image.open(io.BytesIO(arrays["background"].tobytes()))
    left, top, right, bottom = metadata["background"]["rectangle"]
    assert background.width == pytest.approx(right - left)
    assert background.height == pytest.approx(bottom - top)
    dome = Image.open(io.BytesIO(arrays["dome"].tobytes()))
    assert dome.width == 2 * dome.height
    assert metadata["photograph"] == {"name": "street.png", "width": WIDTH, "height": HEIGHT}
    assert metadata["intrinsics"]["cx"] == WIDTH / 2
    assert metadata["sky_share"] == pytest.approx(0.4, abs=0.05)
    assert 0 < metadata["depth"]["near"] < metadata["depth"]["far"]


def test_paper_goes_and_the_camera_stays_the_same():
    bordered = cv2.copyMakeBorder(
        scene(), 20, 26, 12, 15, cv2.BORDER_CONSTANT, value=(250, 248, 243)
    )
    cropped = make(bordered, focal_length=200.0)
    assert cropped.paper_border == pytest.approx((12, 20, 172, 140), abs=4)
    assert cropped.photograph.pixels.shape[0] < HEIGHT + 1
    assert cropped.focal_length == 200.0
    whole = make(bordered, DioramaOptions(crop="none"))
    assert whole.photograph.pixels.shape == bordered.shape
    assert whole.paper_border == cropped.paper_border, "the crop is still offered"
    by_hand = make(bordered, DioramaOptions(crop=(30, 40, 110, 100)))
    assert np.array_equal(by_hand.photograph.pixels, bordered[40:100, 30:110])


def test_a_crop_of_what_was_read_smaller_is_in_pixels_of_the_file():
    bordered = cv2.copyMakeBorder(
        scene(), 20, 26, 12, 15, cv2.BORDER_CONSTANT, value=(250, 248, 243)
    )
    third = replace(photograph(bordered), reduction=3)
    bare = DioramaOptions(background=False)
    found = make_diorama(third, lambda _: depth_map(), bare)
    assert found.paper_border == tuple(3 * edge for edge in make(bordered).paper_border)
    again = make_diorama(third, lambda _: depth_map(), replace(bare, crop=found.paper_border))
    assert np.array_equal(again.photograph.pixels, found.photograph.pixels)
    by_hand = make_diorama(third, lambda _: depth_map(), replace(bare, crop=(91, 120, 330, 299)))
    assert np.array_equal(by_hand.photograph.pixels, bordered[40:100, 30:110])
    (warning,) = found.warnings
    assert "1/3" in warning
    assert make(bordered).warnings == ()


@pytest.mark.parametrize(
    ("artist", "model", "file", "expected"),
    [
        (60.0, 40.0, 200.0, WIDTH / 2 / math.tan(math.radians(30))),
        (None, 40.0, 200.0, WIDTH / 2 / math.tan(math.radians(20))),
        (None, None, 200.0, 200.0),
        (None, None, None, WIDTH / 2 / math.tan(math.radians(25))),
    ],
)
def test_the_focal_length_is_the_best_known(artist, model, file, expected):
    parts = make(
        options=DioramaOptions(field_of_view=artist), focal_length=file, field_of_view=model
    )
    assert parts.focal_length == pytest.approx(expected)


def test_metres_are_for_photographs():
    metric = {"near": 1.5, "far": 40.0, "metric": True}
    as_photograph = make(options=DioramaOptions(kind="photograph"), **metric)
    assert (as_photograph.depth_range.near, as_photograph.depth_range.far) == (1.5, 40.0)
    as_print = make(options=DioramaOptions(kind="print"), **metric)
    assert as_print.depth_range.far != 40.0
    assert pack_diorama(as_print, "x")[1]["depth"]["metric"] is False


def test_a_toned_picture_is_a_photograph_and_a_coloured_one_a_print():
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    coloured = cv2.resize(colours, (64, 64), interpolation=cv2.INTER_CUBIC)
    assert guess_kind(photograph(scene())) == "photograph"
    assert guess_kind(photograph(coloured)) == "print"
    assert guess_kind(photograph(coloured, focal_length=50.0)) == "photograph"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("01_idaho_admin_1910.jpg", "photograph"),
        ("03_children_market_c1920.jpg", "photograph"),
        ("04_fishmonger_c1921.jpg", "photograph"),
        ("05_deadwood_valley.jpg", "photograph"),
        ("08_turner_shipwreck_minotaur.jpg", "print"),
        ("09_hokusai_great_wave.jpg", "print"),
        ("10_van_gogh_starry_night.jpg", "print"),
        ("13_map_tile_1940.png", "print"),
    ],
)
def test_the_kind_of_real_pictures_is_guessed(shared, name, kind):
    pixels = cv2.cvtColor(cv2.imread(str(shared / "photos" / name)), cv2.COLOR_BGR2RGB)
    picture = crop_photograph(photograph(pixels), find_paper_border(pixels))
    assert guess_kind(picture) == kind


@settings(max_examples=50)
@given(edges=st.tuples(*[st.integers(-50, 250)] * 4))
def test_a_crop_is_exact_or_refused(edges):
    left, top, right, bottom = edges
    inside = 0 <= left <= right - 16 and right <= WIDTH and 0 <= top <= bottom - 16
    if inside and bottom <= HEIGHT:
        cropped = crop_photograph(photograph(scene()), edges)
        assert np.array_equal(cropped.pixels, scene()[top:bottom, left:right])
    else:
        with pytest.raises(ZograscopeError) as refusal:
            crop_photograph(photograph(scene()), edges)
        assert refusal.value.code == "bad-parameters"


def test_a_depth_map_that_the_artist_brought_is_cropped_alike():
    ramp = np.repeat(np.linspace(0, 1, 80, dtype=np.float32)[None], 60, axis=0)
    parts = make_diorama(
        photograph(scene()),
        depth_map(disparity=ramp),
        DioramaOptions(crop=(40, 20, 120, 100), background=False, kind="print"),
    )
    across = parts.disparity[-1]
    middles = 40 + (np.arange(len(across)) + 0.5) * 80 / len(across)
    assert across == pytest.approx((middles * 80 / WIDTH - 0.5) / 79, abs=1e-4)
    assert parts.disparity.shape == (40, 40)


@pytest.mark.parametrize("crop", ["none", (40, 20, 120, 100)])
def test_a_depth_map_of_another_picture_is_refused(crop):
    with pytest.raises(ZograscopeError) as refusal:
        make_diorama(
            photograph(scene()),
            depth_map(disparity=np.eye(80, 60, dtype=np.float32), model="mine.png"),
            DioramaOptions(crop=crop, background=False),
        )
    assert refusal.value.code == "depth-map-shape"
    assert "mine.png" in refusal.value.sentence
    assert "60 x 80" in refusal.value.sentence


def test_without_background_there_is_none():
    arrays, metadata = pack_diorama(make(options=DioramaOptions(background=False)), "x")
    assert set(arrays) == {"photograph", "disparity", "faces", "lines", "detail"}
    assert arrays["faces"].shape == (0, 478, 3)
    assert "background" not in metadata


def test_progress_never_goes_back_and_the_preview_comes_early():
    seen = []
    make_diorama(
        photograph(scene()),
        lambda _: depth_map(),
        on_progress=lambda fraction, stage, detail="": seen.append((fraction, stage)),
        on_preview=seen.append,
    )
    fractions = [entry[0] for entry in seen if isinstance(entry, tuple)]
    assert fractions == sorted(fractions)
    (place,) = (i for i, entry in enumerate(seen) if not isinstance(entry, tuple))
    assert seen[place].nbytes <= 1 << 20
    assert any("behind" in stage for _, stage in seen[place + 1 :])


def test_a_picture_that_is_too_small_is_refused():
    check_large_enough(np.zeros((16, 20, 3), np.uint8), "stamp.png")
    with pytest.raises(ZograscopeError, match=r"stamp\.png has only 20 x 15 pixels") as refusal:
        check_large_enough(np.zeros((15, 20, 3), np.uint8), "stamp.png")
    assert refusal.value.code == "image-too-small"


@pytest.mark.parametrize("size", [(16, 20_000), (20_000, 16)])
def test_a_strip_has_surroundings_of_its_colour(size):
    """What is thinner than the dome's pixels was seen by none of them."""
    width, height = size
    strip = np.full((height, width, 3), (200, 120, 40), np.uint8)
    dome = make_dome(strip, (0, 0, width, height), 0.9 * max(size), (width / 2, height / 2))
    assert np.abs(dome.astype(int) - (200, 120, 40)).max() <= 1
