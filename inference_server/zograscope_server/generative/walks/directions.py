"""Semantic directions of a generator without any training: SeFa.

After Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs" (CVPR 2021): directions
in which the first thing that the network does with a style changes most are the eigenvectors of
A^T A, where A are all its style weights, one below the other.
"""

from dataclasses import dataclass

import numpy as np

from zograscope_server.generative.generator import Generator
from zograscope_server.generative.walks.space import styles_of

LOOKS = 512  # seeds along whose styles spreads are measured


@dataclass(frozen=True)
class Directions:
    """The semantic directions of a generator, the strongest first.

    Attributes:
        vectors: (style_size, style_size) float32, one unit vector in each row.
        spreads: (style_size,) float32, the standard deviation of styles along each.
    """

    vectors: np.ndarray
    spreads: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    def step(self, number: int, strength: float) -> np.ndarray:
        """Return (style_size,) what a strength, in spreads, adds to a style."""
        return self.vectors[number] * (self.spreads[number] * np.float32(strength))


def find_directions(generator: Generator) -> Directions:
    """Find the directions of a generator; the same each time."""
    weights = [weight.detach().cpu().double().numpy() for weight in generator.style_weights()]
    stacked = np.concatenate(weights)
    _, vectors = np.linalg.eigh(stacked.T @ stacked)
    vectors = vectors.T[::-1]
    # An eigenvector may be turned round: its largest number is positive here.
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1)
    vectors = (vectors * np.sign(largest)).astype(np.float32)
    styles = styles_of(generator, range(LOOKS))[:, 0]
    return Directions(vectors, (styles @ vectors.T).std(axis=0).astype(np.float32))
