"""Operators that find tiles: by words, or by what looks alike."""

from pathlib import Path

import bpy
import numpy as np
from zograscope_protocol.job import Job
from zograscope_protocol.options import refusal
from zograscope_protocol.results import wrong_answer

from ...job_files import read_file
from ...job_operators import JobOperator
from ...pending_jobs import Waiting
from ...scenes import find_object, find_scene
from ...server_link import link
from .. import builders, building
from ..finding import search, show_all, show_found
from ..selection import OfMosaic, selected_mosaic
from ..submissions import similar_submission

MOST_SIMILAR = 24


class ZOGRASCOPE_OT_search_tiles(OfMosaic, bpy.types.Operator):
    """Find the tiles whose metadata have these words; the others go dim"""

    bl_idname = "zograscope.search_tiles"
    bl_label = "Search"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Find them, list them and light them up."""
        settings = context.scene.zograscope_mosaic
        search(selected_mosaic(context), settings)
        self.report({"INFO"}, f"{settings.found_count} tiles found")
        return {"FINISHED"}


class ZOGRASCOPE_OT_find_similar(OfMosaic, JobOperator):
    """Find what looks like the selected tile, or like a picture from a file"""

    bl_idname = "zograscope.find_similar"
    bl_label = "Find Similar"
    capability = building.NAME

    from_file: bpy.props.BoolProperty(
        name="From a File", description="Compare with the chosen file, not with the selected tile"
    )

    def start(self, context: bpy.types.Context) -> Job:
        """Ask the server; the answer is shown when it comes."""
        mosaic, settings = selected_mosaic(context), context.scene.zograscope_mosaic
        if self.from_file and not settings.similar_to:
            raise refusal("no picture is chosen")
        if not self.from_file and settings.selected < 0:
            raise refusal("no tile is selected")
        like: int | bytes = settings.selected
        if self.from_file:
            like = read_file(Path(bpy.path.abspath(settings.similar_to)))
        submission = similar_submission(mosaic.what_is_known(), building.model_of(mosaic), like)
        scene, tiles = context.scene.session_uid, mosaic.tiles.session_uid
        waiting = Waiting(
            title=f"Similar images in {mosaic.tiles.name}",
            on_done=lambda job: _show_similar(job, scene, tiles),
            owner=self.owner(context),
        )
        return link.submit(submission, waiting)


def _show_similar(job: Job, scene_uid: int, tiles_uid: int) -> None:
    scene, mosaic = find_scene(scene_uid), builders.find_mosaic(find_object(tiles_uid))
    if scene is None or mosaic is None:
        return
    if len(job.result.arrays["similarity"]) != len(mosaic.what_is_known()):
        raise wrong_answer("it compares another number of tiles")
    best = np.argsort(-job.result.arrays["similarity"], kind="stable")[:MOST_SIMILAR]
    scene.zograscope_mosaic.query = ""
    show_found(mosaic, scene.zograscope_mosaic, best)


class ZOGRASCOPE_OT_clear_search(OfMosaic, bpy.types.Operator):
    """Show all tiles alike again"""

    bl_idname = "zograscope.clear_search"
    bl_label = "Clear Search"
    bl_options = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget what was found."""
        mosaic, settings = selected_mosaic(context), context.scene.zograscope_mosaic
        settings.query = ""
        show_all(mosaic, settings)
        return {"FINISHED"}


_CLASSES = (
    ZOGRASCOPE_OT_search_tiles,
    ZOGRASCOPE_OT_find_similar,
    ZOGRASCOPE_OT_clear_search,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
