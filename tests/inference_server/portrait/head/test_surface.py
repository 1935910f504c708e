import numpy as np
import pytest
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.portrait.head.fit import FittedHead, fit_head
from zograscope_server.portrait.head.model import HeadModel
from zograscope_server.portrait.head.surface import actions_at, depth_at

NOSE, CHIN, CHEEK = 1, 152, 50


@pytest.fixture(scope="module")
def fitted() -> FittedHead:
    model = HeadModel.load()
    return fit_head(model, model.landmarks(model.template * 2000 + [300, 400, 0]))


def test_depth_is_that_of_the_front(fitted):
    points = fitted.landmarks(fitted.vertices)[[NOSE, CHEEK, 10, 205, 425]]
    depth, there = depth_at(fitted, points[:, :2])
    assert there.all()
    assert np.abs(depth - points[:, 2]).max() < 1.5


def test_beside_the_head_depth_goes_on_smoothly(fitted):
    ear = fitted.vertices[fitted.vertices[:, 0].argmin()]
    line = np.stack([np.linspace(ear[0] - 150, ear[0] - 2, 75), np.full(75, ear[1])], axis=1)
    depth, there = depth_at(fitted, line)
    assert not there.any()
    assert np.abs(np.diff(depth)).max() < 0.1 * fitted.width
    middle = fitted.vertices[:, 2]
    assert middle.min() < depth.min() < depth.max() < middle.max()


def test_depth_far_from_the_head_is_known_too(fitted):
    depth, there = depth_at(fitted, np.array([[-1e5, 0.0], [1e5, 1e5]]))
    assert np.isfinite(depth).all()
    assert not there.any()


def test_what_is_seen_moves_as_the_head_does(fitted):
    points = fitted.landmarks(fitted.vertices)[[NOSE, CHEEK, 17, 199]]
    moved = actions_at(fitted, points[:, :2])
    assert moved.shape == (52, 4, 3)
    assert moved.dtype == np.float32
    strengths = np.zeros(52)
    strengths[EXPRESSIONS.index("jawOpen")] = 1
    expected = (fitted.landmarks(fitted.moved(strengths)) - fitted.landmarks(fitted.vertices))[
        [NOSE, CHEEK, 17, 199]
    ]
    assert np.abs(moved[EXPRESSIONS.index("jawOpen")] - expected).max() < 0.01 * fitted.width


def test_far_from_the_head_nothing_moves_and_near_it_movement_fades(fitted):
    cheek = fitted.landmarks(fitted.vertices)[132]
    far = np.array([[cheek[0] - 3 * fitted.width, cheek[1]], [-1e5, 1e5]])
    assert not actions_at(fitted, far).any()
    ear = fitted.vertices[:, 0].min()
    line = np.stack([np.linspace(ear - 0.3 * fitted.width, ear, 40), np.full(40, cheek[1])], axis=1)
    size = np.linalg.norm(actions_at(fitted, line), axis=2).max(axis=0)
    assert size[0] == 0
    assert np.abs(np.diff(size)).max() < 0.02 * fitted.width
