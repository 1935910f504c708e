"""A moving portrait in Blender: frames and sound, shown where the artist wants them.

A later job of the same portrait puts its frames in the place of the earlier ones: objects,
materials, camera, strips and scene stay as the artist left them, and only files change.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .. import frame_sequences, scene_jobs, scenes, sequencer
from ..capabilities import Source
from ..frame_sequences import FRAMES_MARK, JOB_MARK, SCENE_MARK, SEQUENCE_MARK
from . import moving_diorama

NAME = "portrait"
PORTRAIT_MARK = "zograscope_portrait"
"""On an image sequence: the key of the portrait that moves in it."""

ONTO = "zograscope_onto"
"""On an image sequence: whether it was made for a diorama."""

RELIEF = "relief"


def find(key: str, scene: bpy.types.Scene, *, onto: bool) -> bpy.types.Image | None:
    """Return the image sequence in which a portrait moves already, if it is still shown.

    That of this scene; else that of another one, if neither is a diorama's.
    """
    shown = [
        image
        for image in bpy.data.images
        if PORTRAIT_MARK in image
        and scenes.same_path(image[PORTRAIT_MARK], key)
        and frame_sequences.is_shown(image)
    ]
    here = [image for image in shown if image[SCENE_MARK] == scene]
    elsewhere = [] if onto else [image for image in shown if not image.get(ONTO)]
    return next(iter(here + elsewhere), None)


def rate_for(key: str, scene: bpy.types.Scene, *, own_scene: bool, onto: bool) -> float | None:
    """Return how many frames a second are wanted; None, for a new scene, takes the driver's."""
    image = find(key, scene, onto=onto)
    if image is None and own_scene and not onto:
        return None
    return sequencer.rate_of(scene if image is None else image.get(SCENE_MARK) or scene)


def show_first(first: Path, scene: bpy.types.Scene, job_id: str, source: Source) -> bpy.types.Image:
    """Begin to show a job's frames: where earlier ones of the portrait are, or as it was asked.

    Raises PortraitError where the diorama is not as it must be, and ZograscopeError
    `file-unreadable`.
    """
    image = find(source["key"], scene, onto=source["onto"])
    if source["onto"]:
        diorama = moving_diorama.diorama_of(scene, source["key"])
        moving_diorama.check(diorama, frame_sequences.measure(first))
    if image is None:
        image = _begin(first, scene, job_id, source)
        image[PORTRAIT_MARK], image[ONTO] = source["key"], source["onto"]
    else:
        frame_sequences.show_anew(image, job_id, first)
    if source["onto"]:
        moving_diorama.show_on(diorama, image, frame_sequences.measure(first))
    mark, where = image[SEQUENCE_MARK], image.get(SCENE_MARK) or scene
    if source["show"] != "PLANE" and not any(sequencer.marked(mark, "IMAGE")):
        sequencer.add_frames(where, mark, first, image.name)
    return image


def _begin(first: Path, scene: bpy.types.Scene, job_id: str, source: Source) -> bpy.types.Image:
    """Show the first frames of a portrait that has not moved yet."""
    name = source[scene_jobs.FRAMES]["name"]
    if source["onto"]:
        image, where = frame_sequences.load(job_id, first, name), scene
    elif source["show"] == "SEQUENCER":
        image = frame_sequences.load(job_id, first, name)
        image.use_fake_user = True  # strips show its files without it
        size = frame_sequences.measure(first)
        where, _ = scenes.build_in(
            scene, NAME, name, lambda own: own, lambda own, _: _prepare(own, size, job_id)
        )
        scenes.push_undo("First Frame")
    else:
        image = scene_jobs.show_on_plane(NAME, first, scene, job_id, source)
        made = (own for own in bpy.data.scenes if own.get(JOB_MARK) == job_id)
        where = next(made, scene)
    image[SCENE_MARK] = where
    return image


def _prepare(own: bpy.types.Scene, size: tuple[int, int], job_id: str) -> None:
    """Set a scene up for strips alone."""
    scenes.show_untouched(own, own.camera, size)
    own[JOB_MARK] = job_id
    own.frame_start = 1


def finish(
    image: bpy.types.Image,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    scene: bpy.types.Scene,
    source: Source,
) -> None:
    """Complete a moving portrait, all of whose frames are here: rate, strips, depth and sound.

    Args:
        image: the image sequence.
        arrays, metadata: the result of the task `portrait`.
        scene: that waited for it, where the one that showed it is gone.
        source: how it was asked for.

    Raises ExtensionError `sound-unreadable`, and ZograscopeError `output-exists`.
    """
    where, folder = image.get(SCENE_MARK) or scene, frame_sequences.folder_of(image)
    count = len(arrays["times"])
    if where.get(JOB_MARK) == image[JOB_MARK]:
        sequencer.set_rate(where, metadata["rate"])
    if count != image[FRAMES_MARK]:
        frame_sequences.grow(image, count)
    sequencer.show_anew(image[SEQUENCE_MARK], folder, count)
    if source["onto"] and RELIEF in source[scene_jobs.FRAMES]["also"]:
        diorama = moving_diorama.diorama_of(where, source["key"])
        moving_diorama.move_depth(diorama, folder / RELIEF, count, metadata["face_width"])
    if "sound" in arrays:
        sequencer.keep_sound(where, image[SEQUENCE_MARK], arrays["sound"], metadata, folder)
