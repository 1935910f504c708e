"""What the depth tasks are asked: options and inputs, ready to submit.

The operators and the command line start the same jobs; neither knows how they are put together.
"""

from pathlib import Path

from zograscope_protocol.depth.command import DEPTH_SUFFIXES
from zograscope_protocol.depth.tasks import (
    DEPTH_FORMATS,
    DioramaOptions,
    ExportDepthOptions,
    ExportMeshOptions,
)
from zograscope_protocol.submission import Submission

from ..job_files import read_file
from .builders import diorama_layers
from .diorama import Diorama, disparity_of


def diorama_submission(
    photograph: Path, options: DioramaOptions, depth_map: Path | None = None
) -> Submission:
    """Ask for everything a diorama is made of.

    Raises ZograscopeError `file-not-found`, `is-a-folder` or `file-unreadable`.
    """
    inputs = {"image": read_file(photograph)}
    if depth_map is not None:
        inputs["depth_map"] = read_file(depth_map)
    return options.submission(inputs)


def mesh_submission(diorama: Diorama, suffix: str) -> Submission:
    """Ask for a GLB, PLY or OBJ file (by its suffix) of the diorama as it stands."""
    layers = diorama_layers(diorama)
    inputs = {
        f"{layer}.{part}": values
        for layer, parts in layers.items()
        for part, values in parts.items()
    }
    options = ExportMeshOptions(format=suffix.lstrip(".").lower(), layers=tuple(layers))
    return options.submission(inputs)


def mesh_file(path: Path) -> Path:
    """Return where a model is written: an OBJ is several files, which come as one zip."""
    return path.with_name(f"{path.name}.zip") if path.suffix.lower() == ".obj" else path


def depth_submission(diorama: Diorama, suffix: str) -> Submission:
    """Ask for the photograph's depth as a 16-bit PNG or a float EXR."""
    settings = diorama.settings()
    options = ExportDepthOptions(
        format=DEPTH_FORMATS[DEPTH_SUFFIXES.index(suffix.lower())],
        near=settings.near,
        far=settings.far,
    )
    return options.submission({"disparity": disparity_of(diorama.photograph)})
