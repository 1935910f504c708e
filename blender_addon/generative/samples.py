"""Samples of a model on a board: click on them, and they are the keyframes of a walk, in order."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ..meshes import unit_plane
from ..scenes import PART_MARK, add_part
from ..shading import add_node, new_material
from . import boards, keyframes
from .boards import Board

KIND = "samples"
SEEDS = "zograscope_seeds"
"""On the root: `seeds` and `columns` of the samples, as JSON."""

BADGE, NUMBER = "badge", "number"
BADGE_SIZE = 0.3  # of a sample's height
BADGE_IN_FRONT = 0.002
NUMBER_IN_FRONT = 0.003
DARK, LIGHT = (0.01, 0.01, 0.01, 1.0), (1.0, 0.75, 0.1, 1.0)


def show(
    arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any], scene: bpy.types.Scene
) -> Board:
    """Show the result of the task `samples`, in place of earlier samples of the scene."""
    name = f"Samples of {metadata['model']}"
    board = boards.show(scene, KIND, name, arrays["grid"].tobytes())
    seeds = {"seeds": list(metadata["seeds"]), "columns": int(metadata["columns"])}
    board.root[SEEDS] = json.dumps(seeds)
    show_badges(scene, scene.zograscope_generative)
    return board


def seed_along(
    board: Board, origin: Vector | Sequence[float], direction: Vector | Sequence[float]
) -> int | None:
    """Return the seed of the sample that a ray in world space meets, or None."""
    place = board.place_along(origin, direction)
    if place is None:
        return None
    seeds, columns, rows = _grid(board)
    column, row = int(place[0] * columns), int((1.0 - place[1]) * rows)
    number = min(row, rows - 1) * columns + column
    return seeds[number] if number < len(seeds) else None


def _grid(board: Board) -> tuple[list[int], int, int]:
    """Return the seeds of a board, its columns and its rows."""
    known = json.loads(board.root[SEEDS])
    seeds, columns = known["seeds"], known["columns"]
    return seeds, columns, -(-len(seeds) // columns)


def show_badges(scene: bpy.types.Scene, settings: bpy.types.PropertyGroup) -> None:
    """Write on each sample that the walk goes through which keyframe it is, from 1."""
    board = boards.find(scene, KIND)
    if board is None:
        return
    for child in board.root.children_recursive:
        if child.get(PART_MARK) in (BADGE, NUMBER):
            data = child.data
            bpy.data.objects.remove(child)
            (bpy.data.meshes if isinstance(data, bpy.types.Mesh) else bpy.data.curves).remove(data)
    orders = keyframes.orders_of(settings)
    seeds, columns, rows = _grid(board)
    for number, seed in enumerate(seeds):
        if seed in orders:
            words = ", ".join(map(str, orders[seed]))
            _add_badge(board, words, number, columns, rows)


def _add_badge(board: Board, words: str, number: int, columns: int, rows: int) -> None:
    """Add a badge in the upper left corner of a sample."""
    row, column = divmod(number, columns)
    left, top = (column / columns - 0.5) * board.aspect, 0.5 - row / rows
    height = BADGE_SIZE / rows
    width = height * max(1.0, 0.6 * len(words))
    middle = (left + width / 2, top - height / 2)
    collection = board.root.users_collection[0]
    plate = add_part(BADGE, unit_plane(BADGE), BADGE, board.root, collection)
    plate.location, plate.scale = (*middle, BADGE_IN_FRONT), (width, height, 1.0)
    plate.data.materials.append(_material("Zograscope badge", DARK))
    text = bpy.data.curves.new(NUMBER, "FONT")
    text.body, text.size = words, 0.85 * height
    text.align_x, text.align_y = "CENTER", "CENTER"
    text.materials.append(_material("Zograscope badge number", LIGHT))
    written = add_part(NUMBER, text, NUMBER, board.root, collection)
    written.location = (*middle, NUMBER_IN_FRONT)
    plate.hide_select = written.hide_select = True


def _material(name: str, colour: tuple[float, ...]) -> bpy.types.Material:
    """Return a material that shines in one colour."""
    known: bpy.types.Material | None = bpy.data.materials.get((name, None))
    if known is not None:
        return known
    material = new_material(name)
    material.diffuse_color = colour
    shine = add_node(material.node_tree, "ShaderNodeEmission", 0, 0)
    shine.inputs["Color"].default_value = colour
    output = add_node(material.node_tree, "ShaderNodeOutputMaterial", 200, 0)
    material.node_tree.links.new(shine.outputs["Emission"], output.inputs["Surface"])
    return material
