"""The depth tasks as the protocol offers them: dioramas, their exports, and plates.

Here inputs are checked and handed to plain functions; nothing is computed. The broker imports this
module, so whatever is heavy is imported inside the tasks.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.depth.tasks import (
    DioramaOptions,
    ExportDepthOptions,
    ExportMeshOptions,
    ExportPlatesOptions,
    ImportPlatesOptions,
    PaintBackgroundOptions,
    Rectangle,
    SegmentOptions,
)
from zograscope_protocol.errors import quoted
from zograscope_protocol.options import refusal

from zograscope_server.depth.loading import PURPOSE
from zograscope_server.faces.loading import FACES
from zograscope_server.models.catalogue import DEFAULT, default_model, is_installed, revision_of
from zograscope_server.tasks import TaskContext, TaskResult, required, required_numbers, task

if TYPE_CHECKING:
    from zograscope_server.depth.depth_map import DepthMap
    from zograscope_server.depth.diorama import Estimate
    from zograscope_server.depth.export import Layer
    from zograscope_server.depth.people import FindFaces

_LAYER_NAME = re.compile(r"\w[\w.-]{0,63}")

QUALITY_LONG_SIDE = {"draft": 512, "standard": 1024, "high": 2048, "full": None}
MOST_PIXELS = 300_000_000


def _model_revision(options: DioramaOptions, models_folder: Path) -> str:
    of_depth = revision_of(options.model, models_folder, PURPOSE)
    if not _finds_faces(models_folder):
        return of_depth
    return of_depth + revision_of(DEFAULT, models_folder, FACES)


def _finds_faces(models_folder: Path) -> bool:
    return is_installed(default_model(FACES, models_folder), models_folder)


@task(DioramaOptions, version=5, cacheable=True, revision=_model_revision)
def diorama(
    inputs: Mapping[str, np.ndarray], options: DioramaOptions, context: TaskContext
) -> TaskResult:
    """Make everything that a diorama is made of from the file `image`."""
    from zograscope_server.depth import diorama as making
    from zograscope_server.depth.cropping import check_large_enough
    from zograscope_server.images import ENOUGH_PIXELS, read_photograph

    context.progress(0.0, "Reading the photograph")
    data = required(inputs, "image").tobytes()
    photograph = read_photograph(data, options.file_name, ENOUGH_PIXELS)
    check_large_enough(photograph.pixels, options.file_name)
    estimate = _choose_estimate(inputs, options, context)
    parts = making.make_diorama(
        photograph,
        estimate,
        options,
        context.progress,
        context.preview,
        _choose_face_finder(context),
    )
    context.progress(0.92, "Packing the diorama")
    return TaskResult(*making.pack_diorama(parts, options.file_name))


@task(ExportMeshOptions, version=1, cacheable=True)
def export_mesh(
    inputs: Mapping[str, np.ndarray], options: ExportMeshOptions, context: TaskContext
) -> TaskResult:
    """Write textured layers as one GLB, PLY or (zipped) OBJ file."""
    from zograscope_server.depth import export

    context.progress(None, f"Writing {options.format.upper()}")
    layers = [_read_layer(inputs, name) for name in options.layers]
    return TaskResult({"file": np.frombuffer(export.export_mesh(layers, options.format), np.uint8)})


@task(ExportDepthOptions, version=1, cacheable=True)
def export_depth(
    inputs: Mapping[str, np.ndarray], options: ExportDepthOptions, context: TaskContext
) -> TaskResult:
    """Write a disparity map as a 16-bit PNG of disparity or a float EXR of depth."""
    from zograscope_server.depth import export
    from zograscope_server.depth.depth_range import DepthRange

    disparity = _read_disparity(inputs)
    context.progress(None, "Writing depth")
    depth_range = DepthRange(options.near, options.far)
    file = export.export_depth(disparity, depth_range, options.format)
    return TaskResult({"file": np.frombuffer(file, np.uint8)})


@task(SegmentOptions, version=1, cacheable=True)
def segment(
    inputs: Mapping[str, np.ndarray], options: SegmentOptions, context: TaskContext
) -> TaskResult:
    """Find the object of a picture that was clicked, as a mask."""
    from zograscope_server.depth.segmentation import find_object, outline_at_edges

    pixels = _read_pixels(inputs, "pixels", 3)
    context.progress(None, "Looking for the object")
    if "mask" in inputs:
        found = outline_at_edges(_read_mask(inputs, "mask", pixels), pixels)
    elif any(belongs for _, _, belongs in options.clicks):
        found = find_object(pixels, _read_disparity(inputs), options.clicks)
    else:
        raise refusal("no click shows what is looked for")
    return TaskResult({"mask": found.astype(np.uint8) * np.uint8(255)})


@task(PaintBackgroundOptions, version=2, cacheable=True)
def paint_background(
    inputs: Mapping[str, np.ndarray], options: PaintBackgroundOptions, context: TaskContext
) -> TaskResult:
    """Paint what lies behind a photograph, and behind whatever was cut out of it."""
    from zograscope_server.depth.depth_range import DepthRange
    from zograscope_server.depth.diorama import dome_behind, pack_background
    from zograscope_server.depth.layers import make_background_plate
    from zograscope_server.depth.matting import make_matte
    from zograscope_server.images import ENOUGH_PIXELS, read_photograph

    context.progress(0.0, "Reading the photograph")
    data = required(inputs, "image").tobytes()
    photograph = read_photograph(data, options.file_name, ENOUGH_PIXELS)
    reduction = photograph.reduction
    hidden = _read_mask(inputs, "hidden", photograph.pixels, reduction)
    disparity = _read_disparity(inputs)
    context.progress(0.1, "Painting what lies behind")
    depth_range = DepthRange(options.near, options.far)
    pixels = photograph.pixels
    plate = make_background_plate(pixels, disparity, depth_range, hidden)
    matte = make_matte(pixels, disparity, depth_range) if options.matte else None
    dome = None
    if options.focal_length is not None:
        dome = dome_behind(plate, options.focal_length / reduction, pixels.shape[:2])
    left, top, right, bottom = (side * reduction for side in plate.rectangle)  # of the file
    plate = replace(plate, rectangle=(left, top, right, bottom))
    context.progress(0.9, "Packing the background")
    return TaskResult(*pack_background(plate, dome, matte))


@task(ExportPlatesOptions, version=1, cacheable=True)
def export_plates(
    inputs: Mapping[str, np.ndarray], options: ExportPlatesOptions, context: TaskContext
) -> TaskResult:
    """Write plates as one layered file."""
    from zograscope_server.depth.layered_file import PictureLayer, write_psd

    context.progress(None, "Writing PSD")
    layers = []
    for number, (name, rectangle) in enumerate(_read_rectangles(inputs, options.names).items()):
        pixels = _read_pixels(inputs, f"{number}.pixels", 4)
        left, top, right, bottom = rectangle
        if pixels.shape[:2] != (bottom - top, right - left):
            raise refusal(f"the layer {name!r} does not have the pixels of its rectangle")
        layers.append(PictureLayer(name, pixels, rectangle))
    file = write_psd(layers, options.width, options.height)
    return TaskResult({"file": np.frombuffer(file, np.uint8)})


@task(ImportPlatesOptions, version=1, cacheable=True)
def import_plates(
    inputs: Mapping[str, np.ndarray], options: ImportPlatesOptions, context: TaskContext
) -> TaskResult:
    """Read the layers of a file that was edited."""
    from zograscope_server.depth.layered_file import read_psd

    context.progress(None, "Reading layers")
    rectangles = _read_rectangles(inputs, options.names)
    data, size = required(inputs, "file").tobytes(), (options.width, options.height)
    found = read_psd(data, options.file_name, size, rectangles)
    arrays = {
        f"{number}.pixels": found[name].pixels
        for number, name in enumerate(options.names)
        if name in found
    }
    places = [found[name].rectangle if name in found else rectangles[name] for name in rectangles]
    arrays["rectangles"] = np.array(places, np.int32)
    return TaskResult(arrays, {"missing": [name for name in options.names if name not in found]})


def _read_pixels(inputs: Mapping[str, np.ndarray], name: str, channels: int) -> np.ndarray:
    pixels = required(inputs, name)
    shaped = pixels.ndim == 3 and pixels.shape[2] == channels and pixels.dtype == np.uint8
    if not shaped or not 0 < pixels.shape[0] * pixels.shape[1] <= MOST_PIXELS:
        raise refusal(f"the input {name!r} is no picture of {channels} channels in 8 bits")
    return pixels


def _read_mask(
    inputs: Mapping[str, np.ndarray], name: str, pixels: np.ndarray, reduction: int = 1
) -> np.ndarray:
    """Return (h, w) bool of a picture that may have been read that many times smaller."""
    mask = required(inputs, name)
    if mask.ndim == 2:
        mask = mask[::reduction, ::reduction]
    if mask.shape != pixels.shape[:2]:
        raise refusal(
            f"the input {name!r} has the shape {mask.shape}, but the picture {pixels.shape[:2]}"
        )
    return mask != 0


def _read_disparity(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    disparity = required_numbers(inputs, "disparity", (None, None))
    if disparity.size == 0:
        raise refusal("the disparity is not a picture of one channel")
    return disparity.astype(np.float32)


def _read_rectangles(
    inputs: Mapping[str, np.ndarray], names: tuple[str, ...]
) -> dict[str, Rectangle]:
    values = required(inputs, "rectangles")
    if values.shape != (len(names), 4) or values.dtype.kind not in "iu":
        raise refusal(f"the rectangles have the shape {values.shape}, and there are {len(names)}")
    rectangles: dict[str, Rectangle] = {}
    for name, (left, top, right, bottom) in zip(names, values.tolist(), strict=True):
        if not 0 < (right - left) * (bottom - top) <= MOST_PIXELS or right <= left:
            raise refusal(f"the layer {name!r} has no pixels, or too many")
        rectangles[name] = (left, top, right, bottom)
    return rectangles


def _choose_estimate(
    inputs: Mapping[str, np.ndarray], options: DioramaOptions, context: TaskContext
) -> "Estimate | DepthMap":
    """The depth map that the artist brought, or the model of the artist's choice."""
    from functools import partial

    from zograscope_server.depth.depth_map_file import read_depth_map
    from zograscope_server.depth.estimate import estimate_depth

    if "depth_map" in inputs:
        near_is_white = options.depth_map_near == "white"
        data = inputs["depth_map"].tobytes()
        return read_depth_map(data, options.depth_map_name, near_is_white=near_is_white)
    model = context.load_model(options.model, PURPOSE)
    return partial(estimate_depth, model=model, long_side=QUALITY_LONG_SIDE[options.quality])


def _choose_face_finder(context: TaskContext) -> "FindFaces | None":
    """What finds faces; None where it is not installed, or cannot be loaded here."""
    from zograscope_server.depth.people import face_finder
    from zograscope_server.faces.errors import FaceError

    if not _finds_faces(context.settings.models_folder):
        return None
    try:
        return face_finder(context.load_model(DEFAULT, FACES))
    except FaceError:
        return None


def _read_layer(inputs: Mapping[str, np.ndarray], name: str) -> "Layer":
    from zograscope_server.depth.export import Layer, read_texture

    if not _LAYER_NAME.fullmatch(name):
        raise refusal(f"{quoted(name)} is no name of a layer: files are called by it")
    vertices = required_numbers(inputs, f"{name}.vertices", (None, 3))
    triangles = required_numbers(inputs, f"{name}.triangles", (None, 3))
    uv = required_numbers(inputs, f"{name}.uv", (len(vertices), 2))
    if triangles.dtype.kind == "f" or len(triangles) == 0:
        raise refusal(f"the layer {name!r} has no triangles")
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        raise refusal(f"the layer {name!r} has triangles that name vertices it does not have")
    texture = read_texture(required(inputs, f"{name}.texture").tobytes(), name)
    return Layer(name, vertices, triangles, uv, texture)
