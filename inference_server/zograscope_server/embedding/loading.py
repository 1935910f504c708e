"""Brings models that turn pictures into vectors into memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_server.models.catalogue import Model, installed_folder, revision_of
from zograscope_server.models.loader import ModelLoader

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder

PURPOSE = "embedding"


def load_embedder(model: Model, models_folder: Path, device: str) -> "Embedder":
    """Load what turns pictures into vectors (see `ModelLoader`)."""
    if model.embedded:
        from zograscope_server.embedding.descriptor import ColourAndTexture

        return ColourAndTexture()
    from zograscope_server.embedding.backbones import Backbone

    folder = installed_folder(model, models_folder)
    return Backbone(
        folder, device=device, name=model.name, revision=revision_of(model.name, models_folder)
    )


def is_backbone_config(config: Mapping[str, Any]) -> bool:
    """Whether this is a config.json in timm's manner, which names one architecture."""
    return "architecture" in config


def add_backbone(source: Path, architecture: str, models_folder: Path, name: str) -> str | None:
    """Make a model of weights whose architecture was told (see `add_weights`)."""
    if not architecture:
        return None
    from zograscope_server.embedding.backbones import add_weights

    return add_weights(source, architecture, models_folder, name)


LOADERS = (ModelLoader(PURPOSE, load_embedder, is_backbone_config, add_backbone),)
