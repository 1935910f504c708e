"""Paths pass through their keyframes, close without a jump, and stay where images are typical."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.generative.walks import paths

SIZE = 24
CENTRE = np.linspace(-1, 1, SIZE).astype(np.float32)


def keyframes(count: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, 3, SIZE))
    return (CENTRE + drawn).astype(np.float32)


def ways(stops: np.ndarray, *, loop: bool) -> dict[str, paths.Path]:
    return {
        "linear": paths.linear(stops, loop=loop),
        "spherical": paths.spherical(stops, CENTRE, loop=loop),
        "smooth": paths.smooth(stops, CENTRE, loop=loop),
    }


@settings(max_examples=20)
@given(count=st.integers(2, 7), loop=st.booleans(), seed=st.integers(0, 99))
def test_it_passes_through_its_keyframes_in_order(count, loop, seed):
    stops = keyframes(count, seed)
    places = np.arange(count) / (count if loop else count - 1)
    for name, path in ways(stops, loop=loop).items():
        np.testing.assert_allclose(path(places), stops, atol=2e-5, err_msg=name)
        np.testing.assert_array_equal(path(places[1:2])[0], path(places)[1], err_msg=name)


@pytest.mark.parametrize("name", ["linear", "spherical", "smooth"])
def test_a_loop_is_the_same_at_its_end_and_goes_on(name):
    path = ways(keyframes(5), loop=True)[name]
    np.testing.assert_array_equal(path(np.array([0.0])), path(np.array([1.0])))
    places = np.linspace(0, 1, 2001)
    steps = np.linalg.norm(np.diff(path(places), axis=0), axis=(1, 2))
    assert steps.max() < 4 * np.median(steps)


def test_a_smooth_loop_has_continuous_curvature():
    path = paths.smooth(keyframes(4).astype(np.float64), CENTRE, loop=True)
    step = 1e-3
    around = path(np.arange(-3, 4) * step % 1.0)[:, 0]
    second = np.diff(around, 2, axis=0) / step**2
    # A corner's second difference would be as large as 1 / step times its turn.
    assert np.linalg.norm(np.diff(second, axis=0), axis=1).max() < 0.2 * np.linalg.norm(second[2])


def test_curved_ways_keep_their_distance_from_the_mean_and_straight_ones_do_not():
    stops = keyframes(6)
    places = np.linspace(0, 1, 200)
    far = {
        name: np.linalg.norm(path(places) - CENTRE, axis=2)
        for name, path in ways(stops, loop=True).items()
    }
    least = np.linalg.norm(stops - CENTRE, axis=2).min(axis=0)
    assert (far["spherical"] > 0.99 * least).all()
    assert (far["smooth"] > 0.85 * least).all()
    assert (far["linear"].min(axis=0) < 0.85 * least).all()


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_directions_that_are_alike_or_opposite_are_walked_too(turn):
    first = keyframes(1)
    path = paths.spherical(
        np.concatenate([first, CENTRE + turn * (first - CENTRE)]), CENTRE, loop=False
    )
    assert np.isfinite(path(np.linspace(0, 1, 11))).all()


@pytest.mark.parametrize("loop", [True, False])
def test_noise_is_typical_everywhere(generator, loop):
    latents = []

    class Spy:
        latent_size, device = generator.latent_size, generator.device

        def styles(self, rows):
            latents.append(rows.numpy().copy())
            return rows

    path = paths.noise(Spy(), 3, 2, loop=loop)
    path(np.linspace(0, 1, 50))
    drawn = np.concatenate(latents)
    assert drawn.std(axis=1).min() > 0.8 and drawn.std(axis=1).max() < 1.2
    assert np.abs(drawn.mean(axis=1)).max() < 0.35
    closing = np.abs(drawn[-1] - drawn[0]).max()
    assert closing < 1e-5 if loop else closing > 1


def test_places_of_a_map_are_met_exactly():
    def at(places):
        return places[:, None].astype(np.float32)

    places = np.random.default_rng(0).uniform(0, 1, (7, 2))
    closed, open_ = paths.through(places, at, loop=True), paths.through(places, at, loop=False)
    np.testing.assert_allclose(closed(np.arange(7) / 7)[:, 0], places, atol=1e-6)
    np.testing.assert_allclose(open_(np.arange(7) / 6)[:, 0], places, atol=1e-6)
    np.testing.assert_allclose(
        paths.through(places[:1], at, loop=True)(np.zeros(2))[:, 0], places[[0, 0]], atol=1e-6
    )
