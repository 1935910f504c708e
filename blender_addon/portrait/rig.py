"""A portrait's own head as a mesh: 52 shape keys, its picture as texture, an empty that turns it.

The root turns picture space (x right, y up, z to the viewer) upright. The picture is two units high
and its centre is the root's. All of it is plain Blender data: the rig can be keyed by hand, lit and
rendered at any resolution, without extension or server.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..meshes import mesh_of_faces
from ..pictures import image_from_bytes
from ..scenes import PART_MARK, add_part, same_path
from ..selection import selected_or_only
from ..shading import add_node, add_surface, declare_lit, drive_lit, new_material
from . import curves

ROOT_MARK = "zograscope_rig"
"""On the root: the key of the portrait."""

HEIGHT = 2.0
CAMERA_DISTANCE = 10.0
HEAD_GROUP = "head"
HOOK = "Head"
PICTURE = "Picture"
WEIGHT_STEPS = 255


@dataclass(frozen=True)
class Rig:
    """The objects of a rig; found by their marks, so the artist may rename them."""

    root: bpy.types.Object
    mesh: bpy.types.Object
    head: bpy.types.Object
    camera: bpy.types.Object


def rigs(scene: bpy.types.Scene) -> Iterator[Rig]:
    """Yield the rigs of a scene."""
    for root in scene.objects:
        if ROOT_MARK in root:
            yield _rig_of(root)


def find(item: bpy.types.Object | None) -> Rig | None:
    """Return the rig that an object belongs to."""
    while item is not None and ROOT_MARK not in item:
        item = item.parent
    return None if item is None else _rig_of(item)


def selected_rig(context: bpy.types.Context) -> Rig | None:
    """Return the rig of the active object, or the scene's only one."""
    return selected_or_only(context, find, rigs)


def find_by_key(key: str) -> Rig | None:
    """Return the rig that was made of a portrait, in whatever scene it is."""
    for root in bpy.data.objects:
        if ROOT_MARK in root and same_path(root[ROOT_MARK], key):
            return _rig_of(root)
    return None


def _rig_of(root: bpy.types.Object) -> Rig:
    parts = {child.get(PART_MARK): child for child in root.children_recursive}
    return Rig(root, parts["mesh"], parts["head"], parts["camera"])


def build(
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    name: str,
    key: str,
    scene: bpy.types.Scene,
) -> Rig:
    """Build a rig from the result of `portrait_rig`, or give an earlier one its new head.

    Of an earlier one, objects, materials, camera, place, key frames and the artist's settings stay.

    Args:
        arrays, metadata: the result.
        name: of a new rig.
        key: of the portrait.
        scene: where a new one is linked; of the scene only a missing camera is set.
    """
    rig = find_by_key(key) or _add_objects(name, key, scene)
    width, height = metadata["size"]
    _set_textures(rig, arrays, metadata)
    _set_mesh(rig, arrays, metadata)
    _set_head(rig, arrays, metadata)
    rig.camera.data.ortho_scale = HEIGHT * width / height
    if scene.camera is None:
        scene.camera = rig.camera
    return rig


def in_picture_space(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return where points (n, 3) in pixels, y down and z away, stand in the root's space."""
    width, height = size
    middle = np.array([width / 2, height / 2, 0.0], np.float32)
    scale = np.array([1.0, -1.0, -1.0], np.float32) * np.float32(HEIGHT / height)
    return ((points - middle) * scale).astype(np.float32)


def _add_objects(name: str, key: str, scene: bpy.types.Scene) -> Rig:
    collection = bpy.data.collections.new(f"{name} rig")
    scene.collection.children.link(collection)
    root = add_part(f"{name} rig", None, "root", None, collection)
    root.rotation_euler = (math.radians(90), 0.0, 0.0)
    root.empty_display_size = 0.2
    root[ROOT_MARK] = key
    declare_lit(root)
    mesh = add_part(name, bpy.data.meshes.new(name), "mesh", root, collection)
    frame = add_part(f"{name} head frame", None, "head frame", root, collection)
    frame.empty_display_size = 0.1
    head = add_part(f"{name} head", None, "head", frame, collection)
    head.empty_display_type, head.empty_display_size = "ARROWS", 0.5
    head[curves.HEAD_MARK] = key
    data = bpy.data.cameras.new(f"{name} camera")
    data.type, data.sensor_fit = "ORTHO", "HORIZONTAL"
    camera = add_part(f"{name} camera", data, "camera", root, collection)
    camera.location = (0.0, 0.0, CAMERA_DISTANCE)
    return Rig(root, mesh, head, camera)


def _set_textures(rig: Rig, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Give each part of the rig its picture; materials that are there keep what else they do."""
    textures = list(metadata["textures"])
    for number, texture in enumerate(textures):
        _set_texture(rig, number, texture, arrays[f"texture.{texture}"])


def _set_texture(rig: Rig, number: int, texture: str, file: np.ndarray) -> None:
    name, item = f"{rig.mesh.name} {texture}", rig.mesh
    if number >= len(item.data.materials):
        material = _material(name)
        item.data.materials.append(material)
        drive_lit(material, rig.root)
    node = item.data.materials[number].node_tree.nodes[PICTURE]
    old, node.image = node.image, image_from_bytes(name, file.tobytes())
    if old is not None and not old.users:
        bpy.data.images.remove(old)


def _material(name: str) -> bpy.types.Material:
    """Make a material that shows its picture by the UV map, as it is or lit, where it has alpha."""
    material = new_material(name)
    tree = material.node_tree
    texture = add_node(tree, "ShaderNodeTexImage", -340, 0, name=PICTURE, extension="EXTEND")
    add_surface(tree, texture.outputs["Color"], texture.outputs["Alpha"])
    tree.nodes.active = texture  # which Workbench shows
    return material


def _set_mesh(rig: Rig, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Give the rig its surface, shape keys and weights; the animation of shape keys stays."""
    old = rig.mesh.data
    places = in_picture_space(arrays["vertices"], metadata["size"])
    mesh = mesh_of_faces(old.name, places, arrays["triangles"], arrays["uv"])
    for material in old.materials:
        mesh.materials.append(material)
    mesh.attributes.new("material_index", "INT", "FACE")
    numbers = arrays["materials"].astype(np.int32)
    mesh.attributes["material_index"].data.foreach_set("value", numbers)
    mesh.shade_smooth()
    animation = old.shape_keys.animation_data if old.shape_keys else None
    kept = (animation.action, animation.action_slot) if animation else None
    values = {block.name: block.value for block in old.shape_keys.key_blocks} if kept else {}
    rig.mesh.data = mesh
    _set_shape_keys(rig.mesh, places, arrays["shape_keys"], metadata)
    if kept is not None and kept[0] is not None:
        keys = mesh.shape_keys
        keys.animation_data_create().action = kept[0]
        keys.animation_data.action_slot = kept[1]
        for block in keys.key_blocks:
            block.value = values.get(block.name, 0.0)
    bpy.data.meshes.remove(old)
    _set_weights(rig.mesh, arrays["head"])


def _set_shape_keys(
    item: bpy.types.Object,
    places: np.ndarray,
    offsets: np.ndarray,
    metadata: Mapping[str, Any],
) -> None:
    item.shape_key_add(name="Basis", from_mix=False)
    _, height = metadata["size"]
    scale = np.array([1.0, -1.0, -1.0], np.float32) * np.float32(HEIGHT / height)
    for expression, offset in zip(metadata["expressions"], offsets, strict=True):
        block = item.shape_key_add(name=expression, from_mix=False)
        block.value = 0.0
        block.points.foreach_set("co", (places + offset * scale).astype(np.float32).ravel())


def _set_weights(item: bpy.types.Object, weights: np.ndarray) -> None:
    """Say how far each vertex follows the head, in steps that nobody sees."""
    group = item.vertex_groups.get(HEAD_GROUP) or item.vertex_groups.new(name=HEAD_GROUP)
    steps = np.round(np.clip(weights, 0.0, 1.0) * WEIGHT_STEPS).astype(np.int32)
    for step in np.unique(steps[steps > 0]):
        vertices = np.flatnonzero(steps == step).tolist()
        group.add(vertices, step / WEIGHT_STEPS, "REPLACE")


def _set_head(rig: Rig, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Put the head's empty at the pivot, in a frame of face widths, and hook the mesh to it."""
    _, height = metadata["size"]
    pivot = in_picture_space(arrays["pivot"].reshape(1, 3), metadata["size"])[0]
    width = float(metadata["face_width"]) * HEIGHT / height
    frame = rig.head.parent
    frame.location, frame.scale = pivot.tolist(), (width, width, width)
    hook = rig.mesh.modifiers.get(HOOK) or rig.mesh.modifiers.new(HOOK, "HOOK")
    hook.object, hook.vertex_group, hook.falloff_type = rig.head, HEAD_GROUP, "NONE"
    # What turns the mesh's space into that of the empty at rest.
    rest = Matrix.Translation(pivot.tolist()) @ Matrix.Scale(width, 4)
    hook.matrix_inverse = rest.inverted()
