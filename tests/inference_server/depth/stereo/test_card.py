"""Stereograph cards: found, taken apart, and not seen where there are none."""

import cv2
import numpy as np
import pytest
from zograscope_server.depth.cropping import cut
from zograscope_server.depth.stereo.card import compare, find_card, split_card


def prints(card):
    """The box of the left print, by how the card was drawn."""
    (x, y), (left, top, right, bottom) = card.print_place, card.window
    return np.array([x, y, x + right - left, y + bottom - top])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("arched", [True, False])
def test_a_card_is_found_on_any_mount(drawn_card, place, seed, arched):
    card = drawn_card.draw_card(place.left, place.right, seed, arched=arched)
    halves = find_card(card.pixels)
    assert halves is not None
    inwards = (np.array(halves.left) - prints(card)) * (1, 1, -1, -1)
    assert inwards.min() >= 0, "paper is left around the photograph"
    height = prints(card)[3] - prints(card)[1]
    arch = 0.11 * height if arched else 0
    assert inwards[[0, 2, 3]].max() <= 0.04 * height
    assert inwards[1] <= arch + 0.04 * height
    if arched:
        assert inwards[1] >= 0.07 * height, "the corners beside the arch are left"
    left, right = np.array(halves.left), np.array(halves.right)
    assert left[2:] - left[:2] == pytest.approx(right[2:] - right[:2], abs=1)


def test_two_prints_without_a_mount_are_halved(drawn_card, place):
    card = drawn_card.draw_card(place.left, place.right, 1, mounted=False)
    halves = find_card(card.pixels)
    assert halves is not None
    middle = card.pixels.shape[1] // 2
    assert halves.left == (0, 0, middle, card.pixels.shape[0])
    assert halves.right == (middle, 0, 2 * middle, card.pixels.shape[0])


def test_a_mount_on_the_bed_of_a_scanner_is_peeled_too(drawn_card, place):
    card = drawn_card.draw_card(place.left, place.right, 0)
    bed = cv2.copyMakeBorder(
        card.pixels, 30, 22, 26, 40, cv2.BORDER_CONSTANT, value=(250, 250, 250)
    )
    halves = find_card(bed)
    assert halves is not None
    inwards = (np.array(halves.left) - prints(card) - [26, 30, 26, 30]) * (1, 1, -1, -1)
    assert inwards.min() >= 0
    assert inwards.max() <= 0.15 * card.pixels.shape[0]


def test_other_pairs_of_pictures_are_no_card(drawn_card, place):
    mirrored = np.ascontiguousarray(place.left[:, ::-1])
    assert find_card(drawn_card.draw_card(place.left, mirrored, 0).pixels) is None
    assert find_card(np.concatenate([place.left, place.left], axis=1)) is None, "no parallax"


@pytest.mark.parametrize("shape", [(40, 60), (16, 16), (300, 200), (200, 400)])
def test_an_even_picture_of_any_shape_is_no_card(shape):
    assert find_card(np.full((*shape, 3), 128, np.uint8)) is None


def test_any_picture_can_be_halved(drawn_card):
    even = np.full((60, 130, 3), 90, np.uint8)
    halves = split_card(even)
    for left, top, right, bottom in (halves.left, halves.right):
        assert 0 <= left < right <= 130
        assert 0 <= top < bottom <= 60


def test_likeness_does_not_mind_exposure(place):
    faded = np.clip(90 + 0.4 * place.right.astype(np.float32), 0, 255).astype(np.uint8)
    assert compare(place.left, place.right).share >= 0.9
    assert compare(place.left, faded).share >= 0.9
    assert compare(place.left, faded[::-1]).share < 0.2


def test_real_pictures_are_no_cards(shared):
    folders = ("photos", "portraits", "collection/postcards", "collection/map_sheets")
    found, looked = [], 0
    for folder in folders:
        files = sorted(path for path in (shared / folder).glob("*.*") if path.suffix != ".md")
        for path in files[:: max(1, len(files) // 8)]:
            pixels = cv2.imread(str(path))
            if pixels is None:
                continue
            looked += 1
            if find_card(np.ascontiguousarray(pixels[..., ::-1])) is not None:
                found.append(path.name)
    assert looked >= 20
    assert not found


def test_cutting_is_exact(place):
    assert np.array_equal(cut(place.left, (3, 5, 20, 30)), place.left[5:30, 3:20])
