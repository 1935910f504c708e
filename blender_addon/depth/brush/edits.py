"""The layer of edits in the .blend, and the disparity image that shows it.

What the relief samples, and whatever else reads disparity, is one image: the estimate with the
edits over it. The edits are an image beside it, on the same object: red is their difference, green
their coverage, blue the estimate below them, all packed as floats. Blender's undo brings back
packed files but not what an image has in memory, which is therefore read anew after each undo.
"""

from dataclasses import dataclass, field

import bpy
import numpy as np

from ...pictures import map_image, maps_of, set_maps
from ..diorama import DISPARITY, Diorama, disparity_of
from ..plates import depth as plate_depth
from .strokes import EditedDepth

EDITS = "zograscope_depth_edits"


@dataclass
class _Session:
    """What is known of painting while Blender runs.

    Attributes:
        painted: session ids of images whose pixels were painted.
        undone: how often the artist undid or redid something.
    """

    painted: set[int] = field(default_factory=set)
    undone: int = 0


_session = _Session()


def generation() -> int:
    """Return a number that rises whenever the artist undoes: what was read before is void."""
    return _session.undone


def has_edits(diorama: Diorama) -> bool:
    """Whether anything is painted on a diorama's depth."""
    return diorama.photograph.get(EDITS) is not None


def edited_depth(diorama: Diorama) -> EditedDepth:
    """Return a diorama's estimate with the edits over it."""
    image = diorama.photograph.get(EDITS)
    if image is None:
        return EditedDepth.over(disparity_of(diorama.photograph))
    difference, coverage, estimate = np.ascontiguousarray(np.moveaxis(maps_of(image), 2, 0))
    return EditedDepth.over(estimate, difference, coverage)


def show(diorama: Diorama, depth: EditedDepth, *, draft: bool = False) -> None:
    """Let the relief show edited depth; it is not kept yet.

    In a draft background and plates, which take longer, are left where they were.
    """
    _set_disparity(diorama.photograph, depth)
    if not draft:
        plate_depth.follow(diorama)
    for layer in diorama.layers[:1] if draft else diorama.layers:
        layer.update_tag()


def keep(diorama: Diorama, depth: EditedDepth) -> None:
    """Show edited depth and keep it in the file, edits apart."""
    show(diorama, depth)
    diorama.photograph[DISPARITY].pack()
    _keep_edits(diorama.photograph, f"{diorama.root.name} Depth Edits", depth)


def clear(diorama: Diorama) -> None:
    """Take all edits away: the estimate is shown again."""
    if has_edits(diorama):
        image = diorama.photograph[EDITS]
        show(diorama, EditedDepth.over(edited_depth(diorama).estimate))
        diorama.photograph[DISPARITY].pack()
        del diorama.photograph[EDITS]
        bpy.data.images.remove(image)


def carry_over(layer: bpy.types.Object) -> None:
    """Lay the edits that a layer has over the disparity that it has now, of whatever size."""
    old = layer.get(EDITS)
    if old is None:
        return
    difference, coverage, _ = np.ascontiguousarray(np.moveaxis(maps_of(old), 2, 0))
    depth = EditedDepth.over(disparity_of(layer), difference, coverage)
    _set_disparity(layer, depth)
    layer[DISPARITY].pack()
    _keep_edits(layer, old.name, depth)


def _set_disparity(layer: bpy.types.Object, depth: EditedDepth) -> None:
    image = layer[DISPARITY]
    set_maps(image, depth.disparity[..., None])
    _session.painted.add(image.session_uid)


def _keep_edits(layer: bpy.types.Object, name: str, depth: EditedDepth) -> None:
    channels = np.stack([depth.difference, depth.coverage, depth.estimate], axis=-1)
    image = layer.get(EDITS)
    if image is not None and tuple(image.size) == channels.shape[1::-1]:
        set_maps(image, channels)
        image.pack()
    else:
        if image is not None:
            bpy.data.images.remove(image)
        image = map_image(name, channels)
        layer[EDITS] = image
    _session.painted.add(image.session_uid)


@bpy.app.handlers.persistent
def _read_anew(*_: object) -> None:
    _session.undone += 1
    for image in bpy.data.images:
        if image.session_uid in _session.painted:
            image.buffers_free()
    for item in bpy.data.objects:
        shown = item.get(DISPARITY)
        if shown is not None and shown.session_uid in _session.painted and item.parent is not None:
            for layer in item.parent.children:
                layer.update_tag()


_HANDLERS = (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post)


def register() -> None:
    """Read painted images anew after each undo."""
    for handlers in _HANDLERS:
        handlers.append(_read_anew)


def unregister() -> None:
    """Leave undo alone again."""
    for handlers in _HANDLERS:
        handlers.remove(_read_anew)
