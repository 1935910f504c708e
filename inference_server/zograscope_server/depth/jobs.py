"""The depth tasks as the protocol offers them: `diorama`, `export_mesh` and `export_depth`.

Here parameters are checked and turned into the options of plain functions; nothing is computed.
The broker imports this module, so whatever is heavy is imported inside the tasks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zograscope_server.models.catalogue import DEFAULT, DEPTH, revision_of
from zograscope_server.parameters import number, one_of, refusal, required, truth
from zograscope_server.tasks import TaskContext, TaskResult, task

if TYPE_CHECKING:
    from zograscope_server.depth.diorama import DioramaOptions

QUALITY_LONG_SIDE = {"draft": 512, "standard": 1024, "high": 2048, "full": None}
NEAR_TONES = ("white", "black")
KINDS = ("auto", "photograph", "print")
FIELD_OF_VIEW_RANGE = (1.0, 170.0)
MESH_FORMATS = ("glb", "ply", "obj")
DEPTH_FORMATS = ("png16", "exr")
LAYER_PARTS = ("vertices", "triangles", "uv", "texture")


def _model_revision(parameters: Mapping[str, Any], models_folder: Path) -> str:
    return revision_of(str(parameters.get("model", DEFAULT)), models_folder, DEPTH)


@task("diorama", version=1, cacheable=True, revision=_model_revision)
def diorama(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Make everything that a diorama is made of from the file `image`."""
    from zograscope_server.depth.diorama import make_diorama, pack_diorama
    from zograscope_server.images import read_photograph

    options = read_diorama_options(parameters)
    name = str(parameters.get("file_name", "photograph"))
    context.progress(0.0, "Reading the photograph")
    photograph = read_photograph(required(inputs, "image").tobytes(), name)
    estimate = _choose_estimate(inputs, parameters, context)
    parts = make_diorama(photograph, estimate, options, context.progress, context.preview)
    context.progress(0.92, "Packing the diorama")
    return TaskResult(*pack_diorama(parts, name))


@task("export_mesh", version=1, cacheable=True)
def export_mesh(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Write textured layers as one GLB, PLY or (zipped) OBJ file."""
    from zograscope_server.depth import export

    file_format = one_of(parameters, "format", MESH_FORMATS, "glb")
    names = parameters.get("layers")
    if not isinstance(names, list) or not names:
        raise refusal("no layers to export were named")
    context.progress(None, f"Writing {file_format.upper()}")
    layers = [_read_layer(inputs, str(name)) for name in names]
    return TaskResult({"file": np.frombuffer(export.export_mesh(layers, file_format), np.uint8)})


@task("export_depth", version=1, cacheable=True)
def export_depth(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Write a disparity map as a 16-bit PNG of disparity or a float EXR of depth."""
    from zograscope_server.depth import export
    from zograscope_server.depth.depth_range import DepthRange

    file_format = one_of(parameters, "format", DEPTH_FORMATS, "exr")
    near, far = number(parameters, "near", 1.0), number(parameters, "far", 10.0)
    if not 0.0 < near < far:
        raise refusal(f"near ({near:g}) must be greater than 0 and less than far ({far:g})")
    disparity = required(inputs, "disparity")
    if disparity.ndim != 2 or disparity.size == 0:
        raise refusal("the disparity is not a picture of one channel")
    context.progress(None, "Writing depth")
    file = export.export_depth(disparity.astype(np.float32), DepthRange(near, far), file_format)
    return TaskResult({"file": np.frombuffer(file, np.uint8)})


def read_diorama_options(parameters: Mapping[str, Any]) -> "DioramaOptions":
    """Check the parameters of the task `diorama`.

    Raises:
        ZograscopeError: `bad-parameters`, with a sentence for the artist.
    """
    from zograscope_server.depth.diorama import DioramaOptions

    field_of_view = parameters.get("field_of_view")
    if field_of_view is not None:
        field_of_view = number(parameters, "field_of_view", 0.0)
        narrowest, widest = FIELD_OF_VIEW_RANGE
        if not narrowest <= field_of_view <= widest:
            raise refusal(
                f"a field of view of {field_of_view:g} degrees is not between {narrowest:g} and "
                f"{widest:g}"
            )
    return DioramaOptions(
        crop=_read_crop(parameters.get("crop", "auto")),
        field_of_view=field_of_view,
        kind=one_of(parameters, "kind", KINDS, "auto"),  # type: ignore[arg-type]
        background=truth(parameters, "background", default=True),
    )


def _choose_estimate(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> Any:
    """The depth map that the artist brought, or the model of the artist's choice."""
    from functools import partial

    from zograscope_server.depth.depth_map_file import read_depth_map
    from zograscope_server.depth.estimate import estimate_depth

    if "depth_map" in inputs:
        name = str(parameters.get("depth_map_name", "depth map"))
        near = one_of(parameters, "depth_map_near", NEAR_TONES, "white")
        return read_depth_map(inputs["depth_map"].tobytes(), name, near_is_white=near == "white")
    quality = one_of(parameters, "quality", tuple(QUALITY_LONG_SIDE), "standard")
    model = context.load_model(str(parameters.get("model", DEFAULT)), DEPTH)
    return partial(estimate_depth, model=model, long_side=QUALITY_LONG_SIDE[quality])


def _read_crop(crop: Any) -> Any:
    if crop in ("auto", "none"):
        return crop
    if isinstance(crop, list) and len(crop) == 4 and all(type(edge) is int for edge in crop):
        return tuple(crop)
    raise refusal(
        f'the crop is {crop!r}, but can only be "auto", "none" or the four whole numbers left, '
        "top, right, bottom"
    )


def _read_layer(inputs: Mapping[str, np.ndarray], name: str) -> Any:
    from zograscope_server.depth.export import Layer

    parts = {part: required(inputs, f"{name}.{part}") for part in LAYER_PARTS}
    vertices, triangles, uv = parts["vertices"], parts["triangles"], parts["uv"]
    if vertices.ndim != 2 or vertices.shape[1] != 3 or uv.shape != (len(vertices), 2):
        raise refusal(
            f"the layer {name!r} has vertices of shape {vertices.shape} and uv of shape {uv.shape}"
        )
    if triangles.ndim != 2 or triangles.shape[1] != 3 or len(triangles) == 0:
        raise refusal(f"the layer {name!r} has triangles of shape {triangles.shape}")
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        raise refusal(f"the layer {name!r} has triangles that name vertices it does not have")
    return Layer(name, vertices, triangles, uv, parts["texture"].tobytes())
