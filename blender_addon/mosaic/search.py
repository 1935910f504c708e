"""Finds tiles by the words of their metadata."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def matching_tiles(known: Sequence[Mapping[str, Any]], query: str) -> np.ndarray:
    """Return the numbers of tiles whose metadata have every word of a query, in any field.

    Case and accents do not count. An empty query finds everything.
    """
    words = plain(query).split()
    found = [
        number for number, tile in enumerate(known) if all(word in _text(tile) for word in words)
    ]
    return np.array(found, np.int64)


def tile_called(known: Sequence[Mapping[str, Any]], name: str) -> int | None:
    """Return the tile with this title or file name, or else the first that has its words."""
    wanted = plain(name).strip()
    if not wanted:
        return None
    for number, tile in enumerate(known):
        if wanted in (plain(tile.get("title", "")), plain(tile.get("name", ""))):
            return number
    found = matching_tiles(known, name)
    return int(found[0]) if len(found) else None


def plain(text: str) -> str:
    """Return text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(part for part in decomposed if not unicodedata.combining(part)).casefold()


def _text(tile: Mapping[str, Any]) -> str:
    values = [tile.get(key, "") for key in ("name", "title", "creator", "rights")]
    date = tile.get("date")
    values.append("" if date is None else str(int(date)))
    values.extend(tile.get("fields", {}).values())
    return plain(" \n".join(map(str, values)))
