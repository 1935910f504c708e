"""A walk in Blender: its frames on a plane, in the sequencer, as a world or as a landscape.

A later walk in the same scene puts its frames in the place of the earlier ones: objects, materials,
camera, strips, keys and scene stay as the artist left them, and only files change. Another way of
showing it is added beside.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .. import frame_sequences, scenes, sequencer
from ..capabilities import Source
from ..frame_sequences import JOB_MARK, SCENE_MARK, SEQUENCE_MARK, image_users
from ..node_wiring import get_input, set_input
from ..scene_jobs import FRAMES
from ..scenes import PART_MARK
from . import boards, depths, keyframes, relief, worlds

NAME = "generative"
SIZE_MARK = "zograscope_walk"
"""On an image sequence that is a walk: width and height of its frames."""

LOOP_MARK = "zograscope_loop"
"""On it: whether it repeats without end."""

START_MARK = "zograscope_start"
"""On it: the frame of the scene at which it begins."""

Size = tuple[int, int]


def find(scene: bpy.types.Scene) -> bpy.types.Image | None:
    """Return the walk that a scene shows, if the artist has left something that shows it."""
    walks = [
        image
        for image in bpy.data.images
        if SIZE_MARK in image and image.get(SCENE_MARK) == scene and frame_sequences.is_shown(image)
    ]
    return walks[-1] if walks else None


def show_first(first: Path, scene: bpy.types.Scene, job_id: str, source: Source) -> bpy.types.Image:
    """Begin to show a job's frames: where earlier ones are, or as it was asked.

    Raises ZograscopeError `file-unreadable`.
    """
    size = frame_sequences.measure(first)
    image = find(scene) if source["in_place"] else None
    if image is None:
        return _begin(first, size, scene, job_id, source)
    frame_sequences.show_anew(image, job_id, first)
    _fit(image, size, scene)
    _set_start(image, source["start"])
    if not _is_there(source["show"], image, scene):
        _add(source["show"], image, size, scene, source)
    _set_height(image, source["height"])
    return image


def _begin(
    first: Path, size: Size, scene: bpy.types.Scene, job_id: str, source: Source
) -> bpy.types.Image:
    """Show the first frames of a walk, in the scene or in one of its own."""
    image = frame_sequences.load(job_id, first, source[FRAMES]["name"])
    image[SIZE_MARK], image[LOOP_MARK], image[START_MARK] = size, False, source["start"]
    # Strips show its files without it, and landscapes a copy.
    image.use_fake_user = source["show"] == "SEQUENCER"

    def prepare(own: bpy.types.Scene, camera: bpy.types.Object | None) -> None:
        flat = source["show"] in ("PLANE", "SEQUENCER")
        scenes.show_untouched(own, camera or own.camera, size if flat else None)
        if own.camera is not None:
            scenes.look_through_camera(own, "MATERIAL" if flat else "RENDERED")
        own[JOB_MARK] = job_id  # which grows with the frames
        own.frame_start = 1
        if own != scene:
            keyframes.copy(scene.zograscope_generative, own.zograscope_generative)
            boards.show_in(own, scene)

    where, _ = scenes.build_in(
        scene,
        NAME,
        image.name,
        lambda own: _add(source["show"], image, size, own, source),
        prepare,
    )
    image[SCENE_MARK] = where
    scenes.push_undo("First Frame")
    return image


def _add(
    show: str, image: bpy.types.Image, size: Size, scene: bpy.types.Scene, source: Source
) -> bpy.types.Object | None:
    """Show a walk in one more way; return the camera that sees it."""
    camera = None
    if show == "PLANE":
        screen = frame_sequences.show_image(image, size, scene)
        scenes.select_only(screen.plane, scene)
        camera = screen.camera
    elif show == "SEQUENCER":
        first = Path(bpy.path.abspath(image.filepath))
        strip = sequencer.add_frames(scene, image[SEQUENCE_MARK], first, image.name)
        sequencer.move(strip, source["start"])
    elif show == "WORLD":
        camera = worlds.show(image, size, scene)
    else:
        camera = relief.show(image, size, scene, source["height"], source["start"])
    for user in image_users(image):
        if user.frame_start == 1:
            user.frame_start = source["start"]
    return camera


def _is_there(show: str, image: bpy.types.Image, scene: bpy.types.Scene) -> bool:
    """Whether a scene shows a walk in some way already."""
    if show == "SEQUENCER":
        strips = sequencer.marked(image[SEQUENCE_MARK], "IMAGE")
        return any(where == scene for where, _ in strips)
    if show == "WORLD":
        return worlds.find(image, scene) is not None
    if show == "RELIEF":
        return any(item.name in scene.objects for item, _ in relief.landscapes(image))
    return bool(_planes(image, scene))


def _planes(image: bpy.types.Image, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the planes on which a scene shows a walk."""
    return [
        item
        for item in scene.objects
        if item.get(PART_MARK) == "frames"
        for slot in item.material_slots
        if slot.material is not None and frame_sequences.tree_shows(slot.material.node_tree, image)
    ]


def _fit(image: bpy.types.Image, size: Size, scene: bpy.types.Scene) -> None:
    """Let what shows a walk have the shape of another model's frames.

    What the artist has made larger stays so; a resolution that is not that of the frames stays.
    """
    old = tuple(image[SIZE_MARK])
    if old == size:
        return
    aspect, change = size[0] / size[1], (size[0] * old[1]) / (size[1] * old[0])
    image[SIZE_MARK] = size
    for plane in _planes(image, scene):
        plane.scale.x *= change
        for camera in plane.users_collection[0].objects if plane.users_collection else ():
            if camera.type == "CAMERA" and camera.get(PART_MARK) == "camera":
                camera.data.ortho_scale *= change
    relief.fit(image, aspect)
    world = worlds.find(image, scene)
    if world is not None:
        worlds.fit(world, aspect)
    render = scene.render
    if (render.resolution_x, render.resolution_y) == old:
        render.resolution_x, render.resolution_y = size


def _set_start(image: bpy.types.Image, start: int) -> None:
    """Let a walk begin at another frame of the scene, wherever it began at its own until now."""
    old, image[START_MARK] = image[START_MARK], start
    if start == old:
        return
    for user in image_users(image):
        if user.frame_start == old:
            user.frame_start = start
    for _, modifier in relief.landscapes(image):
        if get_input(modifier, "First frame") == old:
            set_input(modifier, "First frame", start)
    for _, strip in sequencer.marked(image[SEQUENCE_MARK], "IMAGE"):
        if round(sequencer.length(strip, "content_start")) == old:
            sequencer.move(strip, start)


def _set_height(image: bpy.types.Image, height: str) -> None:
    for item, _ in relief.landscapes(image):
        item[relief.HEIGHT_MARK] = height


def grow(image: bpy.types.Image, count: int) -> None:
    """Let whatever shows a walk know how many frames it has."""
    frame_sequences.grow(image, count)
    depths.show(image)


def finish(
    image: bpy.types.Image,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    scene: bpy.types.Scene,
    source: Source,
) -> None:
    """Complete a walk, all of whose frames are here: rate, strips, loop and sound.

    Args:
        image: the image sequence.
        arrays, metadata: the result of the task `walk`.
        scene: that waited for it, where the one that showed it is gone.
        source: how it was asked for.

    Raises ExtensionError `sound-unreadable`, and ZograscopeError `output-exists`.
    """
    where, folder = image.get(SCENE_MARK) or scene, frame_sequences.folder_of(image)
    count = len(arrays["times"])
    if where.get(JOB_MARK) == image[JOB_MARK]:
        sequencer.set_rate(where, metadata["rate"])
    grow(image, count)
    sequencer.show_anew(image[SEQUENCE_MARK], folder, count)
    _set_loop(image, source["loop"])
    if "sound" in arrays and not source["heard"]:
        sequencer.keep_sound(where, image[SEQUENCE_MARK], arrays["sound"], metadata, folder)


def _set_loop(image: bpy.types.Image, loop: bool) -> None:
    """Let a walk repeat without end, or not, wherever the artist has not chosen otherwise."""
    old, image[LOOP_MARK] = bool(image[LOOP_MARK]), loop
    for user in image_users(image):
        if user.use_cyclic == old:
            user.use_cyclic = loop
    for item, modifier in relief.landscapes(image):
        if bool(get_input(modifier, "Loop")) == old:
            set_input(modifier, "Loop", loop)
            item.update_tag()
