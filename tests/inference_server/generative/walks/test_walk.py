"""A frame is the same whichever others are made, and however often it is asked for."""

import numpy as np
import pytest
from zograscope_server.generative.generator import latents_of
from zograscope_server.generative.walks import paths
from zograscope_server.generative.walks.directions import find_directions
from zograscope_server.generative.walks.space import centre_of, map_latents, styles_of
from zograscope_server.generative.walks.styling import make_styling
from zograscope_server.generative.walks.walk import Walk, find_pace

FRAMES = 21


@pytest.fixture(scope="module")
def walk(generator) -> Walk:
    path = paths.smooth(styles_of(generator, [1, 2, 3]), centre_of(generator), loop=True)
    styling = make_styling(generator, find_directions(generator), truncation=0.8)
    plain = Walk(generator, path, styling, 5, FRAMES, loop=True)
    return Walk(generator, path, styling, 5, FRAMES, loop=True, pace=find_pace(plain))


@pytest.fixture(scope="module")
def whole(walk) -> dict[int, np.ndarray]:
    return dict(walk.pictures(0, FRAMES - 1))


@pytest.mark.parametrize(("first", "last"), [(0, 0), (20, 20), (7, 8), (3, 17), (8, 15)])
def test_any_part_is_as_in_the_whole(walk, whole, first, last):
    part = dict(walk.pictures(first, last))
    assert list(part) == list(range(first, last + 1))
    for number, picture in part.items():
        np.testing.assert_array_equal(picture, whole[number])


def test_the_pace_is_found_again_to_the_bit(walk):
    np.testing.assert_array_equal(find_pace(walk).places, walk.pace.places)


def test_the_frame_after_the_last_would_be_the_first(walk):
    at_end = walk.path(walk.pace.at(np.array([1.0])))
    np.testing.assert_array_equal(at_end, walk.path(walk.pace.at(np.array([0.0]))))


def test_seeds_are_mapped_alike_alone_and_among_others(generator):
    latents = latents_of(range(40), generator.latent_size)
    together = map_latents(generator, latents)
    np.testing.assert_array_equal(together[7:8], map_latents(generator, latents[7:8]))


def test_sound_moves_shares_and_directions(generator, walk):
    directions = find_directions(generator)
    shares = np.linspace(0, 1, FRAMES, endpoint=False) ** 2
    amounts = np.zeros((FRAMES, 3))
    amounts[4] = [1.0, 0.0, 2.0]
    driven = Walk(
        generator,
        walk.path,
        walk.styling,
        5,
        FRAMES,
        loop=True,
        shares=shares,
        amounts=amounts,
        directions=directions,
    )
    plain = walk.styling.apply(walk.path(shares[4:5]))
    expected = plain + directions.step(0, 1.0) + directions.step(2, 2.0)
    np.testing.assert_allclose(driven.styles(4), expected, atol=1e-5)
    np.testing.assert_allclose(driven.styles(5), walk.styling.apply(walk.path(shares[5:6])))
