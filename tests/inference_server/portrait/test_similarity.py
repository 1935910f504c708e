"""Similarities are found again, undone, and told from what is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from zograscope_server.portrait.similarity import Similarity, fit_similarity


@st.composite
def similarities(draw):
    turn = [draw(st.floats(-3, 3)) for _ in range(3)]
    shift = [draw(st.floats(-500, 500)) for _ in range(3)]
    scale = draw(st.floats(0.05, 20))
    return Similarity(Rotation.from_rotvec(turn).as_matrix(), scale, np.array(shift))


def cloud(seed: int, count: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 40, (count, 3)) + np.array([300, 200, 0])


@given(similarities(), st.integers(0, 99))
def test_a_fit_finds_what_was_done(wanted, seed):
    points = cloud(seed)
    found = fit_similarity(points, wanted.apply(points))
    np.testing.assert_allclose(found.rotation, wanted.rotation, atol=1e-7)
    assert found.scale == pytest.approx(wanted.scale)
    np.testing.assert_allclose(found.shift, wanted.shift, atol=1e-4)


@given(similarities(), st.integers(0, 99))
def test_the_inverse_undoes_and_the_matrix_says_the_same(moved, seed):
    points = cloud(seed)
    np.testing.assert_allclose(moved.inverse.apply(moved.apply(points)), points, atol=1e-6)
    matrix = moved.matrix
    np.testing.assert_allclose(points @ matrix[:, :3].T + matrix[:, 3], moved.apply(points))
    again = Similarity.nearest(matrix)
    np.testing.assert_allclose(again.matrix, matrix, atol=1e-8)


@given(similarities(), st.integers(0, 99))
def test_no_other_similarity_is_nearer(wanted, seed):
    random = np.random.default_rng(seed)
    start = cloud(seed)
    end = wanted.apply(start) + random.normal(0, 3, start.shape)
    found = fit_similarity(start, end)

    def missed(similarity: Similarity) -> float:
        return float(np.square(similarity.apply(start) - end).sum())

    for _ in range(5):
        turn = Rotation.from_rotvec(random.normal(0, 1e-3, 3)).as_matrix()
        other = Similarity(
            turn @ found.rotation, found.scale * (1 + random.normal(0, 1e-3)), found.shift
        )
        middle = start.mean(axis=0, keepdims=True)
        shift = found.shift + (found.apply(middle) - other.apply(middle))[0]
        assert missed(Similarity(other.rotation, other.scale, shift)) >= missed(found) - 1e-6


@given(st.integers(0, 99))
def test_a_mirror_is_never_taken_for_a_turn(seed):
    points = cloud(seed)
    for found in (
        fit_similarity(points, points * (-1, 1, 1)),
        Similarity.nearest(np.column_stack([np.diag([-1.0, 1, 1]), np.zeros(3)])),
    ):
        assert np.linalg.det(found.rotation) == pytest.approx(1)
