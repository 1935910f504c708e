"""From the artist's choices to a portrait that moves: what is asked, and what comes of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.job import Job
from zograscope_protocol.portrait.tasks import (
    ExaminePortraitOptions,
    Handle,
    PortraitOptions,
    PortraitRigOptions,
    TrackDriverOptions,
)

from .. import frame_sequences, scene_jobs, sequencer
from ..capabilities import Source
from ..frame_sequences import SCENE_MARK
from ..scenes import (
    build_in,
    look_at,
    look_through_camera,
    push_undo,
    select_only,
    show_untouched,
    storable,
)
from . import clips, curves, examination, moving, moving_diorama, rig, submissions
from .clips import Clip
from .errors import PortraitError

NAME = moving.NAME
TITLES = {
    PortraitOptions.task: "Moving portrait of {portrait}",
    ExaminePortraitOptions.task: "Examination of {portrait}",
    TrackDriverOptions.task: "Curves of {driver}",
    PortraitRigOptions.task: "Rig of {portrait}",
}


@dataclass(frozen=True)
class Portrait:
    """The picture that a scene's settings name.

    Attributes:
        key: by which what was made of it is found again: its path as a .blend holds it, or the
            name of its image.
        name: for people.
        file: the encoded picture.
    """

    key: str
    name: str
    file: bytes


def chosen_portrait(settings: bpy.types.PropertyGroup) -> Portrait:
    """Read the picture. Raises PortraitError, and ZograscopeError for a file that is not there."""
    if settings.image is not None:
        file = submissions.picture_bytes(None, settings.image)
        return Portrait(_key_of(settings), settings.image.name, file)
    if not settings.picture:
        raise PortraitError("no-portrait")
    path = Path(bpy.path.abspath(settings.picture))
    return Portrait(_key_of(settings), path.name, submissions.picture_bytes(path))


def examined(scene: bpy.types.Scene) -> examination.Examination | None:
    """Return what was found in the portrait that a scene's settings name."""
    key = _key_of(scene.zograscope_portrait)
    return examination.find(scene, key) if key else None


def _key_of(settings: bpy.types.PropertyGroup) -> str:
    image = settings.image
    if image is None:
        return storable(settings.picture)
    return image.filepath if image.source == "FILE" and image.filepath else image.name


def _handles(scene: bpy.types.Scene) -> tuple[Handle, ...]:
    """Return what was moved by hand, here or in the scene that this one was made from."""
    key, face = _key_of(scene.zograscope_portrait), scene.zograscope_portrait.face
    for where in (scene, *bpy.data.scenes) if key else ():
        found = examination.find(where, key)
        if found is not None and found.root[examination.FACE] == face:
            return found.moved_handles()
    return ()


def start_examination(scene: bpy.types.Scene) -> Job:
    """Have portrait and driver, if one is chosen, examined. Raises ZograscopeError."""
    settings = scene.zograscope_portrait
    portrait = chosen_portrait(settings)
    clip = _clip(scene) if settings.driver or settings.driver_strip else None
    names = {"driver_name": clip.path.name} if clip is not None else {}
    options = ExaminePortraitOptions(
        file_name=portrait.name,
        face=settings.face,
        driver_face=settings.driver_face,
        handles=_handles(scene),
        **names,
    )
    submission = submissions.examine_submission(portrait.file, clip, options)
    return scene_jobs.start(NAME, scene, submission, _source(options.task, portrait, clip))


def start_moving(scene: bpy.types.Scene) -> Job:
    """Have the portrait moved; its frames are shown as they come. Raises ZograscopeError."""
    settings = scene.zograscope_portrait
    portrait, clip = chosen_portrait(settings), _clip(scene)
    onto = settings.onto_diorama
    if onto:
        moving_diorama.diorama_of(scene, portrait.key)
    relief = onto and settings.move_depth
    options = submissions.move_options(
        settings,
        clip,
        _handles(scene),
        file_name=portrait.name,
        driver_name=clip.path.name,
        rate=moving.rate_for(portrait.key, scene, own_scene=settings.own_scene, onto=onto),
        relief=relief,
    )
    source = _source(options.task, portrait, clip) | {"onto": onto, "show": settings.show}
    submission = submissions.move_submission(portrait.file, clip, options)
    name = f"{Path(portrait.name).stem} moving"
    also = (moving.RELIEF,) if relief else ()
    return scene_jobs.start_frames(NAME, scene, submission, source, name, also=also)


def start_tracking(scene: bpy.types.Scene) -> Job:
    """Have the driver's curves read. Raises ZograscopeError."""
    settings, clip = scene.zograscope_portrait, _clip(scene)
    options = TrackDriverOptions(
        driver_name=clip.path.name,
        driver_face=settings.driver_face,
        start=clip.start,
        end=clip.end,
        rate=sequencer.rate_of(scene),
        neutral_frame=None if settings.find_neutral else settings.neutral_frame,
    )
    source = _source(options.task, None, clip)
    return scene_jobs.start(NAME, scene, submissions.track_submission(clip, options), source)


def start_rig(scene: bpy.types.Scene) -> Job:
    """Have the portrait's head made a mesh. Raises ZograscopeError."""
    settings = scene.zograscope_portrait
    portrait = chosen_portrait(settings)
    options = PortraitRigOptions(
        file_name=portrait.name, face=settings.face, handles=_handles(scene)
    )
    source = _source(options.task, portrait, None)
    return scene_jobs.start(NAME, scene, submissions.rig_submission(portrait.file, options), source)


def _clip(scene: bpy.types.Scene) -> Clip:
    return clips.chosen_clip(scene.zograscope_portrait, scene)


def _source(task: str, portrait: Portrait | None, clip: Clip | None) -> Source:
    return {
        "task": task,
        "key": portrait.key if portrait else "",
        "portrait": portrait.name if portrait else "",
        "driver": storable(str(clip.path)) if clip else "",
    }


def title_of(source: Source) -> str:
    """Name the job of a source for people."""
    driver = bpy.path.basename(source["driver"])
    return TITLES[source["task"]].format(portrait=source["portrait"], driver=driver)


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Hand a result to the builders, and tell what it warns of."""
    metadata = job.result.metadata
    warnings = "\n".join(map(str, metadata.get("warnings", ())))
    scene.zograscope_portrait.warnings = warnings
    image = frame_sequences.find_image(job.id)
    if image is not None and image.get(SCENE_MARK) is not None:
        image[SCENE_MARK].zograscope_portrait.warnings = warnings
    _BUILDERS[source["task"]](job, scene, source)


def _finish_moving(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    image = frame_sequences.find_image(job.id)
    if image is None:
        return  # the artist has removed it
    moving.finish(image, job.result.arrays, job.result.metadata, scene, source)
    push_undo("Move Portrait")


def _show_examination(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    face = scene.zograscope_portrait.face
    arrays, metadata = job.result.arrays, job.result.metadata
    is_new = examination.find(scene, source["key"]) is None
    found = examination.show(arrays, metadata, source["key"], face, scene)
    select_only(found.root, scene)
    if is_new:
        look_at(scene, found.root, found.around_faces())
    push_undo("Examine Portrait")


def _write_curves(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    arrays, metadata = job.result.arrays, job.result.metadata
    name = Path(bpy.path.basename(source["driver"])).stem
    head = curves.build(arrays, metadata, f"{name} head", source["driver"], scene)
    select_only(head, scene)
    if "sound" in arrays:
        folder = Path(bpy.path.abspath(frame_sequences.new_folder(f"{name} driver")))
        mark = json.dumps(["driver", source["driver"]])
        sequencer.keep_sound(scene, mark, arrays["sound"], metadata, folder)
    push_undo("Track Driver")


def _build_rig(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    arrays, metadata, key = job.result.arrays, job.result.metadata, source["key"]
    name = Path(source["portrait"]).stem
    earlier = rig.find_by_key(key)
    if earlier is not None:
        where = earlier.root.users_scene[0] if earlier.root.users_scene else scene
        built = rig.build(arrays, metadata, name, key, where)
    else:
        where, built = build_in(
            scene,
            NAME,
            name,
            lambda own: rig.build(arrays, metadata, name, key, own),
            lambda own, made: _prepare_rig(own, made, metadata),
        )
    select_only(built.mesh, where)
    push_undo("Make Portrait Rig")


def _prepare_rig(own: bpy.types.Scene, made: rig.Rig, metadata: dict[str, Any]) -> None:
    width, height = metadata["size"]
    show_untouched(own, made.camera, (int(width), int(height)))
    look_through_camera(own, "MATERIAL")


_BUILDERS = {
    PortraitOptions.task: _finish_moving,
    ExaminePortraitOptions.task: _show_examination,
    TrackDriverOptions.task: _write_curves,
    PortraitRigOptions.task: _build_rig,
}
