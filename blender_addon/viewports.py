"""What lies under the mouse in a window: the viewport, and the ray into its scene."""

import bpy
from bpy_extras import view3d_utils
from mathutils import Vector

COVERING = {"UI", "TOOLS", "HEADER", "TOOL_HEADER"}  # regions that lie over a viewport's

Viewport = tuple[bpy.types.Region, bpy.types.RegionView3D]
"""The region of a viewport, and its view."""


def viewport_at(screen: bpy.types.Screen, x: int, y: int) -> Viewport | None:
    """Return the viewport's region under a place in the window, and its view."""
    for area in screen.areas:
        if area.type != "VIEW_3D":
            continue
        under = {
            region.type: region
            for region in area.regions
            if 0 <= x - region.x < region.width and 0 <= y - region.y < region.height
        }
        if "WINDOW" in under and not under.keys() & COVERING:
            return under["WINDOW"], area.spaces.active.region_3d
    return None


def ray_under_mouse(viewport: Viewport, x: int, y: int) -> tuple[Vector, Vector]:
    """Return origin and direction, in world space, of the ray through a place in the window."""
    region, view = viewport
    mouse = (x - region.x, y - region.y)
    return (
        view3d_utils.region_2d_to_origin_3d(region, view, mouse),
        view3d_utils.region_2d_to_vector_3d(region, view, mouse),
    )


class ClickOperator(bpy.types.Operator):
    """An operator that waits for a click in a viewport; Esc ends it.

    Attributes:
        prompt: what the status bar says meanwhile.
        many: whether it waits for more clicks, until Esc.
    """

    prompt = ""
    many = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a viewport to click in."""
        return context.area is not None

    def clicked(self, context: bpy.types.Context, viewport: Viewport, x: int, y: int) -> None:
        """Do what a click at a place in the window asks for."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Wait for a click."""
        context.window.cursor_modal_set("EYEDROPPER")
        context.workspace.status_text_set(self.prompt)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take a click into a viewport; leave every other event to Blender."""
        if event.type in ("ESC", "RIGHTMOUSE"):
            self._end(context)
            return {"FINISHED" if self.many else "CANCELLED"}
        if event.type != "LEFTMOUSE" or event.value != "PRESS":
            return {"PASS_THROUGH"}
        viewport = viewport_at(context.screen, event.mouse_x, event.mouse_y)
        if viewport is None:
            return {"PASS_THROUGH"}
        if not self.many:
            self._end(context)
        self.clicked(context, viewport, event.mouse_x, event.mouse_y)
        for area in context.screen.areas:
            area.tag_redraw()
        return {"RUNNING_MODAL" if self.many else "FINISHED"}

    def _end(self, context: bpy.types.Context) -> None:
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
