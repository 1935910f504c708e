"""Operators for one tile: pick it, select it, open its page."""

import bpy
from zograscope_protocol.mosaic.command import URL_STARTS

from ...viewports import ClickOperator, Viewport
from ..picking import tile_under_mouse
from ..selection import selected_mosaic, selected_tile


class ZOGRASCOPE_OT_pick_tile(ClickOperator):
    """Click on a tile to read what is known of it; Esc ends"""

    bl_idname = "zograscope.pick_tile"
    bl_label = "Pick Tile"
    prompt = "Click on a tile to read what is known of it; Esc ends"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic, and a viewport to click in."""
        return selected_mosaic(context) is not None and super().poll(context)

    def clicked(self, context: bpy.types.Context, viewport: Viewport, x: int, y: int) -> None:
        """Pick what is under the mouse."""
        tile = tile_under_mouse(selected_mosaic(context), viewport, x, y)
        context.scene.zograscope_mosaic.selected = -1 if tile is None else tile


class ZOGRASCOPE_OT_select_tile(bpy.types.Operator):
    """Show what is known of this tile"""

    bl_idname = "zograscope.select_tile"
    bl_label = "Select Tile"
    bl_options = {"UNDO"}

    tile: bpy.props.IntProperty(name="Tile", description="Its number in the mosaic", default=-1)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Select it."""
        context.scene.zograscope_mosaic.selected = self.tile
        return {"FINISHED"}


class ZOGRASCOPE_OT_open_link(bpy.types.Operator):
    """Open the selected tile's page in the web browser"""

    bl_idname = "zograscope.open_link"
    bl_label = "Open Link"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a tile that has one."""
        tile = selected_tile(context)
        return tile is not None and tile.get("link", "").startswith(URL_STARTS)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open it."""
        bpy.ops.wm.url_open(url=selected_tile(context)["link"])
        return {"FINISHED"}


_CLASSES = (
    ZOGRASCOPE_OT_pick_tile,
    ZOGRASCOPE_OT_select_tile,
    ZOGRASCOPE_OT_open_link,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
