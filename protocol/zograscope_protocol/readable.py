"""Texts from outside as people can read them, and as any interface can draw them."""

from typing import Any

MOST_READABLE = 300
"""Characters of a text that is drawn on one line."""


def readable(value: Any, most: int = MOST_READABLE) -> str:
    """Return a text as one line of at most `most` characters; nothing for what is no text.

    Halves of surrogate pairs, which no interface can draw, and characters that control one are
    replaced.
    """
    if not isinstance(value, str):
        return ""
    text = value[: most + 1].encode("utf-8", "replace").decode()
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def drawable(value: Any) -> Any:
    """Return JSON whose texts can all be encoded, and so be drawn and written."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [drawable(entry) for entry in value]
    if isinstance(value, dict):
        return {drawable(key): drawable(entry) for key, entry in value.items()}
    return value
