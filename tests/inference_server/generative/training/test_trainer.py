"""A training is a function of its recipe and its data, wherever it is broken off."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.training.trainer import Recipe, Trainer

RECIPE = Recipe(Shape(4, 4, 4, 4, 3), batch=4, rate=1e-3, seed=5)


class Discs:
    """Discs of some colours on paper."""

    def batch(self, step: int, size: int, seed: int) -> np.ndarray:
        random = np.random.default_rng([seed, step])
        y, x = np.mgrid[:64, :64]
        pictures = np.full((size, 64, 64, 3), 230, np.uint8)
        for picture in pictures:
            middle, radius = random.uniform(16, 48, 2), random.uniform(6, 14)
            picture[np.hypot(y - middle[0], x - middle[1]) < radius] = random.integers(0, 200, 3)
        return pictures


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value
        for name in ("generator", "discriminator", "averaged")
        for key, value in getattr(trainer, name).state_dict().items()
    }


def test_it_goes_on_as_if_nothing_had_been(tmp_path):
    undisturbed, broken = Trainer(RECIPE), Trainer(RECIPE)
    for _ in range(6):
        undisturbed.step(Discs())
    for _ in range(3):
        broken.step(Discs())
    before = broken.snapshot()
    broken.save(tmp_path)
    torch.manual_seed(99)
    again = Trainer(RECIPE)
    again.load(tmp_path)
    assert again.images == 12
    for _ in range(3):
        again.step(Discs())
    wanted, found = weights(undisturbed), weights(again)
    assert wanted.keys() == found.keys()
    for key, value in wanted.items():
        if key.startswith("averaged") and not key.endswith("original"):
            continue  # statistics, which are taken anew when they are looked at
        assert torch.equal(found[key], value), key
    one, other = undisturbed.snapshot().state_dict(), again.snapshot().state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not torch.equal(before.start.weight, one["start.weight"])


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "relativistic"},
        {"guesses": True},
        {"sized": True},
        {"shape": Shape(4, 4, 4, 4, 1)},
        {"shape": Shape(4, 6, 4, 4, 3)},
        {"shape": Shape(4, 4, 5, 4, 3)},
    ],
    ids=str,
)
def test_every_recipe_learns(change):
    recipe = replace(RECIPE, **change)
    width, height = recipe.shape.size

    class Noise:
        def batch(self, step, size, seed):
            shape = (size, height, width, recipe.shape.colours)
            return np.random.default_rng(step).integers(0, 256, shape, np.uint8)

    trainer = Trainer(recipe)
    first = trainer.generator.start.weight.clone()
    for _ in range(2):
        losses = trainer.step(Noise())
    assert all(np.isfinite(list(losses.values())))
    assert not torch.equal(trainer.generator.start.weight, first)
    assert trainer.snapshot().size == (width, height)


def test_a_few_steps_bring_its_colours_to_those_of_the_data():
    trainer = Trainer(replace(RECIPE, rate=2e-3))
    for _ in range(25):
        trainer.step(Discs())
    made = trainer.snapshot()
    styles = made.styles(torch.randn(16, 256))[:, None].expand(-1, 5, -1)
    brightness = float(made.images(styles, 0).mean())
    of_data = Discs().batch(0, 16, 0).mean() / 127.5 - 1
    assert 0.15 < brightness < of_data + 0.2, "an untrained one is grey, at 0"


def test_recipes_suit_size_and_device():
    small, large = (Recipe.of(TrainOptions(width=side, height=side), "cpu") for side in (64, 256))
    assert small.rate == pytest.approx(8e-4)
    assert large.rate == pytest.approx(2e-4)
    assert Recipe.of(TrainOptions(), "cuda").shape.channels > small.shape.channels
    grey = Recipe.of(TrainOptions(colours="grey", channels=7, rate=1e-3, batch=3), "cpu")
    assert (grey.shape.colours, grey.shape.channels, grey.rate, grey.batch) == (1, 7, 1e-3, 3)
