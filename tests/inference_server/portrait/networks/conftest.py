"""Official outputs to compare with, and a drawn face."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from zograscope_server.faces.landmarks import POINTS, Face
from zograscope_server.faces.regions import MOUTH_CORNERS
from zograscope_server.portrait.networks.crops import LEFT_EYE, OUTLINE, RIGHT_EYE
from zograscope_server.portrait.networks.fomm import Fomm
from zograscope_server.portrait.networks.liveportrait import LivePortrait

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="session")
def parity(shared) -> Path:
    """Outputs of the official networks for weights and pictures that a recipe makes."""
    folder = shared / "parity"
    if not folder.is_dir():
        pytest.skip(f"there are no outputs of the official networks at {folder}")
    return folder


@pytest.fixture(scope="session")
def recipe(parity) -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_recipe", parity / "recipe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_weights(parity, recipe) -> Callable[[str], dict[str, Weights]]:
    """made_weights("fomm") has the state dicts of each official network, by its name."""

    def make(family: str) -> dict[str, Weights]:
        listed = {"fomm": "keys_fomm_vox256.json", "liveportrait": "keys_liveportrait.json"}
        keys = json.loads((parity / listed[family]).read_text())
        networks = {name: entries for name, entries in keys.items() if isinstance(entries, list)}
        return {
            name: {
                key: torch.from_numpy(np.asarray(value))
                for key, value in recipe.make_state(
                    f"{family}.{name}", {key: shape for key, shape, _ in entries}
                ).items()
            }
            for name, entries in networks.items()
        }

    return make


@pytest.fixture(scope="session")
def random_fomm() -> Fomm:
    """A network without training, ready to be used."""
    torch.manual_seed(1)
    network = Fomm()
    network.fold()
    return network


@pytest.fixture
def random_liveportrait() -> LivePortrait:
    torch.manual_seed(1)
    network = LivePortrait()
    network.fold()
    return network


def drawn_points(middle: tuple[float, float], size: float, mouth: float = 0.06) -> np.ndarray:
    """Points of a face that looks at us: from brows to chin `size` pixels, lips `mouth` apart."""
    random = np.random.default_rng(3)
    points = np.zeros((POINTS, 3), np.float32)
    points[:, :2] = random.uniform(-0.35, 0.35, (POINTS, 2))
    around = np.linspace(0, np.pi, 23)
    points[list(OUTLINE[:23]), :2] = np.stack([-0.45 * np.cos(around), 0.5 * np.sin(around)], 1)
    points[list(OUTLINE[23:]), :2] = [0.2, -0.5]
    for eye, side in ((RIGHT_EYE, -1), (LEFT_EYE, 1)):
        points[list(eye), :2] = np.array([[0.32, -0.3], [0.1, -0.3], [0.21, -0.33], [0.21, -0.27]])
        points[list(eye), 0] *= side
    points[list(MOUTH_CORNERS), :2] = [[-0.15, 0.25], [0.15, 0.25]]
    points[[13, 14], :2] = [[0, 0.25 - mouth / 2], [0, 0.25 + mouth / 2]]
    points[:, :2] = points[:, :2] * size + np.array(middle)
    return points


def drawn_face(middle: tuple[float, float], size: float) -> Face:
    return Face(drawn_points(middle, size), np.zeros(52, np.float32), np.eye(4, dtype=np.float32))


def drawn_picture(width: int, height: int, dtype: type = np.uint8) -> np.ndarray:
    """Waves of colour."""
    y, x = np.mgrid[0:height, 0:width] / 40.0
    waves = np.stack([np.sin(x + 2 * y), np.sin(2 * x - y), np.cos(x * y / 5)], -1)
    return ((waves * 0.5 + 0.5) * np.iinfo(dtype).max).astype(dtype)
