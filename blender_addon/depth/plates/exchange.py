"""Plates on their way to a painting program and back: layers by name.

A file has the background, what is left of the photograph, and each plate, each with the pixels that
it shows. What comes back is shown as it is, with hard edges: a pixel that is more than half clear
shows what lies behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import bpy
import numpy as np
from zograscope_protocol.depth.tasks import ExportPlatesOptions, ImportPlatesOptions
from zograscope_protocol.options import refusal
from zograscope_protocol.submission import Submission
from zograscope_protocol.wire import Buffer

from ...pictures import picture_image, pixels_of
from .. import builders, materials
from ..diorama import RECTANGLE, Diorama
from . import masks, plate
from .depth import bounds_of, follow

PHOTOGRAPH, BACKGROUND = "Photograph", "Background"
HALF = 128  # of alpha: what is less is clear


@dataclass(frozen=True)
class _Layer:
    """A layer on its way: its name, object, RGBA pixels (h, w, 4), and bounds of the photograph."""

    name: str
    item: bpy.types.Object
    pixels: np.ndarray
    bounds: masks.Bounds


def layer_names(diorama: Diorama) -> dict[str, str]:
    """Return the names of a diorama's layers in a file, the backmost first, and their objects'."""
    names = {BACKGROUND: diorama.background.name} if diorama.background else {}
    names[PHOTOGRAPH] = diorama.photograph.name
    return names | {item.name: item.name for item in _back_to_front(diorama)}


def export_submission(diorama: Diorama) -> Submission:
    """Ask for a PSD of a diorama's layers.

    Raises PlateError `picture-moves`, and ZograscopeError `bad-parameters` where a plate has the
    name of another layer.
    """
    layers = _layers(diorama)
    camera = diorama.intrinsics
    options = ExportPlatesOptions(
        names=tuple(layer.name for layer in layers), width=camera.width, height=camera.height
    )
    inputs = {f"{number}.pixels": layer.pixels for number, layer in enumerate(layers)}
    return options.submission(inputs | {"rectangles": _rectangles(layers)})


def import_submission(diorama: Diorama, file: Buffer, file_name: str) -> Submission:
    """Ask for what a PSD's layers are now. Raises as `export_submission`."""
    layers, camera = _layers(diorama), diorama.intrinsics
    options = ImportPlatesOptions(
        file_name=file_name,
        names=tuple(layer.name for layer in layers),
        width=camera.width,
        height=camera.height,
    )
    return options.submission({"file": file, "rectangles": _rectangles(layers)})


def show_layers(
    diorama: Diorama, names: Mapping[str, str], arrays: Mapping[str, np.ndarray]
) -> None:
    """Show the layers of the task `import_plates`; those that the file lacks stay as they are.

    Where plates were painted over each other or over the photograph, the foremost has the pixel.

    Args:
        diorama: whose layers they are.
        names: of the layers and of their objects, as `layer_names` gave them.
        arrays: the task's result.

    Raises PlateError `picture-moves`.
    """
    numbers = {item: number for number, item in enumerate(names.values())}
    taken = np.zeros(plate.photograph_pixels(diorama).shape[:2], bool)
    for layer in reversed(_layers(diorama)):
        number = numbers.get(layer.item.name)
        pixels, bounds = layer.pixels, layer.bounds
        if number is not None and f"{number}.pixels" in arrays:
            left, top, right, bottom = arrays["rectangles"][number].tolist()
            pixels, bounds = arrays[f"{number}.pixels"], (left, top, right, bottom)
        if layer.item == diorama.background:
            _show_background(diorama, layer, pixels)
            continue
        hard = _hard(pixels)
        hard[masks.cut(taken, bounds), 3] = plate.CLEAR
        masks.cut(taken, bounds)[hard[..., 3] != plate.CLEAR] = True
        if layer.item == diorama.photograph:
            clear = hard[..., 3] == plate.CLEAR
            hard[clear, :3] = layer.pixels[clear, :3]  # for plates that are put back
            plate.show_photograph(diorama, hard)
        elif not np.array_equal(hard, layer.pixels) or bounds != layer.bounds:
            plate.show_pixels(layer.item, hard, bounds)
            plate.set_mask(layer.item, hard[..., 3] != plate.CLEAR)
    follow(diorama)


def _layers(diorama: Diorama) -> list[_Layer]:
    camera = diorama.intrinsics
    whole = (0, 0, camera.width, camera.height)
    layers = []
    if diorama.background is not None:
        layers.append(_background_layer(diorama.background))
    rest = plate.photograph_pixels(diorama)
    layers.append(_Layer(PHOTOGRAPH, diorama.photograph, rest, whole))
    for item in _back_to_front(diorama):
        pixels = pixels_of(materials.picture_of(item.data.materials[0]))
        bounds = bounds_of(item)
        if pixels.shape[:2] != (bounds[3] - bounds[1], bounds[2] - bounds[0]):
            pixels = _stretched(pixels, bounds)
        layers.append(_Layer(item.name, item, pixels, bounds))
    names = [layer.name for layer in layers]
    if len(set(names)) < len(names):
        raise refusal(f"a plate cannot be called {PHOTOGRAPH} or {BACKGROUND}; rename it")
    return layers


def _back_to_front(diorama: Diorama) -> list[bpy.types.Object]:
    return sorted(diorama.plates, key=lambda item: item[plate.NUMBER])


def _background_layer(item: bpy.types.Object) -> _Layer:
    bounds, pixels = bounds_of(item), pixels_of(materials.picture_of(item.data.materials[0]))
    return _Layer(BACKGROUND, item, _stretched(pixels, bounds), bounds)


def _stretched(pixels: np.ndarray, bounds: masks.Bounds) -> np.ndarray:
    """Bring a picture to the photograph's pixels within bounds."""
    left, top, right, bottom = bounds
    rows = (np.arange(bottom - top) + 0.5) * pixels.shape[0] / (bottom - top)
    columns = (np.arange(right - left) + 0.5) * pixels.shape[1] / (right - left)
    return np.ascontiguousarray(pixels[rows.astype(int)][:, columns.astype(int)])


def _rectangles(layers: list[_Layer]) -> np.ndarray:
    return np.array([layer.bounds for layer in layers], np.int32)


def _hard(pixels: np.ndarray) -> np.ndarray:
    hard = pixels.copy()
    hard[..., 3] = np.where(pixels[..., 3] < HALF, plate.CLEAR, plate.OPAQUE)
    return hard


def _show_background(diorama: Diorama, layer: _Layer, pixels: np.ndarray) -> None:
    """Show an edited background; where the file has none, it stays as it was."""
    shown = np.where(pixels[..., 3:] < HALF, layer.pixels, pixels)
    shown[..., 3] = plate.OPAQUE
    if not np.array_equal(shown[..., :3], layer.pixels[..., :3]):
        image = picture_image(layer.item.name, shown)
        builders.replace_picture(layer.item, image, tuple(layer.item[RECTANGLE]))
