"""The mesh over a portrait: at rest it is the picture, and none of its triangles turns over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from zograscope_server.faces import regions
from zograscope_server.portrait.mesh.relief import Relief, build_relief, strip, strips

from ..conftest import SIDE

FACE, STRIPS = len(regions.triangles()), sum(map(len, strips()))


@pytest.fixture(scope="module")
def relief(face) -> Relief:
    return build_relief(face.points, (SIDE, SIDE))


def areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[triangles[:, corner], :2].astype(float) for corner in range(3))
    return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


def test_no_triangle_turns_over_at_rest(relief):
    signed = areas(relief.rest, relief.triangles)
    around = signed[FACE + STRIPS :]
    assert (signed[:FACE] < 0).all(), "those of the face all have MediaPipe's order"
    assert (around > -1e-3).all() or (around < 1e-3).all()


def test_the_triangles_around_lie_side_by_side(relief):
    """What they cover is as large as their hull less the face."""
    outline = relief.rest[list(regions.OVAL), :2].astype(float)
    x, y = outline.T
    face = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    from scipy.spatial import ConvexHull

    hull = ConvexHull(relief.rest[:, :2].astype(float)).volume
    around = np.abs(areas(relief.rest, relief.triangles[FACE + STRIPS :])).sum()
    assert around == pytest.approx(hull - face, rel=0.01)


def test_the_mesh_is_whole(relief, face):
    np.testing.assert_array_equal(relief.rest[:468], face.points[:468])
    assert relief.triangles.min() == 0 and relief.triangles.max() < len(relief.rest)
    assert np.isfinite(relief.rest).all()
    assert ((relief.follow >= 0) & (relief.follow <= 1)).all()
    least, most = relief.rest[:, :2].min(axis=0), relief.rest[:, :2].max(axis=0)
    assert (least < 0).all() and (most > SIDE).all(), "it goes on beyond the picture"


@given(st.integers(0, 99))
def test_expressions_are_felt_in_full_on_the_face_and_less_around(relief, seed):
    offsets = np.random.default_rng(seed).normal(0, 3, (468, 3))
    moved = relief.moved(np.eye(3, 4), offsets) - relief.moved(np.eye(3, 4), np.zeros((468, 3)))
    np.testing.assert_allclose(moved[:468], offsets, atol=1e-4)
    rim = np.abs(offsets[list(regions.OVAL)]).max()
    assert np.abs(moved[468:]).max() <= rim + 1e-6
    far = np.linalg.norm(relief.rest[:, :2] - face_middle(relief), axis=1) > 2.2 * relief.width
    assert not moved[far].any()


def face_middle(relief: Relief) -> np.ndarray:
    return relief.rest[:468, :2].mean(axis=0)


@given(st.tuples(*[st.floats(-0.2, 0.2) for _ in range(3)]), st.floats(-10, 10))
def test_the_head_turns_and_the_body_stays(relief, turn, shift):
    head = np.column_stack([Rotation.from_rotvec(turn).as_matrix(), (shift, 0, 0)])
    moved, rest = (relief.moved(matrix, np.zeros((468, 3))) for matrix in (head, np.eye(3, 4)))
    whole = relief.rest[:468] @ head[:, :3].T + head[:, 3]
    np.testing.assert_allclose(
        moved[:468][relief.follow[:468] == 1], whole[relief.follow[:468] == 1], atol=1e-3
    )
    body = relief.follow == 0
    assert body.any()
    np.testing.assert_array_equal(moved[body], rest[body])


@pytest.mark.parametrize("count", [3, 5, 11])
def test_a_strip_covers_what_lies_between_its_rows(count):
    upper = np.column_stack([np.arange(count), np.zeros(count)])
    lower = upper + np.array([0, 2])
    lower[[0, -1]] = upper[[0, -1]]
    places = np.concatenate([upper, lower[1:-1]])
    numbers = (0, *range(count, 2 * count - 2), count - 1)
    triangles = strip(tuple(range(count)), numbers)
    x, y = np.concatenate([upper, lower[1:-1][::-1]]).T
    wanted = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    signed = areas(places, triangles)
    assert abs(signed.sum()) == pytest.approx(wanted) == np.abs(signed).sum()
