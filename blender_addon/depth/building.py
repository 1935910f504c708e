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

from .. import scene_jobs
from ..capabilities import Source
from ..pending_jobs import Owner
from ..scenes import build_in, look_through_camera, push_undo, select_only, storable
from . import builders, cameras
from .diorama import HOLES, Diorama, find_diorama
from .plates import background
from .selection import SOURCE
from .submissions import diorama_submission

NAME = "depth"


def new_source(settings: bpy.types.PropertyGroup) -> Source:
    """Return how the artist asks for a new diorama. Raises ZograscopeError `bad-parameters`."""
    if not settings.photograph:
        raise refusal("no photograph is chosen")
    crop = "auto" if settings.crop else "none"
    parameters = {"crop": crop, "stereo": settings.stereo}
    source: Source = {"photograph": storable(settings.photograph), "parameters": parameters}
    choose_estimate(source, settings)
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

    Raises ZograscopeError for files that cannot be read, and where there is no server.
    """
    photograph = Path(bpy.path.abspath(source["photograph"]))
    depth_map = Path(bpy.path.abspath(source["depth_map"])) if source["depth_map"] else None
    names = {"file_name": photograph.name}
    if depth_map is not None:
        names["depth_map_name"] = depth_map.name
    options = DioramaOptions.read(source["parameters"] | names)
    return scene_jobs.start(NAME, scene, diorama_submission(photograph, options, depth_map), source)


def title_of(source: Source) -> str:
    """Name the job of a source for people."""
    return f"Diorama of {bpy.path.basename(source['photograph'])}"


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Hand a result to the builders: a new diorama, or new depth for one that is there."""
    arrays, metadata = job.result.arrays, job.result.metadata
    root: bpy.types.Object | None = bpy.data.objects.get(source.pop("updates", ""))
    if root is not None and (diorama := find_diorama(root)):
        try:
            diorama = builders.update_depth(diorama, arrays, metadata)
        except ValueError as error:
            raise refusal(str(error)) from error
        if HOLES in diorama.photograph:  # the server knew nothing of what plates hide
            background.paint(diorama, Owner(scene.session_uid, NAME))
    else:
        name = bpy.path.display_name_from_filepath(source["photograph"])
        camera = scene.zograscope_depth.camera
        scene, diorama = build_in(
            scene,
            NAME,
            name,
            lambda scene: builders.build_diorama(arrays, metadata, name, scene),
            _prepare,
        )
        if camera != NO_CAMERA:
            move_camera(diorama, scene)
    remember(diorama, source, metadata)
    select_only(diorama.root, scene)
    push_undo("Build Diorama")


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
    source["warnings"] = metadata.get("warnings", [])
    diorama.root[SOURCE] = json.dumps(source)


def _prepare(own: bpy.types.Scene, diorama: Diorama) -> None:
    builders.prepare_scene(own, diorama)
    look_through_camera(own)


def move_camera(diorama: Diorama, scene: bpy.types.Scene) -> None:
    """Give a diorama's camera the move that the artist has chosen."""
    settings = scene.zograscope_depth
    cameras.apply_preset(diorama, settings.camera, settings.frames, scene.render.fps)
    scene.frame_start, scene.frame_end = 1, settings.frames
