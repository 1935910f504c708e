"""What an artist can do with mosaics: gather input, start a job, hand its result to a builder."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy_extras import view3d_utils
from bpy_extras.io_utils import ExportHelper
from zograscope_protocol.client import Job
from zograscope_protocol.commands.mosaic import COLUMN, NO_JOURNEY, URL_STARTS
from zograscope_protocol.commands.mosaic_pictures import unpack, write_file
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.requests import (
    Picture,
    Request,
    originals_request,
    page_request,
    poster_request,
    similar_request,
)

from ..job_files import read_file
from ..node_wiring import get_input, set_input
from ..scene_jobs import SceneJobs
from ..scenes import look_through_camera, push_undo, scene_of_its_own, select_only, storable
from ..server_link import link
from ..server_panel import Watched, refuse
from . import builders, cameras
from .search import matching_tiles

SOURCE = "zograscope_source"  # on the tiles' object: how the mosaic was asked for, as JSON
MOST_LISTED = 200
MOST_SIMILAR = 24
CLOSE_UP_PIXELS = 4096
COVERING = {"UI", "TOOLS", "HEADER", "TOOL_HEADER"}  # regions that lie over a viewport's
FOUND_DIM = 0.15


class ZOGRASCOPE_OT_build_mosaic(Watched, bpy.types.Operator):
    """Lay the images of the collection out as a mosaic"""

    bl_idname = "zograscope.build_mosaic"
    bl_label = "Build Mosaic"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only one build waits for a scene at a time."""
        return not link.jobs

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job; the mosaic is built when its result is here."""
        scene, settings = context.scene, context.scene.zograscope_mosaic
        try:
            source, inputs = _gather(settings)
            request = Request("mosaic", _job_parameters(source), inputs)
            scene_jobs.start(scene, request, source)
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_apply_journey(bpy.types.Operator):
    """Give the mosaic's camera this journey, in place of its present one"""

    bl_idname = "zograscope.apply_journey"
    bl_label = "Apply Journey"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None

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
            problem = "the list of stops is empty; select tiles and add them"
            return refuse(self, ZograscopeError("bad-parameters", problem=problem))
        if settings.journey != NO_JOURNEY:
            vertices = _vertices(mosaic, stops)
            cameras.apply_journey(mosaic, settings.journey, settings.frames, vertices, scene)
            scene.frame_start, scene.frame_end = 1, settings.frames
        if stops:
            try:
                _fetch_close_ups(mosaic, stops)
            except ZograscopeError as error:
                return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_morph_to(bpy.types.Operator):
    """Morph from the layout that is shown to this one, beginning at the present frame"""

    bl_idname = "zograscope.morph_to"
    bl_label = "Morph"
    bl_options = {"REGISTER", "UNDO"}

    layout: bpy.props.IntProperty(name="Layout", min=0)
    animate: bpy.props.BoolProperty(name="Animate", default=True)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the layouts, and key the slider."""
        mosaic, scene = selected_mosaic(context), context.scene
        settings = mosaic.settings()
        shown = settings.end if settings.morph >= 0.5 else settings.start
        if self.animate and shown != self.layout:
            first = scene.frame_current
            last = first + scene.zograscope_mosaic.morph_frames
            cameras.animate_morph(mosaic, shown, self.layout, first, last)
        else:
            set_input(mosaic.modifier, "To", self.layout)
            set_input(mosaic.modifier, "Morph", 1.0)
        mosaic.tiles.update_tag()
        return {"FINISHED"}


class ZOGRASCOPE_OT_choose_height(bpy.types.Operator):
    """Let this attribute make height"""

    bl_idname = "zograscope.choose_height"
    bl_label = "Height By"
    bl_options = {"REGISTER", "UNDO"}

    attribute: bpy.props.StringProperty()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        mosaic = selected_mosaic(context)
        set_input(mosaic.modifier, "Height by", self.attribute)
        if not get_input(mosaic.modifier, "Height"):
            set_input(mosaic.modifier, "Height", 4.0)
        mosaic.tiles.update_tag()
        return {"FINISHED"}


class ZOGRASCOPE_OT_label_clusters(bpy.types.Operator):
    """Write each cluster's name amid its tiles, as they lie now"""

    bl_idname = "zograscope.label_clusters"
    bl_label = "Label Clusters"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the labels, in place of earlier ones."""
        builders.add_labels(selected_mosaic(context))
        return {"FINISHED"}


class ZOGRASCOPE_OT_pick_tile(bpy.types.Operator):
    """Click on a tile to read what is known of it; Esc ends"""

    bl_idname = "zograscope.pick_tile"
    bl_label = "Pick Tile"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic, and a viewport to click in."""
        return selected_mosaic(context) is not None and context.area is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Wait for a click."""
        context.window.cursor_modal_set("EYEDROPPER")
        context.workspace.status_text_set("Click on a tile to read what is known of it; Esc ends")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Pick what is under the mouse; leave every other event to Blender."""
        if event.type in ("ESC", "RIGHTMOUSE"):
            _end_picking(context)
            return {"CANCELLED"}
        if event.type != "LEFTMOUSE" or event.value != "PRESS":
            return {"PASS_THROUGH"}
        region = _viewport_at(context, event.mouse_x, event.mouse_y)
        if region is None:
            return {"PASS_THROUGH"}
        _end_picking(context)
        region, view = region
        mouse = (event.mouse_x - region.x, event.mouse_y - region.y)
        tile = tile_along(
            selected_mosaic(context),
            view3d_utils.region_2d_to_origin_3d(region, view, mouse),
            view3d_utils.region_2d_to_vector_3d(region, view, mouse),
        )
        context.scene.zograscope_mosaic.selected = -1 if tile is None else tile
        redraw(context)
        return {"FINISHED"}


class ZOGRASCOPE_OT_select_tile(bpy.types.Operator):
    """Show what is known of this tile"""

    bl_idname = "zograscope.select_tile"
    bl_label = "Select Tile"
    bl_options = {"UNDO"}

    tile: bpy.props.IntProperty(default=-1)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Select it."""
        context.scene.zograscope_mosaic.selected = self.tile
        return {"FINISHED"}


class ZOGRASCOPE_OT_open_link(bpy.types.Operator):
    """Open the selected tile's page in the web browser"""

    bl_idname = "zograscope.open_link"
    bl_label = "Open Link"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a tile that has one."""
        tile = selected_tile(context)
        return tile is not None and tile.get("link", "").startswith(URL_STARTS)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open it."""
        bpy.ops.wm.url_open(url=selected_tile(context)["link"])
        return {"FINISHED"}


class ZOGRASCOPE_OT_search_tiles(bpy.types.Operator):
    """Find the tiles whose metadata have these words; the others go dim"""

    bl_idname = "zograscope.search_tiles"
    bl_label = "Search"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Find them, list them and light them up."""
        settings = context.scene.zograscope_mosaic
        search(selected_mosaic(context), settings)
        self.report({"INFO"}, f"{settings.found_count} tiles found")
        return {"FINISHED"}


class ZOGRASCOPE_OT_find_similar(Watched, bpy.types.Operator):
    """Find what looks like the selected tile, or like a picture from a file"""

    bl_idname = "zograscope.find_similar"
    bl_label = "Find Similar"

    from_file: bpy.props.BoolProperty(name="From a File")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic, and a server that is free."""
        return selected_mosaic(context) is not None and not link.jobs

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the server; the answer is shown when it comes."""
        mosaic, settings = selected_mosaic(context), context.scene.zograscope_mosaic
        try:
            image = None
            if self.from_file and not settings.similar_to:
                raise ZograscopeError("bad-parameters", problem="no picture is chosen")
            if self.from_file:
                image = read_file(Path(bpy.path.abspath(settings.similar_to)))
            elif settings.selected < 0:
                raise ZograscopeError("bad-parameters", problem="no tile is selected")
            model = json.loads(mosaic.tiles.get(SOURCE, "{}")).get("model", "default")
            known = mosaic.what_is_known()
            scene, tiles = context.scene.name, mosaic.tiles.name
            link.submit(
                similar_request(known, model, settings.selected, image),
                lambda job: _show_similar(job, scene, tiles),
            )
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_clear_search(bpy.types.Operator):
    """Show all tiles alike again"""

    bl_idname = "zograscope.clear_search"
    bl_label = "Clear Search"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Forget what was found."""
        mosaic, settings = selected_mosaic(context), context.scene.zograscope_mosaic
        settings.query = ""
        _show_all(mosaic, settings)
        return {"FINISHED"}


class ZOGRASCOPE_OT_edit_stops(bpy.types.Operator):
    """Add the selected tile to the stops of a journey, or all found tiles, or take a stop away"""

    bl_idname = "zograscope.edit_stops"
    bl_label = "Stops"
    bl_options = {"UNDO"}

    action: bpy.props.EnumProperty(
        items=[("ADD", "Add", ""), ("ADD_FOUND", "Add All Found", ""), ("REMOVE", "Remove", "")]
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


class ZOGRASCOPE_OT_close_ups(Watched, bpy.types.Operator):
    """Show the selected tile, or the stops of the journey, at full resolution"""

    bl_idname = "zograscope.close_ups"
    bl_label = "Full Resolution"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic, and a server that is free."""
        return selected_mosaic(context) is not None and not link.jobs

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fetch the originals from the server."""
        settings = context.scene.zograscope_mosaic
        wanted = [stop.tile for stop in settings.stops]
        wanted += [settings.selected] if settings.selected >= 0 else []
        try:
            if not wanted:
                raise ZograscopeError("bad-parameters", problem="no tile is selected")
            _fetch_close_ups(selected_mosaic(context), wanted)
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class _Picture(ExportHelper):
    """What a poster and a page share: a file browser, a job, and a file when its result is here."""

    check_extension = False
    width_pixels: bpy.props.IntProperty(
        name="Width", default=8192, min=64, max=200_000, subtype="PIXEL"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a mosaic."""
        return selected_mosaic(context) is not None and not link.jobs

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser beside the file, with the mosaic's name."""
        name = bpy.path.clean_name(selected_mosaic(context).tiles.name)
        self.filepath = bpy.path.abspath(f"//{name}{self.filename_ext or ' page'}")
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the job."""
        mosaic = selected_mosaic(context)
        settings = mosaic.settings()
        shown = settings.end if settings.morph >= 0.5 else settings.start
        picture = Picture(shown, self.width_pixels, settings.tile_size, settings.fill)
        known = mosaic.what_is_known()
        numbers = mosaic.numbers()
        arrays = {
            f"layout.{shown}": mosaic.layout(shown),
            "tiles": _lines([known[number] for number in numbers]),
            "value.cluster": builders.read_attribute(mosaic.tiles.data, "cluster"),
        }
        try:
            request, write = self.request(arrays, [known[number] for number in numbers], picture)
            link.submit(request, write)
        except ZograscopeError as error:
            return refuse(self, error)
        return {"FINISHED"}


class ZOGRASCOPE_OT_export_poster(bpy.types.Operator, _Picture):
    """Save the mosaic, as it is laid out now, as one flat picture of any size"""

    bl_idname = "zograscope.export_poster"
    bl_label = "Poster"

    filename_ext = ".png"

    def request(
        self, arrays: dict[str, np.ndarray], tiles: list[dict[str, Any]], picture: Picture
    ) -> tuple[Request, Any]:
        """Return the job, and what writes its result."""
        path = Path(self.filepath)
        path = path if path.suffix else path.with_suffix(".png")
        request = poster_request(arrays, tiles, picture, path.suffix.lower())
        return request, lambda job: write_file(path, job.result.arrays["file"])


class ZOGRASCOPE_OT_export_page(bpy.types.Operator, _Picture):
    """Save the mosaic as a web page to zoom into; it opens from disk"""

    bl_idname = "zograscope.export_page"
    bl_label = "Web Page"

    filename_ext = ""

    def request(
        self, arrays: dict[str, np.ndarray], tiles: list[dict[str, Any]], picture: Picture
    ) -> tuple[Request, Any]:
        """Return the job, and what writes its result."""
        folder = Path(self.filepath)
        clusters = selected_mosaic(bpy.context).clusters
        request = page_request(arrays, tiles, picture, folder.name, clusters)
        return request, lambda job: unpack(job.result.arrays["file"], folder)


def selected_mosaic(context: bpy.types.Context) -> builders.Mosaic | None:
    """Return the mosaic of the active object, or the scene's only one."""
    found = builders.find_mosaic(context.object)
    if found is None:
        all_of_scene = list(builders.mosaics(context.scene))
        found = all_of_scene[0] if len(all_of_scene) == 1 else None
    return found


def selected_tile(context: bpy.types.Context) -> dict[str, Any] | None:
    """Return what is known of the selected tile."""
    mosaic, number = selected_mosaic(context), context.scene.zograscope_mosaic.selected
    if mosaic is None or number < 0:
        return None
    known = mosaic.what_is_known()
    return known[number] if number < len(known) else None


def tile_along(mosaic: builders.Mosaic, origin: Any, direction: Any) -> int | None:
    """Return the number of the first tile that a ray in world space meets."""
    inverse = np.array(mosaic.tiles.matrix_world.inverted())
    start = inverse[:3, :3] @ np.array(origin) + inverse[:3, 3]
    along = inverse[:3, :3] @ np.array(direction)
    places = mosaic.places()
    normals, ups = places.normals, places.ups
    towards = normals @ along
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = ((places.positions - start) * normals).sum(axis=1) / towards
    offsets = start + reach[:, None] * along - places.positions
    x = np.abs((offsets * np.cross(ups, normals)).sum(axis=1))
    y = np.abs((offsets * ups).sum(axis=1))
    width, height = places.sizes.T / 2
    hit = (reach > 0) & (x <= width) & (y <= height)
    if not hit.any():
        return None
    nearest = int(np.where(hit, reach, np.inf).argmin())
    return int(mosaic.numbers()[nearest])


def redraw(context: bpy.types.Context) -> None:
    """Let the sidebar show what has changed."""
    for area in context.screen.areas if context.screen else ():
        area.tag_redraw()


def _gather(settings: bpy.types.PropertyGroup) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return how the mosaic is asked for, as the file is to remember it, and the job's inputs."""
    if not settings.collection:
        raise ZograscopeError("bad-parameters", problem="no collection is chosen")
    remote = settings.collection.startswith(URL_STARTS)
    if remote and not bpy.app.online_access:
        raise ZograscopeError("online-access-off")
    layout = settings.layout
    if layout == "column":
        if not settings.column.strip():
            raise ZograscopeError("bad-parameters", problem="no column is named")
        layout = COLUMN + settings.column.strip()
    more = [name for name in ("date", "colour") if getattr(settings, f"by_{name}")]
    inputs = {}
    if settings.shape == "mask":
        inputs["mask"] = read_file(Path(bpy.path.abspath(settings.mask)))
    source = {
        "collection": settings.collection if remote else storable(settings.collection),
        "model": settings.model,
        "layouts": list(dict.fromkeys([layout, *more])),
        "neighbourhood": settings.sort,
        "shape": settings.shape,
        "mask_name": Path(settings.mask).name,
        "aspect": settings.aspect,
        "stack": settings.stack,
        "keep_map": settings.keep_map,
    }
    return source, inputs


def _job_parameters(source: dict[str, Any]) -> dict[str, Any]:
    collection = source["collection"]
    if not collection.startswith(URL_STARTS):
        collection = str(Path(bpy.path.abspath(collection)).absolute())
    return source | {"collection": collection, "online": bpy.app.online_access}


def _build(job: Job, scene: bpy.types.Scene, source: dict[str, Any]) -> None:
    """Hand a result to the builders."""
    metadata = job.result.metadata
    settings = scene.zograscope_mosaic
    name = metadata["name"] or "Collection"
    if settings.own_scene:
        scene = scene_of_its_own(scene, name)
    mosaic = builders.build_mosaic(job.result.arrays, metadata, name, scene)
    source["model"] = metadata["model"]  # the default may be another one tomorrow
    source["left_out"] = metadata["left_out"]
    source["duplicates"] = metadata["duplicates"]
    mosaic.tiles[SOURCE] = json.dumps(source)
    _forget_tiles(scene.zograscope_mosaic)
    if settings.own_scene:
        builders.prepare_scene(scene, mosaic)
        look_through_camera(scene, "MATERIAL")
    if settings.journey in ("overview", "dive", "clusters"):
        cameras.apply_journey(mosaic, settings.journey, settings.frames, (), scene)
        scene.frame_start, scene.frame_end = 1, settings.frames
    select_only(mosaic.tiles, scene)
    # Active for the panels, but not selected: thousands of outlines would cover the pictures.
    mosaic.tiles.select_set(False, view_layer=scene.view_layers[0])
    push_undo("Build Mosaic")


def _forget_tiles(settings: bpy.types.PropertyGroup) -> None:
    """Forget what was sought and selected in another mosaic."""
    settings.query, settings.selected, settings.found_count = "", -1, 0
    settings.found.clear()
    settings.stops.clear()


def _vertices(mosaic: builders.Mosaic, tiles: Iterable[int]) -> list[int]:
    """Return where tiles are in the mesh, without those that were deleted."""
    place = {int(number): vertex for vertex, number in enumerate(mosaic.numbers())}
    return [place[tile] for tile in tiles if tile in place]


def _fetch_close_ups(mosaic: builders.Mosaic, tiles: list[int]) -> None:
    """Have the originals of tiles sent, and show them when they are here."""
    known, name = mosaic.what_is_known(), mosaic.tiles.name
    wanted = list(dict.fromkeys(tiles))

    def show(job: Job) -> None:
        found = builders.find_mosaic(bpy.data.objects.get(name))
        if found is not None:
            pictures = {wanted[int(key)]: job.result.bytes(key) for key in job.result.arrays}
            builders.set_close_ups(found, pictures)

    link.submit(originals_request([known[tile] for tile in wanted], CLOSE_UP_PIXELS), show)


def _show_similar(job: Job, scene_name: str, tiles_name: str) -> None:
    scene = bpy.data.scenes.get(scene_name)
    mosaic = builders.find_mosaic(bpy.data.objects.get(tiles_name))
    if scene is None or mosaic is None:
        return
    similarity = job.result.arrays["similarity"]
    best = np.argsort(-similarity, kind="stable")[:MOST_SIMILAR]
    matches = np.zeros(len(similarity))
    matches[best] = 1.0
    scene.zograscope_mosaic.query = ""
    _show_found(mosaic, scene.zograscope_mosaic, best, matches)


def search(mosaic: builders.Mosaic, settings: bpy.types.PropertyGroup) -> None:
    """Find tiles by the words of the settings, list them and light them up."""
    if not settings.query.strip():
        _show_all(mosaic, settings)
        return
    known = mosaic.what_is_known()
    found = matching_tiles(known, settings.query)
    matches = np.zeros(len(known))
    matches[found] = 1.0
    _show_found(mosaic, settings, found, matches)


def _show_all(mosaic: builders.Mosaic, settings: bpy.types.PropertyGroup) -> None:
    """Forget what was found, and show all tiles alike."""
    settings.found.clear()
    settings.found_count = 0
    builders.set_matches(mosaic, np.ones(len(mosaic.what_is_known())))
    set_input(mosaic.modifier, "Dim others", 1.0)


def _show_found(
    mosaic: builders.Mosaic,
    settings: bpy.types.PropertyGroup,
    found: np.ndarray,
    matches: np.ndarray,
) -> None:
    """List tiles, best first, and dim the others."""
    settings.found.clear()
    for tile in found[:MOST_LISTED]:
        settings.found.add().tile = int(tile)
    settings.found_count = len(found)
    listed = [item.tile for item in settings.found]
    selected = settings.selected
    settings.found_index = listed.index(selected) if selected in listed else -1
    builders.set_matches(mosaic, matches)
    if get_input(mosaic.modifier, "Dim others") >= 1.0:
        set_input(mosaic.modifier, "Dim others", FOUND_DIM)
    mosaic.tiles.update_tag()


def _lines(tiles: list[dict[str, Any]]) -> np.ndarray:
    text = "".join(json.dumps(tile) + "\n" for tile in tiles)
    return np.frombuffer(text.encode(), np.uint8)


def _viewport_at(context: bpy.types.Context, x: int, y: int) -> tuple[Any, Any] | None:
    """Return the viewport region under the mouse, and its view."""
    for area in context.screen.areas:
        if area.type != "VIEW_3D":
            continue
        under = {
            region.type: region
            for region in area.regions
            if 0 <= x - region.x < region.width and 0 <= y - region.y < region.height
        }
        if "WINDOW" in under and not under.keys() & COVERING:
            return under["WINDOW"], area.spaces.active.region_3d
    return None


def _end_picking(context: bpy.types.Context) -> None:
    context.window.cursor_modal_restore()
    context.workspace.status_text_set(None)


scene_jobs = SceneJobs("zograscope_mosaic", _build)

_CLASSES = (
    ZOGRASCOPE_OT_build_mosaic,
    ZOGRASCOPE_OT_apply_journey,
    ZOGRASCOPE_OT_morph_to,
    ZOGRASCOPE_OT_choose_height,
    ZOGRASCOPE_OT_label_clusters,
    ZOGRASCOPE_OT_pick_tile,
    ZOGRASCOPE_OT_select_tile,
    ZOGRASCOPE_OT_open_link,
    ZOGRASCOPE_OT_search_tiles,
    ZOGRASCOPE_OT_find_similar,
    ZOGRASCOPE_OT_clear_search,
    ZOGRASCOPE_OT_edit_stops,
    ZOGRASCOPE_OT_close_ups,
    ZOGRASCOPE_OT_export_poster,
    ZOGRASCOPE_OT_export_page,
)
_register_classes, _unregister_classes = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Add the operators, and look at each file that is opened."""
    _register_classes()
    scene_jobs.register()


def unregister() -> None:
    """Take them away again."""
    scene_jobs.unregister()
    _unregister_classes()
