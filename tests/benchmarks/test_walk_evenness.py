"""What is told of a walk's evenness; and a judge of another make finds the product's walks even."""

from types import ModuleType

import numpy as np
import pytest
from zograscope_server.generative.loading import EMBEDDED
from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.walks import paths
from zograscope_server.generative.walks.space import centre_of, styles_of

EVEN, LARGEST = 0.15, 2.5


@pytest.fixture(scope="module")
def walk_evenness(benchmark_module) -> ModuleType:
    return benchmark_module("walk_evenness")


def loop_of_greys(values) -> np.ndarray:
    return np.array(values, np.uint8)[:, None, None, None].repeat(3, axis=3)


def mean_colours(pictures: np.ndarray) -> np.ndarray:
    return pictures.mean(axis=(1, 2)).astype(np.float32)


def test_a_jump_is_told(walk_evenness):
    even = loop_of_greys([0, 10, 20, 30, 20, 10])
    told = walk_evenness.evenness(even, mean_colours)
    assert told["variation"] == pytest.approx(0)
    assert told["largest over median"] == told["closing over largest"] == pytest.approx(1)
    assert told["second over first"] == pytest.approx(40 / 60)
    jump = loop_of_greys([0, 10, 20, 30, 40, 50])
    told = walk_evenness.evenness(jump, mean_colours)
    assert told["variation"] > 0.5
    assert told["closing over largest"] == pytest.approx(5)


def test_a_judge_agrees(walk_evenness, shared):
    if not walk_evenness.SQUEEZENET.is_file():
        pytest.skip(f"no weights of a judge at {walk_evenness.SQUEEZENET}")
    generator = StyledGenerator.load(EMBEDDED)
    path = paths.smooth(styles_of(generator, [1, 2, 3]), centre_of(generator), loop=True)
    judge = walk_evenness.squeezenet_judge(walk_evenness.SQUEEZENET)
    plain, even = (
        walk_evenness.evenness(walk_evenness.walk(generator, path, 30, even=even), judge)
        for even in (False, True)
    )
    assert even["variation"] < min(EVEN, 0.6 * plain["variation"])
    assert even["largest over median"] < LARGEST
    assert even["closing over largest"] <= 1 / (1 - EVEN)
