"""A generator by chance whose images differ, small enough to be walked in a test."""

import json
from pathlib import Path

import torch
from zograscope_server.generative.generator import Generator
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.networks.styled import LATENT, StyledGenerator


def small_generator(
    columns: int = 5, rows: int = 4, doublings: int = 3, colours: int = 3, seed: int = 0
) -> StyledGenerator:
    """Images of 40 x 32 pixels."""
    torch.manual_seed(seed)
    generator = StyledGenerator(Shape(columns, rows, doublings, 4, colours))
    for weight in generator.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=1.4 / weight[0].numel() ** 0.5)
    torch.nn.init.normal_(generator.mapping.second.weight, std=0.5 / LATENT**0.5)
    for stage in generator.stages:
        torch.nn.init.normal_(stage.gain.weight, std=0.5 / LATENT**0.5)
    with torch.no_grad():
        generator.mean_style.copy_(generator.styles(torch.randn(2000, LATENT)).mean(0))
    return generator.requires_grad_(False).eval().ready()


def add_small_model(models_folder: Path, name: str = "small", location: str = "") -> Generator:
    """Put it into a models folder; return it as it is loaded from there."""
    folder = models_folder / name
    folder.mkdir(parents=True)
    card = {"collection": "Maps of nowhere", "location": location}
    small_generator().save(folder / "model.safetensors", card)
    (folder / "config.json").write_text(json.dumps({"generator": "styled", "card": card}))
    return StyledGenerator.load(folder / "model.safetensors")
