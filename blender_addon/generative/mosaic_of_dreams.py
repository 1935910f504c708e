"""A mosaic of dreams: samples and their nearest originals as a collection, laid out by the mosaic.

Samples become files beside the .blend, with a table that says what is a dream and what an original.
The table is a collection like any other: it stays, and the mosaic is built of it as of others.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.job import Job, Part
from zograscope_protocol.saving import write_file

from .. import frame_sequences
from ..mosaic import building as mosaic_building
from ..pending_jobs import Owner, Waiting
from ..server_link import link
from . import building, submissions
from .errors import GenerativeError

TABLE = "dreams.csv"
COLUMNS = ("file", "title", "seed", "kind", "nearest", "distance")


def start(scene: bpy.types.Scene) -> Job:
    """Ask for samples; a mosaic is built of them and their originals. Raises ZograscopeError."""
    settings = scene.zograscope_generative
    owner = Owner(scene.session_uid, building.NAME)
    submission = submissions.dreams_submission(settings)
    folder = Path(bpy.path.abspath(frame_sequences.new_folder(f"Dreams of {settings.model}")))
    files = FrameFiles(folder)

    def on_part(part: Part) -> None:
        files.write(part.number, part.arrays["file"])

    def on_done(job: Job) -> None:
        table = write_table(files, job.result.metadata)
        there = building.scene_of(owner)
        if there is not None:
            _build(there, table)

    waiting = Waiting(f"Dreams of {settings.model}", on_done, owner, on_part=on_part)
    return link.submit(submission, waiting)


def write_table(files: FrameFiles, metadata: Mapping[str, Any]) -> Path:
    """Write the table of samples that are files, and of their nearest originals; return its path.

    Args:
        files: of the samples, in order.
        metadata: of the task `samples` with `originals`.

    Raises ZograscopeError `output-exists`.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    originals = metadata.get("originals") or [None] * len(metadata["seeds"])
    for number, (seed, original) in enumerate(zip(metadata["seeds"], originals, strict=True)):
        near: Sequence[Any] = original or ("", "")
        table.writerow((files.path(number).name, f"Dream {seed}", seed, "dream", *near))
    for location in dict.fromkeys(str(original[0]) for original in originals if original):
        table.writerow((location, Path(location).stem, "", "original", "", ""))
    path = files.folder / TABLE
    write_file(path, text.getvalue().encode())
    return path


def _build(scene: bpy.types.Scene, table: Path) -> None:
    """Have the mosaic of a table built, which the mosaic's panel names from then on.

    Raises GenerativeError `mosaic-busy`, and ZograscopeError where it cannot be started.
    """
    scene.zograscope_mosaic.collection = str(table)
    if link.pending.is_building(Owner(scene.session_uid, mosaic_building.NAME)):
        raise GenerativeError("mosaic-busy", path=str(table))
    mosaic_building.start(scene)
