"""What is told of a model beside its weights: its card, as it lies with them."""

import json
from pathlib import Path
from typing import Any

from zograscope_server.generative.loading import EMBEDDED
from zograscope_server.models.catalogue import CONFIG, Model, installed_folder

CARD = "card"


def read_card(model: Model, models_folder: Path) -> dict[str, Any]:
    """Return a model's card, a JSON object; an empty one where it has none.

    It stands in the model's config.json; that of the embedded model in its weights' own header.
    """
    try:
        if model.embedded:
            from safetensors import safe_open

            with safe_open(EMBEDDED, "numpy") as file:
                card = json.loads((file.metadata() or {}).get(CARD, "{}"))
        else:
            config = installed_folder(model, models_folder) / CONFIG
            card = json.loads(config.read_text("utf-8")).get(CARD, {})
    except (OSError, ValueError, AttributeError):
        return {}
    return card if isinstance(card, dict) else {}


def text_of(card: dict[str, Any], name: str) -> str:
    """Return a text of a card, such as `collection` or `location`; empty where there is none."""
    value = card.get(name, "")
    return value if isinstance(value, str) else ""
