"""Plates as Blender's data: cut out of the photograph, put back, and what is behind them.

A plate is an object below the diorama's root that shows a part of the photograph, whose own picture
is clear there. Its origin lies in its middle, so that it is moved, turned and scaled about that.
"""

import bpy
import numpy as np

from ...drivers import drive
from ...node_wiring import input_path, set_input
from ...pictures import picture_image, pixels_of
from ...scenes import PART_MARK
from .. import builders, materials
from ..diorama import (
    DISPARITY,
    HOLES,
    PLATE,
    RECTANGLE,
    STILL,
    Diorama,
    disparity_of,
    find_diorama,
)
from ..errors import PlateError
from ..relief import depth_from_disparity, photograph_rectangle, strengthen, unproject
from . import geometry_nodes, masks
from .depth import DEPTH_OFFSET, FLATNESS, MASK, bounds_of, follow, mask_of

NUMBER = "zograscope_number"
"""On a plate: which one it is of its diorama, from 1."""

NEARER = 0.999
"""The factor of depth by which each plate stands before the last, and the first before the
photograph. A ray that goes through the clear part of one must not pass the next at once."""

OPAQUE, CLEAR = 255, 0

BOUNCES = 64
"""How many clear parts, one behind the other, a ray of Cycles goes through before it sees black."""


def is_plate(item: bpy.types.Object | None) -> bool:
    """Whether an object is a plate of a diorama."""
    return item is not None and item.get(PART_MARK) == PLATE and find_diorama(item) is not None


def photograph_pixels(diorama: Diorama) -> np.ndarray:
    """Return the photograph's RGBA pixels, (h, w, 4) uint8; alpha is 0 where plates were cut out.

    Raises PlateError `picture-moves` where a moving portrait is shown in its place.
    """
    if diorama.photograph.get(STILL) is not None:
        raise PlateError("picture-moves", name=diorama.root.name)
    pixels = pixels_of(materials.picture_of(diorama.photograph.data.materials[0]))
    if HOLES not in diorama.photograph:  # a scan's own transparency cuts nothing out
        pixels[..., 3] = OPAQUE
    return pixels


def hidden_by_plates(diorama: Diorama) -> np.ndarray:
    """Return where plates were cut out of the photograph: (h, w) bool."""
    return photograph_pixels(diorama)[..., 3] == CLEAR


def cut_out(diorama: Diorama, mask: np.ndarray, name: str) -> bpy.types.Object:
    """Make a plate of what a mask (h, w) bool holds of the photograph, and return it.

    Raises PlateError `nothing-left` where other plates have all of it, `picture-size` for a mask of
    another size than the photograph, and `picture-moves`.
    """
    pixels = photograph_pixels(diorama)
    if mask.shape != pixels.shape[:2]:
        raise PlateError("picture-size", name=name, size=_size_of(mask), expected=_size_of(pixels))
    mask = mask & (pixels[..., 3] != CLEAR)
    if not mask.any():
        raise PlateError("nothing-left", name=diorama.root.name)
    bounds = masks.bounds_of(mask)
    own = masks.cut(mask, bounds)
    plate = builders.add_layer(name, PLATE, diorama.collection, diorama.root)
    picture = masks.cut(pixels, bounds).copy()
    picture[..., 3] = np.where(own, OPAQUE, CLEAR)
    show_pixels(plate, picture, bounds)
    plate[MASK] = picture_image(f"{plate.name} mask", _as_picture(own))
    plate[MASK].colorspace_settings.name = "Non-Color"
    plate[NUMBER] = 1 + max((other[NUMBER] for other in diorama.plates), default=0)
    _declare_settings(plate)
    _same_filter(plate, diorama.photograph)

    pixels[mask, 3] = CLEAR
    show_photograph(diorama, pixels)
    diorama = find_diorama(diorama.root)
    follow(diorama)
    _add_modifier(diorama, plate, own, bounds)
    for scene in plate.users_scene:
        cycles = scene.cycles
        cycles.transparent_max_bounces = max(cycles.transparent_max_bounces, BOUNCES)
    return plate


def put_back(plate: bpy.types.Object) -> Diorama:
    """Give the pixels that a plate was cut out of back to the photograph, and remove the plate."""
    diorama = find_diorama(plate)
    pixels = photograph_pixels(diorama)
    masks.cut(pixels, bounds_of(plate))[mask_of(plate), 3] = OPAQUE
    show_photograph(diorama, pixels)
    material, mesh = plate.data.materials[0], plate.data
    own, picture = (plate[MASK], plate[DISPARITY]), materials.picture_of(material)
    bpy.data.objects.remove(plate)
    bpy.data.meshes.remove(mesh)
    bpy.data.materials.remove(material)
    for image in own:
        bpy.data.images.remove(image)
    if picture is not None and not picture.users:  # else it is the artist's, and shown elsewhere
        bpy.data.images.remove(picture)
    diorama = find_diorama(diorama.root)
    follow(diorama)
    return diorama


def show_photograph(diorama: Diorama, pixels: np.ndarray) -> None:
    """Show RGBA pixels (h, w, 4) as the photograph; it is clear where alpha is 0."""
    photograph = diorama.photograph
    image = picture_image(photograph.name, pixels)
    builders.replace_picture(photograph, image, photograph_rectangle(diorama.intrinsics))
    materials.clip(photograph.data.materials[0])
    if (pixels[..., 3] == CLEAR).any():
        photograph[HOLES] = 1
    elif HOLES in photograph:
        del photograph[HOLES]


def show_pixels(plate: bpy.types.Object, pixels: np.ndarray, bounds: masks.Bounds) -> None:
    """Show RGBA pixels (h, w, 4) on a plate, which fill bounds of the photograph."""
    left, top, right, bottom = map(float, bounds)
    plate[RECTANGLE] = (left, top, right, bottom)
    image = picture_image(plate.name, pixels)
    builders.replace_picture(plate, image, (left, top, right, bottom))
    materials.clip(plate.data.materials[0])


def set_mask(plate: bpy.types.Object, mask: np.ndarray) -> None:
    """Note which pixels within its rectangle are a plate's, (h, w) bool."""
    old = plate[MASK]
    plate[MASK] = picture_image(old.name, _as_picture(mask))
    plate[MASK].colorspace_settings.name = "Non-Color"
    bpy.data.images.remove(old)


def _declare_settings(plate: bpy.types.Object) -> None:
    plate[DEPTH_OFFSET] = 0.0
    plate.id_properties_ui(DEPTH_OFFSET).update(
        default=0.0,
        min=-0.98,
        max=100.0,
        soft_min=-0.5,
        soft_max=1.0,
        description="How much farther the plate stands, as a share of its depth; less than 0 is "
        "nearer. From rest it looks the same",
    )
    plate[FLATNESS] = 0.0
    plate.id_properties_ui(FLATNESS).update(
        default=0.0,
        min=0.0,
        max=1.0,
        description="0 keeps the plate's relief, 1 stands it upright at its nearest depth. From "
        "rest it looks the same",
    )


def _add_modifier(
    diorama: Diorama, plate: bpy.types.Object, mask: np.ndarray, bounds: masks.Bounds
) -> None:
    """Let a plate follow its depth offset, with its origin in its middle."""
    origin = _middle(diorama, plate, mask, bounds)
    modifier = plate.modifiers.new(geometry_nodes.MODIFIER, "NODES")
    modifier.node_group = geometry_nodes.plate_group()
    set_input(modifier, geometry_nodes.NEARNESS, NEARER ** plate[NUMBER])
    set_input(modifier, geometry_nodes.ORIGIN, origin)
    for name, setting in (
        (geometry_nodes.DEPTH_OFFSET, DEPTH_OFFSET),
        (geometry_nodes.FLATNESS, FLATNESS),
    ):
        drive(plate, input_path(modifier, name), plate, setting)
    plate.location = origin


def _middle(
    diorama: Diorama, plate: bpy.types.Object, mask: np.ndarray, bounds: masks.Bounds
) -> tuple[float, float, float]:
    """Return the middle of a plate on its relief, in rest-camera space."""
    rows, columns = np.nonzero(mask)
    settings, disparity = diorama.settings(), disparity_of(plate)
    depths = depth_from_disparity(np.median(disparity), settings.near, settings.far)
    depth = float(strengthen(depths, settings))
    u, v = bounds[0] + columns.mean() + 0.5, bounds[1] + rows.mean() + 0.5
    place = np.array([[u * depth, v * depth, depth]], np.float32)
    x, y, z = unproject(place, diorama.intrinsics)[0].tolist()
    return x, y, z


def _same_filter(plate: bpy.types.Object, photograph: bpy.types.Object) -> None:
    smooth = materials.is_smooth(photograph.data.materials[0])
    materials.set_smooth_filter(plate.data.materials[0], smooth)


def _as_picture(mask: np.ndarray) -> np.ndarray:
    grey = np.where(mask, np.uint8(255), np.uint8(0))
    return np.stack([grey, grey, grey, np.full_like(grey, OPAQUE)], axis=-1)


def _size_of(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"
