"""What is straight in the picture becomes straight in space, and nothing else is changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.straightening import set_down, straighten

RANGE = DepthRange(2.0, 20.0)
SIZE = (240, 320)
ROWS, COLUMNS = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
TOWER = (slice(20, 220), slice(150, 170))
EDGES = np.array([(150, 20, 150, 220), (170, 20, 170, 220)], np.float32)


def tower(disparity: np.ndarray) -> np.ndarray:
    """A tower of this disparity before a wall that is far away."""
    scene = np.full(SIZE, 0.1, np.float32)
    scene[TOWER] = np.broadcast_to(disparity, SIZE)[TOWER]
    return scene


def straightened(scene: np.ndarray, lines: np.ndarray) -> np.ndarray:
    return straighten(scene, lines, SIZE[1], RANGE)[0]


def test_a_tower_that_leans_and_bends_stands_upright():
    leaning = 0.35 + 0.25 * ROWS / SIZE[0] + 0.03 * np.sin(ROWS / 20)
    found = straightened(tower(leaning), EDGES)
    assert np.ptp(found[TOWER]) < 0.05 < np.ptp(leaning[TOWER])
    foot = leaning[170, 160]
    assert np.median(found[TOWER]) == pytest.approx(foot, abs=0.05), "where it stands is known best"


@pytest.mark.parametrize(("half", "stands"), [(10, True), (60, False)])
def test_a_spire_above_a_line_stands_with_it_and_a_roof_recedes(half, stands):
    """Before the sky; the wide one may be a roof."""
    scene = np.zeros(SIZE, np.float32)
    thing = (slice(30, 220), slice(160 - half, 160 + half))
    falling = 0.6 - 0.3 * ((90 - ROWS) / 60).clip(0, 1)
    scene[thing] = falling[thing]
    edges = np.array(
        [(160 - half, 90, 160 - half, 220), (160 + half, 90, 160 + half, 220)], np.float32
    )
    found = straightened(scene, edges)
    tip = found[34:50, 160 - half + 2]
    assert (tip > 0.55).all() if stands else (tip < 0.5).all()
    np.testing.assert_array_equal(found == 0, scene == 0)


def test_a_knob_is_no_nearer_than_its_roof_and_what_is_behind_stays_there():
    scene = np.zeros(SIZE, np.float32)
    scene[100:] = 0.3
    scene[60:200, 120:200] = 0.4  # a house
    scene[50:60, 140:150] = 0.8  # its knob
    scene[40:100, 40:46] = 0.2  # a spire behind
    scene[20:200, 260:266] = 0.9  # a post before
    found = set_down(scene)
    knob = np.zeros(SIZE, bool)
    knob[50:60, 140:150] = True
    np.testing.assert_allclose(found[knob], 0.4)
    np.testing.assert_array_equal(found[~knob], scene[~knob])
    floating = np.zeros(SIZE, np.float32)
    floating[20:40, 30:36] = 0.5
    np.testing.assert_array_equal(set_down(floating), floating)


def test_what_lies_behind_stays_where_it_was():
    scene = tower(0.35 + 0.25 * ROWS / SIZE[0])
    found = straightened(scene, EDGES)
    wall = np.ones(SIZE, bool)
    wall[TOWER] = False
    assert np.abs(found - scene)[wall].max() < 0.01


@pytest.mark.parametrize("rows", [(140, 235), (190, 235)])
def test_a_rail_goes_on_receding_without_its_bumps(rows):
    ground = (1.6 * (ROWS / SIZE[0] - 0.5)).clip(0.0, 1.0)  # the horizon in the middle
    bumpy = (ground + np.float32(0.04) * np.sin(ROWS / 6) * (ground > 0)).clip(0.0, 1.0)
    top, bottom = rows
    found = straightened(bumpy, np.array([(160, top, 160, bottom)], np.float32))
    along = slice(top + 2, bottom - 2)
    assert np.abs(found - ground)[along, 160].max() < 0.025
    assert np.abs(bumpy - ground)[along, 160].max() > 0.03


def test_the_edges_of_a_front_stand_upright_though_its_depth_is_the_grounds():
    """Beside the middle of a picture nothing that recedes is upright."""
    sloping = (1.2 * (ROWS / SIZE[0] - 0.3)).clip(0.05, 1.0)
    walls = np.array([(40, 140, 40, 200), (285, 140, 284, 200)], np.float32)
    found = straightened(sloping, walls)
    for column in (40, 284):
        assert np.ptp(found[142:198, column]) < 0.05 < np.ptp(sloping[142:198, column])


def test_what_stands_before_a_line_is_none_of_it():
    scene = np.full(SIZE, 0.3, np.float32)
    scene[150:] = 0.8
    line = np.array([(100, 20, 100, 230)], np.float32)
    found, (kept,) = straighten(scene, line, SIZE[1], RANGE)
    np.testing.assert_allclose(found, scene, atol=0.01)
    assert kept[1] == pytest.approx(20, abs=2)
    assert kept[3] == pytest.approx(150, abs=3)


def test_a_line_on_the_sky_is_left_alone():
    line = np.array([(20, 20, 300, 25)], np.float32)
    sky = np.zeros(SIZE, np.float32)
    found, kept = straighten(sky, line, SIZE[1], RANGE)
    assert not found.any()
    np.testing.assert_array_equal(kept, line)


@given(
    slopes=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    ends=st.lists(st.tuples(st.floats(0, 320), st.floats(0, 240)), min_size=2, max_size=2),
)
def test_a_plane_stays_a_plane_but_for_what_stands(slopes, ends):
    (x0, y0), (x1, y1) = ends
    across, down = slopes
    plane = 0.5 + across * (COLUMNS / SIZE[1] - 0.5) + down * (ROWS / SIZE[0] - 0.5)
    found = straightened(plane, np.array([(x0, y0, x1, y1)], np.float32))
    assert found.shape == plane.shape
    assert ((found >= 0) & (found <= 1)).all()
    upright = abs(x1 - x0) < 0.3 * abs(y1 - y0)
    if not upright:
        np.testing.assert_allclose(found, plane, atol=2e-3)


def test_a_large_map_is_straightened_as_a_small_one_is():
    scene = tower(0.35 + 0.25 * ROWS / SIZE[0])
    large = scene.repeat(6, axis=0).repeat(6, axis=1)
    found = straighten(large, EDGES, SIZE[1], RANGE)[0]
    small = straightened(scene, EDGES)
    assert found.shape == large.shape
    inside = np.s_[25:215, 153:167]
    np.testing.assert_allclose(found[3::6, 3::6][inside], small[inside], atol=0.03)
    outside = np.s_[:, :140]
    np.testing.assert_allclose(found[3::6, 3::6][outside], scene[outside], atol=0.01)


def test_without_lines_nothing_is_changed():
    scene = tower(ROWS / SIZE[0])
    assert straightened(scene, np.zeros((0, 4), np.float32)) is scene
