"""Handles move a face by hand: exactly where they are put, smoothly around, and not at random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.portrait import tasks
from zograscope_server.faces.handles import ANCHORS, HANDLES, handle_places, move_by_handles
from zograscope_server.portrait.head.model import HeadModel


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """A face of about 210 pixels that looks at us."""
    model = HeadModel.load()
    return (1500 * model.landmarks(model.template) + (300, 200, 0)).astype(np.float32)


steps = st.tuples(st.floats(-25, 25), st.floats(-25, 25))


def test_both_sides_name_the_same_handles(points):
    assert tuple(HANDLES) == tasks.HANDLES
    places = handle_places(points)
    eye_right, eye_left, mouth_right, mouth_left, chin = places
    assert eye_right[0] < eye_left[0] and mouth_right[0] < mouth_left[0]
    assert eye_right[1] < mouth_right[1] < chin[1]


@given(st.dictionaries(st.sampled_from(tuple(HANDLES)), steps, min_size=1))
def test_handles_land_where_they_are_put_and_all_else_stays(points, moves):
    start = dict(zip(HANDLES, handle_places(points), strict=True))
    handles = [(name, *(start[name] + step).tolist()) for name, step in moves.items()]
    moved = move_by_handles(points, handles)
    for name, x, y in handles:
        np.testing.assert_allclose(moved[HANDLES[name], :2], (x, y), atol=0.01)
    held = [number for name, number in HANDLES.items() if name not in moves]
    held += list(ANCHORS)
    np.testing.assert_allclose(moved[held, :2], points[held, :2], atol=0.01)
    np.testing.assert_array_equal(moved[:, 2], points[:, 2])
    assert moved.dtype == points.dtype


def test_neighbours_come_along_smoothly(points):
    x, y = handle_places(points)[tuple(HANDLES).index("mouth_left")]
    moved = move_by_handles(points, [("mouth_left", x + 10, y)])
    way = moved[:, 0] - points[:, 0]
    near = np.argsort(np.linalg.norm(points[:, :2] - (x, y), axis=1))[1:6]
    assert (way[near] > 5).all() and (way[near] < 12).all()
    assert np.abs(way).max() < 12, "nothing goes farther than what was moved"


def test_none_change_nothing(points):
    np.testing.assert_array_equal(move_by_handles(points, ()), points)
    places = [
        (name, *place.tolist()) for name, place in zip(HANDLES, handle_places(points), strict=True)
    ]
    np.testing.assert_allclose(move_by_handles(points, places), points, atol=1e-3)


@pytest.mark.parametrize(
    "place", [(1e6, 1e6), (-900.0, 200.0), (float("nan"), 3.0), (3.0, float("inf"))]
)
def test_a_handle_that_leaves_the_face_is_told(points, place):
    with pytest.raises(ZograscopeError, match="chin") as caught:
        move_by_handles(points, [("chin", *place)])
    assert caught.value.code == "handle-too-far"
