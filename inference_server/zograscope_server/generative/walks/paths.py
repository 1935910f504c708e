"""Ways through the styles of a generator, from keyframe to keyframe or on smooth noise.

A path is a function: of places from 0 to 1 it makes styles. A closed one is the same at 1 as at 0.
Styles of chance lie about a mean style at much the same distance, as on a sphere, and what lies
nearer to it looks more like the average image. So on curved ways the distance is led from keyframe
to keyframe too; only straight ones pass through the middle.
"""

from collections.abc import Callable

import numpy as np

from zograscope_server.generative.generator import Generator
from zograscope_server.generative.walks.space import map_latents

Path = Callable[[np.ndarray], np.ndarray]
"""Makes (n, rows, style_size) float32 styles of (n,) places from 0 to 1, each by itself."""

NEAR = 0.1
"""Of a style's distance from the mean: what comes nearer than this is not led out again."""


def linear(keyframes: np.ndarray, *, loop: bool) -> Path:
    """Return the straight way from each of (k, rows, style_size) keyframes to the next."""
    stops = _closed(keyframes, loop)

    def path(places: np.ndarray) -> np.ndarray:
        index, share = _legs(places, len(stops), loop)
        return _float(stops[index] + (stops[index + 1] - stops[index]) * share)

    return path


def spherical(keyframes: np.ndarray, centre: np.ndarray, *, loop: bool) -> Path:
    """Return the way along great circles about the mean style (Shoemake 1985).

    Directions turn at constant speed from keyframe to keyframe, and distances grow evenly.

    Args:
        keyframes: (k, rows, style_size).
        centre: (style_size,), the mean style.
        loop: whether the last leads to the first.
    """
    stops = _closed(keyframes, loop) - centre
    lengths = np.linalg.norm(stops, axis=2, keepdims=True)
    units = stops / np.maximum(lengths, np.finfo(np.float64).tiny)
    cosines = (units[:-1] * units[1:]).sum(axis=2, keepdims=True).clip(-1, 1)
    angles = np.arccos(cosines)
    # Opposite directions have no great circle of their own, and alike ones need none.
    straight = np.sin(angles) < 1e-6

    def path(places: np.ndarray) -> np.ndarray:
        index, share = _legs(places, len(stops), loop)
        angle = np.where(straight[index], 1.0, angles[index])
        begin = np.where(straight[index], 1 - share, np.sin((1 - share) * angle) / np.sin(angle))
        end = np.where(straight[index], share, np.sin(share * angle) / np.sin(angle))
        way = begin * units[index] + end * units[index + 1]
        length = lengths[index] * (1 - share) + lengths[index + 1] * share
        return _float(centre + way * length)

    return path


def smooth(keyframes: np.ndarray, centre: np.ndarray, *, loop: bool) -> Path:
    """Return a cubic spline through the keyframes, with continuous curvature; closed, everywhere.

    Args:
        keyframes: (k, rows, style_size).
        centre: (style_size,), the mean style, which the way keeps its distance from.
        loop: whether the last leads to the first.
    """
    from scipy.interpolate import CubicSpline

    stops = _closed(keyframes, loop) - centre
    lengths = np.linalg.norm(stops, axis=2, keepdims=True)
    places_of = np.linspace(0, 1, len(stops))
    ends = "periodic" if loop else "natural"
    way = CubicSpline(places_of, stops, bc_type=ends)
    length = CubicSpline(places_of, lengths, bc_type=ends)

    def path(places: np.ndarray) -> np.ndarray:
        places = _wrapped(places, loop)
        return _float(centre + at_length(way(places), length(places)))

    return path


def noise(generator: Generator, seed: int, harmonics: int, *, loop: bool) -> Path:
    """Return a way on smooth noise in the latent, which stays typical wherever it is.

    Each number of the latent is a sum of a few waves with normally distributed heights, so that it
    is normally distributed itself at any place: mean 0, variance 1.

    Args:
        generator: maps latents to styles.
        seed: of the noise.
        harmonics: waves; more of them go further.
        loop: whether it returns; if not, it is half of one of twice as many waves.
    """
    waves = harmonics if loop else 2 * harmonics
    drawn = np.random.default_rng(seed).standard_normal((2, waves, generator.latent_size))
    turns = 2 * np.pi * np.arange(1, waves + 1) * (1.0 if loop else 0.5)

    def path(places: np.ndarray) -> np.ndarray:
        angles = _wrapped(places, loop)[:, None, None] * turns[:, None]
        latents = np.cos(angles) * drawn[0] + np.sin(angles) * drawn[1]
        return map_latents(generator, _float(latents.sum(axis=1) / np.sqrt(waves)))

    return path


def through(points: np.ndarray, at: Callable[[np.ndarray], np.ndarray], *, loop: bool) -> Path:
    """Return the way through points of a map, straight from each to the next.

    Args:
        points: (n, 2).
        at: makes (m, rows, style_size) styles of (m, 2) points.
        loop: whether the last leads to the first.
    """
    stops = _closed(points[:, None], loop)

    def path(places: np.ndarray) -> np.ndarray:
        if len(stops) == 1:
            return at(np.repeat(stops[:, 0], len(places), axis=0))
        index, share = _legs(places, len(stops), loop)
        return at((stops[index] + (stops[index + 1] - stops[index]) * share)[:, 0])

    return path


def at_length(way: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return (..., n) vectors at (..., 1) lengths; those that nearly vanish stay short."""
    found = np.sum(way * way, axis=-1, keepdims=True)
    room = (NEAR * length) ** 2
    return way * np.sqrt((length**2 + room) / np.maximum(found + room, np.finfo(float).tiny))


def _closed(keyframes: np.ndarray, loop: bool) -> np.ndarray:
    stops = keyframes.astype(np.float64)
    return np.concatenate([stops, stops[:1]]) if loop and len(stops) > 1 else stops


def _wrapped(places: np.ndarray, loop: bool) -> np.ndarray:
    return places % 1.0 if loop else np.clip(places, 0.0, 1.0)


def _legs(places: np.ndarray, stops: int, loop: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the stop before each place, and the (n, 1, 1) share of the way to the next."""
    along = _wrapped(places, loop) * (stops - 1)
    index = np.minimum(along.astype(np.int64), stops - 2)
    return index, (along - index)[:, None, None]


def _float(styles: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(styles, dtype=np.float32)
