"""From the scan of a card to the parts of its diorama."""

import cv2
import numpy as np
import pytest
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.diorama import make_diorama, pack_diorama
from zograscope_server.depth.stereo.stereograph import find_stereograph, measure_depth
from zograscope_server.images import Photograph


def scan(pixels):
    return Photograph(pixels, alpha=None, focal_length=500.0, source="test")


def top_to_bottom(photograph):
    """What a poor network would say of any photograph, in metres that a card cannot know."""
    ramp = np.repeat(np.linspace(0, 1, 90, dtype=np.float32)[:, None], 100, axis=1)
    return DepthMap(ramp, near=2.0, far=30.0, model="ramp", licence="MIT")


def true_disparity(place, card, rectangle):
    left, top, right, bottom = rectangle
    x, y = np.subtract(card.window[:2], card.print_place)
    return place.disparity[top + y : bottom + y, left + x : right + x]


@pytest.fixture(scope="module")
def card(drawn_card, place):
    return drawn_card.draw_card(place.left, place.right, 0)


def test_a_card_becomes_its_left_half_with_measured_depth(place, card):
    parts = make_diorama(scan(card.pixels), top_to_bottom, DioramaOptions(background=False))
    assert parts.stereo is not None
    left, top, right, bottom = parts.stereo.rectangles[0]
    assert np.array_equal(parts.photograph.pixels, card.pixels[top:bottom, left:right])
    assert parts.kind == "photograph"
    assert parts.paper_border is None
    assert parts.warnings == ()
    true = true_disparity(place, card, parts.stereo.rectangles[0])
    measured = cv2.resize(parts.depth.disparity, true.shape[::-1])
    assert np.corrcoef(measured.ravel(), true.ravel())[0, 1] > 0.95
    assert 0 <= measured.min() <= measured.max() <= 1

    _, metadata = pack_diorama(parts, "card.jpg")
    stereo = metadata["stereo"]
    assert stereo["left"] == [left, top, right, bottom]
    assert stereo["right"][0] >= right
    assert stereo["matched_share"] > 0.6
    assert stereo["turn"] == pytest.approx(-card.turn, abs=0.15)  # OpenCV turns the other way
    assert stereo["vertical_shift"] == pytest.approx(card.shift, abs=1.0)
    assert metadata["depth"]["model"] == "stereo, ramp"
    assert metadata["depth"]["licence"] == "MIT"
    assert metadata["depth"]["metric"] is False


def test_swapped_halves_are_noticed_and_turned_round(drawn_card, place):
    card = drawn_card.draw_card(place.left, place.right, 0, swapped=True)
    stereograph = find_stereograph(scan(card.pixels), "auto")
    assert stereograph is not None
    measured = measure_depth(stereograph, top_to_bottom(stereograph.left))
    (warning,) = measured.warnings
    assert "wrong way round" in warning
    assert measured.depth.disparity[-5:].mean() > measured.depth.disparity[:20].mean() + 0.3


def test_told_so_an_unlikely_picture_is_halved_and_estimated_with_a_warning(place):
    other = np.ascontiguousarray(place.right[::-1])
    pixels = np.concatenate([place.left, other], axis=1)
    assert find_stereograph(scan(pixels), "auto") is None
    parts = make_diorama(
        scan(pixels), top_to_bottom, DioramaOptions(background=False, stereo="yes")
    )
    assert np.array_equal(parts.photograph.pixels, place.left)
    assert np.array_equal(parts.depth.disparity, top_to_bottom(None).disparity)
    assert parts.depth.model == "ramp"
    assert parts.stereo.matched_share == 0
    (warning,) = parts.warnings
    assert "could not be matched" in warning


def test_told_no_or_given_a_depth_map_a_card_is_one_picture(card):
    whole = card.pixels.shape
    options = DioramaOptions(background=False, crop="none", stereo="no")
    parts = make_diorama(scan(card.pixels), top_to_bottom, options)
    assert parts.photograph.pixels.shape == whole
    assert pack_diorama(parts, "card.jpg")[1]["stereo"] is None
    own = DepthMap(np.zeros(whole[:2], np.float32), model="mine.png")
    options = DioramaOptions(background=False, crop="none", stereo="yes")
    assert make_diorama(scan(card.pixels), own, options).photograph.pixels.shape == whole


def test_a_crop_by_hand_says_where_the_card_is(card):
    around = cv2.copyMakeBorder(card.pixels, 0, 400, 0, 0, cv2.BORDER_REFLECT)
    height, width = card.pixels.shape[:2]
    options = DioramaOptions(background=False, crop=(0, 0, width, height))
    parts = make_diorama(scan(around), top_to_bottom, options)
    assert parts.stereo is not None
    left, top, right, bottom = parts.stereo.rectangles[0]
    assert np.array_equal(parts.photograph.pixels, card.pixels[top:bottom, left:right])


def test_a_card_too_small_is_refused():
    with pytest.raises(ZograscopeError, match="half of the stereograph") as refusal:
        find_stereograph(scan(np.zeros((20, 24, 3), np.uint8)), "yes")
    assert refusal.value.code == "image-too-small"


def test_transparency_goes_with_the_left_half(card):
    alpha = np.tile(np.arange(card.pixels.shape[1]) % 256, (card.pixels.shape[0], 1))
    photograph = Photograph(card.pixels, alpha.astype(np.uint8), None, "test")
    stereograph = find_stereograph(photograph, "auto")
    left, top, right, bottom = stereograph.rectangles[0]
    assert np.array_equal(stereograph.left.alpha, photograph.alpha[top:bottom, left:right])
    assert stereograph.left.focal_length is None
