"""What turns pictures into vectors whose distances say how alike the pictures are."""

from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from zograscope_server.models.catalogue import (
    EMBEDDING,
    find_model,
    installed_folder,
    revision_of,
)

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


def load_embedder(name: str, models_folder: Path, device: str = "cpu") -> Embedder:
    """Load an embedder.

    Args:
        name: `default` (the embedded one), a name of the catalogue, or a model of one's own.
        models_folder: where downloaded models are.
        device: of torch.

    Raises:
        ZograscopeError: `unknown-model`, `model-of-another-task`, `model-not-installed`,
            `model-file-wrong`.
    """
    model = find_model(name, models_folder, EMBEDDING)
    if model.embedded:
        from zograscope_server.mosaic.embedding.descriptor import ColourAndTexture

        return ColourAndTexture()
    from zograscope_server.mosaic.embedding.backbones import Backbone

    folder = installed_folder(model, models_folder)
    return Backbone(
        folder, device=device, name=model.name, revision=revision_of(model.name, models_folder)
    )


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Scale each of (n, d) vectors to length 1, so that distances are those of angles."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
