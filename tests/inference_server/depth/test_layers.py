"""The background plate and the dome: hidden at rest, continuous, and free of the foreground."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.layers import find_hidden, make_background_plate
from zograscope_server.depth.refinement import grow_near_side
from zograscope_server.depth.surround import make_dome
from zograscope_server.filling import continue_picture, fill_smoothly

RANGE = DepthRange(2.0, 20.0)
RED, GREEN = (220, 30, 30), (30, 150, 60)


def card_before_wall(
    height: int = 120, width: int = 160, halo: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red card in front of a green wall: pixels, disparity, and where the card is."""
    card = np.zeros((height, width), bool)
    card[height // 3 : -height // 4, width // 2 - 12 : width // 2 + 12] = True
    seen = cv2.dilate(card.astype(np.uint8), np.ones((2 * halo + 1, 2 * halo + 1))) > 0
    pixels = np.where(seen[..., None], RED, GREEN).astype(np.uint8)
    disparity = np.where(card, 0.8, 0.1).astype(np.float32)
    return pixels, disparity, card


def inside(plate_array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The part of a plate's array that lies behind the photograph."""
    rows, columns = ((n - m) // 2 for n, m in zip(plate_array.shape[:2], shape, strict=True))
    return plate_array[rows : rows + shape[0], columns : columns + shape[1]]


def test_the_plate_shows_the_wall_behind_the_card():
    pixels, disparity, card = card_before_wall()
    plate = make_background_plate(pixels, disparity, RANGE)
    assert np.abs(inside(plate.pixels, card.shape)[card].astype(int) - GREEN).max() <= 3
    assert np.abs(inside(plate.disparity, card.shape) - 0.1).max() < 0.01


def test_a_soft_rim_of_the_foreground_does_not_smear():
    pixels, disparity, card = card_before_wall(240, 320, halo=1)
    plate = make_background_plate(pixels, grow_near_side(disparity), RANGE)
    assert np.abs(inside(plate.pixels, card.shape).astype(int) - GREEN).max() <= 6


def test_where_nothing_is_hidden_the_plate_is_the_photograph():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    ground = np.repeat(np.linspace(0, 1, 60, dtype=np.float32)[:, None], 80, axis=1)
    plate = make_background_plate(pixels, ground, RANGE)
    assert np.array_equal(inside(plate.pixels, (60, 80)), pixels)
    assert not find_hidden(ground, RANGE).any()


def test_the_hidden_band_widens_with_the_jump():
    def band(near_disparity: float) -> int:
        disparity = np.full((100, 400), 0.1, np.float32)
        disparity[:, 200:] = near_disparity
        return int(find_hidden(disparity, RANGE)[50].sum())

    low, middle, high = band(0.2), band(0.4), band(0.7)
    assert 0 < low < middle < high
    assert high == pytest.approx(6 * low, rel=0.25)


def test_what_is_nearer_than_its_surroundings_everywhere_is_not_learnt_from():
    """A near thing wider than its hidden rim: the rim is painted from outside alone."""
    pixels = np.full((200, 400, 3), GREEN, np.uint8)
    pixels[:, 100:300] = RED
    disparity = np.full((200, 400), 0.1, np.float32)
    disparity[:, 100:300] = 0.4
    hidden = find_hidden(disparity, RANGE)
    assert not hidden[100, 200]
    plate = make_background_plate(pixels, disparity, RANGE)
    painted = inside(plate.pixels, hidden.shape)[hidden].astype(int)
    assert np.abs(painted - GREEN).max() <= 6


disparities = hnp.arrays(
    np.float32,
    st.tuples(st.integers(16, 40), st.integers(16, 40)),
    elements=st.floats(0, 1, width=32),
)


@settings(max_examples=10)
@given(disparity=disparities, near=st.floats(0.1, 10), ratio=st.floats(1.5, 1000))
def test_the_plate_is_behind_the_foreground_everywhere(disparity, near, ratio):
    pixels = np.zeros((*disparity.shape, 3), np.uint8)
    plate = make_background_plate(pixels, disparity, DepthRange(near, near * ratio))
    furthest = cv2.erode(disparity, np.ones((3, 3), np.uint8))
    assert np.all(inside(plate.disparity, disparity.shape) <= furthest)
    assert plate.disparity.min() >= 0


def test_a_coarser_plate_is_still_behind_the_foreground():
    random = np.random.default_rng(2)
    disparity = random.random((90, 2500), dtype=np.float32)
    plate = make_background_plate(np.zeros((90, 2500, 3), np.uint8), disparity, RANGE)
    left, top, right, bottom = plate.rectangle
    rows, columns = plate.disparity.shape
    y = (np.arange(90) + 0.5 - top) / (bottom - top) * rows - 0.5
    x = (np.arange(2500) + 0.5 - left) / (right - left) * columns - 0.5
    grid = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    assert np.all(cv2.remap(plate.disparity, *grid, cv2.INTER_LINEAR) <= disparity + 1e-6)


def test_the_rectangle_and_the_grids_agree():
    pixels, disparity, _ = card_before_wall()
    plate = make_background_plate(cv2.resize(pixels, (801, 599)), disparity, RANGE)
    left, top, right, bottom = plate.rectangle
    assert (right - left) / plate.disparity.shape[1] == pytest.approx(801 / 160)
    assert (bottom - top) / plate.disparity.shape[0] == pytest.approx(599 / 120)
    assert left == pytest.approx(-0.25 * 801)
    assert bottom == pytest.approx(1.25 * 599)


def test_the_margin_continues_the_picture_without_a_seam():
    ramp = np.linspace(60, 200, 200, dtype=np.float32)
    picture = np.repeat(np.repeat(ramp[None, :, None], 150, axis=0), 3, axis=2)
    plate = make_background_plate(picture.astype(np.uint8), np.zeros((150, 200), np.float32), RANGE)
    assert np.abs(np.diff(plate.pixels.astype(int), axis=1)).max() <= 8
    assert np.abs(np.diff(plate.pixels.astype(int), axis=0)).max() <= 8


@settings(max_examples=30)
@given(
    values=hnp.arrays(np.float32, (23, 31), elements=st.floats(-5, 5, width=32)),
    seed=st.integers(0, 99),
    wrap=st.booleans(),
)
def test_filling_keeps_what_is_known_and_stays_within_it(values, seed, wrap):
    weight = (np.random.default_rng(seed).random(values.shape) < 0.2).astype(np.float32)
    weight[0, 0] = 1.0
    filled = fill_smoothly(values, weight, wrap=wrap)
    known = values[weight == 1]
    assert np.array_equal(filled[weight == 1], known)
    assert filled.min() >= known.min() - 1e-3
    assert filled.max() <= known.max() + 1e-3


def test_a_picture_of_which_nothing_is_known_stays_finite():
    picture = np.full((20, 30, 3), 77, np.float32)
    assert np.isfinite(continue_picture(picture, np.zeros((20, 30), np.float32))).all()


def test_grain_goes_on_in_what_is_filled():
    random = np.random.default_rng(5)
    picture = np.repeat(random.normal(128, 8, (120, 160, 1)), 3, axis=2).astype(np.float32)
    weight = np.ones((120, 160), np.float32)
    weight[30:90, 50:110] = 0
    filled = continue_picture(picture * weight[..., None], weight)
    assert filled[40:80, 60:100].std() == pytest.approx(8, rel=0.35)
    assert filled[40:80, 60:100].mean() == pytest.approx(128, abs=2)


def textured_wall(card: np.ndarray) -> np.ndarray:
    """A green wall of woven texture behind a red card."""
    random = np.random.default_rng(3)
    weave = cv2.GaussianBlur(random.normal(0, 1, card.shape), (0, 0), 0.8)
    wall = np.array(GREEN) + 25 * weave[..., None] / weave.std()
    pixels = np.where(card[..., None], RED, np.clip(wall, 0, 255))
    return pixels.astype(np.uint8)


def test_what_is_painted_has_the_texture_of_its_surroundings():
    _, disparity, card = card_before_wall(240, 320)
    pixels = textured_wall(card)
    plate = make_background_plate(pixels, disparity, RANGE)
    grey = plate.pixels.mean(axis=2)
    fine = inside(grey - cv2.GaussianBlur(grey, (0, 0), 2.0), card.shape)
    beside = ~cv2.dilate(card.astype(np.uint8), np.ones((9, 9))).astype(bool)
    beside[:, :80] = beside[:, -80:] = False
    assert np.square(fine[card]).mean() == pytest.approx(np.square(fine[beside]).mean(), rel=0.3)
    # Nothing red has come behind the card, nor into the margin.
    assert (plate.pixels[..., 0].astype(int) - plate.pixels[..., 1]).max() < 40


def test_a_stripe_goes_straight_on_behind_the_card():
    pixels, disparity, card = card_before_wall(240, 320)
    stripe = np.zeros_like(card)
    stripe[118:130] = True
    pixels[stripe & ~card] = (240, 240, 200)
    plate = make_background_plate(pixels, disparity, RANGE)
    shown = inside(plate.pixels, card.shape)[..., 0].astype(int)
    assert shown[121:127][card[121:127]].min() > 170
    assert shown[100:112][card[100:112]].max() < 70
    assert shown[136:150][card[136:150]].max() < 70


def test_past_a_man_before_a_bench_comes_the_bench():
    disparity = np.full((120, 240), 0.05, np.float32)
    disparity[60:, 60:180] = 0.3  # the bench
    disparity[20:, 100:130] = 0.8  # the man
    pixels = np.full((120, 240, 3), GREEN, np.uint8)
    pixels[60:, 60:180] = (90, 60, 200)
    pixels[20:, 100:130] = RED
    plate = make_background_plate(pixels, disparity, RANGE)
    behind_man = inside(plate.pixels, disparity.shape)[80:110, 101:129].astype(int)
    assert np.abs(behind_man - (90, 60, 200)).max() <= 6
    above_bench = inside(plate.pixels, disparity.shape)[25:40, 101:129].astype(int)
    assert np.abs(above_bench - GREEN).max() <= 6
    depth_behind = inside(plate.disparity, disparity.shape)
    assert depth_behind[80:110, 101:129] == pytest.approx(0.3, abs=0.01)
    assert depth_behind[80:110, 64:74] == pytest.approx(0.05, abs=0.01)


def test_the_same_photograph_gets_the_same_plate():
    _, disparity, card = card_before_wall()
    pixels = textured_wall(card)
    one, other = (make_background_plate(pixels, disparity, RANGE) for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels)
    assert np.array_equal(one.disparity, other.disparity)


def test_lettering_at_the_frame_is_not_mirrored_beyond_it():
    pixels = np.full((150, 200, 3), 230, np.uint8)
    cv2.putText(pixels, "FROG", (125, 80), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 20, 20), 2)
    plate = make_background_plate(pixels, np.zeros((150, 200), np.float32), RANGE)
    margin = (plate.pixels.shape[1] - 200) // 2
    beyond = plate.pixels[:, margin + 200 :].astype(float).mean(axis=2)
    mirrored = pixels[:, ::-1][:, : beyond.shape[1]].astype(float).mean(axis=2)
    rows = slice((plate.pixels.shape[0] - 150) // 2, (plate.pixels.shape[0] + 150) // 2)
    dark = mirrored < 120
    assert dark.any()
    assert (beyond[rows][dark] < 120).mean() < 0.5


def looking(dome: np.ndarray, longitude: float, latitude: float) -> np.ndarray:
    height, width = dome.shape[:2]
    column = int((0.5 + longitude / 360) * width) % width
    return dome[min(int((0.5 - latitude / 180) * height), height - 1), column].astype(int)


def test_the_dome_shows_the_picture_where_the_camera_saw_it():
    quadrants = np.zeros((200, 300, 3), np.uint8)
    quadrants[:100] = (40, 80, 200)
    quadrants[100:] = (90, 70, 40)
    quadrants[:100, 150:] = (200, 80, 40)
    dome = make_dome(quadrants, (0, 0, 300, 200), 300.0, (150.0, 100.0), width=512)
    assert dome.shape == (256, 512, 3)
    assert np.abs(looking(dome, -12, 8) - (40, 80, 200)).max() <= 2
    assert np.abs(looking(dome, 12, 8) - (200, 80, 40)).max() <= 2
    assert np.abs(looking(dome, -12, -8) - (90, 70, 40)).max() <= 2
    # Ground below and sky above go all the way round, softly.
    assert np.abs(looking(dome, 180, -60) - (90, 70, 40)).max() <= 12
    assert np.abs(looking(dome, 180, 60) - (120, 80, 120)).max() <= 12
    wrapped = np.abs(dome[:, 0].astype(int) - dome[:, -1])
    assert wrapped.max() <= 2
    assert np.ptp(dome[0].astype(int), axis=0).max() <= 2
    assert np.ptp(dome[-1].astype(int), axis=0).max() <= 2
