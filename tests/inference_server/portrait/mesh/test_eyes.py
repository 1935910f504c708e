"""Eyes at rest are the picture's own; the iris goes where gaze says, and lids cover it."""

import numpy as np
import pytest
from zograscope_server.faces import regions
from zograscope_server.portrait.mesh.eyes import cut_eye, eye_opening
from zograscope_server.portrait.mesh.rasterizer import draw_polygon

from ..conftest import SIDE

EYES = (0, 1)


@pytest.fixture(scope="module")
def bright(picture) -> np.ndarray:
    return picture.astype(np.float32) / 255


@pytest.mark.parametrize("number", EYES)
def test_at_rest_an_eye_is_exactly_the_picture(bright, face, number):
    eye = cut_eye(bright, face.points, number)
    inside = draw_polygon(eye_opening(face.points[:, :2], number), eye.window)[..., None]
    seen = eye.see(eye.window, eye.ends, np.zeros(2))
    np.testing.assert_allclose(
        inside * seen * eye.lashes + eye.rest, inside * bright[eye.window.slices], atol=1e-4
    )


def darkest(layer: np.ndarray) -> np.ndarray:
    """The middle of what is dark, which in an eye is the iris."""
    dark = np.clip(0.35 - layer.mean(axis=2), 0, None)
    rows, columns = np.mgrid[0 : layer.shape[0], 0 : layer.shape[1]] + 0.5
    return np.array([(dark * columns).sum(), (dark * rows).sum()]) / dark.sum()


@pytest.mark.parametrize("number", EYES)
@pytest.mark.parametrize("gaze", [(3.0, 0.0), (-3.0, 0.0), (0.0, 1.5), (2.0, -1.0)])
def test_the_iris_goes_where_gaze_says(bright, face, number, gaze):
    eye = cut_eye(bright, face.points, number)
    seen = eye.see(eye.window, eye.ends, np.array(gaze))
    assert np.isfinite(seen).all()
    moved = darkest(seen) - darkest(eye.see(eye.window, eye.ends, np.zeros(2)))
    np.testing.assert_allclose(moved, gaze, atol=1.0)


@pytest.mark.parametrize("number", EYES)
def test_below_the_lids_the_eyeball_is_complete(bright, face, number):
    """There is white beside the iris, none of the skin around."""
    eye = cut_eye(bright, face.points, number)
    assert np.isfinite(eye.layer).all()
    skin = np.array((214, 170, 140)) / 255
    height, width = eye.layer.shape[:2]
    edges = np.concatenate([eye.layer[0], eye.layer[-1]])
    away = np.abs(edges - skin).max(axis=1)
    assert np.median(away) > 0.05, (height, width)
    assert (np.abs(eye.iris - face.points[regions.RIGHT_IRIS[0] + 5 * number, :2]) < 1e-3).all()


@pytest.mark.parametrize("number", EYES)
def test_lids_that_cross_meet(face, number):
    points = face.points[:, :2].copy()
    upper = (regions.RIGHT_UPPER_LID, regions.LEFT_UPPER_LID)[number]
    opened = draw_area(eye_opening(points, number))
    points[list(upper[1:-1]), 1] += 0.2 * SIDE
    shut = draw_area(eye_opening(points, number))
    assert opened > 40
    assert shut < 0.2 * opened


def draw_area(outline: np.ndarray) -> float:
    x, y = outline.T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2
