"""Faces are found from left to right, small ones in large pictures too, each once."""

import numpy as np
import pytest
from zograscope_server.faces.search import find_faces

WALL = 110


@pytest.fixture(scope="module")
def find(tools):
    return lambda picture: find_faces(picture, tools.faces)


def canvas(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), WALL, np.uint8)


def put(picture: np.ndarray, face: np.ndarray, left: int, top: int) -> None:
    picture[top : top + len(face), left : left + len(face)] = face


def assert_within(face, left: int, top: int, side: int) -> None:
    """The drawn face stands in the middle of its square, from a quarter to three."""
    x, y, width, height = face.box
    assert left + 0.2 * side < x and x + width < left + 0.8 * side
    assert top + 0.2 * side < y and y + height < top + 0.92 * side
    assert 0.35 * side < width < 0.6 * side


def test_two_faces_from_left_to_right(find, drawn):
    picture = canvas(640, 300)
    put(picture, drawn.draw_face(240), 380, 40)
    put(picture, drawn.draw_face(240, mouth=0.5), 20, 30)
    first, second = find(picture)
    assert_within(first, 20, 30, 240)
    assert_within(second, 380, 40, 240)


def test_a_small_face_in_a_large_picture_at_full_resolution(find, drawn):
    picture = canvas(2400, 1600)
    put(picture, drawn.draw_face(200), 1650, 1100)
    (face,) = find(picture)
    assert_within(face, 1650, 1100, 200)
    (alone,) = find(drawn.draw_face(200))
    away = face.points[:, :2] - (1650, 1100) - alone.points[:, :2]
    assert np.linalg.norm(away, axis=1).mean() < 0.02 * 200


def test_a_small_face_beside_a_large_one(find, drawn):
    picture = canvas(1000, 600)
    put(picture, drawn.draw_face(560), 20, 20)
    put(picture, drawn.draw_face(130), 760, 300)
    large, small = find(picture)
    assert large.box[2] > 3 * small.box[2]
    assert_within(small, 760, 300, 130)


@pytest.mark.parametrize("size", [(64, 64), (900, 80), (70, 700), (1700, 1100)])
def test_where_no_face_is_none_is_found(find, size):
    assert find(canvas(*size)) == []


def test_points_go_along_with_the_picture(find, drawn):
    face = drawn.draw_face(256)
    moved = np.roll(face, (8, -12), (0, 1))
    ((one,), (other,)) = find(face), find(moved)
    np.testing.assert_allclose(
        other.points[:468, :2].mean(axis=0) - one.points[:468, :2].mean(axis=0), (-12, 8), atol=1.5
    )
