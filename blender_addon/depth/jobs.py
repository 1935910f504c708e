"""What the depth tasks are asked: parameters and inputs, ready to submit.

The operators and the command line start the same jobs; neither knows how they are put together.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zograscope_protocol.requests import Request

from ..job_files import read_file
from .builders import Diorama, diorama_layers, disparity_of

DEPTH_FORMATS = {".png": "png16", ".exr": "exr"}


def diorama_request(
    photograph: Path, parameters: Mapping[str, Any], depth_map: Path | None = None
) -> Request:
    """Ask for everything a diorama is made of.

    Raises ZograscopeError `file-not-found`, `is-a-folder` or `file-unreadable`.
    """
    inputs = {"image": read_file(photograph)}
    parameters = {"file_name": photograph.name, **parameters}
    if depth_map is not None:
        inputs["depth_map"] = read_file(depth_map)
        parameters.setdefault("depth_map_name", depth_map.name)
    return Request("diorama", parameters, inputs)


def mesh_export_request(diorama: Diorama, suffix: str) -> Request:
    """Ask for a GLB, PLY or OBJ file (by its suffix) of the diorama as it stands."""
    layers = diorama_layers(diorama)
    inputs = {
        f"{layer}.{part}": values
        for layer, parts in layers.items()
        for part, values in parts.items()
    }
    return Request(
        "export_mesh", {"format": suffix.lstrip(".").lower(), "layers": [*layers]}, inputs
    )


def mesh_file(path: Path) -> Path:
    """Return where a model is written: an OBJ is several files, which come as one zip."""
    return path.with_name(f"{path.name}.zip") if path.suffix.lower() == ".obj" else path


def depth_export_request(diorama: Diorama, suffix: str) -> Request:
    """Ask for the photograph's depth as a 16-bit PNG or a float EXR."""
    settings = diorama.settings()
    parameters = {
        "format": DEPTH_FORMATS[suffix.lower()],
        "near": settings.near,
        "far": settings.far,
    }
    return Request("export_depth", parameters, {"disparity": disparity_of(diorama.photograph)})
