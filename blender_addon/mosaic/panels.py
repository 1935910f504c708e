"""The sidebar's panels for mosaics: they draw, and nothing else."""

from typing import Any

import bpy

from .. import tour
from ..model_menu import draw_model
from ..node_wiring import draw_input, get_input
from ..selection import is_another_s
from ..server_panel import NEW, SELECTED, Sidebar, fold
from . import building
from .builders import Mosaic
from .geometry_nodes import NO_HEIGHT
from .selection import OfMosaic, selected_mosaic, selected_tile

MOST_PROBLEMS_SHOWN = 3
LINE = 42  # characters of a metadata line


class ZOGRASCOPE_PT_new_mosaic(Sidebar):
    """What the next mosaic is made of."""

    bl_label = "New Mosaic"
    topic = "mosaic"
    presets = "mosaic"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = NEW

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_mosaic
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "collection")
        draw_model(layout, "embedding", settings.model)
        layout.prop(settings, "layout")
        if settings.layout == "column":
            layout.prop(settings, "column")
        row = layout.row()
        row.scale_y = 1.5
        row.operator("zograscope.build_mosaic", icon="MESH_GRID")
        if not settings.collection and tour.is_over():
            layout.operator("zograscope.example_collection", icon="IMGDISPLAY")
        options = fold(layout, "zograscope_mosaic_options", "Options")
        if options:
            _draw_options(options, settings)


def _draw_options(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """Draw what is rarely chosen of a new mosaic."""
    column = layout.column(heading="Also By")
    column.prop(settings, "by_date", text="Date")
    column.prop(settings, "by_colour", text="Colour")
    layout.prop(settings, "sort")
    layout.prop(settings, "shape")
    if settings.shape == "rectangle":
        layout.prop(settings, "aspect")
    elif settings.shape == "mask":
        layout.prop(settings, "mask")
    column = layout.column(heading="Build")
    column.prop(settings, "own_scene")
    column.prop(settings, "stack", text="Pile Duplicates")
    column.prop(settings, "keep_map")


class ZOGRASCOPE_PT_mosaic(OfMosaic, Sidebar):
    """The selected mosaic."""

    bl_label = "Mosaic"
    topic = "mosaic"
    bl_order = SELECTED

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a mosaic is meant."""
        return super().poll(context) and not is_another_s(context.object, building.NAME)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw which one it is, and what becomes of it as a whole."""
        layout, mosaic = self.layout, selected_mosaic(context)
        count = len(mosaic.tiles.data.vertices)
        layout.label(text=f"{mosaic.tiles.name}: {count} tiles", icon="MESH_GRID")
        self._draw_left_out(layout, mosaic)
        row = layout.row(align=True)
        row.operator("zograscope.rebuild_mosaic", icon="LOOP_BACK")
        row.operator("zograscope.delete_mosaic", text="", icon="TRASH")

    @staticmethod
    def _draw_left_out(layout: bpy.types.UILayout, mosaic: Mosaic) -> None:
        left_out = mosaic.left_out()
        if not left_out:
            return
        box = layout.box()
        box.label(text=f"{len(left_out)} images were left out:", icon="INFO")
        for problem in left_out[:MOST_PROBLEMS_SHOWN]:
            box.label(text=problem["name"])
        if len(left_out) > MOST_PROBLEMS_SHOWN:
            box.label(text="All are listed, with reasons, in the Text Editor")


class _MosaicPart(Sidebar):
    """A part of the selected mosaic's panel."""

    bl_parent_id = "ZOGRASCOPE_PT_mosaic"


class ZOGRASCOPE_PT_mosaic_layout(_MosaicPart, bpy.types.Panel):
    """Which layouts the selected mosaic shows and morphs between."""

    bl_label = "Layout"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, mosaic = self.layout, selected_mosaic(context)
        layout.use_property_split = True
        settings, titles = mosaic.settings(), dict(enumerate(mosaic.layouts))
        row = layout.row(align=True)
        row.label(text=titles.get(settings.start, "?"))
        row.label(text=titles.get(settings.end, "?"), icon="FORWARD")
        column = layout.column(align=True)
        draw_input(column, mosaic.modifier, "Morph")
        draw_input(column, mosaic.modifier, "Stagger")
        row = layout.row(align=True)
        row.menu("ZOGRASCOPE_MT_layouts", text="Show")
        row.menu("ZOGRASCOPE_MT_morphs", text="Animate")
        row.prop(context.scene.zograscope_mosaic, "morph_frames", text="")


class ZOGRASCOPE_PT_mosaic_look(_MosaicPart, bpy.types.Panel):
    """How the selected mosaic's tiles are shown."""

    bl_label = "Look"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, mosaic = self.layout, selected_mosaic(context)
        modifier = mosaic.modifier
        layout.use_property_split = True
        column = layout.column(align=True)
        for name in ("Spacing", "Tile size", "Crop to fill"):
            draw_input(column, modifier, name)
        draw_input(layout, modifier, "Shape")
        if mosaic.settings().shape in ("Cylinder", "Dome"):
            draw_input(layout, modifier, "Bend")
        by = get_input(modifier, "Height by")
        row = layout.split(factor=0.4)
        label = row.row()
        label.alignment = "RIGHT"
        label.label(text="Height By")
        row = row.row(align=True)
        row.menu("ZOGRASCOPE_MT_heights", text=by.capitalize())
        row.label(text="", icon="BLANK1")  # where other rows have a dot to animate them
        if by != NO_HEIGHT:
            draw_input(layout, modifier, "Height")
        draw_input(layout, modifier, "Realise")
        layout.operator("zograscope.label_clusters", icon="FONT_DATA")


class ZOGRASCOPE_PT_journey(_MosaicPart, bpy.types.Panel):
    """How the camera travels."""

    bl_label = "Journey"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_mosaic
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "journey")
        layout.prop(settings, "frames")
        if settings.journey == "visit":
            row = layout.row()
            row.template_list(
                "ZOGRASCOPE_UL_tiles", "stops", settings, "stops", settings, "stop_index", rows=3
            )
            column = row.column(align=True)
            column.operator("zograscope.edit_stops", text="", icon="ADD").action = "ADD"
            column.operator("zograscope.edit_stops", text="", icon="REMOVE").action = "REMOVE"
        layout.operator("zograscope.apply_journey", icon="CAMERA_DATA")
        layout.operator("zograscope.close_ups", icon="ZOOM_IN")


class ZOGRASCOPE_PT_tile(_MosaicPart, bpy.types.Panel):
    """Search, and what is known of the selected tile."""

    bl_label = "Tiles"
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout, settings = self.layout, context.scene.zograscope_mosaic
        layout.operator("zograscope.pick_tile", icon="EYEDROPPER")
        row = layout.row(align=True)
        row.prop(settings, "query", text="", icon="VIEWZOOM")
        row.operator("zograscope.search_tiles", text="", icon="CHECKMARK")
        row.operator("zograscope.clear_search", text="", icon="X")
        row = layout.row(align=True)
        row.prop(settings, "similar_to", text="", placeholder="Like this picture")
        row.operator("zograscope.find_similar", text="", icon="CHECKMARK").from_file = True
        if settings.found:
            layout.label(text=f"{settings.found_count} tiles found")
            layout.template_list(
                "ZOGRASCOPE_UL_tiles", "found", settings, "found", settings, "found_index", rows=4
            )
            add = layout.operator("zograscope.edit_stops", text="Visit All Found", icon="ADD")
            add.action = "ADD_FOUND"
            modifier = selected_mosaic(context).modifier
            column = layout.column(align=True)
            column.use_property_split = True
            draw_input(column, modifier, "Dim others")
            draw_input(column, modifier, "Lift matches")
        tile = selected_tile(context)
        if tile is not None:
            self._draw_tile(layout.box(), tile)

    @staticmethod
    def _draw_tile(box: bpy.types.UILayout, tile: dict[str, Any]) -> None:
        box.label(text=str(tile.get("title") or tile["name"]), icon="IMAGE_DATA")
        column = box.column(align=True)
        date = tile.get("date")
        facts = {
            "Date": "" if date is None else f"{date:.0f}",
            "Creator": tile.get("creator"),
            "Rights": tile.get("rights"),
            "File": tile.get("name"),
            **tile.get("fields", {}),
        }
        for name, value in facts.items():
            if value:
                column.label(text=f"{name}: {value}"[: 2 * LINE])
        row = box.row(align=True)
        row.operator("zograscope.open_link", icon="URL")
        row.operator("zograscope.find_similar", icon="VIEWZOOM").from_file = False
        row.operator("zograscope.edit_stops", text="", icon="ADD").action = "ADD"


class ZOGRASCOPE_PT_mosaic_export(_MosaicPart, bpy.types.Panel):
    """The selected mosaic as a picture, and as a web page."""

    bl_label = "Export"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        row = self.layout.row(align=True)
        row.operator("zograscope.export_poster", text="Poster", icon="IMAGE_DATA")
        row.operator("zograscope.export_page", text="Web Page", icon="URL")


class ZOGRASCOPE_UL_tiles(bpy.types.UIList):
    """A list of tiles, by title."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: object,
        item: bpy.types.PropertyGroup,
        icon: int,
        active_data: object,
        active_property: str,
        index: int = 0,
        flags: int = 0,
    ) -> None:
        """Draw one tile."""
        mosaic = selected_mosaic(context)
        known = mosaic.what_is_known() if mosaic else []
        if item.tile < len(known):
            tile = known[item.tile]
            text = tile.get("title") or tile["name"]
            layout.label(text=str(text), translate=False)


class _Layouts(bpy.types.Menu):
    bl_label = "Layout"
    animate = False

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the menu."""
        for number, title in enumerate(selected_mosaic(context).layouts):
            morph = self.layout.operator("zograscope.morph_to", text=title)
            morph.layout, morph.animate = number, self.animate


class ZOGRASCOPE_MT_layouts(_Layouts):
    """Show a layout at once."""


class ZOGRASCOPE_MT_morphs(_Layouts):
    """Morph to a layout, with key frames."""

    animate = True


class ZOGRASCOPE_MT_heights(bpy.types.Menu):
    """What can make height."""

    bl_label = "Height By"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the menu."""
        for name in (NO_HEIGHT, *selected_mosaic(context).height_attributes):
            choice = self.layout.operator("zograscope.choose_height", text=name.capitalize())
            choice.attribute = name


register, unregister = bpy.utils.register_classes_factory(
    (
        ZOGRASCOPE_UL_tiles,
        ZOGRASCOPE_MT_layouts,
        ZOGRASCOPE_MT_morphs,
        ZOGRASCOPE_MT_heights,
        ZOGRASCOPE_PT_new_mosaic,
        ZOGRASCOPE_PT_mosaic,
        ZOGRASCOPE_PT_mosaic_layout,
        ZOGRASCOPE_PT_mosaic_look,
        ZOGRASCOPE_PT_journey,
        ZOGRASCOPE_PT_tile,
        ZOGRASCOPE_PT_mosaic_export,
    )
)
