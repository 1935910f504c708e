"""Boards: pictures on planes that an artist works with, such as samples to choose from.

A board stands beside what is at the origin, upright, one unit high. It is found by its mark, so the
artist may rename and move it; a later picture of the same kind takes its place. The picture is
packed into the .blend. Renders leave boards out, until the artist lets them in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector

from ..meshes import unit_plane
from ..pictures import image_from_bytes
from ..scenes import PART_MARK, add_part, look_at
from ..shading import add_node, new_material
from ..windows import viewports_of

BOARD_MARK = "zograscope_board"
"""On the root: the kind of the board."""

ASPECT_MARK = "zograscope_aspect"
"""On the root: width over height of its picture."""

PICTURE = "Picture"
FRAME = 1.2  # units from the origin to the nearest edge of a board, and between rows of boards
PLACES = {"samples": (-1, 0), "map": (1, 0), "training": (-1, 1), "memorised": (1, 1)}
PLACES |= {"found": (-1, -1)}
"""For each kind the side of the origin on which it stands, and the row."""

PARALLEL = 1e-9


@dataclass(frozen=True)
class Board:
    """The objects of a board."""

    root: bpy.types.Object
    plane: bpy.types.Object

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.root[ASPECT_MARK]

    def place_along(
        self, origin: Vector | Sequence[float], direction: Vector | Sequence[float]
    ) -> tuple[float, float] | None:
        """Return where a ray in world space meets the picture: 0 to 1, right and up; else None.

        Args:
            origin, direction: three numbers each; the direction's length does not matter.
        """
        inverse = np.array(self.plane.matrix_world.inverted())
        start = inverse[:3, :3] @ np.array(origin) + inverse[:3, 3]
        along = inverse[:3, :3] @ np.array(direction)
        if abs(along[2]) < PARALLEL or -start[2] / along[2] <= 0:
            return None
        x, y = ((start - along * (start[2] / along[2]))[:2] + 0.5).tolist()
        return (x, y) if 0 <= x < 1 and 0 <= y < 1 else None


def find(scene: bpy.types.Scene, kind: str) -> Board | None:
    """Return a scene's board of a kind."""
    for root in scene.objects:
        if root.get(BOARD_MARK) == kind:
            for child in root.children:
                if child.get(PART_MARK) == "board":
                    return Board(root, child)
    return None


def show(scene: bpy.types.Scene, kind: str, name: str, file: bytes) -> Board:
    """Show an encoded picture on a scene's board of a kind, which is made where there is none."""
    board = find(scene, kind)
    is_new = board is None
    if board is None:
        board = _add(scene, kind, name)
    image = image_from_bytes(name, file)
    width, height = image.size
    aspect = width / max(height, 1)
    set_picture(board.plane, image)
    if is_new:
        side, row = PLACES[kind]
        board.root.location = (side * (FRAME + aspect / 2), 0.0, row * FRAME)
    board.root[ASPECT_MARK] = aspect
    board.plane.scale = (aspect, 1.0, 1.0)
    if is_new:
        show_textures(scene)
        look_at(scene, board.root, (-aspect / 2, -0.5, aspect / 2, 0.5))
    return board


def show_in(scene: bpy.types.Scene, other: bpy.types.Scene) -> None:
    """Let a scene show the boards of another one too: the same objects."""
    for root in other.objects:
        if BOARD_MARK in root:
            for collection in root.users_collection:
                if collection.name in other.collection.children:
                    scene.collection.children.link(collection)


def set_picture(plane: bpy.types.Object, image: bpy.types.Image) -> None:
    """Let a plane of `add_plane` show an image, in place of an earlier one, which is removed."""
    node = plane.data.materials[0].node_tree.nodes[PICTURE]
    old, node.image = node.image, image
    if old is not None and not old.users:
        bpy.data.images.remove(old)


def _add(scene: bpy.types.Scene, kind: str, name: str) -> Board:
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    collection.hide_render = True
    root = add_part(name, None, "root", None, collection)
    root.rotation_euler = (math.radians(90), 0.0, 0.0)
    root.empty_display_size = 0.1
    root[BOARD_MARK] = kind
    return Board(root, add_plane(name, "board", root))


def add_plane(name: str, part: str, root: bpy.types.Object) -> bpy.types.Object:
    """Add a plane of side 1 below a board's root; its picture is set by `set_picture`."""
    plane = add_part(name, unit_plane(name), part, root, root.users_collection[0])
    material = new_material(name)
    tree = material.node_tree
    picture = add_node(tree, "ShaderNodeTexImage", -400, 0, name=PICTURE, extension="EXTEND")
    picture.interpolation = "Closest"  # small images, seen from near
    shine = add_node(tree, "ShaderNodeEmission", -100, 0)
    output = add_node(tree, "ShaderNodeOutputMaterial", 100, 0)
    tree.links.new(picture.outputs["Color"], shine.inputs["Color"])
    tree.links.new(shine.outputs["Emission"], output.inputs["Surface"])
    tree.nodes.active = picture
    plane.data.materials.append(material)
    return plane


def show_textures(scene: bpy.types.Scene) -> None:
    """Let solid viewports of windows that show the scene show pictures rather than grey."""
    for _, space in viewports_of(scene):
        if space.shading.type == "SOLID":
            space.shading.color_type = "TEXTURE"
