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
    if not model.embedded:
        return card_in(installed_folder(model, models_folder))
    from zograscope_server.generative.weights.generator_file import header_of

    try:
        card = json.loads(header_of(EMBEDDED).get(CARD, "{}"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def card_in(folder: Path) -> dict[str, Any]:
    """Return the card in a model's folder; an empty one where there is none."""
    try:
        card = json.loads((folder / CONFIG).read_text("utf-8")).get(CARD, {})
    except (OSError, ValueError, AttributeError):
        return {}
    return card if isinstance(card, dict) else {}


def text_of(card: dict[str, Any], name: str) -> str:
    """Return a text of a card, such as `collection` or `location`; empty where there is none."""
    value = card.get(name, "")
    return value if isinstance(value, str) else ""
