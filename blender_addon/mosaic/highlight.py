"""Draws a frame about the selected tile in the viewports: an overlay, and no part of the scene."""

from typing import Any

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader

from .builders import Mosaic
from .selection import selected_mosaic

STROKES = ((6.0, (0.0, 0.0, 0.0, 0.8)), (2.5, (1.0, 0.72, 0.2, 1.0)))  # pixels wide, colour
SHADER = "POLYLINE_UNIFORM_COLOR"

_known_corners: dict[tuple[str, int], np.ndarray | None] = {}
_handles: list[Any] = []


def corners(mosaic: Mosaic, number: int) -> np.ndarray | None:
    """Return the corners (4, 3), in world space, of a tile; None where it was deleted."""
    vertices = np.flatnonzero(mosaic.numbers() == number)
    if not len(vertices):
        return None
    matrix = np.array(mosaic.tiles.matrix_world)
    return mosaic.places().corners[vertices[0]] @ matrix[:3, :3].T + matrix[:3, 3]


def _draw() -> None:
    context = bpy.context
    number = context.scene.zograscope_mosaic.selected
    if number < 0 or not context.space_data.overlay.show_overlays:
        return
    mosaic = selected_mosaic(context)
    if mosaic is None or context.screen.is_animation_playing:
        return
    key = (mosaic.tiles.name_full, number)
    if key not in _known_corners:
        _known_corners[key] = corners(mosaic, number)
    frame = _known_corners[key]
    if frame is None:
        return
    shader = gpu.shader.from_builtin(SHADER)
    points = [tuple(point) for point in frame.astype(float).tolist()]
    batch = batch_for_shader(shader, "LINE_STRIP", {"pos": [*points, points[0], points[1]]})
    gpu.state.blend_set("ALPHA")
    for width, colour in STROKES:
        shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
        shader.uniform_float("lineWidth", width * context.preferences.system.ui_scale)
        shader.uniform_float("color", colour)
        batch.draw(shader)
    gpu.state.blend_set("NONE")


@persistent
def _forget(*_: object) -> None:
    _known_corners.clear()


_HANDLERS = ("depsgraph_update_post", "frame_change_post", "load_post", "undo_post", "redo_post")


def register() -> None:
    """Draw from now on, unless there is no window."""
    if bpy.app.background:
        return
    draw = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")
    _handles.append(draw)
    for name in _HANDLERS:
        getattr(bpy.app.handlers, name).append(_forget)


def unregister() -> None:
    """Draw no more."""
    if not _handles:
        return
    for name in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(_forget)
    bpy.types.SpaceView3D.draw_handler_remove(_handles.pop(), "WINDOW")
