"""What an artist can do with the depth brush: paint, and clear what was painted."""

from collections.abc import Callable

import bpy

from ...viewports import ray_under_mouse, viewport_at
from ..pointing import PointingOperator, draw_lines, redraw
from ..selection import NeedsLiveDiorama, selected_diorama
from . import edits
from .painter import Painter

PROMPT = (
    "Drag to paint depth  |  Ctrl: the other way  |  Shift: smooth  |  [ ]: radius  |  "
    "S: pick the depth under the mouse  |  Esc: done"
)
RADIUS_STEP = 1.15
RADIUS_KEYS = {"LEFT_BRACKET": 1 / RADIUS_STEP, "RIGHT_BRACKET": RADIUS_STEP}


class ZOGRASCOPE_OT_paint_depth(PointingOperator):
    """Paint on the selected diorama's depth; the photograph itself stays as it is"""

    bl_idname = "zograscope.paint_depth"
    bl_label = "Paint Depth"
    prompt = PROMPT
    cursor = "PAINT_CROSS"

    def start(self, context: bpy.types.Context) -> Painter:
        """Return what paints."""
        return Painter(selected_diorama(context))

    def handle(
        self, pointer: Painter, context: bpy.types.Context, event: bpy.types.Event
    ) -> set[str]:
        """Paint with the left button."""
        return handle(pointer, context, event)

    def drawing(self) -> Callable[[Painter], None]:
        """Return what draws the brush's rim."""
        return draw_rim


def handle(painter: Painter, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
    """Do what an event asks of the brush; return what an operator's `modal` does."""
    settings = context.scene.zograscope_depth_brush
    if event.type in ("MOUSEMOVE", "INBETWEEN_MOUSEMOVE"):
        _follow(painter, context, event)
        painter.drag(_pressure(event), live=event.type == "MOUSEMOVE")
        redraw(context)
        return {"RUNNING_MODAL" if painter.painting else "PASS_THROUGH"}
    if painter.painting:
        if event.type == "ESC":
            painter.abandon()
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            painter.end()
        redraw(context)
        return {"RUNNING_MODAL"}
    if painter.diorama is None or (event.type in ("ESC", "RET") and event.value == "PRESS"):
        return {"FINISHED"}
    if event.value != "PRESS" or not _follow(painter, context, event):
        return {"PASS_THROUGH"}
    if event.type == "LEFTMOUSE" and not event.alt:
        if painter.begin(settings, inverted=event.ctrl, smooths=event.shift):
            painter.drag(_pressure(event))
    elif event.type in RADIUS_KEYS:
        settings.radius *= RADIUS_KEYS[event.type]
    elif event.type == "S" and not event.ctrl:
        painter.pick(settings)
    else:
        return {"PASS_THROUGH"}
    redraw(context)
    return {"RUNNING_MODAL"}


def _follow(painter: Painter, context: bpy.types.Context, event: bpy.types.Event) -> bool:
    """Take the brush to the mouse; False where that is in no viewport."""
    viewport = viewport_at(context.screen, event.mouse_x, event.mouse_y)
    if viewport is None:
        painter.at = None
        return False
    painter.hover(*ray_under_mouse(viewport, event.mouse_x, event.mouse_y))
    return True


def _pressure(event: bpy.types.Event) -> float:
    return event.pressure if event.is_tablet else 1.0


def draw_rim(painter: Painter) -> None:
    """Draw the brush's rim where it lies on the relief."""
    rim = painter.circle(bpy.context.scene.zograscope_depth_brush)
    if rim is not None:
        draw_lines([*rim.tolist(), rim[0].tolist()], "LINE_STRIP")


class ZOGRASCOPE_OT_clear_depth_edits(NeedsLiveDiorama, bpy.types.Operator):
    """Take away all that was painted on the selected diorama's depth"""

    bl_idname = "zograscope.clear_depth_edits"
    bl_label = "Clear Edits"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a live diorama on which something is painted."""
        return super().poll(context) and edits.has_edits(selected_diorama(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show the estimate again."""
        edits.clear(selected_diorama(context))
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_OT_paint_depth, ZOGRASCOPE_OT_clear_depth_edits)
)
