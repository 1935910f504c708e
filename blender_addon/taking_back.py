"""Whoever builds in the artist's file makes all of it, or leaves nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from .windows import windows

NEVER_MADE = {"WindowManager", "Screen", "WorkSpace", "Library", "ID"}


@contextmanager
def taking_back() -> Iterator[None]:
    """Remove whatever data-blocks the block has made, where it fails; the error goes on.

    Windows show again what they showed. What the block has changed of what was there stays changed:
    builders make first, and change last.
    """
    before = {item.session_uid for item in _all()}
    shown = [(window, window.scene) for window in windows()]
    try:
        yield
    except BaseException:
        for window, scene in shown:
            window.scene = scene
        bpy.data.batch_remove([item for item in _all() if item.session_uid not in before])
        raise


def _all() -> Iterator[bpy.types.ID]:
    """Yield all data-blocks of the file that a builder may have made."""
    for pool in bpy.data.bl_rna.properties:
        kind = pool.fixed_type if isinstance(pool, bpy.types.CollectionProperty) else None
        if kind is not None and kind.identifier not in NEVER_MADE:
            yield from getattr(bpy.data, pool.identifier)
