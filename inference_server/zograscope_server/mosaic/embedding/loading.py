"""Turns a model's name into an embedder."""

from pathlib import Path

from zograscope_server.models.catalogue import EMBEDDING, find_model, installed_folder, revision_of
from zograscope_server.mosaic.embedding.embedder import Embedder


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
