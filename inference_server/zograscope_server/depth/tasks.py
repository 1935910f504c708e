"""The depth tasks as the protocol offers them: `diorama`, `export_mesh` and `export_depth`.

Here inputs are checked and handed to plain functions; nothing is computed. The broker imports this
module, so whatever is heavy is imported inside the tasks.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.depth.tasks import (
    DioramaOptions,
    ExportDepthOptions,
    ExportMeshOptions,
)
from zograscope_protocol.options import quoted, refusal

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


def _model_revision(options: DioramaOptions, models_folder: Path) -> str:
    of_depth = revision_of(options.model, models_folder, PURPOSE)
    if not _finds_faces(models_folder):
        return of_depth
    return of_depth + revision_of(DEFAULT, models_folder, FACES)


def _finds_faces(models_folder: Path) -> bool:
    return is_installed(default_model(FACES, models_folder), models_folder)


@task(DioramaOptions, version=2, cacheable=True, revision=_model_revision)
def diorama(
    inputs: Mapping[str, np.ndarray], options: DioramaOptions, context: TaskContext
) -> TaskResult:
    """Make everything that a diorama is made of from the file `image`."""
    from zograscope_server.depth.cropping import check_large_enough
    from zograscope_server.depth.diorama import make_diorama, pack_diorama
    from zograscope_server.images import read_photograph

    context.progress(0.0, "Reading the photograph")
    photograph = read_photograph(required(inputs, "image").tobytes(), options.file_name)
    check_large_enough(photograph.pixels, options.file_name)
    estimate = _choose_estimate(inputs, options, context)
    parts = make_diorama(
        photograph,
        estimate,
        options,
        context.progress,
        context.preview,
        _choose_face_finder(context),
    )
    context.progress(0.92, "Packing the diorama")
    return TaskResult(*pack_diorama(parts, options.file_name))


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

    disparity = required_numbers(inputs, "disparity", (None, None))
    if disparity.size == 0:
        raise refusal("the disparity is not a picture of one channel")
    context.progress(None, "Writing depth")
    depth_range = DepthRange(options.near, options.far)
    file = export.export_depth(disparity.astype(np.float32), depth_range, options.format)
    return TaskResult({"file": np.frombuffer(file, np.uint8)})


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
