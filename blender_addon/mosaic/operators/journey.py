"""Operators for where the camera travels, and what it sees close by."""

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.mosaic.command import NO_JOURNEY
from zograscope_protocol.options import refusal
from zograscope_protocol.results import wrong_answer

from ...job_operators import JobOperator, owner_in, refuse
from ...pending_jobs import Owner, Waiting
from ...scenes import find_object
from ...server_link import link
from .. import builders, building, cameras
from ..selection import OfMosaic, selected_mosaic, vertices_of
from ..submissions import originals_submission

CLOSE_UP_PIXELS = 4096


class ZOGRASCOPE_OT_apply_journey(OfMosaic, bpy.types.Operator):
    """Give the mosaic's camera this journey, in place of its present one"""

    bl_idname = "zograscope.apply_journey"
    bl_label = "Apply Journey"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the key frames; a journey that visits tiles gets them at full resolution."""
        mosaic, scene = selected_mosaic(context), context.scene
        settings = scene.zograscope_mosaic
        stops = []
        if settings.journey == "visit":
            stops = [stop.tile for stop in settings.stops]
        elif settings.journey == "dive" and settings.selected >= 0:
            stops = [settings.selected]
        if settings.journey == "visit" and not stops:
            problem = refusal("the list of stops is empty; select tiles and add them")
            return refuse(self, problem, owner_in(context, building.NAME))
        if settings.journey != NO_JOURNEY:
            vertices = vertices_of(mosaic, stops)
            cameras.apply_journey(mosaic, settings.journey, settings.frames, vertices, scene)
            if scene.camera == mosaic.camera:
                scene.frame_start, scene.frame_end = 1, settings.frames
        if stops:
            try:
                _fetch_close_ups(mosaic, stops, owner_in(context, building.NAME))
            except ZograscopeError as error:
                return refuse(self, error, owner_in(context, building.NAME))
        return {"FINISHED"}


class ZOGRASCOPE_OT_edit_stops(bpy.types.Operator):
    """Add the selected tile to the stops of a journey, or all found tiles, or take a stop away"""

    bl_idname = "zograscope.edit_stops"
    bl_label = "Stops"
    bl_options = {"UNDO"}

    action: bpy.props.EnumProperty(
        name="Action",
        description="What is done to the list",
        items=[
            ("ADD", "Add", "Add the selected tile"),
            ("ADD_FOUND", "Add All Found", "Add every tile that the search has found"),
            ("REMOVE", "Remove", "Take the selected stop away"),
        ],
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Change the list."""
        settings = context.scene.zograscope_mosaic
        if self.action == "REMOVE":
            settings.stops.remove(settings.stop_index)
            settings.stop_index = max(0, settings.stop_index - 1)
            return {"FINISHED"}
        added = [settings.selected] if self.action == "ADD" else [t.tile for t in settings.found]
        for tile in added:
            if tile >= 0:
                settings.stops.add().tile = tile
        settings.journey = "visit"
        return {"FINISHED"}


class ZOGRASCOPE_OT_close_ups(OfMosaic, JobOperator):
    """Show the selected tile, or the stops of the journey, at full resolution"""

    bl_idname = "zograscope.close_ups"
    bl_label = "Full Resolution"
    capability = building.NAME

    def start(self, context: bpy.types.Context) -> Job:
        """Fetch the originals from the server."""
        settings = context.scene.zograscope_mosaic
        wanted = [stop.tile for stop in settings.stops]
        wanted += [settings.selected] if settings.selected >= 0 else []
        if not wanted:
            raise refusal("no tile is selected")
        return _fetch_close_ups(selected_mosaic(context), wanted, self.owner(context))


def _fetch_close_ups(mosaic: builders.Mosaic, tiles: list[int], owner: Owner) -> Job:
    """Have the originals of tiles sent, and show them when they are here."""
    known, name, uid = mosaic.what_is_known(), mosaic.tiles.name, mosaic.tiles.session_uid
    wanted = list(dict.fromkeys(tiles))

    def show(job: Job) -> None:
        found = builders.find_mosaic(find_object(uid))
        if found is not None:
            if any(int(key) >= len(wanted) for key in job.result.arrays):
                raise wrong_answer("it has pictures that nobody asked for")
            pictures = {wanted[int(key)]: job.result.bytes(key) for key in job.result.arrays}
            builders.set_close_ups(found, pictures)

    submission = originals_submission([known[tile] for tile in wanted], CLOSE_UP_PIXELS)
    return link.submit(submission, Waiting(f"Close-ups of {name}", show, owner))


_CLASSES = (
    ZOGRASCOPE_OT_apply_journey,
    ZOGRASCOPE_OT_edit_stops,
    ZOGRASCOPE_OT_close_ups,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
