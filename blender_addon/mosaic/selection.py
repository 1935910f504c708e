"""The mosaic and the tile that the artist means."""

from collections.abc import Iterable
from typing import Any

import bpy

from ..selection import selected_or_only
from . import builders


def selected_mosaic(context: bpy.types.Context) -> builders.Mosaic | None:
    """Return the mosaic of the active object, or the scene's only one."""
    return selected_or_only(context, builders.find_mosaic, builders.mosaics)


class OfMosaic:
    """What operators and panels share that work on the selected mosaic."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None


def selected_tile(context: bpy.types.Context) -> dict[str, Any] | None:
    """Return what is known of the selected tile."""
    mosaic, number = selected_mosaic(context), context.scene.zograscope_mosaic.selected
    if mosaic is None or number < 0:
        return None
    known = mosaic.what_is_known()
    return known[number] if number < len(known) else None


def vertices_of(mosaic: builders.Mosaic, tiles: Iterable[int]) -> list[int]:
    """Return where tiles are in the mesh, without those that were deleted."""
    place = {int(number): vertex for vertex, number in enumerate(mosaic.numbers())}
    return [place[tile] for tile in tiles if tile in place]


def forget_tiles(settings: bpy.types.PropertyGroup) -> None:
    """Forget what was sought and selected in another mosaic."""
    settings.query, settings.selected, settings.found_count = "", -1, 0
    settings.found.clear()
    settings.stops.clear()
