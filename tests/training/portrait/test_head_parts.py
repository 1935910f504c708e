import numpy as np
import pytest

from training.portrait import teeth
from training.portrait.correspondence import border, eye_centre, mirror_of

STRIP = (5, 105)


def jaw() -> np.ndarray:
    """A base mesh with a bow where teeth are worn."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 100)
    bow = np.stack([0.031 * np.sin(angle), -0.1 - 0.05 * np.cos(angle), np.full(100, 0.66)], 1)
    return np.concatenate([np.zeros((5, 3)), bow])


@pytest.mark.parametrize("upper", [True, False])
def test_teeth_stand_along_the_strip_and_follow_it(upper):
    arch = teeth.arch(jaw(), STRIP, upper=upper, edge=0.66)
    assert arch.triangles.max() == len(arch.vertices) - 1
    crowns = np.unique(arch.triangles[~arch.gums])
    gums = np.unique(arch.triangles[arch.gums])
    beyond = arch.vertices[crowns, 2].mean() - arch.vertices[gums, 2].mean()
    assert (beyond < 0) == upper
    assert arch.followed.min() >= STRIP[0]
    assert np.allclose(arch.weights.sum(axis=1), 1)
    mirrored = arch.vertices[crowns] * [-1, 1, 1]
    distances = np.linalg.norm(mirrored[:, None] - arch.vertices[crowns], axis=2)
    assert distances.min(axis=1).max() < 1e-3


def test_the_border_of_two_parts_is_a_ring_in_order():
    ring = np.arange(6)
    inner = np.column_stack([ring, np.roll(ring, -1), np.full(6, 6)])
    outer = np.column_stack([ring, ring + 7, np.roll(ring, -1)])
    labels = np.array(["eye"] * 6 + ["head"] * 6)
    found = border(np.concatenate([inner, outer]), labels, "head", "eye")
    assert sorted(found) == list(ring)
    assert set(np.abs(np.diff(found)) % 6) <= {1, 5}


def test_partners_are_mirrored():
    points = np.array([[1.0, 2, 3], [0, 1, 1], [-1.01, 2, 3], [0.3, 5, 1], [-0.3, 5.01, 1]])
    assert list(mirror_of(0.05 * points)) == [2, 1, 0, 4, 3]


def test_an_eyes_centre_is_found_from_its_front():
    rng = np.random.default_rng(0)
    towards = rng.normal(size=(50, 3)) - [0, 3, 0]
    ball = [1, 2, 3] + 0.015 * towards / np.linalg.norm(towards, axis=1, keepdims=True)
    assert np.allclose(eye_centre(ball), [1, 2, 3])
