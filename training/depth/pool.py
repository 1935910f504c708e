"""A pool of rendered scenes on disk: shards that are made once and read many times.

A shard holds a few pictures of one size. Shard n is the same on every machine; several processes
may fill one folder.
"""

import os
from pathlib import Path

import numpy as np

from training.depth.rendering import render
from training.depth.scenes import make_scene, picture_size

SEED = 1850
SCENES_IN_SHARD = 12


def expose(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn linear light into an sRGB picture (uint8), exposed as a camera or its owner might."""
    white = float(np.percentile(light, rng.uniform(85, 99))) + 1e-6
    scaled = light / white * rng.uniform(0.6, 1.1)
    rolled = np.where(scaled < 0.7, scaled, 1 - 0.3 * np.exp(-(scaled - 0.7) / 0.3))
    return (np.clip(rolled, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


def make_shard(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Render shard `number`.

    Returns:
        pictures (SCENES_IN_SHARD, height, width, 3) uint8 sRGB, and disparity (..., height, width)
        float16, 1 / depth scaled to 1 at the nearest pixel and 0 at infinity.
    """
    size = picture_size(np.random.default_rng([SEED, number]))
    pictures, disparities = [], []
    for scene_number in range(SCENES_IN_SHARD):
        rng = np.random.default_rng([SEED, number, scene_number])
        disparity: np.ndarray = np.zeros(size, np.float32)
        while disparity.max() < 1.01 * disparity.min() + 1e-9:  # an empty view: look elsewhere
            scene, camera = make_scene(rng, size)
            light, depth = render(scene, camera)
            disparity = 1 / depth
        pictures.append(expose(light, rng))
        disparities.append((disparity / disparity.max()).astype(np.float16))
    return np.stack(pictures), np.stack(disparities)


def shard_path(folder: Path, number: int) -> Path:
    """Where shard `number` lies."""
    return folder / f"{number:06d}.npy"


def fill(folder: Path, count: int, first: int = 0, step: int = 1) -> None:
    """Render the shards that are missing of first, first + step, ... below `count`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, count, step):
        path = shard_path(folder, number)
        if path.exists():
            continue
        pictures, disparities = make_shard(number)
        record = np.zeros(len(pictures), record_type(pictures.shape[1:3]))
        record["picture"], record["disparity"] = pictures, disparities
        partial = path.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as file:
            np.save(file, record)
        partial.replace(path)


def record_type(size: tuple[int, int]) -> np.dtype:
    """One scene of a shard, so that a memory-mapped file is read scene by scene."""
    return np.dtype([("picture", np.uint8, (*size, 3)), ("disparity", np.float16, size)])


def shards(folder: Path) -> list[Path]:
    """The shards that are ready."""
    return sorted(folder.glob("[0-9]*.npy"))
