"""A model in training: its samples grow on a board, and the panel tells how it goes.

A training runs for long beside the artist's work. The scene notes it, so that it outlives Blender's
own end, and waits for other things meanwhile.
"""

import json
from typing import Any

import bpy
from bpy.app.handlers import persistent
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_protocol.job import Job, Part

from ..pending_jobs import Owner, Waiting
from ..scenes import push_undo
from ..server_link import link
from . import boards, building, submissions
from .errors import GenerativeError

_running: dict[int, tuple[str, str, int]] = {}
"""For each scene, by `session_uid`: the job of its training, its name, and the next part."""

METRICS = ("images", "minutes", "frechet", "diversity", "nearest", "remaining")


def start(scene: bpy.types.Scene) -> Job:
    """Start the training that a scene's settings describe. Raises ZograscopeError."""
    settings = scene.zograscope_generative
    if is_running(settings):
        raise GenerativeError("training-already")
    submission = submissions.train_submission(settings)
    name = submission.parameters["name"]
    job = link.submit(submission, _waiting(scene, name, 0))
    settings.train_metrics = ""
    _note(scene, job.id, name, 0)
    return job


def is_running(settings: bpy.types.PropertyGroup) -> bool:
    """Whether a scene waits for a training, whatever the artist has undone meanwhile."""
    noted = _running.get(settings.id_data.session_uid)
    return noted is not None and link.pending.get(noted[0]) is not None


def _note(scene: bpy.types.Scene, job_id: str, name: str, part: int) -> None:
    """Note that a scene waits for a training, and from which part on."""
    _running[scene.session_uid] = job_id, name, part
    scene.zograscope_generative.train_job = json.dumps([job_id, name, part])


def _forget(scene: bpy.types.Scene) -> None:
    _running.pop(scene.session_uid, None)
    scene.zograscope_generative.train_job = ""


def metrics(settings: bpy.types.PropertyGroup) -> dict[str, Any]:
    """Return what was measured of the latest samples."""
    return json.loads(settings.train_metrics) if settings.train_metrics else {}


def _read(noted: str) -> tuple[str, str, int] | None:
    """Return job, name and the number of the next part that a scene has noted."""
    try:
        job, name, part = json.loads(noted)
    except (ValueError, TypeError):
        return None
    return str(job), str(name), int(part)


def _waiting(scene: bpy.types.Scene, name: str, first_part: int) -> Waiting:
    owner = Owner(scene.session_uid, building.NAME)

    def on_part(part: Part) -> None:
        there = building.scene_of(owner)
        if there is not None:
            _show_part(part, there, name)

    def on_done(job: Job) -> None:
        there = building.scene_of(owner)
        if there is not None:
            _show_result(job, there)

    def on_stopped() -> None:
        there = building.scene_of(owner)
        if there is not None:
            _forget(there)

    return Waiting(
        title=f"Training of {name}",
        on_done=on_done,
        owner=owner,
        on_stopped=on_stopped,
        on_part=on_part,
        first_part=first_part,
    )


def _show_part(part: Part, scene: bpy.types.Scene, name: str) -> None:
    """Show the latest samples, and keep what was measured of them."""
    settings = scene.zograscope_generative
    boards.show(scene, "training", f"{name} in training", part.arrays["grid"].tobytes())
    known = {key: part.metadata[key] for key in METRICS if part.metadata.get(key) is not None}
    settings.train_metrics = json.dumps(known)
    noted = _running.get(scene.session_uid)
    if noted is not None:
        _note(scene, noted[0], name, part.number + 1)


def _show_result(job: Job, scene: bpy.types.Scene) -> None:
    """Choose the model that has come of it, and show what it may have learnt by heart."""
    settings, arrays = scene.zograscope_generative, job.result.arrays
    _forget(scene)
    settings.model = name = str(job.result.metadata["name"])
    building.tell_warnings(job, scene)
    boards.show(scene, "training", f"{name} in training", arrays["grid"].tobytes())
    boards.show(scene, "memorised", f"{name} beside its originals", arrays["memorised"].tobytes())
    link.ask_for_models()
    push_undo("Train a Model")


@persistent
def _take_up(*_: object) -> None:
    """Wait again for the trainings that an opened file has noted."""
    _running.clear()
    for scene in bpy.data.scenes:
        noted = _read(scene.zograscope_generative.train_job)
        if noted is None:
            continue
        job_id, name, part = noted
        waiting = _waiting(scene, name, part)
        _note(scene, job_id, name, part)
        try:
            link.attach(job_id, waiting, TrainOptions.task)
        except ZograscopeError as error:
            link.tell(waiting.owner, error)


@persistent
def _note_all(*_: object) -> None:
    """Note in a file that is saved what Undo may have changed there."""
    for scene in bpy.data.scenes:
        noted = _running.get(scene.session_uid)
        if noted is not None:
            _note(scene, *noted)


def register() -> None:
    """Look at each file that is opened, and at each that is saved."""
    bpy.app.handlers.load_post.append(_take_up)
    bpy.app.handlers.save_pre.append(_note_all)


def unregister() -> None:
    """Do so no longer."""
    bpy.app.handlers.save_pre.remove(_note_all)
    bpy.app.handlers.load_post.remove(_take_up)
