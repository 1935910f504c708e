"""What will go badly is said before it starts, and the points are shown."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.search import find_faces
from zograscope_server.portrait.examination import (
    SHOWN,
    draw_points,
    examine_driver,
    examine_source,
    yaw_of,
)

from .conftest import FLIP, SIDE, expression


def words(warnings: list[str]) -> str:
    assert all(warning.endswith(".") for warning in warnings)
    return "\n".join(warnings)


def test_a_good_portrait_gives_no_warning(picture, face, tools):
    assert examine_source(picture, face, "drawn.png", tools.faces) == []


def test_a_small_face_is_told(drawn, tools):
    small = drawn.draw_face(140)
    (face,) = find_faces(small, tools.faces)
    assert "pixels wide" in words(examine_source(small, face, "small.png", tools.faces))


@pytest.mark.parametrize("cut", [140, 150])
def test_half_a_face_is_told(picture, tools, cut):
    half = np.ascontiguousarray(picture[:, :cut])
    (face, *_) = find_faces(half, tools.faces)
    assert "cut by the picture's border" in words(
        examine_source(half, face, "half.png", tools.faces)
    )


@pytest.mark.parametrize("degrees", [-60, -20, 0, 20, 60])
def test_a_turned_face_is_told_with_its_angle(picture, face, tools, degrees):
    pose = np.eye(4)
    pose[:3, :3] = FLIP @ Rotation.from_euler("y", degrees, degrees=True).as_matrix() @ FLIP
    there = Face(face.points, face.expressions, pose)
    assert abs(yaw_of(there)) == pytest.approx(abs(degrees), abs=0.1)
    said = words(examine_source(picture, there, "profile.png", tools.faces))
    assert ("turned 60 degrees" in said) == (abs(degrees) == 60)


@pytest.fixture
def calm(make_driver):
    """A driver that hardly moves, its face about 200 pixels wide."""
    values = np.stack([expression(), expression(jawOpen=0.3), expression()])
    return make_driver(values, np.zeros((3, 3)), np.zeros((3, 3)))


def test_a_good_driver_gives_no_warning(calm):
    assert examine_driver(calm, "calm.mp4") == []


def test_what_a_driver_lacks_is_told(calm, make_driver):
    lost = replace(calm, found=np.array([True, False, True]))
    assert "in 1 of 3 frames of calm.mp4" in words(examine_driver(lost, "calm.mp4"))
    small = replace(calm, points=calm.points * 0.2)
    assert "pixels wide" in words(examine_driver(small, "small.mp4"))
    tense = replace(calm, expressions=calm.expressions + 0.2)
    assert "frame 0 is the nearest" in words(examine_driver(tense, "tense.mp4"))
    turns = np.array([[0, 0, 0], [0, np.radians(50), 0]])
    away = make_driver(np.zeros((2, 52)), turns, np.zeros((2, 3)))
    assert "turns 50 degrees away from the neutral frame 0" in words(examine_driver(away, "a.mp4"))
    one = make_driver(np.zeros((1, 52)), np.zeros((1, 3)), np.zeros((1, 3)))
    assert words(examine_driver(one, "one.mp4")) == (
        "one.mp4 has only one frame: the portrait will be still."
    )


def test_points_are_drawn_on_a_small_copy(picture, face):
    drawn = draw_points(picture, [face], 0)
    assert drawn.shape == picture.shape and not np.array_equal(drawn, picture)
    x, y = face.points[152, :2].round().astype(int)
    np.testing.assert_array_equal(drawn[y, x], (255, 120, 40))
    far = drawn[:20] == picture[:20]
    assert far.all(), "nothing is drawn beside the face"
    scale = 6
    large = np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
    placed = face.placed((0, 0), scale)
    assert draw_points(large, [placed, placed], 1).shape == (SHOWN, SHOWN, 3)
    assert SIDE * scale > SHOWN
