"""Procedural scenes: a kind of place, its things, its light and a camera, all by chance.

scene, camera = make_scene(rng, picture_size(rng))
light, depth = render(scene, camera)
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from training.depth.chance import pick
from training.depth.furnished import furnished, shown
from training.depth.gatherings import crowd, group, market, portrait, studio
from training.depth.interiors import kitchen, room, storeroom, workplace
from training.depth.monuments import monument
from training.depth.places import (
    heap,
    landscape,
    leaned,
    street,
    table_top,
    waterside,
)
from training.depth.rendering import Camera, Scene

PIXELS = 140_000  # of a rendered picture, whatever its proportions
ASPECTS = {0.67: 0.08, 0.75: 0.12, 1.0: 0.1, 1.33: 0.3, 1.5: 0.2, 1.78: 0.12, 2.6: 0.08}  # shares


def make_scene(rng: Generator, size: tuple[int, int]) -> tuple[Scene, Camera]:
    """Make a scene of any kind, with a camera in it for pictures of (height, width)."""
    total = sum(KINDS.values())
    scene, camera = pick(rng, list(KINDS), [chance / total for chance in KINDS.values()])(rng)
    return scene, replace(camera, size=size)


def picture_size(rng: Generator) -> tuple[int, int]:
    """Height and width: upright to panoramic, landscape most often."""
    aspects, chances = zip(*ASPECTS.items(), strict=True)
    aspect = pick(rng, aspects, chances)
    height = np.sqrt(PIXELS / aspect)
    return round(height / 8) * 8, round(height * aspect / 8) * 8


# Kinds of places and how often each is made, people first.
KINDS: dict[Callable[[Generator], tuple[Scene, Camera]], float] = {
    crowd: 0.11,
    portrait: 0.1,
    group: 0.1,
    market: 0.08,
    studio: 0.05,
    furnished: 0.14,
    shown: 0.14,
    room: 0.07,
    workplace: 0.09,
    kitchen: 0.08,
    storeroom: 0.05,
    street: 0.13,
    table_top: 0.1,
    landscape: 0.09,
    monument: 0.05,
    waterside: 0.04,
    leaned: 0.03,
    heap: 0.03,
}
