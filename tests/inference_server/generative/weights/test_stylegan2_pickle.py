"""What of StyleGAN's files cannot be shown rightly is refused in words."""

import numpy as np
import pytest
import torch
from torch import nn
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.generative.weights.stylegan2_pickle import read_stylegan2


def set_all(module: nn.Module, **values) -> None:
    for part in module.modules():
        for name, value in values.items():
            if hasattr(part, name):
                setattr(part, name, value)


def named(module: nn.Module, name: str) -> nn.Module:
    """A module of a class of another name."""
    module.__class__ = type(name, (type(module),), {})
    return module


def as_stylegan3(generator) -> None:
    generator.synthesis.input = nn.Module.__new__(type(generator.synthesis))
    generator.synthesis.input.__dict__.update(generator.mapping.fc0.__dict__)


SPOILT = {
    "StyleGAN3": (as_stylegan3, "StyleGAN3; only those of StyleGAN2"),
    "architecture": (lambda g: set_all(g, architecture="resnet"), "architecture is 'resnet'"),
    "activation": (
        lambda g: set_all(g.synthesis, activation="relu"), "activation is 'relu', and only 'lrelu'"
    ),
    "mapping": (lambda g: set_all(g.mapping, activation="linear"), "activation is 'linear'"),
    "filter": (
        lambda g: g.synthesis.b8.conv0.resample_filter.fill_(1 / 16), "by another filter"
    ),
    "clamps": (
        lambda g: setattr(g.synthesis.b8.torgb, "conv_clamp", 256), "clamped at different values"
    ),
    "more": (
        lambda g: setattr(g.synthesis.b8, "attention", g.mapping.fc0),
        "a SynthesisBlock with 'attention' in place of a SynthesisBlock",
    ),
    "less": (lambda g: delattr(g.synthesis.b8, "torgb"), "with 'torgb'"),
    "gap": (lambda g: delattr(g.synthesis, "b4"), "do not grow from 4 x 4 pixels by doubling"),
    "class": (lambda g: named(g.synthesis.b8.conv1, "FancyLayer"), "there is a FancyLayer"),
    "kind": (lambda g: named(g, "TriPlaneGenerator"), "there is a TriPlaneGenerator"),
    "shape": (
        lambda g: setattr(g.synthesis.b8.conv1, "bias", nn.Parameter(torch.zeros(3))),
        "'synthesis.b8.conv1.bias' has the shape of another",
    ),
    "noise": (lambda g: delattr(g.synthesis.b8.conv1, "noise_const"), "1 are missing"),
    "colours": (
        lambda g: [
            setattr(b.torgb, name, nn.Parameter(torch.zeros(4, *shape)))
            for b in (g.synthesis.b4, g.synthesis.b8)
            for name, shape in (("weight", (b.torgb.weight.shape[1], 1, 1)), ("bias", ()))
        ],
        "4 channels; 3 and 1",
    ),
    "no weight": (
        lambda g: setattr(g.mapping.fc0, "weight", None), "no weights 'mapping.fc0.weight"
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_what_would_be_shown_wrongly_is_refused(official, tmp_path, how):
    spoil, words = SPOILT[how]
    generator = official.Generator(widths=(3, 2))
    spoil(generator)
    path = official.write(tmp_path / "a.pkl", official.content(generator))
    with pytest.raises(ZograscopeError, match=words) as caught:
        read_stylegan2(path)
    assert caught.value.code == "model-file-wrong"
    assert "a.pkl" in str(caught.value)


@pytest.mark.parametrize("content", [{}, [], None, 5, ("G", "D", "Gs"), {"G_ema": 5}, b"x"])
def test_pickles_of_something_else_are_told(official, tmp_path, content):
    with pytest.raises(ZograscopeError, match="no generator of StyleGAN2"):
        read_stylegan2(official.write(tmp_path / "a.pkl", content))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"architecture": "orig"}, "architecture is 'orig'"),
        ({"nonlinearity": "relu"}, "nonlinearity is 'relu'"),
        ({"normalize_latents": False}, "normalize_latents is something else"),
        ({"resample_kernel": [1, 2, 1]}, "another filter"),
    ],
)
def test_options_of_tensorflow_are_looked_at(official, tmp_path, options, words):
    networks = official.of_tensorflow(official.Generator(), **options)
    with pytest.raises(ZograscopeError, match=words):
        read_stylegan2(official.write(tmp_path / "a.pkl", networks))


def without(networks, place: str) -> None:
    for part in networks[2].components.values():
        part.variables = [pair for pair in part.variables if not pair[0].startswith(place)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda n: without(n, "4x4/Conv/mod_weight"), "older networks cannot be walked"),
        (lambda n: without(n, "8x8/Conv1/bias"), "no weights 'synthesis/8x8/Conv1/bias'"),
        (lambda n: without(n, "noise1"), "no weights 'synthesis/noise1'"),
        (lambda n: n[2].components.pop("mapping"), "no mapping or no synthesis"),
        (lambda n: n[2].components["mapping"].variables.append(
            ("LabelConcat/weight", np.zeros((2, 2), np.float32))), "trained on classes"),
        (lambda n: n[2].components["mapping"].variables.append(("more", 5)), "no array"),
        (lambda n: setattr(n[2], "variables", None), "is damaged"),
    ],
)  # fmt: skip
def test_damaged_networks_of_tensorflow_are_told(official, tmp_path, spoil, words):
    networks = official.of_tensorflow(official.Generator())
    spoil(networks)
    with pytest.raises(ZograscopeError, match=words):
        read_stylegan2(official.write(tmp_path / "a.pkl", networks))
