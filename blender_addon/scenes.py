"""What operators do to the artist's file and scenes beside building."""

import bpy

VIEWPORT_TYPE = "VIEW_3D"
SETTINGS = ("zograscope_depth", "zograscope_mosaic")
"""What the artist chooses for each capability, a group of properties of the scene."""

PART_MARK = "zograscope_part"
"""On an object: which part of a diorama or mosaic it is, whatever the artist calls it."""


def add_part(
    name: str,
    data: bpy.types.ID | None,
    part: str,
    parent: bpy.types.Object | None,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """Add an object that is found by its mark, below its parent."""
    item = bpy.data.objects.new(name, data)
    item[PART_MARK] = part
    item.parent = parent
    collection.objects.link(item)
    return item


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


def scene_of_its_own(scene: bpy.types.Scene, name: str) -> bpy.types.Scene:
    """Return an empty scene, shown where the present one was, which is left as it is."""
    if not scene.objects:
        return scene
    own = bpy.data.scenes.new(name)
    for group in SETTINGS:
        chosen = getattr(scene, group)
        for choice in chosen.bl_rna.properties:
            if not choice.is_readonly:
                setattr(getattr(own, group), choice.identifier, getattr(chosen, choice.identifier))
    manager = bpy.context.window_manager
    for window in manager.windows if manager else ():
        if window.scene == scene:
            window.scene = own
    return own


def look_through_camera(scene: bpy.types.Scene, shading: str = "SOLID") -> None:
    """Show pictures through the camera in the viewports of windows that show the scene."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas if window.scene == scene else ():
            if area.type == VIEWPORT_TYPE:
                space = area.spaces.active
                space.region_3d.view_perspective = "CAMERA"
                space.shading.type = shading
                space.shading.use_scene_world = True
                space.overlay.show_relationship_lines = False
                space.shading.light, space.shading.color_type = "FLAT", "TEXTURE"
