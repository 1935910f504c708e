"""What a search shows: a list of the tiles that were found, which shine while the others go dim."""

import bpy
import numpy as np

from ..node_wiring import get_input, set_input
from . import builders
from .builders import Mosaic
from .search import matching_tiles

MOST_LISTED = 200
FOUND_DIM = 0.15


def search(mosaic: Mosaic, settings: bpy.types.PropertyGroup) -> None:
    """Find tiles by the words of the settings, list them and light them up."""
    if not settings.query.strip():
        show_all(mosaic, settings)
        return
    known = mosaic.what_is_known()
    show_found(mosaic, settings, matching_tiles(known, settings.query))


def show_all(mosaic: Mosaic, settings: bpy.types.PropertyGroup) -> None:
    """Forget what was found, and show all tiles alike."""
    settings.found.clear()
    settings.found_count = 0
    builders.set_matches(mosaic, np.ones(len(mosaic.what_is_known())))
    set_input(mosaic.modifier, "Dim others", 1.0)


def show_found(mosaic: Mosaic, settings: bpy.types.PropertyGroup, found: np.ndarray) -> None:
    """List tiles, by number and best first, and dim the others."""
    settings.found.clear()
    for tile in found[:MOST_LISTED]:
        settings.found.add().tile = int(tile)
    settings.found_count = len(found)
    listed = [item.tile for item in settings.found]
    selected = settings.selected
    settings.found_index = listed.index(selected) if selected in listed else -1
    matches = np.zeros(len(mosaic.what_is_known()))
    matches[found] = 1.0
    builders.set_matches(mosaic, matches)
    if get_input(mosaic.modifier, "Dim others") >= 1.0:
        set_input(mosaic.modifier, "Dim others", FOUND_DIM)
    mosaic.tiles.update_tag()
