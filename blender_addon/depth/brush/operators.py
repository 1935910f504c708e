"""What an artist can do with the depth brush: paint, and clear what was painted."""

from typing import Any

import bpy

from ...scenes import VIEWPORT_TYPE
from ...viewports import ray_under_mouse, viewport_at
from ..selection import selected_diorama
from . import edits
from .painter import Painter

PROMPT = (
    "Drag to paint depth  |  Ctrl: the other way  |  Shift: smooth  |  [ ]: radius  |  "
    "S: pick the depth under the mouse  |  Esc: done"
)
RADIUS_STEP = 1.15
RADIUS_KEYS = {"LEFT_BRACKET": 1 / RADIUS_STEP, "RIGHT_BRACKET": RADIUS_STEP}
RIM_COLOUR = (1.0, 0.75, 0.2, 1.0)
RIM_WIDTH = 2.0


class ZOGRASCOPE_OT_paint_depth(bpy.types.Operator):
    """Paint on the selected diorama's depth; the photograph itself stays as it is"""

    bl_idname = "zograscope.paint_depth"
    bl_label = "Paint Depth"

    is_painting = False  # one brush at a time

    _painter: Painter
    _rim: Any

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a diorama that is live, and a viewport."""
        diorama = selected_diorama(context)
        ready = diorama is not None and diorama.is_live and context.area is not None
        return ready and not cls.is_painting

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take the mouse over a viewport until Esc."""
        self._painter = Painter(selected_diorama(context))
        self._rim = bpy.types.SpaceView3D.draw_handler_add(
            draw_rim, (self._painter,), "WINDOW", "POST_VIEW"
        )
        context.window.cursor_modal_set("PAINT_CROSS")
        context.workspace.status_text_set(PROMPT)
        context.window_manager.modal_handler_add(self)
        ZOGRASCOPE_OT_paint_depth.is_painting = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Paint with the left button; leave what turns the view to Blender."""
        answer = handle(self._painter, context, event)
        if "FINISHED" in answer:
            self._end(context)
        return answer

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave nothing behind when Blender ends the operator itself."""
        self._end(context)

    def _end(self, context: bpy.types.Context) -> None:
        ZOGRASCOPE_OT_paint_depth.is_painting = False
        bpy.types.SpaceView3D.draw_handler_remove(self._rim, "WINDOW")
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
        _redraw(context)


def handle(painter: Painter, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
    """Do what an event asks of the brush; return what an operator's `modal` does."""
    settings = context.scene.zograscope_depth_brush
    if event.type in ("MOUSEMOVE", "INBETWEEN_MOUSEMOVE"):
        _follow(painter, context, event)
        painter.drag(_pressure(event), live=event.type == "MOUSEMOVE")
        _redraw(context)
        return {"RUNNING_MODAL" if painter.painting else "PASS_THROUGH"}
    if painter.painting:
        if event.type == "ESC":
            painter.abandon()
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            painter.end()
        _redraw(context)
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
    _redraw(context)
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


def _redraw(context: bpy.types.Context) -> None:
    for area in context.screen.areas:
        if area.type == VIEWPORT_TYPE:
            area.tag_redraw()


def draw_rim(painter: Painter) -> None:
    """Draw the brush's rim where it lies on the relief."""
    import gpu
    from gpu_extras.batch import batch_for_shader

    rim = painter.circle(bpy.context.scene.zograscope_depth_brush)
    if rim is None:
        return
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", RIM_WIDTH)
    shader.uniform_float("color", RIM_COLOUR)
    closed = [*rim.tolist(), rim[0].tolist()]
    batch_for_shader(shader, "LINE_STRIP", {"pos": closed}).draw(shader)


class ZOGRASCOPE_OT_clear_depth_edits(bpy.types.Operator):
    """Take away all that was painted on the selected diorama's depth"""

    bl_idname = "zograscope.clear_depth_edits"
    bl_label = "Clear Edits"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a live diorama on which something is painted."""
        diorama = selected_diorama(context)
        return diorama is not None and diorama.is_live and edits.has_edits(diorama)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show the estimate again."""
        edits.clear(selected_diorama(context))
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory(
    (ZOGRASCOPE_OT_paint_depth, ZOGRASCOPE_OT_clear_depth_edits)
)
