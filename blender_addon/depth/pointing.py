"""Tools that point at a diorama's relief in the viewport: the depth brush, clicks at objects.

An operator has the mouse until it ends and hands its events to a function of the tool. A pointer
knows where on the photograph the mouse is.
"""

from collections.abc import Callable
from typing import Any, Literal

import bpy
import numpy as np
from mathutils import Vector
from zograscope_protocol.errors import ZograscopeError

from ..job_operators import owner_in, refuse
from ..scenes import VIEWPORT_TYPE, find_object
from . import building
from .diorama import Diorama, find_diorama
from .relief import Point, pixel_along
from .selection import NeedsLiveDiorama

LINE_COLOUR = (1.0, 0.75, 0.2, 1.0)
LINE_WIDTH = 2.0


class Pointer:
    """Where on the photograph of a diorama the mouse is.

    It keeps the diorama's name and nothing of Blender's own, which undo would leave dangling.
    """

    def __init__(self, diorama: Diorama) -> None:
        """Point at a diorama that is live."""
        self._root = diorama.root.session_uid
        self.at: Point | None = None
        """Where the mouse is, in pixels of the photograph; None beside it."""

    @property
    def diorama(self) -> Diorama | None:
        """Return the diorama, or None where it is gone or baked."""
        diorama = find_diorama(find_object(self._root))
        return diorama if diorama is not None and diorama.is_live else None

    def hover(self, origin: Vector, direction: Vector) -> Point | None:
        """Note where a ray in world space meets the relief."""
        diorama = self.diorama
        if diorama is None:
            self.at = None
            return None
        inverse = diorama.photograph.matrix_world.inverted()
        start, ahead = np.array(inverse @ origin), np.array(inverse.to_3x3() @ direction)
        shown, settings = self._disparity(diorama), diorama.settings()
        self.at = pixel_along(shown, diorama.intrinsics, settings, start, ahead)
        return self.at

    def _disparity(self, diorama: Diorama) -> np.ndarray:
        """Return what the relief shows."""
        raise NotImplementedError


class PointingOperator(NeedsLiveDiorama, bpy.types.Operator):
    """An operator that points at the selected diorama; one of a kind runs at a time.

    Attributes:
        prompt: what the status bar says meanwhile.
        cursor: of the mouse.
    """

    prompt = ""
    cursor: Literal["DEFAULT", "EYEDROPPER", "PAINT_CROSS"] = "DEFAULT"
    is_running = False

    _pointer: Any
    _lines: Any

    def start(self, context: bpy.types.Context) -> Any:
        """Return the tool's pointer. Raises ZograscopeError where there can be none."""
        raise NotImplementedError

    def handle(self, pointer: Any, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Do what an event asks for; return what `modal` does. Raises ZograscopeError."""
        raise NotImplementedError

    def drawing(self) -> Callable[[Any], None]:
        """Return what draws of a pointer in the viewports."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that is live, and a viewport."""
        return super().poll(context) and context.area is not None and not cls.is_running

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take the mouse over a viewport until the tool ends."""
        try:
            self._pointer = self.start(context)
        except ZograscopeError as error:
            return refuse(self, error, owner_in(context, building.NAME))
        self._lines = bpy.types.SpaceView3D.draw_handler_add(
            self.drawing(), (self._pointer,), "WINDOW", "POST_VIEW"
        )
        context.window.cursor_modal_set(self.cursor)
        context.workspace.status_text_set(self.prompt)
        context.window_manager.modal_handler_add(self)
        type(self).is_running = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Let the tool have its events; leave what turns the view to Blender."""
        try:
            answer = self.handle(self._pointer, context, event)
        except ZograscopeError as error:
            self._end(context)
            return refuse(self, error, owner_in(context, building.NAME))
        if "FINISHED" in answer:
            self._end(context)
        return answer

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave nothing behind when Blender ends the operator itself."""
        self._end(context)

    def _end(self, context: bpy.types.Context) -> None:
        type(self).is_running = False
        bpy.types.SpaceView3D.draw_handler_remove(self._lines, "WINDOW")
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
        redraw(context)


def redraw(context: bpy.types.Context) -> None:
    """Have all viewports of the screen drawn anew."""
    for area in context.screen.areas:
        if area.type == VIEWPORT_TYPE:
            area.tag_redraw()


def to_world(diorama: Diorama, points: np.ndarray) -> np.ndarray:
    """Bring points (n, 3) from rest-camera space to the world."""
    world = np.array(diorama.photograph.matrix_world, np.float32)
    return points @ world[:3, :3].T + world[:3, 3]


def draw_lines(points: list[list[float]], kind: Literal["LINES", "LINE_STRIP"]) -> None:
    """Draw lines between points in world space: between each two, or through all."""
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", LINE_WIDTH)
    shader.uniform_float("color", LINE_COLOUR)
    batch_for_shader(shader, kind, {"pos": points}).draw(shader)
