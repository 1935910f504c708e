"""Brings models that estimate depth into memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_server.models.catalogue import Model, installed_folder
from zograscope_server.models.loader import ModelLoader

if TYPE_CHECKING:
    from zograscope_server.depth.estimate import DepthModel

PURPOSE = "depth"


def load_depth_model(model: Model, models_folder: Path, device: str) -> "DepthModel":
    """Load what estimates depth (see `ModelLoader`)."""
    if model.name == "classical":
        from zograscope_server.depth.classical import ClassicalDepth

        return ClassicalDepth()
    if model.embedded:
        from zograscope_server.depth.embedded import EmbeddedDepth

        return EmbeddedDepth(device=device)
    from zograscope_server.depth.learned import LearnedDepth

    folder = installed_folder(model, models_folder)
    return LearnedDepth(folder, device=device, name=model.name, licence=model.licence)


def is_depth_config(config: Mapping[str, Any]) -> bool:
    """Whether this is the config.json of a network of transformers, and of none that it wraps."""
    return "model_type" in config and "architecture" not in config


LOADERS = (ModelLoader(PURPOSE, load_depth_model, is_depth_config),)
