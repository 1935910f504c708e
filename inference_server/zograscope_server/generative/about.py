"""What is told of a model beside its weights: its card, as it lies with them."""

import json
from pathlib import Path
from typing import Any

from zograscope_server.models.catalogue import CONFIG, Model, installed_folder

EMBEDDED = Path(__file__).parent
CARD = "card"


def read_card(model: Model, models_folder: Path) -> dict[str, Any]:
    """Return a model's card, a JSON object; an empty one where it has none.

    It stands in the model's config.json; that of an embedded model in its weights' own header.
    """
    try:
        if model.embedded:
            from safetensors import safe_open

            with safe_open(EMBEDDED / f"{model.name}.safetensors", "numpy") as file:
                card = json.loads((file.metadata() or {}).get(CARD, "{}"))
        else:
            config = installed_folder(model, models_folder) / CONFIG
            card = json.loads(config.read_text("utf-8")).get(CARD, {})
    except (OSError, ValueError, AttributeError):
        return {}
    return card if isinstance(card, dict) else {}


def collection_of(card: dict[str, Any]) -> str:
    """Return what a card calls its collection; empty where it does not say."""
    name = card.get("collection", "")
    return name if isinstance(name, str) else ""
