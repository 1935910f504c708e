"""What the tasks of dreaming are asked: options and inputs, ready to submit."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from zograscope_protocol.generative.tasks import (
    LatentMapOptions,
    ProjectOptions,
    SamplesOptions,
    TrainOptions,
    WalkOptions,
)
from zograscope_protocol.mosaic.command import URL_STARTS
from zograscope_protocol.submission import Submission

from ..job_files import read_file
from . import keyframes
from .errors import GenerativeError
from .sounds import Sound

LOOK = ("model", "truncation", "directions", "mix_seed", "mix_from", "credit")
"""What a walk over a latent map takes over from the map."""


def look_of(settings: bpy.types.PropertyGroup) -> dict[str, Any]:
    """Return how all images of a model are to look, as options."""
    strengths = enumerate(settings.directions)
    return {
        "model": settings.model,
        "truncation": settings.truncation,
        "directions": tuple((number, strength) for number, strength in strengths if strength),
        "mix_seed": settings.mix_seed if settings.mix else None,
        "mix_from": settings.mix_from,
        "credit": settings.credit,
    }


def walk_submission(
    settings: bpy.types.PropertyGroup, rate: float, sound: Sound | None
) -> Submission:
    """Ask for a walk as the artist chose it.

    Raises GenerativeError `one-keyframe` and ZograscopeError `bad-parameters`.
    """
    noise = settings.path == "noise"  # which goes through no keyframes
    names, inputs = ((), {}) if noise else keyframes.asked(settings)
    as_sound = sound is not None and settings.sound_length
    options = WalkOptions(
        **look_of(settings),
        seed=settings.seed,
        path=settings.path,
        keyframes=names,
        stops=settings.stops,
        loop=settings.loop,
        even=settings.even,
        frames=None if as_sound else settings.frames,
        rate=rate,
        audio_name=sound.name if sound else "sound",
        audio_strength=settings.sound_strength,
    )
    files = {"audio": np.frombuffer(sound.file, np.uint8)} if sound else {}
    return options.submission({**inputs, **files})


def places_submission(
    asked: dict[str, Any], places: np.ndarray, rate: float, noise_seed: int
) -> Submission:
    """Ask for a walk over a latent map, in the time that its places give.

    Args:
        asked: the parameters of the map.
        places: float32 (frames, 2), 0 to 1, right and up.
        rate: frames a second.
        noise_seed: of the grain.
    """
    options = WalkOptions.read(
        {name: asked[name] for name in LOOK}
        | {
            "seed": noise_seed,
            "path": "map",
            "map_seed": asked["seed"],
            "loop": False,
            "even": False,
            "frames": len(places),
            "rate": rate,
        }
    )
    return options.submission({"places": np.ascontiguousarray(places, np.float32)})


def samples_submission(settings: bpy.types.PropertyGroup) -> Submission:
    """Ask for samples to choose from."""
    look = look_of(settings)
    options = SamplesOptions(**look, seed=settings.sample_seed, count=settings.sample_count)
    return options.submission()


def dreams_submission(settings: bpy.types.PropertyGroup) -> Submission:
    """Ask for samples with their nearest originals."""
    look = look_of(settings)
    seed, count = settings.sample_seed, settings.mosaic_count
    return SamplesOptions(**look, seed=seed, count=count, originals=True).submission()


def map_submission(settings: bpy.types.PropertyGroup) -> Submission:
    """Ask for the latent map."""
    return LatentMapOptions(**look_of(settings), seed=settings.map_seed).submission()


def project_submission(settings: bpy.types.PropertyGroup) -> Submission:
    """Ask for a picture to be sought among a model's images.

    Raises GenerativeError `no-picture`, and ZograscopeError for a file that cannot be read.
    """
    if not settings.picture:
        raise GenerativeError("no-picture")
    path = Path(bpy.path.abspath(settings.picture))
    options = ProjectOptions(
        model=settings.model,
        file_name=path.name,
        steps=settings.project_steps,
        seed=settings.seed,
    )
    return options.submission({"image": read_file(path)})


def train_submission(settings: bpy.types.PropertyGroup) -> Submission:
    """Ask for a model to be trained.

    Raises GenerativeError `no-collection-to-train` or `no-name-to-train`, and ZograscopeError
    `bad-parameters`.
    """
    collection, name = settings.train_collection, settings.train_name.strip()
    if not collection:
        raise GenerativeError("no-collection-to-train")
    if not name:
        raise GenerativeError("no-name-to-train")
    if not collection.startswith(URL_STARTS):
        collection = str(Path(bpy.path.abspath(collection)).absolute())
    width, height = settings.train_size
    options = TrainOptions(
        collection=collection,
        name=name,
        rights=settings.train_rights,
        online=bpy.app.online_access,
        width=width,
        height=height,
        colours=settings.train_colours,
        crop=settings.train_crop,
        duplicates=settings.train_duplicates,
        minutes=settings.train_minutes,
        seed=settings.train_seed,
        batch=settings.train_batch,
        loss=settings.train_loss,
        guess_augmentation=settings.train_guess_augmentation,
        normalise=settings.train_normalise,
    )
    return options.submission()
