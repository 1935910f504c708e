"""From the artist's choices to a diorama in the scene: what is asked, and what comes of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.depth.command import NO_CAMERA
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_protocol.job import Job
from zograscope_protocol.options import refusal

from .. import examples, scene_jobs
from ..capabilities import Source
from ..deleting import delete
from ..pending_jobs import Owner
from ..scenes import build_in, find_object, look_through_camera, push_undo, select_only, storable
from . import builders, cameras
from .camera_moves import rest_frame
from .diorama import ROOT_MARK, SKETCHED, Diorama, find_diorama
from .plates import background
from .selection import SOURCE, warn_of
from .submissions import diorama_submission

NAME = "depth"
UPDATES, REPLACES = "updates", "replaces"
"""In a source: the diorama that gets new depth, or whose place another takes."""


def new_source(settings: bpy.types.PropertyGroup) -> Source:
    """Return how the artist asks for a new diorama. Raises ZograscopeError `bad-parameters`."""
    if not settings.photograph:
        raise refusal("no photograph is chosen")
    crop = "auto" if settings.crop else "none"
    parameters = {"crop": crop, "stereo": settings.stereo}
    source: Source = {"photograph": storable(settings.photograph), "parameters": parameters}
    choose_estimate(source, settings)
    if credit := examples.credit_of(bpy.path.abspath(settings.photograph)):
        source["credit"] = credit
    return source


def choose_estimate(source: Source, settings: bpy.types.PropertyGroup) -> None:
    """Ask for depth as the artist has now chosen it: by a model, or from a file."""
    source["depth_map"] = storable(settings.depth_map)
    source["parameters"] |= {
        "model": settings.model,
        "quality": settings.quality,
        "depth_map_near": settings.depth_map_near,
    }


def start(scene: bpy.types.Scene, source: Source) -> Job:
    """Submit the job of a diorama and note in the file that the scene waits for it.

    What lies behind is only sketched: the diorama shall stand soon, and is painted then.

    Raises ZograscopeError for files that cannot be read, and where there is no server.
    """
    photograph = Path(bpy.path.abspath(source["photograph"]))
    depth_map = Path(bpy.path.abspath(source["depth_map"])) if source["depth_map"] else None
    names = {"file_name": photograph.name}
    if depth_map is not None:
        names["depth_map_name"] = depth_map.name
    options = DioramaOptions.read(source["parameters"] | names | {"sketch": True})
    return scene_jobs.start(NAME, scene, diorama_submission(photograph, options, depth_map), source)


def title_of(source: Source) -> str:
    """Name the job of a source for people."""
    return f"Diorama of {bpy.path.basename(source['photograph'])}"


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Hand a result to the builders: a new diorama, or new depth for one that is there."""
    arrays, metadata = job.result.arrays, job.result.metadata
    updated = _find(source.pop(UPDATES, None))
    replaced = _find(source.pop(REPLACES, None))
    if updated is not None:
        diorama = updated
        try:
            diorama = builders.update_depth(diorama, arrays, metadata)
        except ValueError as error:
            raise refusal(str(error)) from error
    elif replaced is not None:
        scene = _scene_with(replaced, scene)
        diorama = builders.build_diorama(arrays, metadata, replaced.root.name, scene)
        put_in_place(diorama, replaced, scene)
        _move_as_chosen(diorama, scene, scene.zograscope_depth.camera)
    else:
        name = bpy.path.display_name_from_filepath(source["photograph"])
        camera, own = scene.zograscope_depth.camera, scene.zograscope_depth.own_scene
        scene, diorama = build_in(
            scene,
            NAME,
            name,
            lambda scene: builders.build_diorama(arrays, metadata, name, scene),
            _prepare,
        )
        if not own and diorama.dome is not None:  # which would swallow the artist's scene
            diorama.dome.hide_viewport = diorama.dome.hide_render = True
        _move_as_chosen(diorama, scene, camera)
    remember(diorama, source, metadata)
    diorama.root[SKETCHED] = diorama.background is not None
    select_only(diorama.root, scene)
    push_undo("Build Diorama")
    if diorama.root[SKETCHED]:
        owner = Owner(scene.session_uid, NAME)
        background.paint_if_possible(diorama, owner, surroundings=True)


def remember(diorama: Diorama, source: Source, metadata: Mapping[str, Any]) -> None:
    """Keep on a diorama how it was asked for, and what the server found."""
    applied = source["parameters"].get("crop") != "none"
    border = metadata.get("paper_border")
    source["paper_border"] = None if applied else border
    source["crop"] = border if applied else None
    if stereo := metadata.get("stereo"):
        source["crop"] = stereo["left"]
    source["model"] = metadata["depth"]["model"]
    source["licence"] = metadata["depth"]["licence"]
    warn_of(diorama, metadata.get("warnings") or ())
    diorama.root[SOURCE] = json.dumps(source)


def _prepare(own: bpy.types.Scene, diorama: Diorama) -> None:
    builders.prepare_scene(own, diorama)
    look_through_camera(own)


def _move_as_chosen(diorama: Diorama, scene: bpy.types.Scene, camera: str) -> None:
    if camera != NO_CAMERA:
        move_camera(diorama, scene)
        if builders.is_prepared(scene, diorama):  # else the frame is the artist's
            frames = scene.zograscope_depth.frames
            scene.frame_current = cameras.FIRST_FRAME + rest_frame(camera, frames)


def move_camera(diorama: Diorama, scene: bpy.types.Scene) -> None:
    """Give a diorama's camera the move that the artist has chosen.

    The scene becomes as long as the move where it shows the diorama alone; else its length is the
    artist's.
    """
    settings = scene.zograscope_depth
    fps, share = scene.render.fps, settings.reach
    cameras.apply_preset(diorama, settings.camera, settings.frames, fps, share=share)
    if builders.is_prepared(scene, diorama):
        scene.frame_start, scene.frame_end = 1, settings.frames


def start_instead_of(diorama: Diorama, scene: bpy.types.Scene, source: Source) -> Job:
    """Have a diorama built that takes the place of one that is there. Raises as `start`."""
    return start(scene, source | {REPLACES: _key_of(diorama)})


def start_update(diorama: Diorama, scene: bpy.types.Scene, source: Source) -> Job:
    """Have depth estimated anew for a diorama that is there. Raises as `start`."""
    return start(scene, source | {UPDATES: _key_of(diorama)})


def put_in_place(diorama: Diorama, former: Diorama, scene: bpy.types.Scene) -> None:
    """Let a diorama stand where a former one stood, which is deleted."""
    root, old = diorama.root, former.root
    root.parent, root.matrix_parent_inverse = old.parent, old.matrix_parent_inverse
    root.matrix_basis = old.matrix_basis
    if diorama.dome is not None and former.dome is not None:
        diorama.dome.hide_viewport = former.dome.hide_viewport
        diorama.dome.hide_render = former.dome.hide_render
    alone, name = builders.is_prepared(scene, former), old.name
    if scene.camera == former.camera:
        scene.camera = diorama.camera
    delete(old)
    root.name = name
    if alone:
        builders.prepare_scene(scene, diorama)


def _key_of(diorama: Diorama) -> list[Any]:
    """Return by what a diorama is found again: in this session, and in a file that was opened."""
    return [diorama.root.session_uid, diorama.root.name]


def _find(key: Any) -> Diorama | None:
    """Return the diorama of a key; of a name alone, as earlier versions kept it, too."""
    uid, name = key if isinstance(key, list) and len(key) == 2 else (0, key)
    item = find_object(uid)
    if item is None or ROOT_MARK not in item:
        item = bpy.data.objects.get(name) if isinstance(name, str) else None
    return find_diorama(item)


def _scene_with(diorama: Diorama, usual: bpy.types.Scene) -> bpy.types.Scene:
    """Return the scene that has a diorama: the usual one, or else the first."""
    having = [scene for scene in bpy.data.scenes if diorama.root.name in scene.objects]
    return usual if usual in having or not having else having[0]
