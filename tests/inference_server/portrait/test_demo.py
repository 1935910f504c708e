"""What `make demo` and the documents show of portraits can be made anywhere."""

import importlib.util
from types import ModuleType

import cv2
import numpy as np
import pytest
from zograscope_server.faces.landmarks import EXPRESSIONS
from zograscope_server.faces.search import find_faces
from zograscope_server.portrait.curves import read_curves

SIDE = 256


@pytest.fixture(scope="module")
def tool(repository):
    """Load a script of `tools/` by its name."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, repository / "tools" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="module")
def bust(tool) -> np.ndarray:
    return tool("make_bust").draw_bust(SIDE)


def test_the_bust_is_one_calm_face(bust, tools):
    (face,) = find_faces(bust, tools.faces)
    assert face.box[3] > 0.3 * SIDE
    assert face.expressions[EXPRESSIONS.index("jawOpen")] < 0.1


def test_the_curves_of_the_demo_begin_and_end_nearly_at_rest_and_speak_between(repository):
    curves = read_curves(repository / "tools" / "demo_curves.csv")
    assert curves.rate == pytest.approx(16.0)
    assert np.abs(curves.expressions[0]).max() == 0.0
    assert np.allclose(curves.poses[[0, -1]], np.eye(4), atol=1e-3)
    jaw = curves.expressions[:, EXPRESSIONS.index("jawOpen")]
    assert jaw.max() > 0.2
    assert jaw[-1] == 0.0


def test_the_stills_of_a_strip_all_differ(bust, tool):
    pictures = tool("portrait_pictures")
    file = cv2.imencode(".png", bust[..., ::-1])[1].tobytes()
    strip = pictures.draw_strip(file).astype(int)
    assert strip.shape[1] == pictures.WIDTH
    count = len(pictures.STILLS)
    step = (pictures.WIDTH + pictures.GAP) // count
    stills = [strip[:, number * step :][:, : step - pictures.GAP] for number in range(count)]
    for number, still in enumerate(stills):
        others = stills[:number] + stills[number + 1 :]
        assert min(np.abs(still - other).max() for other in others) > 30
