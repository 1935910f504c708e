"""Turns a model's name into a model in memory, and finds the device to compute on."""

from pathlib import Path
from typing import Any

from zograscope_server.models.catalogue import DEPTH, find_model, installed_folder


def load_model(name: str, models_folder: Path, device: str) -> Any:
    """Load a model onto a torch device: what estimates depth, or an embedder.

    Args:
        name: its own, not `default`.
        models_folder: where downloaded models are.
        device: of torch.

    Raises:
        ZograscopeError: `unknown-model`, `model-not-installed`, `model-file-wrong`.
    """
    model = find_model(name, models_folder)
    if model.task != DEPTH:
        from zograscope_server.mosaic.embedding.loading import load_embedder

        return load_embedder(name, models_folder, device)
    if model.name == "classical":
        from zograscope_server.depth.classical import ClassicalDepth

        return ClassicalDepth()
    if model.embedded:
        from zograscope_server.depth.embedded import EmbeddedDepth

        return EmbeddedDepth(device=device)
    from zograscope_server.depth.learned import LearnedDepth

    folder = installed_folder(model, models_folder)
    return LearnedDepth(folder, device=device, name=model.name, licence=model.licence)


def best_device() -> str:
    """Return the torch device that is fastest here."""
    import torch

    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"
