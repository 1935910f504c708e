"""From the artist's choices to what a model dreams: what is asked, and what comes of it."""

from collections.abc import Callable
from pathlib import Path

import bpy
from zograscope_protocol.job import Job
from zograscope_protocol.submission import Submission

from .. import frame_sequences, scene_jobs, sequencer
from ..capabilities import Source
from ..frame_sequences import SCENE_MARK
from ..pending_jobs import Owner, Waiting
from ..scenes import find_scene, push_undo
from ..server_link import link
from . import boards, depths, keyframes, latent_map, samples, sounds, submissions, walks
from .errors import GenerativeError

NAME = walks.NAME


def start_walk(scene: bpy.types.Scene) -> Job:
    """Start the walk that a scene's settings describe. Raises ZograscopeError."""
    settings = scene.zograscope_generative
    sound = sounds.chosen_sound(settings, scene)
    submission = submissions.walk_submission(settings, _rate(scene), sound)
    heard = sound is not None and sound.start is not None and not settings.own_scene
    return _start(scene, submission, settings.loop, sound.start if heard else 1, heard=heard)


def start_keyed_walk(scene: bpy.types.Scene) -> Job:
    """Start the walk along the keys of a latent map's point. Raises ZograscopeError."""
    settings, found = scene.zograscope_generative, latent_map.find(scene)
    if found is None:
        raise GenerativeError("no-map")
    first, _ = found.keyed_frames()
    submission = submissions.places_submission(
        found.asked, found.keyed_places(), _rate(scene), settings.seed
    )
    return _start(scene, submission, False, 1 if settings.own_scene else first)


def _rate(scene: bpy.types.Scene) -> float:
    """Return the frames a second of a walk: chosen for a scene of its own, else the scene's."""
    settings = scene.zograscope_generative
    return settings.rate if settings.own_scene else sequencer.rate_of(scene)


def _start(
    scene: bpy.types.Scene, submission: Submission, loop: bool, start: int, *, heard: bool = False
) -> Job:
    settings = scene.zograscope_generative
    model = submission.parameters["model"]
    source: Source = {
        "model": model,
        "loop": loop,
        "start": start,
        "heard": heard,
        "show": settings.show,
        "height": settings.height,
        "in_place": settings.in_place,
    }
    return scene_jobs.start_frames(NAME, scene, submission, source, f"{model} walk")


def title_of(source: Source) -> str:
    """Name the job of a source for people."""
    return f"Walk through {source['model']}"


def build(job: Job, scene: bpy.types.Scene, source: Source) -> None:
    """Complete a walk, and tell what it warns of."""
    image = frame_sequences.find_image(job.id)
    tell_warnings(job, scene)
    if image is None:
        return  # the artist has removed it
    if image.get(SCENE_MARK) is not None:
        tell_warnings(job, image[SCENE_MARK])
    walks.finish(image, job.result.arrays, job.result.metadata, scene, source)
    depths.go_on(image)
    push_undo("Dream a Walk")


def tell_warnings(job: Job, scene: bpy.types.Scene) -> None:
    """Keep what a result warns of, for the panel."""
    warnings = map(str, job.result.metadata.get("warnings", ()))
    scene.zograscope_generative.warnings = "\n".join(warnings)


def start_samples(scene: bpy.types.Scene) -> Job:
    """Ask for samples to choose from, on a board. Raises ZograscopeError."""
    settings = scene.zograscope_generative

    def show(job: Job, scene: bpy.types.Scene) -> None:
        samples.show(job.result.arrays, job.result.metadata, scene)
        push_undo("Show Samples")

    submission = submissions.samples_submission(settings)
    return _ask(scene, submission, f"Samples of {settings.model}", show)


def start_map(scene: bpy.types.Scene) -> Job:
    """Ask for the latent map, on a board. Raises ZograscopeError."""
    settings = scene.zograscope_generative
    submission = submissions.map_submission(settings)

    def show(job: Job, scene: bpy.types.Scene) -> None:
        asked = dict(submission.parameters)
        latent_map.show(job.result.arrays, job.result.metadata, asked, scene)
        push_undo("Show Latent Map")

    return _ask(scene, submission, f"Latent map of {settings.model}", show)


def start_projection(scene: bpy.types.Scene) -> Job:
    """Seek a picture among the model's images, as a keyframe. Raises ZograscopeError."""
    settings = scene.zograscope_generative
    title = Path(settings.picture).stem

    def show(job: Job, scene: bpy.types.Scene) -> None:
        arrays = job.result.arrays
        keyframes.add_latent(scene.zograscope_generative, title, arrays["latent"])
        boards.show(scene, "found", f"{title} found", arrays["picture"].tobytes())
        samples.show_badges(scene, scene.zograscope_generative)
        push_undo("Find Picture")

    submission = submissions.project_submission(settings)
    return _ask(scene, submission, f"Search for {title}", show)


def _ask(
    scene: bpy.types.Scene,
    submission: Submission,
    title: str,
    show: Callable[[Job, bpy.types.Scene], None],
) -> Job:
    """Start a short job whose result is shown in a scene, if that is there still."""
    owner = Owner(scene.session_uid, NAME)

    def on_done(job: Job) -> None:
        there = scene_of(owner)
        if there is not None:
            show(job, there)

    return link.submit(submission, Waiting(title=title, on_done=on_done, owner=owner))


def scene_of(owner: Owner) -> bpy.types.Scene | None:
    """Return the scene of an owner, whatever the artist calls it by now; None where it is gone."""
    return find_scene(owner.scene)
