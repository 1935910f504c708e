"""A walk at constant speed changes as much in each frame."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.generative.walks import paths
from zograscope_server.generative.walks.sight import seen
from zograscope_server.generative.walks.space import (
    centre_of,
    in_colour,
    make_pictures,
    styles_of,
)
from zograscope_server.generative.walks.speed import UNEVEN, Pace, constant_speed


def variation(steps: np.ndarray) -> float:
    return float(steps.std() / steps.mean())


def steps_of(looks: np.ndarray) -> np.ndarray:
    """How much each changes to the next; a loop's last to its first."""
    return np.linalg.norm(np.roll(looks, -1, axis=0) - looks, axis=1)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), stops=st.integers(2, 6), loop=st.booleans())
def test_a_curve_of_any_speed_is_walked_evenly(seed, stops, loop):
    rng = np.random.default_rng(seed)
    amounts = rng.uniform(0.2, 3, stops)

    def path(places):
        turn = places + sum(
            0.9 / (2 * np.pi * stops * (k + 1)) * amount / 3 * np.sin(2 * np.pi * (k + 1) * places)
            for k, amount in enumerate(amounts)
        )
        angle = 2 * np.pi * turn if loop else 3 * turn
        return np.stack([np.cos(angle), np.sin(angle)], 1)[:, None].astype(np.float32)

    pace = constant_speed(path, lambda styles: styles[:, 0], 90, loop=loop)
    looks = path(pace.at(np.arange(90) / (90 if loop else 89)))[:, 0]
    steps = steps_of(looks) if loop else steps_of(looks)[:-1]
    assert variation(steps) < 0.05
    places = pace.at(np.linspace(0, 1, 1000))
    assert places[0] == 0 and places[-1] == pytest.approx(1, abs=1e-12)
    assert (np.diff(places) > 0).all()


def test_what_stands_still_is_walked_as_it_is():
    still = np.zeros((1, 1, 4), np.float32)
    pace = constant_speed(
        lambda places: np.repeat(still, len(places), 0), lambda s: s[:, 0], 10, loop=True
    )
    assert pace is UNEVEN
    np.testing.assert_array_equal(UNEVEN.at(np.array([0.0, 0.3, 1.0])), [0.0, 0.3, 1.0])


def test_part_of_a_path_that_stands_still_is_passed_quickly():
    def path(places):
        return np.maximum(places - 0.5, 0)[:, None, None].astype(np.float32)

    pace = constant_speed(path, lambda styles: styles[:, 0], 100, loop=False)
    assert pace.at(np.array([0.1]))[0] > 0.45


def test_a_pace_is_the_same_from_its_places():
    pace = Pace(np.linspace(0, 1, 9) ** 2)
    shares = np.linspace(0, 1, 77)
    np.testing.assert_array_equal(pace.at(shares), Pace(pace.places.copy()).at(shares))
    assert pace.at(shares[5:6])[0] == pace.at(shares)[5], "by itself as among others"


def loop_of(generator, seeds) -> paths.Path:
    return paths.smooth(styles_of(generator, seeds), centre_of(generator), loop=True)


def pictures_of(generator, path, pace, frames) -> np.ndarray:
    styles = path(pace.at(np.arange(frames) / frames))
    return in_colour(make_pictures(generator, styles, 0))


def see(generator, styles):
    return seen(in_colour(make_pictures(generator, styles, 0)))


def test_pictures_change_evenly(generator):
    path = loop_of(generator, [1, 2, 3])
    looks = {}
    for name in ("plain", "even"):
        pace = UNEVEN
        if name == "even":
            pace = constant_speed(path, partial(see, generator), 60, loop=True)
        looks[name] = seen(pictures_of(generator, path, pace, 60))
    plain, even = (steps_of(looks[name]) for name in ("plain", "even"))
    assert variation(even) < 0.05 < variation(plain)
    assert even[-1] < 1.1 * even[:-1].max(), "back to the first as anywhere else"
