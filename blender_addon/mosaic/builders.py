"""Arrays become a mosaic: one object of tiles, its atlas, labels, and a camera to look with.

The object's vertices are the tiles. They carry what the node group reads as attributes (every
layout as `layout 0`, `layout 1`, ..., every number that can make height, `match` of a search) and
survive editing: a tile keeps its picture by its `tile` number wherever its vertex goes. What is
known of each tile is a text of JSON lines, so that the .blend needs neither extension nor server.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from zograscope_protocol.options import refusal
from zograscope_protocol.readable import drawable

from ..meshes import unit_plane
from ..node_wiring import get_input, set_input
from ..pictures import image_from_bytes
from ..scenes import PART_MARK, add_part, show_untouched
from . import materials
from .geometry_nodes import INPUTS, LAYOUT_ATTRIBUTE, add_mosaic_modifier, mosaic_modifier
from .places import Places, Settings, place_tiles

MARK = "zograscope_mosaic"
TILES = "zograscope_tiles"
LEFT_OUT = "zograscope_left_out"
LAYOUTS = "zograscope_layouts"
CLUSTERS = "zograscope_clusters"
HEIGHT_ATTRIBUTES = "zograscope_values"

TAKEN_NAMES = {"position", "extent", "tile", "match", "close_up"}
LAYOUT_START = LAYOUT_ATTRIBUTE.format("")
MOST_ATTRIBUTE_LETTERS = 40

FIRST_UDIM = 1001
WORLD_COLOUR = (0.006, 0.006, 0.008)
MOST_READ_TEXTS = 8
CLOSE_UP_FORMAT = "{:05d}"


@dataclass(frozen=True)
class Mosaic:
    """The parts of one mosaic. They are found by their marks, so the artist may rename them."""

    collection: bpy.types.Collection
    tiles: bpy.types.Object
    camera_rig: bpy.types.Object
    camera: bpy.types.Object

    @property
    def modifier(self) -> bpy.types.Modifier:
        """Return the modifier whose inputs are the artist's controls."""
        return mosaic_modifier(self.tiles)

    @property
    def layouts(self) -> list[str]:
        """Return the titles of the layouts, in the order of their numbers."""
        return list(self.tiles[LAYOUTS])

    @property
    def height_attributes(self) -> list[str]:
        """Return the names of the attributes that can make height."""
        return list(self.tiles[HEIGHT_ATTRIBUTES])

    @property
    def clusters(self) -> list[str]:
        """Return the names of the clusters, by number."""
        return list(self.tiles[CLUSTERS])

    @property
    def close_ups(self) -> bpy.types.Collection:
        """Return the collection of planes with pictures at full resolution."""
        return get_input(self.modifier, "Close-ups")

    def settings(self) -> Settings:
        """Return the artist's settings as they stand."""
        values = {
            setting: get_input(self.modifier, label)
            for label, (_, setting, *_) in INPUTS.items()
            if setting
        }
        return Settings(**values)

    def places(self, settings: Settings | None = None) -> Places:
        """Return where the tiles are in the object's space, by default as they are now."""
        settings = settings or self.settings()
        mesh = self.tiles.data
        by = get_input(self.modifier, "Height by")
        return place_tiles(
            self.layout(settings.start),
            self.layout(settings.end),
            read_attribute(mesh, "extent", 3)[:, :2],
            settings,
            read_attribute(mesh, by) if by in mesh.attributes else None,
            read_attribute(mesh, "match"),
        )

    def layout(self, number: int) -> np.ndarray:
        """Return a layout (n, 3); zeros where there is none of that number, as in the nodes."""
        name = LAYOUT_ATTRIBUTE.format(number)
        mesh = self.tiles.data
        if name not in mesh.attributes:
            return np.zeros((len(mesh.vertices), 3), np.float32)
        return read_attribute(mesh, name, 3)

    def numbers(self) -> np.ndarray:
        """Return the tile number (n,) of each vertex."""
        return read_attribute(self.tiles.data, "tile")

    def what_is_known(self) -> tuple[dict[str, Any], ...]:
        """Return name, title, date, creator, rights, link and fields, by tile number."""
        return _json_lines(self.tiles[TILES])

    def left_out(self) -> tuple[dict[str, str], ...]:
        """Return name and sentence of each image that could not be taken in."""
        text = self.tiles.get(LEFT_OUT)
        return _json_lines(text) if text else ()


def _json_lines(text: bpy.types.Text) -> tuple[dict[str, Any], ...]:
    """Read a text of JSON lines, once: panels ask at every redraw, of 100,000 tiles too."""
    key = (text.session_uid, len(text.lines))
    if key not in _read_texts:
        while len(_read_texts) >= MOST_READ_TEXTS:
            del _read_texts[next(iter(_read_texts))]
        lines = [line for line in text.as_string().splitlines() if line]
        # Of an escape may come half a character, which nothing can draw.
        _read_texts[key] = tuple(
            drawable(json.loads(line)) if "\\u" in line else json.loads(line) for line in lines
        )
    return _read_texts[key]


_read_texts: dict[tuple[int, int], tuple[dict[str, Any], ...]] = {}


def build_mosaic(
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    name: str,
    scene: bpy.types.Scene,
) -> Mosaic:
    """Build a mosaic from the result of the server's task `mosaic` and link it into a scene.

    Of the scene itself only a missing camera is set; see `prepare_scene`.
    Raises ZograscopeError `bad-parameters` for a result without an atlas.
    """
    if "atlas.0" not in arrays:
        raise refusal("the mosaic was laid out without its pictures")
    collection = bpy.data.collections.new(f"{name} mosaic")
    scene.collection.children.link(collection)
    tiles = bpy.data.objects.new(name, tile_mesh(name, arrays, metadata))
    tiles[MARK] = 1
    collection.objects.link(tiles)
    known = bpy.data.texts.new(f"{name} tiles")
    known.from_string(arrays["tiles"].tobytes().decode())
    tiles[TILES] = known
    if arrays["problems"].size:
        left_out = bpy.data.texts.new(f"{name} left out")
        left_out.from_string(arrays["problems"].tobytes().decode())
        tiles[LEFT_OUT] = left_out
    tiles[LAYOUTS] = [layout["title"] for layout in metadata["layouts"]]
    tiles[HEIGHT_ATTRIBUTES] = [*_heights(arrays)]
    tiles[CLUSTERS] = [str(cluster) for cluster in metadata["clusters"]]

    atlas = atlas_image(f"{name} atlas", arrays, metadata["atlas"])
    close_ups = bpy.data.collections.new(f"{name} close-ups")
    last = len(metadata["layouts"]) - 1
    add_mosaic_modifier(
        tiles,
        {
            "From": 0,
            "To": min(1, last),
            "Morph": 1.0,
            "Material": materials.tile_material(f"{name} tiles", atlas),
            "Atlas columns": int(metadata["atlas"]["columns"]),
            "Half pixel": 0.5 / int(metadata["atlas"]["page_pixels"]),
            "Close-ups": close_ups,
        },
    )
    rig = add_part(f"{name} camera rig", None, "camera rig", tiles, collection)
    rig.empty_display_size = 2.0
    camera_data = bpy.data.cameras.new(f"{name} camera")
    camera = add_part(f"{name} camera", camera_data, "camera", rig, collection)
    mosaic = Mosaic(collection, tiles, rig, camera)
    if scene.camera is None:
        scene.camera = camera
    return mosaic


def tile_mesh(
    name: str, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> bpy.types.Mesh:
    """Make the mesh whose vertices are the tiles, with all their attributes."""
    extents = arrays["extent"]
    count = len(extents)
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(count)
    last = len(metadata["layouts"]) - 1
    write_attribute(mesh, "position", arrays[f"layout.{min(1, last)}"])
    for number in range(last + 1):
        write_attribute(mesh, LAYOUT_ATTRIBUTE.format(number), arrays[f"layout.{number}"])
    write_attribute(mesh, "extent", np.pad(extents, ((0, 0), (0, 1)), constant_values=1.0))
    write_attribute(mesh, "tile", np.arange(count, dtype=np.int32))
    write_attribute(mesh, "match", np.ones(count, np.float32))
    write_attribute(mesh, "close_up", np.zeros(count, np.int32))
    for attribute, values in _heights(arrays).items():
        write_attribute(mesh, attribute, values.astype(np.float32))
    return mesh


def _heights(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what can make height by the names of its attributes.

    A column of the metadata may be called as an attribute is that says something else.
    """
    found: dict[str, np.ndarray] = {}
    for key, values in arrays.items():
        before, _, name = key.partition(".")
        if before != "value":
            continue
        name = name.strip(". ")[:MOST_ATTRIBUTE_LETTERS] or "number"
        taken = name in found or name in TAKEN_NAMES or name.startswith(LAYOUT_START)
        found[f"{name} (column)" if taken else name] = values
    return found


def write_attribute(mesh: bpy.types.Mesh, name: str, values: np.ndarray) -> None:
    """Write a point attribute: float32 (n, 3) or (n,), or int32 (n,)."""
    kind = "FLOAT_VECTOR" if values.ndim == 2 else "FLOAT" if values.dtype.kind == "f" else "INT"
    attribute = mesh.attributes.get(name) or mesh.attributes.new(name, kind, "POINT")
    field = "vector" if values.ndim == 2 else "value"
    values = values.astype(np.int32 if kind == "INT" else np.float32, copy=False)
    attribute.data.foreach_set(field, np.ascontiguousarray(values).ravel())


def read_attribute(mesh: bpy.types.Mesh, name: str, width: int = 1) -> np.ndarray:
    """Return a point attribute as (n,) or (n, width)."""
    attribute = mesh.attributes[name]
    whole = attribute.data_type == "INT"
    values = np.empty(len(attribute.data) * width, np.int32 if whole else np.float32)
    attribute.data.foreach_get("vector" if width > 1 else "value", values)
    return values.reshape(-1, width) if width > 1 else values


def atlas_image(
    name: str, arrays: Mapping[str, np.ndarray], atlas: Mapping[str, Any]
) -> bpy.types.Image:
    """Make one tiled (UDIM) image of the atlas pages, packed into the .blend as encoded."""
    with tempfile.TemporaryDirectory() as folder:
        pattern = Path(folder) / f"atlas.<UDIM>{page_suffix(arrays['atlas.0'])}"
        for page in range(int(atlas["pages"])):
            path = str(pattern).replace("<UDIM>", str(FIRST_UDIM + page))
            Path(path).write_bytes(arrays[f"atlas.{page}"].tobytes())
        image = bpy.data.images.load(str(pattern).replace("<UDIM>", str(FIRST_UDIM)))
        image.name = name
        image.source = "TILED"
        image.filepath = str(pattern)
        for page in range(1, int(atlas["pages"])):
            image.tiles.new(tile_number=FIRST_UDIM + page)
        image.pack()
    image.alpha_mode = "CHANNEL_PACKED"
    return image


def page_suffix(page: np.ndarray) -> str:
    """Return the suffix of a page, uint8 (n,), by what it is: names from outside are no paths."""
    return ".png" if page[:4].tobytes() == b"\x89PNG" else ".jpg"


def set_close_ups(mosaic: Mosaic, pictures: Mapping[int, bytes]) -> None:
    """Show some tiles at full resolution: tile number -> encoded picture. Replaces earlier ones."""
    collection = mosaic.close_ups
    for plane in list(collection.objects):
        mesh = plane.data
        material = mesh.materials[0]
        image = material.node_tree.nodes[materials.PICTURE].image
        bpy.data.objects.remove(plane)
        for pool, item in (
            (bpy.data.meshes, mesh),
            (bpy.data.materials, material),
            (bpy.data.images, image),
        ):
            pool.remove(item)
    numbers = mosaic.numbers()
    chosen = np.zeros(len(numbers), np.int32)
    for place, (number, data) in enumerate(sorted(pictures.items()), start=1):
        name = f"{mosaic.tiles.name} {CLOSE_UP_FORMAT.format(place)}"
        plane = bpy.data.objects.new(name, unit_plane(name))
        plane.data.materials.append(materials.tile_material(name, image_from_bytes(name, data)))
        collection.objects.link(plane)
        chosen[numbers == number] = place
    write_attribute(mosaic.tiles.data, "close_up", chosen)
    mosaic.tiles.data.update()
    mosaic.tiles.update_tag()


def set_matches(mosaic: Mosaic, matches: np.ndarray) -> None:
    """Say how well each tile number matches a search: (count,) from 0 to 1."""
    write_attribute(mosaic.tiles.data, "match", matches.astype(np.float32)[mosaic.numbers()])
    mosaic.tiles.data.update()
    mosaic.tiles.update_tag()


def mosaics(scene: bpy.types.Scene) -> Iterator[Mosaic]:
    """Yield the mosaics of a scene."""
    for item in scene.objects:
        if MARK in item:
            yield _mosaic_of(item)


def find_mosaic(item: bpy.types.Object | None) -> Mosaic | None:
    """Return the mosaic that an object belongs to."""
    while item is not None and MARK not in item:
        item = item.parent
    return None if item is None else _mosaic_of(item)


def prepare_scene(
    scene: bpy.types.Scene, mosaic: Mosaic, size: tuple[int, int] | None = None
) -> None:
    """Set a scene up to show the pictures' colours untouched, through the mosaic's camera."""
    show_untouched(scene, mosaic.camera, size)
    scene.world = _dark_world()


def set_settings(mosaic: Mosaic, settings: Settings) -> None:
    """Give the mosaic's modifier these settings."""
    for field in fields(settings):
        label = next(label for label, (_, setting, *_) in INPUTS.items() if setting == field.name)
        set_input(mosaic.modifier, label, getattr(settings, field.name))
    mosaic.tiles.update_tag()


def _mosaic_of(tiles: bpy.types.Object) -> Mosaic:
    parts = {child.get(PART_MARK): child for child in tiles.children_recursive}
    return Mosaic(tiles.users_collection[0], tiles, parts["camera rig"], parts["camera"])


def _dark_world() -> bpy.types.World:
    """Return a world as dark as a gallery's wall: pictures shine by themselves."""
    name = "Zograscope dark"
    world = bpy.data.worlds.get(name) or bpy.data.worlds.new(name)
    world.color = WORLD_COLOUR
    for node in world.node_tree.nodes if world.node_tree else ():
        if node.type == "BACKGROUND":
            node.inputs["Color"].default_value = (*WORLD_COLOUR, 1.0)
    return world
