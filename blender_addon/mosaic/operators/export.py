"""Operators that make flat pictures of a mosaic: a poster, and a web page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper
from zograscope_protocol.job import Job
from zograscope_protocol.mosaic.tasks import PageOptions, PosterOptions
from zograscope_protocol.saving import write_file
from zograscope_protocol.submission import Submission

from ...job_files import unpack
from ...job_operators import JobOperator
from ...pending_jobs import Waiting
from ...server_link import link
from .. import building, submissions
from ..builders import Mosaic
from ..selection import OfMosaic, selected_mosaic


class _Picture(OfMosaic, ExportHelper, JobOperator):
    """What a poster and a page share: a file browser, a job, and a file when its result is here."""

    capability = building.NAME
    check_extension = False
    width_pixels: bpy.props.IntProperty(
        name="Width",
        description="Of the whole picture",
        default=8192,
        min=64,
        max=200_000,
        subtype="PIXEL",
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser beside the file, with the mosaic's name."""
        name = bpy.path.clean_name(selected_mosaic(context).tiles.name)
        self.filepath = bpy.path.abspath(f"//{name}{self.filename_ext or ' page'}")
        return super().invoke(context, event)

    def start(self, context: bpy.types.Context) -> Job:
        """Start the job."""
        mosaic = selected_mosaic(context)
        settings = mosaic.settings()
        shown = settings.end if settings.morph >= 0.5 else settings.start
        drawing = {
            "width_pixels": self.width_pixels,
            "tile_size": settings.tile_size,
            "crop": settings.fill,
        }
        path = Path(self.filepath)
        submission, write = self.submission(mosaic, shown, path, drawing)
        waiting = Waiting(
            title=f"{self.bl_label}: {path.name}", on_done=write, owner=self.owner(context)
        )
        return link.submit(submission, waiting)

    def submission(
        self, mosaic: Mosaic, layout: int, path: Path, drawing: dict[str, Any]
    ) -> tuple[Submission, Callable[[Job], None]]:
        """Return the job, and what writes its result."""
        raise NotImplementedError


class ZOGRASCOPE_OT_export_poster(_Picture):
    """Save the mosaic, as it is laid out now, as one flat picture of any size"""

    bl_idname = "zograscope.export_poster"
    bl_label = "Poster"

    filename_ext = ".png"

    def submission(
        self, mosaic: Mosaic, layout: int, path: Path, drawing: dict[str, Any]
    ) -> tuple[Submission, Callable[[Job], None]]:
        """Return the job, and what writes its result."""
        path = path if path.suffix else path.with_suffix(self.filename_ext)
        options = PosterOptions(suffix=path.suffix.lower(), **drawing)
        submission = submissions.poster_submission(mosaic, layout, options)
        return submission, lambda job: write_file(path, job.result.arrays["file"])


class ZOGRASCOPE_OT_export_page(_Picture):
    """Save the mosaic as a web page to zoom into; it opens from disk"""

    bl_idname = "zograscope.export_page"
    bl_label = "Web Page"

    filename_ext = ""

    def submission(
        self, mosaic: Mosaic, layout: int, path: Path, drawing: dict[str, Any]
    ) -> tuple[Submission, Callable[[Job], None]]:
        """Return the job, and what writes its result."""
        options = PageOptions(title=path.name, clusters=tuple(mosaic.clusters), **drawing)
        submission = submissions.page_submission(mosaic, layout, options)
        return submission, lambda job: unpack(job.result.arrays["file"], path)


_CLASSES = (
    ZOGRASCOPE_OT_export_poster,
    ZOGRASCOPE_OT_export_page,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
