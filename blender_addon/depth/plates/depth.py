"""The depth of plates: it follows the photograph's, whether that is painted or estimated anew."""

import bpy
import numpy as np

from ...drivers import drive_beyond
from ...node_wiring import set_input
from ...pictures import map_image, pixels_of
from ..diorama import DISPARITY, FRONT, RECTANGLE, Diorama, disparity_of, front_image
from ..geometry_nodes import picture_inputs, relief_modifier
from . import masks

MASK = "zograscope_mask"
"""On a plate: the pixels of the photograph that it was cut out of, whatever picture it shows."""
DEPTH_OFFSET = "depth_offset"
"""On a plate: how much farther it stands, as a share of its depth."""
FLATNESS = "flatness"
"""On a plate: from 0, its relief as estimated, to 1, upright at its nearest depth."""


def bounds_of(layer: bpy.types.Object) -> masks.Bounds:
    """Return the rectangle of a plate or another layer, in whole pixels of the photograph."""
    left, top, right, bottom = (round(edge) for edge in layer[RECTANGLE])
    return left, top, right, bottom


def mask_of(plate: bpy.types.Object) -> np.ndarray:
    """Return which pixels a plate was cut out of: (h, w) bool over its rectangle."""
    return pixels_of(plate[MASK])[..., 0] > 127


def follow(diorama: Diorama) -> None:
    """Give each plate the photograph's disparity as it is now, and keep the background behind.

    Images are made anew instead of written to, since Undo brings back no pixels in memory.
    """
    camera, photograph = diorama.intrinsics, diorama.photograph
    size = (camera.width, camera.height)
    disparity = disparity_of(photograph)
    shown = []
    for plate in diorama.plates:
        mask, bounds = mask_of(plate), bounds_of(plate)
        own = masks.plate_disparity(disparity, mask, bounds, size)
        shown.append((own, mask, bounds))
        _replace(plate, DISPARITY, f"{plate.name} disparity", own)
        if (modifier := relief_modifier(plate)) is not None:
            inputs = picture_inputs(camera, tuple(plate[RECTANGLE]))
            for name, value in {**inputs, "Disparity": plate[DISPARITY]}.items():
                set_input(modifier, name, value)
            plate.update_tag()
    if shown:
        front = masks.front_disparity(disparity, shown, size)
        _replace(photograph, FRONT, f"{photograph.name} front", front)
    elif photograph.get(FRONT) is not None:
        image = photograph[FRONT]
        del photograph[FRONT]
        bpy.data.images.remove(image)
    keep_behind(diorama)


def keep_behind(diorama: Diorama) -> None:
    """Keep the background behind the photograph and its plates, wherever those go."""
    background = diorama.background
    if background is None:
        return
    if (modifier := relief_modifier(background)) is not None:
        set_input(modifier, "Disparity in front", front_image(diorama))
        background.update_tag()
    for axis in range(3):
        if diorama.plates:
            drive_beyond(background, "delta_scale", diorama.plates, DEPTH_OFFSET, index=axis)
        else:
            background.driver_remove("delta_scale", axis)
    if not diorama.plates:
        background.delta_scale = (1.0, 1.0, 1.0)


def _replace(layer: bpy.types.Object, key: str, name: str, disparity: np.ndarray) -> None:
    old, layer[key] = layer.get(key), map_image(name, disparity[..., None])
    if old is not None:
        bpy.data.images.remove(old)
