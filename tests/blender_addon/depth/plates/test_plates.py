"""Plates in Blender: cut out, exact at rest, moved, hidden, put back, saved, under new depth."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from ..conftest import make_result, noise_photograph, wild_disparity
from ..test_rest_pose import CYCLES, WORKBENCH, wrong_pixels

bpy = pytest.importorskip("bpy", reason="plates are tested with a Python that has bpy")

HEIGHT, WIDTH = 64, 96
PHOTOGRAPH = noise_photograph(HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def plates(zograscope):
    names = ("plate", "depth", "masks")
    package = zograscope.__name__ + ".depth.plates."
    return SimpleNamespace(**{name: importlib.import_module(package + name) for name in names})


@pytest.fixture
def diorama(builders, scene):
    diorama = builders.build_diorama(
        *make_result(PHOTOGRAPH, wild_disparity(HEIGHT // 2, WIDTH // 2)), "Test", scene
    )
    builders.prepare_scene(scene, diorama)
    return diorama


def disc(u: float, v: float, radius: float) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.hypot(x - u, y - v) < radius


def speckle(seed: int) -> np.ndarray:
    """A mask that no depth edge follows."""
    return np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.3


@pytest.mark.parametrize("engine", [WORKBENCH, CYCLES])
def test_plates_recompose_the_photograph(plates, diorama, scene, render, engine, found):
    for number, mask in enumerate(
        (disc(40, 30, 15), disc(52, 34, 14), disc(95, 60, 20), speckle(1))
    ):
        plates.plate.cut_out(found.find_diorama(diorama.root), mask, f"Plate {number}")
    assert len(found.find_diorama(diorama.root).plates) == 4
    assert wrong_pixels(render(scene, engine), PHOTOGRAPH) == 0
