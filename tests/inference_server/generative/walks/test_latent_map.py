"""On a latent map alike samples are side by side, each at its node, with smooth ways between."""

import numpy as np
from zograscope_server.generative.walks.latent_map import arrange, make_latent_map
from zograscope_server.generative.walks.space import styles_of

SIDE = 5


def test_nodes_are_the_samples_and_y_is_up(generator):
    plane = make_latent_map(generator, 7, SIDE)
    assert plane.seeds.shape == (SIDE, SIDE) and plane.seeds.dtype == np.int64
    assert len(np.unique(plane.seeds)) == SIDE**2
    ticks = np.linspace(0, 1, SIDE)
    for row in range(SIDE):
        places = np.stack([ticks, np.full(SIDE, 1 - ticks[row])], 1)
        expected = styles_of(generator, plane.seeds[row].tolist())
        np.testing.assert_allclose(plane.at(places), expected, atol=1e-4)


def test_it_is_the_same_each_time_and_another_for_another_seed(generator):
    first, again, other = (make_latent_map(generator, seed, 3) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.seeds, again.seeds)
    assert set(first.seeds.ravel()) != set(other.seeds.ravel())


def test_ways_between_are_smooth_and_the_rim_holds(generator):
    plane = make_latent_map(generator, 1, SIDE)
    step = 1e-4
    node = 1 / (SIDE - 1)
    x = node + np.array([-2, -1, 0, 1, 2]) * step
    styles = plane.at(np.stack([x, np.full(5, 0.4)], 1))[:, 0].astype(np.float64)
    speeds = np.diff(styles, axis=0) / step
    turn = np.linalg.norm(speeds[2] - speeds[1])
    assert turn < 0.05 * np.linalg.norm(speeds[1]), "no corner at a node"
    beyond = plane.at(np.array([[-3.0, 2.0], [0.0, 1.0]]))
    np.testing.assert_array_equal(beyond[0], beyond[1])


def test_alike_things_lie_side_by_side():
    side = 8
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)
    features = np.random.default_rng(0).permutation(places).astype(np.float32)
    grid = features[arrange(features, side)].reshape(side, side, 2)
    assert sorted(arrange(features, side)) == list(range(side * side))
    apart = np.linalg.norm(np.diff(grid, axis=0), axis=2).mean()
    by_chance = np.linalg.norm(np.diff(features.reshape(side, side, 2), axis=0), axis=2).mean()
    assert apart < 0.45 * by_chance
