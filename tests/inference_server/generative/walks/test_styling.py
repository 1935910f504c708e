"""Truncation, mixing and semantic directions do what they say, to styles and to images."""

import numpy as np
import torch
from zograscope_server.generative.walks.directions import find_directions
from zograscope_server.generative.walks.space import (
    centre_of,
    styles_of,
    wide,
)
from zograscope_server.generative.walks.styling import make_styling


def test_truncation_leads_to_the_mean_style(generator):
    directions = find_directions(generator)
    styles = wide(generator, styles_of(generator, [1, 2]))
    centre = centre_of(generator)
    none = make_styling(generator, directions, truncation=0.0).apply(styles)
    np.testing.assert_allclose(none, np.broadcast_to(centre, styles.shape), atol=1e-6)
    half = make_styling(generator, directions, truncation=0.5).apply(styles)
    np.testing.assert_allclose(half, (styles + centre) / 2, atol=1e-6)
    whole = make_styling(generator, directions).apply(styles)
    np.testing.assert_allclose(whole, styles, atol=1e-6)


def test_mixing_takes_finer_resolutions_from_another(generator):
    directions = find_directions(generator)
    styles = styles_of(generator, [1])
    other = styles_of(generator, [9])[0, 0]
    mixed = make_styling(generator, directions, mix_seed=9, mix_from=8).apply(styles)[0]
    for row, resolution in enumerate(generator.resolutions):
        expected = other if resolution >= 8 else styles[0, 0]
        np.testing.assert_allclose(mixed[row], expected, atol=1e-6)


def test_directions_are_those_that_weights_amplify_most(generator):
    directions = find_directions(generator)
    stacked = torch.cat(generator.style_weights()).double().numpy()
    amplified = np.linalg.norm(stacked @ directions.vectors.astype(np.float64).T, axis=0)
    assert (np.diff(amplified) < 1e-6).all(), "the strongest come first"
    exact = np.linalg.svd(stacked)[1]
    np.testing.assert_allclose(amplified, exact, rtol=1e-3, atol=1e-3)
    product = directions.vectors @ directions.vectors.T
    np.testing.assert_allclose(product, np.eye(len(directions)), atol=1e-5)
    largest = np.abs(directions.vectors).argmax(axis=1)
    assert (directions.vectors[np.arange(len(largest)), largest] > 0).all()


def test_strength_is_in_spreads_of_the_styles(generator):
    directions = find_directions(generator)
    styles = styles_of(generator, range(1000, 1600))[:, 0]
    along = styles @ directions.vectors[2]
    assert abs(directions.spreads[2] / along.std() - 1) < 0.15
    moved = make_styling(generator, directions, moved=[(2, 1.5)]).apply(styles[:1, None])
    gone = (moved - styles[:1, None])[0, 0] @ directions.vectors[2]
    np.testing.assert_allclose(gone, 1.5 * directions.spreads[2], rtol=1e-4)
