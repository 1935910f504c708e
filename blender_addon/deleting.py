"""Deletes what was built, with all that only it uses, so that nothing of it is left in the file."""

from collections.abc import Iterable

import bpy

from .scenes import ORIGIN_MARK
from .windows import windows

KEPT = (bpy.types.Scene, bpy.types.Screen, bpy.types.WindowManager, bpy.types.WorkSpace)


def delete(root: bpy.types.Object) -> None:
    """Delete an object and all below it, and a scene that was made for it and is empty then."""
    scenes = [scene for scene in bpy.data.scenes if root.name in scene.objects]
    items: set[bpy.types.ID] = {root, *root.children_recursive}
    collections = {collection for item in items for collection in item.users_collection}
    masters = {scene.collection for scene in bpy.data.scenes}
    items |= {
        collection
        for collection in collections - masters
        if items.issuperset(collection.all_objects)
    }
    bpy.data.batch_remove(_with_what_only_they_use(items))
    for scene in scenes:
        _remove_if_empty(scene)


def _with_what_only_they_use(items: set[bpy.types.ID]) -> Iterable[bpy.types.ID]:
    """Return data-blocks, and those that nothing else uses."""
    users = bpy.data.user_map()
    found, more = set(items), True
    while more:
        only_theirs = {
            item
            for item, by in users.items()
            if by and by <= found and not isinstance(item, KEPT) and not _is_kept(item)
        }
        more = not only_theirs <= found
        found |= only_theirs
    return found


def _is_kept(item: bpy.types.ID) -> bool:
    """Whether an artist keeps a data-block that nothing uses; of texts, Blender keeps each."""
    return item.use_fake_user and not isinstance(item, bpy.types.Text)


def _remove_if_empty(scene: bpy.types.Scene) -> None:
    """Remove a scene that was made for what is gone, and show the one that it was made from."""
    if ORIGIN_MARK not in scene or scene.objects or len(bpy.data.scenes) < 2:
        return
    others = [other for other in bpy.data.scenes if other != scene]
    origin = scene[ORIGIN_MARK] if scene[ORIGIN_MARK] in others else others[0]
    for window in windows():
        if window.scene == scene:
            window.scene = origin
    bpy.data.scenes.remove(scene)
