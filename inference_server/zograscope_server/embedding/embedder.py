"""What turns pictures into vectors whose distances say how alike the pictures are."""

from typing import Protocol

import numpy as np
from PIL import Image

READ_SIDE = 256
"""Pixels of the shorter side that embedders are given at least, where an image has them."""


class Embedder(Protocol):
    """Gives each picture a vector.

    Attributes:
        name: of the model, as the catalogue has it.
        revision: the exact state of model and code, which cached vectors depend on.
    """

    name: str
    revision: str

    def prepare(self, picture: Image.Image) -> np.ndarray:
        """Bring an RGB picture of any size to (h, w, 3) uint8, always of the same shape.

        Called in several threads at once.
        """

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Return the (n, d) float32 vectors of (n, h, w, 3) uint8 prepared pictures."""

    def finish(self, vectors: np.ndarray) -> np.ndarray:
        """Make the (n, d) vectors of a whole collection comparable by Euclidean distance.

        Returns (n, k) float32.
        """


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Scale each of (n, d) vectors to length 1, so that distances are those of angles."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
