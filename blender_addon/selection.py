"""What the artist means: the selected thing, or the only one that there is."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import bpy

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
