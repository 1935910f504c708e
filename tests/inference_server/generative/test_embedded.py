"""The model that comes along: small, told of, various, and coloured as old maps are."""

import numpy as np
import pytest
from zograscope_server.generative.about import read_card
from zograscope_server.generative.loading import EMBEDDED, load_generator
from zograscope_server.generative.training.run import samples_of
from zograscope_server.models.catalogue import default_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return default_model("generative", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def samples(model, tmp_path_factory) -> np.ndarray:
    return samples_of(load_generator(model, tmp_path_factory.mktemp("models"), "cpu"), 32)


def test_it_is_small_and_says_what_it_learnt_from(model, tmp_path):
    assert model.embedded
    assert EMBEDDED.stat().st_size < 10_000_000
    card = read_card(model, tmp_path)
    assert card["name"] == model.name
    assert card["rights"] == "public domain by age"
    assert card["finished"]


def test_it_makes_paper_with_ink_in_colours_of_paper(samples):
    assert samples.shape[1:] == (128, 128, 3)
    red, green, blue = samples.reshape(-1, 3).mean(0)
    assert red > green > blue > 120, "warm and light"
    assert (samples.min(axis=(1, 2, 3)) < 110).mean() > 0.5, "with ink on most"


def test_no_two_samples_are_alike(samples):
    small = samples.reshape(32, 16, 8, 16, 8, 3).mean((2, 4)).reshape(32, -1)
    distances = np.linalg.norm(small[:, None] - small[None], axis=2) / np.sqrt(small.shape[1])
    assert np.median(distances[np.triu_indices(32, 1)]) > 15
    assert distances[np.triu_indices(32, 1)].min() > 2
