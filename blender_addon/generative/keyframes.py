"""The keyframes of a walk, in order: seeds of samples, and latents of pictures that were found."""

import base64

import bpy
import numpy as np

from .errors import GenerativeError

Inputs = dict[str, np.ndarray]


def add_seed(settings: bpy.types.PropertyGroup, seed: int) -> None:
    """Let the walk go on to a sample."""
    settings.keyframes.add().seed = seed
    settings.keyframe_index = len(settings.keyframes) - 1


def add_latent(settings: bpy.types.PropertyGroup, title: str, latent: np.ndarray) -> None:
    """Let the walk go on to a latent, float32 (styles, numbers), that is kept in the file."""
    keyframe = settings.keyframes.add()
    keyframe.title = title
    keyframe.shape = latent.shape
    data = np.ascontiguousarray(latent, "<f4").tobytes()
    keyframe.latent = base64.b64encode(data).decode()
    settings.keyframe_index = len(settings.keyframes) - 1


def latent_of(keyframe: bpy.types.PropertyGroup) -> np.ndarray | None:
    """Return a keyframe's latent, float32 (styles, numbers), or None where it is a seed."""
    if not keyframe.latent:
        return None
    data = base64.b64decode(keyframe.latent)
    return np.frombuffer(data, "<f4").reshape(tuple(keyframe.shape))


def remove(settings: bpy.types.PropertyGroup, index: int) -> None:
    """Take a keyframe out of the walk."""
    settings.keyframes.remove(index)
    settings.keyframe_index = max(0, min(settings.keyframe_index, len(settings.keyframes) - 1))


def toggle_seed(settings: bpy.types.PropertyGroup, seed: int) -> None:
    """Let the walk end with a sample, or go no more to it where it does."""
    for index, keyframe in enumerate(settings.keyframes):
        if keyframe.seed == seed and not keyframe.latent:
            remove(settings, index)
            return
    add_seed(settings, seed)


def orders_of(settings: bpy.types.PropertyGroup) -> dict[int, list[int]]:
    """Return for each seed among the keyframes which it is, from 1."""
    orders: dict[int, list[int]] = {}
    for number, keyframe in enumerate(settings.keyframes, start=1):
        if not keyframe.latent:
            orders.setdefault(keyframe.seed, []).append(number)
    return orders


def copy(source: bpy.types.PropertyGroup, target: bpy.types.PropertyGroup) -> None:
    """Let settings have the keyframes of others."""
    target.keyframes.clear()
    for keyframe in source.keyframes:
        added = target.keyframes.add()
        for name in ("seed", "title", "shape", "latent"):
            setattr(added, name, getattr(keyframe, name))
    target.keyframe_index = source.keyframe_index


def asked(settings: bpy.types.PropertyGroup) -> tuple[tuple[str, ...], Inputs]:
    """Return keyframes as the task `walk` takes them: their names, and latents by name.

    Raises GenerativeError `one-keyframe`.
    """
    names, inputs = [], Inputs()
    for number, keyframe in enumerate(settings.keyframes, start=1):
        latent = latent_of(keyframe)
        if latent is None:
            names.append(str(keyframe.seed))
        else:
            names.append(f"latent {number}")
            inputs[names[-1]] = latent.astype(np.float32)
    if len(names) == 1:
        raise GenerativeError("one-keyframe")
    return tuple(names), inputs
