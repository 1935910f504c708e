"""Looks keep a picture's shape, range and scene, and depend on nothing but their generator."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from training.depth import archive_look as looks

INGREDIENTS = sorted(
    {
        ingredient
        for recipe in (
            *(recipe for recipe, _ in looks.LOOKS),
            *(recipe for recipe, _ in looks.TECHNIQUES),
        )
        for ingredient, _ in recipe
    },
    key=lambda ingredient: ingredient.__name__,
)
SIZES = st.tuples(st.integers(32, 90), st.integers(32, 90))


def make_picture(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A soft random picture with black and white in it."""
    noise = np.random.default_rng(seed).random((6, 8, 3), dtype=np.float32)
    noise[0, 0], noise[-1, -1] = 0, 1
    return np.clip(cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


def assert_is_picture(result: np.ndarray, size: tuple[int, int]) -> None:
    assert result.shape == (*size, 3)
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert result.min() >= -1e-6
    assert result.max() <= 1 + 1e-6


@pytest.mark.parametrize("ingredient", INGREDIENTS, ids=lambda ingredient: ingredient.__name__)
def test_ingredients_are_pure(ingredient):
    for seed in range(12):
        picture = make_picture((48, 64), seed)
        before = picture.copy()
        first = ingredient(picture, np.random.default_rng(seed))
        assert_is_picture(first, (48, 64))
        np.testing.assert_array_equal(picture, before)
        np.testing.assert_array_equal(first, ingredient(picture, np.random.default_rng(seed)))


@settings(max_examples=60)
@given(size=SIZES, seed=st.integers(0, 2**32), with_depth=st.booleans())
def test_any_look_of_any_size(size, seed, with_depth):
    picture = make_picture(size, seed)
    disparity = np.linspace(0, 1, size[0])[:, None] * np.ones(size) if with_depth else None
    first, again = (
        looks.archive_look(picture, np.random.default_rng(seed), disparity) for _ in range(2)
    )
    assert_is_picture(first, size)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_blank_pictures_stay_finite(value):
    for seed in range(40):
        blank = np.full((48, 64, 3), value, np.float32)
        assert_is_picture(looks.archive_look(blank, np.random.default_rng(seed)), (48, 64))


def test_pictures_larger_than_the_banks():
    size = (40, looks.BANK + 50)
    assert_is_picture(looks.film_grain(make_picture(size), np.random.default_rng(0)), size)


def test_the_scene_survives():
    """Blurred tones of the look keep the order of the blurred tones of the picture."""

    def tones(picture: np.ndarray) -> np.ndarray:
        return cv2.resize(looks.grey_of(picture), (16, 12), interpolation=cv2.INTER_AREA).ravel()

    picture = np.repeat(make_picture((192, 256))[..., :1], 3, axis=2)
    alike = [
        np.corrcoef(tones(picture), tones(looks.archive_look(picture, np.random.default_rng(seed))))
        for seed in range(60)
    ]
    alike = np.array(alike)[:, 0, 1]
    assert alike.min() > 0.5
    assert np.median(alike) > 0.95


def test_defocus_keeps_the_plane_of_focus_sharp():
    picture = make_picture((64, 64))
    same = looks.defocus_by_depth(picture, np.full((64, 64), 0.4), np.random.default_rng(0))
    np.testing.assert_allclose(same, picture, atol=1e-6)


@settings(max_examples=40)
@given(size=SIZES, seed=st.integers(0, 2**32))
def test_a_border_moves_picture_and_disparity_alike(size, seed):
    disparity = np.add.outer(np.linspace(0.2, 0.7, size[0]), np.linspace(0, 0.3, size[1]))
    disparity = disparity.astype(np.float32)
    picture = np.repeat(disparity[..., None], 3, axis=2)
    shown, moved, inside = looks.paper_border(picture, disparity, np.random.default_rng(seed))
    assert_is_picture(shown, size)
    assert moved.shape == inside.shape == size
    assert inside.dtype == bool
    assert 0.2 < inside.mean() < 1
    assert not moved[~inside].any()
    assert set(moved[inside]) <= set(disparity.ravel())
    within = ndimage.binary_erosion(inside, np.ones((5, 5)))
    np.testing.assert_allclose(shown[within][:, 0], moved[within], atol=0.06)
