"""What all kinds of scenes have: a camera, light, ground, and things about."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from training.depth import patterns
from training.depth.chance import pick
from training.depth.rendering import Camera, Light, Mesh, Scene
from training.depth.shapes import heightfield, quad
from training.depth.surfaces import surface

Place = tuple[float, float, float]


def camera_at(
    rng: Generator, position: Place, yaw: float, pitch: float,
    view: tuple[float, float] = (35, 80),
) -> Camera:  # fmt: skip
    """A camera with a field of view between these degrees, held nearly upright."""
    roll = rng.normal(0, 0.02) if rng.random() < 0.85 else rng.normal(0, 0.15)
    return Camera(position, yaw, pitch, roll, np.radians(rng.uniform(*view)))


def looking_at(
    rng: Generator, position: Place, target: Place, view: tuple[float, float] = (35, 80)
) -> Camera:
    """A camera that looks at a place, more or less in the middle."""
    x, y, z = np.subtract(target, position)
    yaw, pitch = np.arctan2(-x, y), np.arctan2(z, np.hypot(x, y))
    loose = rng.normal(0, 0.06, 2)
    return camera_at(rng, position, float(yaw + loose[0]), float(pitch + loose[1]), view)


def daylight(scene: Scene) -> None:
    """Sun or overcast, any hour and colour, with or without haze."""
    rng = scene.rng
    height, turn = rng.uniform(0.08, 1.4), rng.uniform(0, 2 * np.pi)
    sun = np.array([np.cos(turn) * np.cos(height), np.sin(turn) * np.cos(height), np.sin(height)])
    strength = pick(rng, [0.0, rng.uniform(0.5, 3.0)], [0.25, 0.75])
    warm = np.array([1.0, rng.uniform(0.75, 1), rng.uniform(0.45, 1)])
    scene.lights = [Light(sun.astype(np.float32), strength * warm)] if strength else []
    bright = rng.uniform(0.35, 1.1)
    scene.horizon = bright * (np.array([0.85, 0.9, 0.95]) + rng.normal(0, 0.1, 3)).clip(0.2, 1)
    blue = np.array([0.3, 0.5, 0.9]) + rng.normal(0, 0.08, 3)
    grey = np.full(3, rng.uniform(0.3, 1))
    scene.zenith = bright * (blue if rng.random() < 0.6 else grey).clip(0.05, 1)
    scene.clouds = pick(rng, [0.0, rng.uniform(0.2, 0.9)], [0.4, 0.6])
    scene.haze = float(pick(rng, [0.0, 10 ** rng.uniform(-4, -1.7)], [0.3, 0.7]))


def lamplight(scene: Scene, low: Place, high: Place) -> None:
    """One to three lamps or bright windows between two corners of a room."""
    rng = scene.rng
    size = float(np.linalg.norm(np.subtract(high, low)))
    ambient = rng.uniform(0.1, 0.6)
    tint = np.array([1.0, rng.uniform(0.8, 1.0), rng.uniform(0.55, 1.1)])
    scene.horizon, scene.zenith = ambient * tint, ambient * tint * rng.uniform(0.6, 1.2)
    count = int(rng.integers(1, 4))
    for _ in range(count):
        warm = np.array([1.0, rng.uniform(0.75, 1.0), rng.uniform(0.5, 1.0)])
        strength = rng.uniform(0.1, 0.5) * size**2 / count
        scene.lights.append(Light(rng.uniform(low, high).astype(np.float32), strength * warm, True))


def ground(scene: Scene, *pattern_kinds: str, kind: str = "soil", reach: float = 400.0) -> int:
    """A level ground; returns its material."""
    material = surface(scene, kind, *pattern_kinds, scale=0.5)
    corners = reach * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    scene.add(quad(corners, material))
    return material


def backdrop_hills(scene: Scene, distance: float) -> None:
    """Hills, woods or mountains round about, from `distance` on."""
    rng = scene.rng
    angles = np.linspace(-np.pi, np.pi, 90)
    noise = patterns.noise(rng, 1.3)
    for ring in range(int(rng.integers(1, 4))):
        far = distance * (1 + 1.2 * ring)
        height = far * rng.uniform(0.03, 0.25)
        ridge = height * noise[10 * ring, np.arange(90) * 2]
        scale = np.linspace(0, 1, 8)[:, None] ** 1.5
        heights = scale * ridge[None] - 0.5 * (scale == 0)
        hills = heightfield(heights, angles, np.linspace(0.8, 1.2, 8) * far,
                            surface(scene, pick(rng, ["leaf", "soil", "stone", "snow"]),
                                    "foliage", "clouds", "veins", scale=0.02))  # fmt: skip
        turn, radius = hills.vertices[:, 0].copy(), hills.vertices[:, 1].copy()
        hills.vertices[:, 0], hills.vertices[:, 1] = radius * np.sin(turn), radius * np.cos(turn)
        scene.add(hills)


def scatter(
    scene: Scene, make: Callable[[Scene], Mesh], kinds: int, places: np.ndarray,
    scale: tuple[float, float] = (0.7, 1.3),
) -> None:  # fmt: skip
    """Put things at (n, 3) places: a few kinds of them, turned and scaled."""
    rng = scene.rng
    models = [make(scene) for _ in range(kinds)]
    for place in places:
        model = models[rng.integers(kinds)]
        scene.add(model.placed(tuple(place), turn=rng.uniform(0, 6.3), scale=rng.uniform(*scale)))


def ahead(
    rng: Generator, count: int, near: float, far: float, spread: float = 0.7, height: float = 0.0
) -> np.ndarray:
    """(count, 3) places in front of the origin, dense near and sparse far."""
    y = np.exp(rng.uniform(np.log(near), np.log(far), count))
    return np.stack([y * rng.uniform(-spread, spread, count), y, np.full(count, height)], 1)
