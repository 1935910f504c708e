"""What a scene has of portraits."""

from collections.abc import Iterator

import bpy

from . import rig
from .curves import EXPRESSIONS


def thing_of(item: bpy.types.Object | None) -> object | None:
    """Return the rig, or the head of a driver, that an object belongs to."""
    found = rig.find(item)
    return found if found is not None or item is None or EXPRESSIONS not in item else item


def things_in(scene: bpy.types.Scene) -> Iterator[object]:
    """Yield the rigs and the heads of drivers of a scene."""
    yield from rig.rigs(scene)
    yield from (item for item in scene.objects if EXPRESSIONS in item)
