"""What the tasks of mosaics answer; TASKS.md says what it means."""

import json
import re
from typing import Any

import numpy as np

from zograscope_protocol.errors import quoted
from zograscope_protocol.results import (
    Arrays,
    Facts,
    Result,
    Wrong,
    listed,
    maybe,
    numbers,
    one_of,
    picture,
    record,
    text,
    whole,
)
from zograscope_protocol.results import file as whole_file

WIDEST = 1e7  # tiles from the middle of a layout
LARGEST = 1e30  # of what can make height
MOST_PAGES, MOST_PAGE_PIXELS = 64, 65_536
MOST_IMAGES = 10_000_000
LATEST = 1e7  # of dates, in years
DIGEST = re.compile("[0-9a-f]{64}")
TEXTS = ("name", "title", "creator", "rights", "link", "digest", "location")


def _check_tiles(lines: np.ndarray, count: int) -> None:
    """Raise Wrong for JSON lines that are not what is known of so many tiles."""
    tiles = _entries(lines, "tiles")
    if len(tiles) != count:
        raise Wrong(f"it has {count} tiles, and tells of {len(tiles)}")
    for tile in tiles:
        _check_tile(tile)


def _check_tile(tile: dict[str, Any]) -> None:
    for name in TEXTS:
        if not isinstance(tile.get(name), str | None):
            raise Wrong(f"the {name} of a tile is {quoted(tile[name])}, and no text")
    if not tile.get("name") or not DIGEST.fullmatch(tile.get("digest", "")):
        raise Wrong("a tile has no name or no digest")
    date = tile.get("date")
    if date is not None and (type(date) not in (int, float) or not abs(date) <= LATEST):
        raise Wrong(f"the date of a tile is {quoted(date)}, and no year")
    if not isinstance(tile.get("fields") or {}, dict):
        raise Wrong(f"the fields of a tile are {quoted(tile['fields'])}, and no object")


def _check_problems(lines: np.ndarray) -> None:
    for problem in _entries(lines, "problems"):
        if not all(isinstance(problem.get(name), str) for name in ("name", "sentence")):
            raise Wrong("it does not say in words what it left out")


def _entries(lines: np.ndarray, name: str) -> list[dict[str, Any]]:
    try:
        entries = [json.loads(line) for line in lines.tobytes().decode().splitlines() if line]
    except (ValueError, RecursionError) as error:
        raise Wrong(f"its {name} are no JSON lines") from error
    if not all(isinstance(entry, dict) for entry in entries):
        raise Wrong(f"its {name} are no objects")
    return entries


def _check_mosaic(arrays: Arrays, facts: Facts) -> None:
    count = len(arrays["extent"])
    _check_tiles(arrays["tiles"], count)
    _check_problems(arrays["problems"])
    clusters = arrays.get("value.cluster")
    if clusters is not None and not (
        clusters.min() >= -1 and clusters.max() < max(1, len(facts["clusters"]))
    ):
        raise Wrong("its tiles are in clusters that it does not name")
    atlas = facts.get("atlas")
    if atlas is not None and "atlas.0" in arrays and atlas["columns"] > atlas["page_pixels"]:
        raise Wrong("its pictures of tiles have no pixels")


MOSAIC = Result(
    {
        "layout.#": numbers("f4", "tiles", 3, least=-WIDEST, most=WIDEST, count="layouts"),
        "value.*": numbers("f4", "tiles", least=-LARGEST, most=LARGEST),
        "extent": numbers("f4", "tiles", 2, least=0.0, most=1.0),
        "atlas.#": picture(optional=True, count="pages"),
        "tiles": whole_file(),
        "problems": numbers("u1", None, least=0, most=255),
    },
    {
        "name": maybe(text),
        "model": text,
        "count": whole(1, MOST_IMAGES, "tiles"),
        "layouts": listed(record(name=text, form=text, title=text), 1, 32, "layouts"),
        "clusters": listed(text),
        "atlas": maybe(
            record(
                columns=whole(1, MOST_PAGE_PIXELS),
                page_pixels=whole(1, MOST_PAGE_PIXELS),
                pages=whole(1, MOST_PAGES, "pages"),
                suffix=one_of(".jpg", ".png"),
            )
        ),
        "duplicates": whole(0, MOST_IMAGES),
        "left_out": whole(0, MOST_IMAGES),
    },
    _check_mosaic,
)
FILE = Result({"file": whole_file()})
SIMILAR = Result({"similarity": numbers("f4", None, least=-10.0, most=10.0)})
ORIGINALS = Result({"#": picture()}, {"missing": listed(whole(0, MOST_IMAGES))})
