"""What a scene has of dreams."""

from collections.abc import Iterator

import bpy

from . import walks
from .boards import BOARD_MARK
from .relief import HEIGHT_MARK


def thing_of(item: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the landscape, or the root of the board, that an object belongs to."""
    while item is not None and HEIGHT_MARK not in item and BOARD_MARK not in item:
        item = item.parent
    return item


def things_in(scene: bpy.types.Scene) -> Iterator[object]:
    """Yield the walk and the boards of a scene."""
    walk = walks.find(scene)
    if walk is not None:
        yield walk
    yield from (item for item in scene.objects if BOARD_MARK in item)
