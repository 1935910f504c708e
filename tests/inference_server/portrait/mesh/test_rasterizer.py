"""Triangles are drawn exactly where they are, and the nearer ones before the others."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay
from zograscope_server.portrait.mesh.rasterizer import (
    FAR,
    Window,
    draw_places,
    draw_polygon,
    sample,
)

EXACT = 0.05  # pixels


def middles(window: Window) -> np.ndarray:
    rows, columns = np.mgrid[0 : window.height, 0 : window.width] + 0.5
    return np.stack([columns + window.left, rows + window.top], axis=-1)


windows = st.builds(
    Window, st.integers(0, 400), st.integers(0, 400), st.integers(20, 120), st.integers(20, 120)
)


@given(windows, st.integers(0, 99), st.floats(0, 60), st.floats(-60_000, 60_000))
@settings(max_examples=15)
def test_what_lies_at_its_own_place_is_seen_there(window, seed, rough, depth):
    random = np.random.default_rng(seed)
    low = np.array([window.left - 20, window.top - 20])
    high = low + np.array([window.width + 40, window.height + 40])
    corners = np.array([low, (low[0], high[1]), (high[0], low[1]), high])
    places = np.concatenate([corners, random.uniform(low, high, (150, 2))])
    z = depth + random.uniform(-rough, rough, len(places))
    vertices = np.column_stack([places, z])
    triangles = Delaunay(places).simplices.astype(np.int32)
    seen, far = draw_places(vertices, triangles, places, window)
    np.testing.assert_allclose(seen, middles(window), atol=EXACT)
    assert (far < FAR).all()
    assert far.min() > depth - rough - 0.5 and far.max() < depth + rough + 0.5


def quad(left: float, top: float, right: float, bottom: float, z: float) -> np.ndarray:
    return np.array([(left, top, z), (right, top, z), (right, bottom, z), (left, bottom, z)])


QUAD = np.array([(0, 1, 2), (0, 2, 3)], np.int32)


@given(
    st.floats(-9000, 9000),
    st.floats(0.5, 2000),
    st.booleans(),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_nearer_wins_in_whichever_order(depth, gap, turned, x, y):
    far = quad(0, 0, 40, 30, depth + gap)
    near = quad(10 + x, 8 + y, 30.237, 20.119, depth)  # on its diagonal lies no pixel's middle
    quads = [near, far] if turned else [far, near]
    places = np.repeat([[1.0, 5.0], [0.0, 5.0]] if turned else [[0.0, 5.0], [1.0, 5.0]], 4, axis=0)
    triangles = np.concatenate([QUAD, QUAD + 4])
    seen, z = draw_places(np.concatenate(quads), triangles, places, Window(0, 0, 60, 30))
    inside = np.zeros((30, 60), bool)
    inside[8 + y : 20, 10 + x : 30] = True
    np.testing.assert_allclose(seen[..., 0][inside], 1, atol=1e-4)
    np.testing.assert_allclose(seen[:, :40, 0][~inside[:, :40]], 0, atol=1e-4)
    np.testing.assert_allclose(z[inside], depth, atol=0.1 + 1e-5 * gap)
    assert (z[:, 41:] == FAR).all() and (z[:, :39] < FAR).all()


def test_three_channels():
    places = np.array([(5, 6, 0.0), (7, 6, 0.5), (7, 9, 1.0), (5, 9, 0.25)])
    seen, _ = draw_places(quad(0, 0, 20, 30, 0), QUAD, places, Window(0, 0, 20, 30))
    assert seen.shape == (30, 20, 3)
    np.testing.assert_allclose(seen[0, 0], (5.05, 6.05, 0.02), atol=0.05)


@given(st.floats(3, 20), st.floats(3, 20), st.floats(21, 37), st.floats(21, 37))
@settings(max_examples=30)
def test_a_polygon_covers_what_lies_inside(left, top, right, bottom):
    window = Window(2, 1, 45, 40)
    mask = draw_polygon(quad(left, top, right, bottom, 0)[:, :2], window)
    assert mask.min() == 0 and mask.max() == 1
    away = np.maximum(
        np.abs(middles(window)[..., 0] - (left + right) / 2) - (right - left) / 2,
        np.abs(middles(window)[..., 1] - (top + bottom) / 2) - (bottom - top) / 2,
    )
    assert (mask[away > 1.8] == 0).all() and (mask[away < -1.8] == 1).all()
    width, height = right - left, bottom - top
    assert 0.95 * width * height < mask.sum() < (width + 2.5) * (height + 2.5)


def test_a_picture_at_its_own_places_is_itself_and_its_border_goes_on():
    picture = np.random.default_rng(0).random((20, 30, 3), np.float32)
    places = middles(Window(0, 0, 30, 20)).astype(np.float32)
    np.testing.assert_allclose(sample(picture, places), picture, atol=1e-6)
    beyond = sample(picture, places + np.float32([100, 0]))
    np.testing.assert_allclose(beyond, np.repeat(picture[:, -1:], 30, axis=1), atol=1e-6)
