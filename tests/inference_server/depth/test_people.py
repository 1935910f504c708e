"""Heads and figures are held together where a face was found, and nothing else is changed."""

import importlib.util
import math
import sys
from types import ModuleType

import cv2
import numpy as np
import pytest
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.diorama import make_diorama, pack_diorama
from zograscope_server.depth.estimate import estimate_depth
from zograscope_server.depth.people import (
    beside_people,
    face_finder,
    hold_together,
    large_enough,
    no_faces,
)
from zograscope_server.images import Photograph, read_photograph

SIDE = 240
RANGE = DepthRange(2.0, 8.0)
FOCAL_LENGTH = 260.0
MIDDLE, RADII = (120.0, 90.0), (30.0, 40.0)


@pytest.fixture(scope="module")
def held_faces(repository) -> ModuleType:
    """The benchmark that measures how rigid a head stays."""
    folder = repository / "benchmarks"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("held_faces", folder / "held_faces.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def egg(middle: tuple[float, float] = MIDDLE, scale: float = 1.0) -> np.ndarray:
    """478 points on the front of an egg, with forehead, chin, temples and eyes at their numbers."""
    random = np.random.default_rng(0)
    angle = random.uniform(0, 2 * math.pi, 478)
    reach = np.sqrt(random.uniform(0, 1, 478))
    oval = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400)
    oval += (377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67)
    oval += (109,)
    for place, number in enumerate(oval):
        angle[number], reach[number] = 2 * math.pi * place / len(oval) - math.pi / 2, 1.0
    angle[[468, 473]], reach[[468, 473]] = (math.pi, 0.0), 0.4
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    z = 30.0 * np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    points = np.stack([x * RADII[0], y * RADII[1], z], axis=1) * scale + (*middle, 0.0)
    return points.astype(np.float32)


def bust() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture of a dark bust, its disparity with a cut through the face, and who is where."""
    outline = np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(outline, (120, 85), (34, 52), 0, 0, 360, 1, -1)
    cv2.rectangle(outline, (106, 110), (134, 160), 1, -1)
    cv2.ellipse(outline, (120, 240), (85, 95), 0, 0, 360, 1, -1)
    picture = np.where(outline[..., None] > 0, (60, 50, 40), (200, 205, 210)).astype(np.uint8)
    disparity = np.full((SIDE, SIDE), 0.1, np.float32)
    disparity[outline > 0] = 0.7
    disparity[:95][outline[:95] > 0] = 0.25
    return picture, cv2.GaussianBlur(disparity, (0, 0), 1.0), outline > 0


@pytest.mark.parametrize("nearer", [0.0, 0.28])
def test_a_head_that_was_cut_becomes_one_with_its_own_relief(held_faces, nearer):
    """Also one of the nearest there is: its nose is not cut flat where disparity ends."""
    picture, cut, outline = bust()
    cut = cut + np.float32(nearer) * outline
    points = egg()
    held = hold_together(cut, picture, points[None], RANGE, FOCAL_LENGTH)

    def residual(disparity):
        return held_faces.rigid_residual(
            disparity, points, (SIDE, SIDE), FOCAL_LENGTH, RANGE, math.radians(15)
        )

    assert residual(cut) > 0.1
    assert residual(held) < 0.03
    assert (held[60:120, 95:145] >= 1.0).mean() < 0.02
    assert held_faces.torn_cells(cut, points, SIDE, RANGE) > 20
    assert held_faces.torn_cells(held, points, SIDE, RANGE) == 0
    neck = held[100:170, 120]
    assert np.abs(np.diff(neck)).max() < 0.03, "no cut between a head and its body"


def test_the_outline_is_where_the_picture_has_it():
    picture, cut, outline = bust()
    held = hold_together(cut, picture, egg()[None], RANGE, FOCAL_LENGTH)
    for row in (50, 70, 90, 110):
        near = np.flatnonzero(held[row] > 0.4)
        true = np.flatnonzero(outline[row])
        assert abs(near[0] - true[0]) <= 3 and abs(near[-1] - true[-1]) <= 3
    np.testing.assert_array_equal(held[:, :30], cut[:, :30])


def test_lines_on_figures_are_none():
    """Behind, beside and above one they count."""
    _, cut, _ = bust()
    coat, turban = (120, 170, 124, 235), (110, 40, 112, 95)
    post, above, far = (10, 20, 12, 230), (120, 0, 121, 25), (150, 60, 230, 62)
    lines = np.array([coat, post, turban, above, far], np.float32)
    level = np.where(cut > 0.2, np.float32(0.7), cut)
    kept = beside_people(lines, egg()[None], level, SIDE)
    np.testing.assert_array_equal(kept, lines[[1, 3, 4]])
    np.testing.assert_array_equal(
        beside_people(2 * lines, 2 * egg()[None], level, 2 * SIDE), 2 * kept
    )
    np.testing.assert_array_equal(beside_people(lines, no_faces(), level, SIDE), lines)
    assert beside_people(lines[:0], egg()[None], level, SIDE).shape == (0, 4)


def test_a_table_before_a_figure_is_no_part_of_it():
    """Most of its edge lies on the figure, but it crosses more than a figure's width."""
    level = np.full((SIDE, SIDE), 0.7, np.float32)
    face = egg(scale=0.25)  # 20 pixels high: the figure is 64 wide
    table, belt = (75, 140, 165, 143), (100, 140, 140, 142)
    lines = np.array([table, belt], np.float32)
    np.testing.assert_array_equal(beside_people(lines, face[None], level, SIDE), lines[:1])


def test_without_faces_nothing_changes():
    picture, cut, _ = bust()
    np.testing.assert_array_equal(hold_together(cut, picture, no_faces(), RANGE, FOCAL_LENGTH), cut)


def test_a_tiny_face_is_none_and_one_at_the_rim_is_taken():
    picture, cut, _ = bust()
    assert large_enough(egg(scale=0.2)[None]).shape == (0, 478, 3)
    for middle in ((0.0, 0.0), (SIDE - 5.0, SIDE - 5.0), (-200.0, 90.0)):
        held = hold_together(cut, picture, egg(middle)[None], RANGE, FOCAL_LENGTH)
        assert np.isfinite(held).all()
        assert 0.0 <= held.min() <= held.max() <= 1.0


def test_a_depth_map_that_was_brought_changes_in_its_rims_only():
    picture, cut, _ = bust()
    brought = np.where(cut > 0.4, np.float32(0.8), cut)
    parts = make_diorama(
        Photograph(picture, None, None, "made"),
        DepthMap(brought),
        DioramaOptions(crop="none", background=False),
        find_faces=lambda pixels: egg()[None],
    )
    changed = parts.disparity != brought
    around = cv2.dilate(brought, np.ones((5, 5), np.uint8)) - brought > 0.05
    assert changed.any()
    assert not changed[~around].any()
    assert (parts.disparity >= brought).all()
    arrays, _ = pack_diorama(parts, "x")
    np.testing.assert_array_equal(arrays["faces"], egg()[None])


@pytest.mark.parametrize("name", ["portraits/lp_s10.jpg", "portraits/lp_s4.jpg"])
def test_heads_of_real_portraits_turn_as_heads_do(shared, tools, held_faces, name):
    path = shared / name
    parts = make_diorama(
        read_photograph(path.read_bytes(), path.name),
        estimate_depth,
        DioramaOptions(background=False),
        find_faces=face_finder(tools.faces),
    )
    (points,) = parts.faces
    residual = held_faces.rigid_residual(
        parts.disparity,
        points,
        parts.photograph.pixels.shape[:2],
        parts.focal_length,
        parts.depth_range,
    )
    assert residual <= held_faces.MOST_RESIDUAL
    assert (
        held_faces.torn_cells(
            parts.disparity, points, parts.photograph.pixels.shape[1], parts.depth_range
        )
        == 0
    )
