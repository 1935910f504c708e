"""What surfaces are made of: colours by kind, patterns and polish by chance."""

import numpy as np
from numpy.random import Generator

from training.depth import patterns
from training.depth.chance import pick
from training.depth.rendering import Material, Scene

# Hue, saturation and value ranges of what things are made of.
COLOURS = {
    "anything": ((0, 1), (0, 0.8), (0.08, 0.95)),
    "wall": ((0, 0.15), (0, 0.35), (0.35, 0.95)),
    "wood": ((0.04, 0.11), (0.25, 0.7), (0.1, 0.6)),
    "leaf": ((0.14, 0.36), (0.2, 0.7), (0.08, 0.5)),
    "soil": ((0.05, 0.14), (0.1, 0.5), (0.15, 0.6)),
    "stone": ((0, 1), (0, 0.12), (0.15, 0.8)),
    "cloth": ((0, 1), (0, 0.7), (0.02, 0.9)),
    "dark cloth": ((0, 1), (0, 0.3), (0.01, 0.2)),
    "skin": ((0.02, 0.08), (0.25, 0.6), (0.15, 0.85)),
    "hair": ((0.03, 0.12), (0, 0.6), (0.01, 0.5)),
    "water": ((0.35, 0.62), (0.1, 0.6), (0.05, 0.35)),
    "roof": ((0, 0.1), (0.1, 0.7), (0.1, 0.5)),
    "metal": ((0, 1), (0, 0.1), (0.1, 0.7)),
    "snow": ((0.5, 0.65), (0, 0.1), (0.8, 0.98)),
    "white": ((0, 0.2), (0, 0.1), (0.7, 0.95)),
}


def colour(rng: Generator, kind: str) -> np.ndarray:
    """A linear RGB colour of something."""
    h, s, v = (rng.uniform(*limits) for limits in COLOURS[kind])
    k = (np.array([5, 3, 1]) + h * 6) % 6
    return (v - v * s * np.clip(np.minimum(k, 4 - k), 0, 1)) ** 1.6


def surface(
    scene: Scene, kind: str, *pattern_kinds: str, scale: float = 1.0, contrast: float | None = None,
    mirror: float = 0.0, bump: float | None = None, glow: float = 0.0,
) -> int:  # fmt: skip
    """Register a material of a colour and a pattern (any without) and return its number."""
    rng = scene.rng
    light = colour(rng, kind)
    contrast = rng.uniform(0.1, 0.8) if contrast is None else contrast
    other = light * (1 - contrast) if rng.random() < 0.8 else colour(rng, kind)
    return scene.material(
        Material(
            patterns.choose(rng, *pattern_kinds),
            other,
            light,
            scale * rng.uniform(0.6, 1.6),
            rng.uniform(0, 0.35),
            mirror,
            pick(rng, [0.0, rng.uniform(0, 1.5)]) if bump is None else bump,
            glow,
        )
    )


def painted(scene: Scene, paint: np.ndarray) -> int:
    """Register a nearly even material of about this (3,) sRGB colour and return its number."""
    rng = scene.rng
    light = np.clip(paint + rng.normal(0, 0.03, 3), 0.02, 1) ** 2.2
    return scene.material(
        Material(
            patterns.choose(rng, "plain", "grain", "clouds", "speckle"),
            light * (1 - rng.uniform(0, 0.35)),
            light,
            rng.uniform(0.6, 4),
            rng.uniform(0, 0.35),
            pick(rng, [0.0, rng.uniform(0.02, 0.15)], [0.8, 0.2]),
        )
    )
