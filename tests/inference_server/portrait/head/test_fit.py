from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from zograscope_server.faces.landmarks import EXPRESSIONS, Landmarker
from zograscope_server.portrait.head import model as head
from zograscope_server.portrait.head.fit import LIDS_AND_LIPS, FittedHead, fit_head
from zograscope_server.portrait.head.model import HeadModel
from zograscope_server.portrait.head.visibility import seen_triangles


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def sitter(
    model: HeadModel, seed: int, rest: dict[str, float] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices of somebody who never sat, their rotation, and their expression."""
    rng = np.random.default_rng(seed)
    identity = rng.normal(0, 0.7, len(model.identities))
    expression = np.zeros(52)
    for name, strength in (rest or {}).items():
        expression[EXPRESSIONS.index(name)] = strength
    rotation = Rotation.from_euler("yxz", rng.uniform(-20, 20, 3), degrees=True).as_matrix()
    shape = (
        model.template
        + np.tensordot(identity, model.identities, axes=1)
        + np.tensordot(expression, model.actions, axes=1)
    )
    return shape @ rotation.T * 2600 + [410, 333, 20], rotation, expression


@pytest.mark.parametrize("seed", range(4))
def test_a_head_that_was_drawn_is_found_again(model, seed):
    rest = {"jawOpen": 0.3, "mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}
    vertices, rotation, expression = sitter(model, seed, rest)
    fitted = fit_head(model, model.landmarks(vertices), expression)
    turned = Rotation.from_matrix(fitted.rotation @ rotation.T).magnitude()
    assert np.degrees(turned) < 2.5
    assert abs(fitted.scale / 2600 - 1) < 0.05
    front = np.unique(model.triangles[model.landmark_triangles])
    missed = np.linalg.norm((fitted.vertices - vertices)[front, :2], axis=1)
    assert missed.mean() < 0.01 * fitted.width
    assert fitted.misfit < 0.01
    for name, strength in rest.items():
        assert abs(fitted.rest[EXPRESSIONS.index(name)] - strength) < 0.15


def test_an_open_mouth_is_found_without_being_told(model):
    vertices, _, _ = sitter(model, 3, {"jawOpen": 0.5})
    fitted = fit_head(model, model.landmarks(vertices))
    assert abs(fitted.rest[EXPRESSIONS.index("jawOpen")] - 0.5) < 0.15


def test_points_land_on_the_head_though_no_head_is_like_that(model):
    vertices, _, _ = sitter(model, 1)
    points = model.landmarks(vertices)
    points[:, :2] += np.random.default_rng(0).normal(0, 4, (478, 2))
    fitted = fit_head(model, points)
    left = np.linalg.norm((fitted.landmarks(fitted.vertices) - points)[:, :2], axis=1)
    assert fitted.misfit > 0.01
    assert left[list(LIDS_AND_LIPS)].max() < 0.003 * fitted.width
    assert left.mean() < 0.4 * fitted.misfit * fitted.width


@settings(max_examples=5)
@given(st.floats(0.2, 5), st.floats(-2000, 2000), st.floats(-2000, 2000), st.integers(0, 1000))
def test_size_and_place_of_a_picture_make_no_difference(scale, x, y, seed):
    model = HeadModel.load()
    points = model.landmarks(sitter(model, seed)[0])
    one, other = fit_head(model, points), fit_head(model, points * scale + [x, y, 0])
    moved = one.vertices * scale + [x, y, 0]
    assert np.abs(other.vertices - moved).max() < 0.005 * other.width
    assert np.allclose(one.rotation, other.rotation, atol=2e-3)


def gap(model: HeadModel, fitted: FittedHead, side: int) -> np.ndarray:
    """How far the upper lid's rim is from the lower's when it blinks, in pixels."""
    strengths = np.zeros(52)
    strengths[EXPRESSIONS.index(("eyeBlinkLeft", "eyeBlinkRight")[side])] = 1
    closed = fitted.moved(strengths)
    upper, lower = closed[model.lid_upper[side]], closed[model.lid_lower[side]]
    a, b = lower[:-1, None], lower[1:, None]
    along = ((upper - a) * (b - a)).sum(-1) / ((b - a) ** 2).sum(-1)
    on = a + along.clip(0, 1)[..., None] * (b - a)
    return np.linalg.norm(upper - on, axis=-1).min(axis=0)


@pytest.mark.parametrize("resting", [0.0, 0.4])
def test_a_blink_closes_the_lids_from_wherever_they_rest(model, resting):
    vertices, _, expression = sitter(
        model, 2, {"eyeBlinkLeft": resting, "eyeBlinkRight": resting, "eyeWideLeft": 0.3}
    )
    points = model.landmarks(vertices)
    points[:, :2] += np.random.default_rng(0).normal(0, 2, (478, 2))
    fitted = fit_head(model, points, expression)
    for side in (0, 1):
        open_eye = np.ptp(fitted.vertices[model.lid_upper[side], 1])
        assert gap(model, fitted, side).max() < 0.02 * open_eye


def eye_pixels(fitted: FittedHead, vertices: np.ndarray) -> int:
    placed = (vertices - [*vertices[:, :2].min(axis=0), 0]) * (200 / fitted.width)
    width, height = np.ceil(np.ptp(placed[:, :2], axis=0)).astype(int)
    seen = seen_triangles(placed, fitted.triangles, (width, height))
    return int(np.isin(fitted.parts[seen[seen >= 0]], (head.EYE_LEFT, head.EYE_RIGHT)).sum())


def pictures(shared: Path) -> list[tuple[str, np.ndarray]]:
    found = [(path.stem, cv2.imread(str(path))) for path in sorted(shared.glob("portraits/*.jpg"))]
    for path in sorted(shared.glob("driving/*.mp4")):
        found.append((path.stem, cv2.VideoCapture(str(path)).read()[1]))
    return found


def test_painted_and_filmed_faces(model, shared):
    weights = shared / "weights" / "face" / "face_landmarker.task"
    if not weights.exists():
        pytest.skip(f"MediaPipe's model is not at {weights}")
    strengths = np.zeros(52)
    strengths[[EXPRESSIONS.index("eyeBlinkLeft"), EXPRESSIONS.index("eyeBlinkRight")]] = 1
    with Landmarker(weights) as finder:
        for name, picture in pictures(shared):
            (face,) = finder.find(picture[..., ::-1])
            fitted = fit_head(model, face.points, face.expressions)
            assert fitted.misfit < 0.016, name
            assert eye_pixels(fitted, fitted.vertices) > 50, name
            assert eye_pixels(fitted, fitted.moved(strengths)) < 5, name
