"""Jobs whose results become scenes: noted in the file, so that they outlive Blender's own end.

A scene waits for one job of each capability at most. The link knows for which, whatever the artist
undoes meanwhile. As a file is saved, the capability's settings in the scene hold the job's id, a
space, and its source as JSON; a file that is opened takes up its jobs by that.
"""

import functools
import json
import uuid
from collections.abc import Sequence
from pathlib import Path

import bpy
from bpy.app.handlers import persistent
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.job import Job, Part
from zograscope_protocol.submission import Submission

from . import capabilities, frame_sequences, scenes
from .capabilities import Capability, Source
from .errors import ExtensionError
from .frame_sequences import Screen
from .pending_jobs import Owner, Waiting
from .server_link import link
from .taking_back import taking_back

_files_opened = 0

FRAMES = "frames"
"""In the source of a job that streams frames: their name, folder and suffix."""


def start(capability: str, scene: bpy.types.Scene, submission: Submission, source: Source) -> Job:
    """Submit a job and note that the scene waits for it; the capability builds its result.

    Raises ZograscopeError when there is no server and none may be started.
    """
    record, job_id = capabilities.named(capability), uuid.uuid4().hex
    waiting = _waiting(record, scene, job_id, source)
    job = link.submit(submission, waiting, job_id)
    record.settings_of(scene).job_id = waiting.note
    return job


def start_frames(
    capability: str,
    scene: bpy.types.Scene,
    submission: Submission,
    source: Source,
    name: str,
    suffix: str = ".png",
    also: Sequence[str] = (),
) -> Job:
    """Submit a job that streams frames: they become files and a moving picture as they come.

    Args:
        capability: whose job it is; it builds what else is in the job's result.
        scene: where the frames are shown, or where a scene of their own begins.
        submission: of a task whose parts each have an encoded picture as their array `file`.
        source: how it was asked for.
        name: of the moving picture, and of the folder of its files.
        suffix: of the files.
        also: names of further pictures in each part, kept in folders of their names among them.

    Raises ZograscopeError `output-exists` where there can be no folder, and as `start` does.
    """
    folder = frame_sequences.new_folder(name)
    frames = {"name": name, "folder": folder, "suffix": suffix, "also": list(also)}
    return start(capability, scene, submission, {**source, FRAMES: frames})


def take_up(capability: Capability, scene: bpy.types.Scene) -> None:
    """Wait again for the job that a scene was waiting for when it was saved."""
    pending = capability.settings_of(scene).job_id
    if not pending:
        return
    job_id, _, text = pending.partition(" ")
    try:
        source = json.loads(text)
        waiting = _waiting(capability, scene, job_id, source)
        task = capability.task_of(source)
    except (ValueError, KeyError, TypeError):
        capability.settings_of(scene).job_id = ""
        return
    try:
        link.attach(job_id, waiting, task)
    except ZograscopeError as error:
        link.tell(waiting.owner, error)


def _waiting(
    capability: Capability, scene: bpy.types.Scene, job_id: str, source: Source
) -> Waiting:
    """Return what waits for a job of a scene, whatever the artist calls the scene by then."""
    owner, file = Owner(scene.session_uid, capability.name), _files_opened
    title, note = capability.title_of(source), f"{job_id} {json.dumps(source)}"

    def on_done(job: Job) -> None:
        scene = scenes.find_scene(owner.scene)
        if scene is not None:
            capability.settings_of(scene).job_id = ""
            capability.build(job, scene, source)
        elif file == _files_opened:  # else the artist has opened another file
            raise ExtensionError("scene-gone", title=title)

    def on_stopped() -> None:
        scene = scenes.find_scene(owner.scene)
        if scene is not None:
            capability.settings_of(scene).job_id = ""
        if FRAMES in source:
            frame_sequences.remove_empty(source[FRAMES]["folder"])

    def on_part(part: Part) -> None:
        scene = scenes.find_scene(owner.scene)
        if scene is not None:
            _take_frame(part, capability, scene, job_id, source)

    streams = FRAMES in source
    return Waiting(
        title=title,
        note=note,
        on_done=on_done,
        owner=owner,
        builds=True,
        on_stopped=on_stopped,
        on_part=on_part if streams else None,
        first_part=_frame_files(job_id, source).first_missing() if streams else 0,
    )


def _frame_files(job_id: str, source: Source) -> FrameFiles:
    """Return where frames go: where the scene shows them from, or else where they were to go."""
    image, frames = frame_sequences.find_image(job_id), source[FRAMES]
    folder = frame_sequences.folder_of(image) if image else bpy.path.abspath(frames["folder"])
    return FrameFiles(Path(folder), frames["suffix"])


def _take_frame(
    part: Part, capability: Capability, scene: bpy.types.Scene, job_id: str, source: Source
) -> None:
    """Keep a frame, and show it.

    Raises ZograscopeError `output-exists` where there is no room, for example.
    """
    files = _frame_files(job_id, source)
    for name in source[FRAMES].get("also", ()):  # first: a frame that is there is there whole
        FrameFiles(files.folder / name, files.suffix).write(part.number, part.arrays[name])
    files.write(part.number, part.arrays["file"])
    image = frame_sequences.find_image(job_id)
    if image is None:
        show = capability.show or functools.partial(show_on_plane, capability.name)
        with taking_back():
            image = show(files.path(0), scene, job_id, source)
    grow = capability.grow or frame_sequences.grow
    grow(image, part.number + 1)


def show_on_plane(
    capability: str, first: Path, scene: bpy.types.Scene, job_id: str, source: Source
) -> bpy.types.Image:
    """Begin to show frames on a plane, in the scene or in one of their own.

    Raises ZograscopeError `file-unreadable` where the first frame is no picture.
    """
    name = source[FRAMES]["name"]

    def prepare(own: bpy.types.Scene, screen: Screen) -> None:
        scenes.show_untouched(own, screen.camera, screen.size)
        scenes.look_through_camera(own, "MATERIAL")
        own[frame_sequences.JOB_MARK] = job_id  # which grows with the frames
        own.frame_start = 1

    where, screen = scenes.build_in(
        scene,
        capability,
        name,
        lambda scene: frame_sequences.show(job_id, first, name, scene),
        prepare,
    )
    scenes.select_only(screen.plane, where)
    scenes.push_undo("First Frame")
    return screen.image


@persistent
def _note_all(*_: object) -> None:
    """Note in a file that is saved what its scenes wait for, which Undo may have changed there."""
    for scene in bpy.data.scenes:
        for capability in capabilities.records():
            note = link.pending.note_of(Owner(scene.session_uid, capability.name))
            if capability.settings_of(scene).job_id != note:
                capability.settings_of(scene).job_id = note


@persistent
def _take_up_all(*_: object) -> None:
    global _files_opened  # noqa: PLW0603 - Blender has one file
    _files_opened += 1
    for scene in bpy.data.scenes:
        for capability in capabilities.records():
            take_up(capability, scene)


def register() -> None:
    """Look at each file that is opened, and at each that is saved."""
    bpy.app.handlers.load_post.append(_take_up_all)
    bpy.app.handlers.save_pre.append(_note_all)


def unregister() -> None:
    """Do so no longer."""
    bpy.app.handlers.save_pre.remove(_note_all)
    bpy.app.handlers.load_post.remove(_take_up_all)
