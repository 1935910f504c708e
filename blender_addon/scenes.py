"""What operators do to the artist's file and scenes beside building."""

import bpy


def storable(path: str) -> str:
    """Return a path as a .blend should hold it: relative to itself where it has been saved."""
    if not path or not bpy.data.filepath:
        return path
    try:
        return bpy.path.relpath(bpy.path.abspath(path))
    except ValueError:
        return path  # on another drive


def push_undo(message: str) -> None:
    """Make one step for Undo; a timer has no window of its own, and Blender wants one."""
    windows = bpy.context.window_manager.windows
    with bpy.context.temp_override(window=windows[0] if windows else None):
        if bpy.ops.ed.undo_push.poll():
            bpy.ops.ed.undo_push(message=message)


def select_only(root: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Make an object the scene's active and only selected one."""
    layer = scene.view_layers[0]
    for item in layer.objects.selected:
        item.select_set(False, view_layer=layer)
    layer.objects.active = root
    root.select_set(True, view_layer=layer)
