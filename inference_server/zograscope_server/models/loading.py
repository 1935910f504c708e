"""Turns a model's name into a model in memory, and finds the device to compute on."""

from pathlib import Path
from typing import Any

from zograscope_server.models.catalogue import find_model
from zograscope_server.models.errors import ModelError
from zograscope_server.models.loader import all_loaders


def load_model(name: str, models_folder: Path, device: str, purpose: str | None = None) -> Any:
    """Load a model onto a torch device, by the loader of its purpose.

    Args:
        name: its own; with a purpose, also `default`.
        models_folder: where downloaded models are.
        device: of torch.
        purpose: what the model has to be for.

    Raises:
        ZograscopeError: `unknown-model`, `model-of-another-task`, `model-without-loader`,
            `model-not-installed`, `model-file-wrong`.
    """
    model = find_model(name, models_folder, purpose)
    for loader in all_loaders():
        if loader.purpose == model.purpose:
            return loader.load(model, models_folder, device)
    raise ModelError("model-without-loader", name=model.name, purpose=model.purpose)


def best_device() -> str:
    """Return the torch device that is fastest here."""
    import torch

    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"
