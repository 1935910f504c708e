import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from zograscope_server.portrait.head.visibility import seen_triangles, weights_in_triangles


def test_the_nearer_of_two_triangles_is_seen_and_nothing_beside_them():
    vertices = np.array(
        [[0, 0, 5], [40, 0, 5], [0, 30, 5], [0, 0, -3], [20, 0, -3], [0, 15, -3]], float
    )
    seen = seen_triangles(vertices, np.array([[0, 1, 2], [3, 4, 5]]), (50, 30))
    assert seen.shape == (30, 50)
    assert seen[2, 2] == 1
    assert seen[2, 30] == 0
    assert seen[28, 40] == -1


def test_rays_are_parallel_however_deep_things_lie():
    far = np.array([[10, 10, 400], [30, 10, 400], [30, 20, 400], [10, 20, 400]], float)
    near = far - [0, 0, 800]
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    both = seen_triangles(
        np.concatenate([far, near]), np.concatenate([triangles, triangles + 4]), (64, 32)
    )
    alone = seen_triangles(far, triangles, (64, 32))
    assert ((both >= 0) == (alone >= 0)).all()
    assert (both[both >= 0] >= 2).all()
    assert (alone >= 0).sum() == 200


def test_numbers_beyond_one_channel_are_told_apart():
    count = 9000
    x, y = np.arange(count) % 100, np.arange(count) // 100
    corners = np.array([[0.1, 0.1, 0], [0.9, 0.1, 0], [0.5, 0.95, 0]])
    vertices = (corners + np.stack([x, y, 0 * x], axis=1)[:, None]).reshape(-1, 3)
    seen = seen_triangles(vertices, np.arange(3 * count).reshape(-1, 3), (100, 90))
    assert (seen.ravel() == np.arange(count)).all()


places = st.tuples(*[st.floats(-100, 100) for _ in range(2)])


@given(places, st.tuples(*[st.floats(-5, 5) for _ in range(3)]))
def test_weights_give_back_what_is_linear(place: tuple[float, float], linear: tuple[float, ...]):
    corners = np.array([[[0.0, 0.0], [10.0, 2.0], [3.0, 8.0]]])
    weights = weights_in_triangles(corners, np.array([place]))
    a, b, c = linear
    values = a * corners[..., 0] + b * corners[..., 1] + c
    assert np.isclose((weights * values).sum(), a * place[0] + b * place[1] + c, atol=1e-8)


def test_depths_that_differ_by_a_hair_are_told_apart():
    vertices = np.array(
        [[0, 0, 5.0], [41, 0, 5.0], [0, 40, 5.0], [0, 0, 4.9], [41, 0, 4.9], [0, 40, 4.9]]
    )
    for triangles in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        seen = seen_triangles(vertices, np.array(triangles), (30, 30))
        nearer = triangles.index([3, 4, 5])
        assert seen[5, 5] == nearer
        assert set(np.unique(seen)) == {-1, nearer}
