"""A dreamed landscape: a walk's frames as colour, and as the heights of a surface.

Heights come from brightness at once, or from the depth model as its answers come (see `depths`).
They are an image sequence of their own, without a colour space. The landscape lies on the floor, a
unit from its front to its back; a middle grey is level with the floor.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import bpy

from .. import frame_sequences
from ..frame_sequences import FRAMES_MARK, add_picture
from ..node_wiring import get_input, set_input
from ..scenes import add_part, storable
from ..shading import add_surface, declare_lit, drive_lit, new_material
from . import relief_nodes

HEIGHT_MARK = "zograscope_height"
"""On the landscape: where its heights come from, BRIGHTNESS or DEPTH."""

PART = "landscape"
STRENGTH = 0.25
DETAIL = 384  # cells of the longer side
SMOOTHING = 2
LIT = 0.55
CAMERA = (0.0, -1.75, 1.15)
CAMERA_TURN = math.radians(57)
LENS = 45.0
SUN_TURN = (math.radians(55), 0.0, math.radians(125))
SUN_STRENGTH = 4.0


def landscapes(image: bpy.types.Image) -> Iterator[tuple[bpy.types.Object, bpy.types.Modifier]]:
    """Yield the objects on which an image sequence is a landscape, and their modifiers."""
    for item in bpy.data.objects:
        modifier: bpy.types.Modifier | None = item.modifiers.get(relief_nodes.MODIFIER)
        if modifier is not None and _coloured_by(modifier, image):
            yield item, modifier


def _coloured_by(modifier: bpy.types.Modifier, image: bpy.types.Image) -> bool:
    material = get_input(modifier, "Material")
    return material is not None and frame_sequences.tree_shows(material.node_tree, image)


def show(
    image: bpy.types.Image, size: tuple[int, int], scene: bpy.types.Scene, height: str, start: int
) -> bpy.types.Object:
    """Show an image sequence as a landscape; return its camera.

    Of the scene itself only a missing camera is set.

    Args:
        image: the image sequence.
        size: width and height of its frames.
        scene: where it is linked.
        height: where its heights come from, BRIGHTNESS or DEPTH.
        start: the frame of the scene at which it begins.
    """
    name = f"{image.name} landscape"
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    # A mesh of nothing: the modifier makes all of the landscape.
    item = add_part(name, bpy.data.meshes.new(name), PART, None, collection)
    declare_lit(item)
    item["lit"], item[HEIGHT_MARK] = LIT, height
    material = _material(name, image)
    item.data.materials.append(material)
    drive_lit(material, item)
    modifier = item.modifiers.new(relief_nodes.MODIFIER, "NODES")
    modifier.node_group = relief_nodes.relief_group()
    inputs = {
        "Heights": _heights(image),
        "Frames": image[FRAMES_MARK],
        "First frame": start,
        "Aspect": size[0] / size[1],
        "Strength": STRENGTH,
        "Detail": DETAIL,
        "Smoothing": SMOOTHING,
        "Material": material,
    }
    for socket, value in inputs.items():
        set_input(modifier, socket, value)
    return _add_view(name, scene, collection)


def _add_view(
    name: str, scene: bpy.types.Scene, collection: bpy.types.Collection
) -> bpy.types.Object:
    """Add a camera that looks over the landscape, and a low sun; return the camera."""
    data = bpy.data.cameras.new(f"{name} camera")
    data.lens = LENS
    camera = add_part(f"{name} camera", data, "camera", None, collection)
    camera.location, camera.rotation_euler = CAMERA, (CAMERA_TURN, 0.0, 0.0)
    light = bpy.data.lights.new(f"{name} sun", "SUN")
    light.energy = SUN_STRENGTH
    sun = add_part(f"{name} sun", light, "sun", None, collection)
    sun.rotation_euler = SUN_TURN
    if scene.camera is None:
        scene.camera = camera
    return camera


def _material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    material = new_material(name)
    picture = add_picture(material.node_tree, -340, 0, image)
    add_surface(material.node_tree, picture.outputs["Color"])
    return material


def _heights(image: bpy.types.Image) -> bpy.types.Image:
    """Return an image sequence of the same files that is read as numbers, not as colours."""
    first = frame_sequences.folder_of(image) / Path(bpy.path.abspath(image.filepath)).name
    heights = bpy.data.images.load(str(first))
    heights.name, heights.source = f"{image.name} heights", "SEQUENCE"
    heights.filepath = storable(str(first))
    heights.colorspace_settings.name = "Non-Color"
    return heights


def set_heights(modifier: bpy.types.Modifier, folder: Path, count: int, suffix: str) -> None:
    """Let a landscape's heights be the first pictures of a folder."""
    heights = get_input(modifier, "Heights")
    path = storable(str(folder / f"0001{suffix}"))
    if heights is None:
        return  # the artist has taken them away
    if heights.filepath != path:
        heights.filepath = path
    set_input(modifier, "Frames", count)
    modifier.id_data.update_tag()


def fit(image: bpy.types.Image, aspect: float) -> None:
    """Let landscapes have another shape."""
    for item, modifier in landscapes(image):
        set_input(modifier, "Aspect", aspect)
        item.update_tag()
