"""Blender's windows and their areas, for whoever changes what they show or has them drawn anew."""

from collections.abc import Iterator

import bpy

PANELS = ("VIEW_3D", "PREFERENCES")  # areas in which Zograscope's panels are


def windows() -> list[bpy.types.Window]:
    """Return Blender's windows; a Blender that only registers has no manager of any."""
    manager = bpy.context.window_manager
    return list(manager.windows) if manager else []


def viewports() -> Iterator[tuple[bpy.types.Area, bpy.types.SpaceView3D, bpy.types.Scene]]:
    """Yield the viewports of all windows: area, space, and the scene that is shown."""
    for window in windows():
        for area in window.screen.areas:
            space = area.spaces.active
            if isinstance(space, bpy.types.SpaceView3D):
                yield area, space, window.scene


def viewports_of(
    scene: bpy.types.Scene,
) -> Iterator[tuple[bpy.types.Area, bpy.types.SpaceView3D]]:
    """Yield the viewports of windows that show a scene."""
    return ((area, space) for area, space, shown in viewports() if shown == scene)


def redraw_panels() -> None:
    """Have Zograscope's panels drawn anew, wherever they are."""
    for window in windows():
        for area in window.screen.areas:
            if area.type in PANELS:
                area.tag_redraw()
