"""What the artist chooses for the next mosaic, and seeks in the present one, kept in the scene."""

import bpy
from zograscope_protocol.mosaic.command import JOURNEYS, NO_JOURNEY

from ..scene_settings import BESIDE_THE_FILE, scene_settings
from .finding import search
from .selection import selected_mosaic

LAYOUT_NAMES = {
    "tsne": ("Similarity", "What looks alike lies together (t-SNE)"),
    "umap": ("Similarity (UMAP)", "The same by UMAP, if it is installed on the server"),
    "date": ("Date", "Along a time line"),
    "colour": ("Colour", "From dark to light, and by tint"),
    "column": ("Column", "By a column of the collection's metadata"),
}
JOURNEY_HELP = {
    "overview": "All of it, coming slowly closer",
    "dive": "From all of it down to one tile",
    "clusters": "Through the largest clusters and back",
    "visit": "To the tiles of the list, and back",
    NO_JOURNEY: "The camera stays where it is",
}
DEFAULT_MODEL = "default"


def _select(settings: bpy.types.PropertyGroup, tiles: bpy.types.Collection, index: int) -> None:
    if 0 <= index < len(tiles):
        settings.selected = tiles[index].tile


def _select_found(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    _select(settings, settings.found, settings.found_index)


def _select_stop(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    _select(settings, settings.stops, settings.stop_index)


def _search(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Search at once when an artist has typed, which only happens in some area of a window."""
    mosaic = selected_mosaic(context) if context.area else None
    if mosaic is not None:
        search(mosaic, settings)


class FoundTile(bpy.types.PropertyGroup):
    """A tile that a search has found, or that a journey visits."""

    tile: bpy.props.IntProperty(name="Tile", description="Its number in the mosaic")


class MosaicSettings(bpy.types.PropertyGroup):
    """The choices for a new mosaic, and what is sought and selected in it."""

    collection: bpy.props.StringProperty(
        name="Collection",
        description="A folder of images, a CSV or TSV table, or a IIIF manifest (file or address)",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    model: bpy.props.StringProperty(
        name="Model", description="What compares images", default=DEFAULT_MODEL
    )
    layout: bpy.props.EnumProperty(
        name="Layout",
        description="What puts tiles side by side",
        items=[(name, title, text) for name, (title, text) in LAYOUT_NAMES.items()],
    )
    column: bpy.props.StringProperty(name="Column", description="Its name in the metadata")
    by_date: bpy.props.BoolProperty(
        name="Also by Date", description="Another layout to morph to", default=False
    )
    by_colour: bpy.props.BoolProperty(
        name="Also by Colour", description="Another layout to morph to", default=True
    )
    sort: bpy.props.EnumProperty(
        name="Grid",
        description="What decides where a tile lies in the grid",
        items=[
            ("map", "Like the Map", "The grid keeps the map's shape"),
            ("features", "Best Neighbours", "The grid is sorted by the images themselves"),
        ],
    )
    shape: bpy.props.EnumProperty(
        name="Outline",
        description="What the grid fills",
        items=[
            ("rectangle", "Rectangle", "As wide for its height as the aspect says"),
            ("circle", "Circle", "A round grid"),
            ("mask", "Mask", "The outline of a picture"),
        ],
    )
    aspect: bpy.props.FloatProperty(
        name="Aspect", description="Width / height", default=1.5, min=0.05, max=20
    )
    mask: bpy.props.StringProperty(
        name="Mask",
        description="What is opaque in this picture, or dark, is filled",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    stack: bpy.props.BoolProperty(
        name="Pile up Duplicates", description="Put near duplicates on one pile"
    )
    keep_map: bpy.props.BoolProperty(
        name="Keep the Map",
        description="Where the collection has grown, new images find their places in its map",
    )
    own_scene: bpy.props.BoolProperty(
        name="Own Scene",
        description="Build in a new scene, its colours untouched, and leave the present one as it "
        "is",
        default=True,
    )
    journey: bpy.props.EnumProperty(
        name="Journey",
        description="How the camera travels",
        items=[(name, name.capitalize(), JOURNEY_HELP[name]) for name in (*JOURNEYS, NO_JOURNEY)],
    )
    frames: bpy.props.IntProperty(
        name="Frames",
        description="How long the journey takes",
        default=240,
        min=2,
        soft_max=2000,
    )
    morph_frames: bpy.props.IntProperty(
        name="Frames",
        description="How long an animated morph takes",
        default=96,
        min=2,
        soft_max=1000,
    )
    query: bpy.props.StringProperty(
        name="Search",
        description="Words of title, creator, date or any other metadata",
        update=_search,
    )
    similar_to: bpy.props.StringProperty(
        name="Picture",
        description="Find what looks like this file",
        subtype="FILE_PATH",
        options=BESIDE_THE_FILE,
    )
    found: bpy.props.CollectionProperty(
        name="Found", description="The tiles that a search has found", type=FoundTile
    )
    found_count: bpy.props.IntProperty(description="With those that the list has no room for")
    found_index: bpy.props.IntProperty(
        name="Found Tile", description="Which of them is selected", update=_select_found
    )
    stops: bpy.props.CollectionProperty(
        name="Stops", description="The tiles that a journey visits", type=FoundTile
    )
    stop_index: bpy.props.IntProperty(
        name="Stop", description="Which of them is selected", update=_select_stop
    )
    selected: bpy.props.IntProperty(
        name="Selected Tile", description="Number of the tile that is shown", default=-1
    )
    job_id: bpy.props.StringProperty(description="The job that this scene waits for")


register, unregister = scene_settings("zograscope_mosaic", MosaicSettings, FoundTile)
