"""The moving picture on the diorama of the same picture: the person moves, and the camera too."""

import json
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.frame_files import FrameFiles

from .. import frame_sequences
from ..depth import materials
from ..depth.diorama import HOLES, STILL, Diorama, dioramas
from ..depth.relief import Rectangle, photograph_rectangle
from ..depth.selection import SOURCE
from ..node_wiring import get_input, set_input
from ..scenes import same_path, storable
from . import motion_nodes
from .errors import PortraitError

Size = tuple[int, int]


def diorama_of(scene: bpy.types.Scene, picture: str) -> Diorama:
    """Return a scene's diorama that was made of a file. Raises PortraitError `no-diorama`."""
    for diorama in dioramas(scene):
        source = json.loads(diorama.root.get(SOURCE, "{}"))
        made_of = source.get("photograph", "")
        if made_of and same_path(made_of, picture):
            return diorama
    raise PortraitError("no-diorama", name=bpy.path.basename(picture))


def check(diorama: Diorama, size: Size) -> None:
    """Raise PortraitError `crop-unknown`, `crop-misfit` or `diorama-has-plates` as `show_on`."""
    if HOLES in diorama.photograph:
        raise PortraitError("diorama-has-plates", name=diorama.root.name)
    _rectangle(diorama, size)


def show_on(diorama: Diorama, image: bpy.types.Image, size: Size) -> None:
    """Let a diorama show a moving picture in place of its still one, from every camera exactly.

    Args:
        diorama: which keeps its relief, camera, animation and settings.
        image: the image sequence.
        size: width and height of its frames, those of the whole picture before any crop.

    Raises PortraitError `crop-unknown`, `crop-misfit` or `diorama-has-plates`.
    """
    check(diorama, size)
    rectangle = _rectangle(diorama, size)
    layer = diorama.photograph
    material = layer.data.materials[0]
    if layer.get(STILL) is None:
        layer[STILL] = materials.picture_of(material)
    materials.set_picture(material, image, rectangle)
    user = material.node_tree.nodes[materials.PICTURE].image_user
    user.use_auto_refresh, user.frame_duration = True, image[frame_sequences.FRAMES_MARK]
    _move(diorama, rectangle)


def move_depth(diorama: Diorama, folder: Path, count: int, face_width: float) -> None:
    """Let the relief of a diorama that moves come nearer where the head does.

    Args:
        diorama: on which a moving picture is shown.
        folder: of the 16-bit pictures 0001.png and so on.
        count: how many they are.
        face_width: in pixels of the picture.
    """
    first = FrameFiles(folder).path(0)
    relief = bpy.data.images.load(str(first))
    relief.name, relief.source = f"{diorama.root.name} moving relief", "SEQUENCE"
    relief.filepath = storable(str(first))
    relief.colorspace_settings.name = "Non-Color"
    for layer in diorama.layers:
        old = _set(_modifier(layer), relief, count, face_width)
        layer.update_tag()
        if old is not None and not old.users:
            bpy.data.images.remove(old)


def _set(
    modifier: bpy.types.Modifier, relief: bpy.types.Image, count: int, face_width: float
) -> bpy.types.Image | None:
    """Give a layer its moving relief; return the one that it had."""
    old = get_input(modifier, "Relief")
    inputs = {"Relief": relief, "Frames": count, "Face width": float(face_width)}
    if old is None:
        inputs["Strength"] = 1.0  # which is the artist's from then on
    for name, value in inputs.items():
        set_input(modifier, name, value)
    return old


def show_still(diorama: Diorama) -> None:
    """Let a diorama show its still picture again."""
    layer = diorama.photograph
    still = layer.get(STILL)
    if still is None:
        return
    rectangle = photograph_rectangle(diorama.intrinsics)
    materials.set_picture(layer.data.materials[0], still, rectangle)
    del layer[STILL]
    for part in diorama.layers:
        modifier: bpy.types.Modifier | None = part.modifiers.get(motion_nodes.MODIFIER)
        if modifier is not None:
            part.modifiers.remove(modifier)


def moves(diorama: Diorama) -> bool:
    """Whether a diorama shows a moving picture."""
    return diorama.photograph.get(STILL) is not None


def _rectangle(diorama: Diorama, size: Size) -> Rectangle:
    """Return the whole picture's edges in pixels of the photograph that a diorama shows."""
    width, height = size
    camera = diorama.intrinsics
    source = json.loads(diorama.root.get(SOURCE, "{}"))
    crop = source.get("crop")
    if crop is None and (camera.width, camera.height) != (width, height):
        if "crop" in source:
            raise PortraitError("crop-misfit", name=diorama.root.name, width=width, height=height)
        raise PortraitError("crop-unknown", name=diorama.root.name)
    left, top, right, bottom = crop or (0, 0, width, height)
    fits = right <= width and bottom <= height
    if not fits or (right - left, bottom - top) != (camera.width, camera.height):
        raise PortraitError("crop-misfit", name=diorama.root.name, width=width, height=height)
    return (-float(left), -float(top), float(width - left), float(height - top))


def _move(diorama: Diorama, rectangle: Rectangle) -> None:
    """Give each layer the modifier that lets it follow the moving picture."""
    camera = diorama.intrinsics
    inputs: dict[str, Any] = {
        "Focal length": camera.focal_length,
        # A cell of the coarsest lattice: the background stays behind at its neighbours too.
        "Reach": 1.0 / diorama.root["viewport_resolution"] + 1.0,
        **dict(zip(("Left", "Top", "Right", "Bottom"), rectangle, strict=True)),
    }
    for layer in diorama.layers:
        is_new = motion_nodes.MODIFIER not in layer.modifiers
        modifier = _modifier(layer)
        first = {"First frame": 1, "Frames": 1, "Strength": 0.0} if is_new else {}
        behind = {"Behind": layer != diorama.photograph}
        for name, value in {**inputs, **first, **behind}.items():
            set_input(modifier, name, value)
        layer.update_tag()


def _modifier(layer: bpy.types.Object) -> bpy.types.Modifier:
    modifier: bpy.types.Modifier | None = layer.modifiers.get(motion_nodes.MODIFIER)
    if modifier is None:
        modifier = layer.modifiers.new(motion_nodes.MODIFIER, "NODES")
        modifier.node_group = motion_nodes.motion_group()
    return modifier
