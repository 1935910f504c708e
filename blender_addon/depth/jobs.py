"""What the depth tasks are asked: parameters and inputs, ready to submit.

The operators and the command line start the same jobs; neither knows how they are put together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError

from .builders import Diorama, diorama_layers, disparity_of

DEPTH_FORMATS = {".png": "png16", ".exr": "exr"}


@dataclass(frozen=True)
class Request:
    """A job that has not been submitted yet."""

    task: str
    parameters: dict[str, Any]
    inputs: Mapping[str, np.ndarray | bytes]


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


def read_file(path: Path) -> bytes:
    """Return a file's bytes, or raise a ZograscopeError that says why not."""
    if path.is_dir():
        raise ZograscopeError("is-a-folder", path=str(path))
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ZograscopeError("file-not-found", path=str(path)) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=str(path)) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a result beside its final name and rename it, so that it is whole or not there.

    Raises ZograscopeError `output-exists`.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ZograscopeError("output-exists", str(error), path=str(path)) from error
