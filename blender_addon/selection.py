"""What the artist means: the selected thing, or the only one that there is."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import bpy

from . import capabilities

Thing = TypeVar("Thing")


def selected_or_only(
    context: bpy.types.Context,
    find: Callable[[bpy.types.Object | None], Thing | None],
    all_in: Callable[[bpy.types.Scene], Iterable[Thing]],
) -> Thing | None:
    """Return what the active object belongs to, or the scene's only one, or None.

    Args:
        context: where the artist is.
        find: returns what an object belongs to.
        all_in: yields those of a scene.
    """
    found = find(context.object)
    if found is not None:
        return found
    every = list(all_in(context.scene))
    return every[0] if len(every) == 1 else None


def is_another_s(item: bpy.types.Object | None, name: str) -> bool:
    """Whether an object belongs to what another capability has made, and not to this one's."""
    if capabilities.named(name).thing_of(item) is not None:
        return False
    return any(record.thing_of(item) is not None for record in capabilities.records())


def is_anything_in(scene: bpy.types.Scene) -> bool:
    """Whether a scene has anything that a capability has made."""
    return any(True for record in capabilities.records() for _ in record.things_in(scene))
