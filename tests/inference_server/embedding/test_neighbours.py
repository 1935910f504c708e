"""The exact neighbour search, against all distances at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.embedding import neighbours
from zograscope_server.embedding.neighbours import nearest_among, nearest_neighbours


def all_distances(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    differences = queries[:, None].astype(np.float64) - vectors[None]
    return np.linalg.norm(differences, axis=2)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 60), data=st.data())
def test_the_neighbours_are_the_nearest_in_blocks_of_any_size(seed, size, data):
    count = data.draw(st.integers(1, size - 1))
    vectors = np.random.default_rng(seed).normal(size=(size, 5)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK_BYTES", data.draw(st.integers(1, 20_000)))
        patch.setattr(neighbours, "CANDIDATE_BYTES", data.draw(st.integers(1, 20_000)))
        indices, distances = nearest_neighbours(vectors, count)
    expected = all_distances(vectors, vectors)
    np.fill_diagonal(expected, np.inf)
    assert indices.dtype == np.int32 and indices.shape == distances.shape == (size, count)
    np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, :count], rtol=1e-4)
    np.testing.assert_allclose(
        np.take_along_axis(expected, indices.astype(int), axis=1), distances, rtol=1e-4
    )


def test_small_differences_far_from_the_origin_still_count():
    offsets = np.float32([0, 1, 3, 7, 15]) / 64
    vectors = np.float32([1000, -2000, 3000]) + offsets[:, None]
    indices, distances = nearest_neighbours(vectors, 1)
    assert indices[:, 0].tolist() == [1, 0, 1, 2, 3]
    np.testing.assert_allclose(distances[:, 0], np.sqrt(3) / 64 * np.array([1, 1, 2, 4, 8]))


def test_duplicates_are_neighbours_at_no_distance_and_nobody_neighbours_itself():
    vectors = np.ones((6, 4), np.float32)
    indices, distances = nearest_neighbours(vectors, 5)
    assert not distances.any()
    assert [sorted(row) for row in indices.tolist()] == [
        [j for j in range(6) if j != i] for i in range(6)
    ]


def test_new_vectors_look_among_old_ones():
    random = np.random.default_rng(1)
    vectors = random.normal(size=(30, 4)).astype(np.float32)
    queries = random.normal(size=(7, 4)).astype(np.float32)
    _, distances = nearest_among(queries, vectors, 30)
    np.testing.assert_allclose(distances, np.sort(all_distances(queries, vectors)), rtol=1e-4)
    assert nearest_among(vectors, vectors, 1)[0][:, 0].tolist() == list(range(30))


@pytest.mark.parametrize("count", [0, 3])
def test_no_more_neighbours_than_there_are(count):
    with pytest.raises(ValueError, match="among 2"):
        nearest_neighbours(np.zeros((3, 2), np.float32), count)


def test_whatever_progress_raises_ends_the_search():
    def stop(fraction: float | None, stage: str, detail: str = "") -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nearest_neighbours(np.zeros((3, 2), np.float32), 1, on_progress=stop)
