"""From the artist's choices to a mosaic in the scene: how it is asked for, and what comes of it."""

import json
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.mosaic.command import URL_STARTS
from zograscope_protocol.mosaic.tasks import COLUMN, MosaicOptions
from zograscope_protocol.options import refusal

from .. import scene_jobs
from ..capabilities import Source
from ..deleting import delete
from ..job_files import read_file
from ..scenes import build_in, find_object, look_through_camera, push_undo, select_only, storable
from . import builders, cameras
from .selection import forget_tiles

NAME = "mosaic"
SOURCE = "zograscope_source"
"""On the tiles' object: how the mosaic was asked for, as JSON."""

REPLACES = "replaces"
"""In a source: the mosaic whose place another takes."""

BUILT_JOURNEYS = ("overview", "dive", "clusters")  # which a new mosaic can have


def start(scene: bpy.types.Scene, instead_of: builders.Mosaic | None = None) -> Job:
    """Submit the job of the mosaic that the artist has chosen, and note that the scene waits.

    It takes the place of another mosaic where one is given.
    Raises ZograscopeError for what cannot be asked or read, and where there is no server.
    """
    settings = scene.zograscope_mosaic
    source = new_source(settings)
    if instead_of is not None:
        source[REPLACES] = [instead_of.tiles.session_uid, instead_of.tiles.name]
    inputs = {}
    if settings.shape == "mask":
        inputs["mask"] = read_file(Path(bpy.path.abspath(settings.mask)))
    return scene_jobs.start(NAME, scene, options_of(source).submission(inputs), source)


def new_source(settings: bpy.types.PropertyGroup) -> Source:
    """Return how a new mosaic is asked for, as the file is to remember it.

    Raises ZograscopeError `bad-parameters` or `online-access-off`.
    """
    if not settings.collection:
        raise refusal("no collection is chosen")
    remote = settings.collection.startswith(URL_STARTS)
    if remote and not bpy.app.online_access:
        raise ZograscopeError("online-access-off")
    layout = settings.layout
    if layout == "column":
        if not settings.column.strip():
            raise refusal("no column is named")
        layout = COLUMN + settings.column.strip()
    more = [name for name in ("date", "colour") if getattr(settings, f"by_{name}")]
    return {
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


def options_of(source: Source) -> MosaicOptions:
    """Return what the task is asked. Raises ZograscopeError `bad-parameters`."""
    collection = source["collection"]
    if not collection.startswith(URL_STARTS):
        collection = str(Path(bpy.path.abspath(collection)).absolute())
    return MosaicOptions.read(source | {"collection": collection, "online": bpy.app.online_access})


def title_of(source: Source) -> str:
    """Name the job of a source for people."""
    name = bpy.path.basename(source["collection"].rstrip("/\\"))
    return f"Mosaic of {name or 'a collection'}"


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Hand a result to the builders."""
    arrays, metadata = job.result.arrays, job.result.metadata
    name, settings = metadata["name"] or "Collection", scene.zograscope_mosaic
    journey, frames, own = settings.journey, settings.frames, settings.own_scene
    replaced = _find(source.pop(REPLACES, None))
    if replaced is not None:
        scene = next(iter(replaced.tiles.users_scene), scene)
        mosaic = builders.build_mosaic(arrays, metadata, replaced.tiles.name, scene)
        own = scene.camera == replaced.camera
        _put_in_place(mosaic, replaced, scene)
    else:
        scene, mosaic = build_in(
            scene,
            NAME,
            name,
            lambda scene: builders.build_mosaic(arrays, metadata, name, scene),
            _prepare,
        )
    source["model"] = metadata["model"]  # the default may be another one tomorrow
    source["left_out"] = metadata["left_out"]
    source["duplicates"] = metadata["duplicates"]
    mosaic.tiles[SOURCE] = json.dumps(source)
    forget_tiles(scene.zograscope_mosaic)
    if journey in BUILT_JOURNEYS:
        cameras.apply_journey(mosaic, journey, frames, (), scene)
        if own:  # the length of the artist's own scene is the artist's
            scene.frame_start, scene.frame_end = 1, frames
    select_only(mosaic.tiles, scene)
    # Active for the panels, but not selected: thousands of outlines would cover the pictures.
    mosaic.tiles.select_set(False, view_layer=scene.view_layers[0])
    push_undo("Build Mosaic")


def _find(key: Any) -> builders.Mosaic | None:
    """Return the mosaic of a key: `session_uid` and name of its tiles, either of which will do."""
    uid, name = key if isinstance(key, list) and len(key) == 2 else (0, "")
    item = find_object(uid)
    if item is None or builders.MARK not in item:
        item = bpy.data.objects.get(name) if isinstance(name, str) else None
    return builders.find_mosaic(item)


def _put_in_place(mosaic: builders.Mosaic, former: builders.Mosaic, scene: bpy.types.Scene) -> None:
    """Let a mosaic lie where a former one lay, which is deleted."""
    tiles, old = mosaic.tiles, former.tiles
    tiles.parent, tiles.matrix_parent_inverse = old.parent, old.matrix_parent_inverse
    tiles.matrix_basis = old.matrix_basis
    if scene.camera == former.camera:
        scene.camera = mosaic.camera
    name = old.name
    delete(old)
    tiles.name = name


def _prepare(own: bpy.types.Scene, mosaic: builders.Mosaic) -> None:
    builders.prepare_scene(own, mosaic)
    look_through_camera(own, "MATERIAL")


def model_of(mosaic: builders.Mosaic) -> str:
    """Return the name of the model that compared a mosaic's images."""
    return json.loads(mosaic.tiles.get(SOURCE, "{}")).get("model", "default")
