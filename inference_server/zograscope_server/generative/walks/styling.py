"""What is done to all styles before they become images: mixing, truncation, directions."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zograscope_server.generative.generator import Generator
from zograscope_server.generative.walks.directions import Directions
from zograscope_server.generative.walks.space import centre_of, styles_of


@dataclass(frozen=True)
class Styling:
    """Changes styles in the order of the attributes.

    Attributes:
        mixed: (style_size,) of another image.
        mixed_rows: (resolutions,) whether it takes a resolution's place.
        centre: (style_size,), the mean style.
        truncation: share of the distance from it that is left.
        steps: (style_size,), what all directions together add.
    """

    mixed: np.ndarray
    mixed_rows: np.ndarray
    centre: np.ndarray
    truncation: float
    steps: np.ndarray

    def apply(self, styles: np.ndarray) -> np.ndarray:
        """Return (n, resolutions, style_size) styles of such, or of (n, 1, style_size)."""
        mixed = np.where(self.mixed_rows[:, None], self.mixed, styles)
        truncated = self.centre + (mixed - self.centre) * np.float32(self.truncation)
        return (truncated + self.steps).astype(np.float32)


def make_styling(
    generator: Generator,
    directions: Directions,
    *,
    truncation: float = 1.0,
    moved: Iterable[tuple[int, float]] = (),
    mix_seed: int | None = None,
    mix_from: int = 32,
) -> Styling:
    """Return what options ask for.

    Args:
        generator: whose styles they are.
        directions: of the generator.
        truncation: 1 leaves styles as they are, 0 leaves only the mean (Karras et al. 2019).
        moved: numbers of directions, and how far, in spreads.
        mix_seed: whose style takes the finer resolutions; None leaves them.
        mix_from: pixels of the shorter side from which on it does.
    """
    rows = np.array(generator.resolutions) >= mix_from
    mixed = np.zeros(generator.style_size, np.float32)
    if mix_seed is None:
        rows[:] = False
    else:
        mixed = styles_of(generator, [mix_seed])[0, 0]
    steps = np.zeros(generator.style_size, np.float32)
    for number, strength in moved:
        steps += directions.step(number, strength)
    return Styling(mixed, rows, centre_of(generator), truncation, steps)
