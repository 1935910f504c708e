"""What is told of a model: distances that are right, and copies and collapse that are found."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from zograscope_server.embedding.descriptor import ColourAndTexture
from zograscope_server.generative.training.metrics import (
    COLLAPSED,
    Metrics,
    Ruler,
    Space,
    diversity,
    features,
    frechet_distance,
    layouts,
    nearest_ratio,
    warnings_of,
)
from zograscope_server.images import read_reduced_photograph

SIDE = 64


class Shown:
    """Pictures as a training set has them."""

    def __init__(self, pictures: np.ndarray) -> None:
        self.all = pictures

    def __len__(self) -> int:
        return len(self.all)

    def pictures(self, views: np.ndarray) -> np.ndarray:
        return self.all[views]


# Fréchet distance


def gaussian(count: int, mean: np.ndarray, root: np.ndarray, seed: int = 0) -> np.ndarray:
    """Samples with exactly that mean and the covariance root @ root.T."""
    drawn = np.random.default_rng(seed).normal(size=(count, len(mean)))
    drawn -= drawn.mean(axis=0)
    whitening = np.linalg.inv(np.linalg.cholesky(np.cov(drawn, rowvar=False)))
    return drawn @ whitening.T @ root.T + mean


def test_the_distance_of_gaussians_with_the_same_axes_is_known():
    one = gaussian(50, np.array([1.0, 2.0, 0.0]), np.diag([1.0, 2.0, 3.0]))
    other = gaussian(40, np.array([0.0, 2.0, 2.0]), np.diag([2.0, 2.0, 0.5]), seed=1)
    known = (1 + 4) + (1 + 0 + 2.5**2)
    assert frechet_distance(one, other) == pytest.approx(known)


@settings(max_examples=30)
@given(st.integers(1, 8), st.integers(20, 60), st.integers(0, 2**32 - 1))
def test_the_distance_is_that_of_its_formula(dimensions, count, seed):
    random = np.random.default_rng(seed)
    one, other = (
        random.normal(size=(count, dimensions)) @ random.normal(size=(dimensions, dimensions))
        + random.normal(size=dimensions)
        for _ in range(2)
    )
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, other))
    mean = one.mean(0) - other.mean(0)
    expected = mean @ mean + np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    found = frechet_distance(one, other)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5 * np.trace(first + second))
    assert frechet_distance(other, one) == pytest.approx(found, rel=1e-6, abs=1e-9)
    assert frechet_distance(one, one[::-1]) == pytest.approx(0, abs=1e-9 * np.trace(first))


def test_fewer_samples_than_dimensions_are_no_trouble():
    random = np.random.default_rng(0)
    one, other = random.normal(size=(5, 40)), random.normal(size=(3, 40)) + 7
    assert 40 * 49 < frechet_distance(one, other) < 40 * 49 + 1000
    assert frechet_distance(np.ones((4, 3)), np.ones((2, 3))) == 0


def test_a_space_has_the_collections_unit_whatever_the_embedder_has():
    random = np.random.default_rng(1)
    originals = random.normal(size=(90, 20)) * np.linspace(3, 0.1, 20)
    moved = originals[:40] + 0.3
    spaces = [Space(originals), Space(1000 * originals + 5)]
    assert np.square(spaces[0].originals).sum(axis=1).mean() == pytest.approx(1)
    np.testing.assert_allclose(
        frechet_distance(spaces[0].place(moved), spaces[0].originals),
        frechet_distance(spaces[1].place(1000 * moved + 5), spaces[1].originals),
    )


# Diversity and nearest neighbours


@pytest.mark.parametrize("size", [0.3, 1.0, 2.0])
def test_diversity_is_a_ratio_of_sizes(size):
    cloud = np.random.default_rng(0).normal(size=(80, 6))
    assert diversity(cloud[::-1] * size + 9, cloud) == pytest.approx(size)
    assert diversity(np.ones((5, 6)), cloud) == 0
    assert diversity(cloud, cloud) == pytest.approx(1)


def test_the_nearest_ratio_knows_copies_from_others():
    random = np.random.default_rng(0)
    cloud, others = random.normal(size=(2, 200, 5))
    assert nearest_ratio(cloud[:20], cloud) == 0
    assert nearest_ratio(others, cloud) == pytest.approx(1, abs=0.15)
    near = cloud[:50] + 0.01 * random.normal(size=(50, 5))
    assert nearest_ratio(near, cloud) < 0.1


# Pictures


@pytest.fixture(scope="module")
def cards(shared) -> np.ndarray:
    """A hundred and twenty real postcards, small."""
    files = sorted((shared / "collection" / "postcards").glob("*.jpg"))[:120]
    read = [read_reduced_photograph(file.read_bytes(), file.name, 2 * SIDE) for file in files]
    return np.stack([np.asarray(each.picture.resize((SIDE, SIDE))) for each in read])


@pytest.fixture(scope="module")
def ruler(cards) -> Ruler:
    return Ruler(Shown(cards[:60]), ColourAndTexture())


def moved(pictures: np.ndarray, seed: int = 0) -> np.ndarray:
    """Pictures a little aside, with some noise and in another brightness."""
    random = np.random.default_rng(seed)
    places = random.integers(0, 5, (len(pictures), 2))
    wide = np.pad(pictures, ((0, 0), (2, 2), (2, 2), (0, 0)), "reflect")
    aside = [
        picture[y : y + SIDE, x : x + SIDE] for picture, (y, x) in zip(wide, places, strict=True)
    ]
    light = random.uniform(0.9, 1.1, (len(pictures), 1, 1, 1))
    noise = random.normal(0, 4, pictures.shape)
    return np.clip(np.stack(aside) * light + noise, 0, 255).astype(np.uint8)


def blurred(pictures: np.ndarray, sigma: float) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(picture, (0, 0), sigma) for picture in pictures])


def test_other_images_of_the_collection_are_told_nothing(cards, ruler):
    real = ruler.measure(cards[60:100])
    assert real.frechet < 0.5
    assert 0.8 < real.diversity < 1.2
    assert 0.85 < real.layout < 1.15
    assert 0.8 < real.nearest < 1.3
    assert real.copies < 0.1
    assert warnings_of(real) == []


def test_the_worse_the_farther(cards, ruler):
    others = cards[60:90]
    noise = np.random.default_rng(0).integers(0, 256, others.shape).astype(np.uint8)
    distances = [
        ruler.measure(worse).frechet
        for worse in (others, blurred(others, 1.5), blurred(others, 3), noise)
    ]
    assert np.all(np.diff(distances) > 0.3)


@pytest.mark.parametrize("change", [moved, lambda x: blurred(x, 1.5), lambda x: 40 + x // 6 * 5])
def test_copies_are_told_whatever_was_done_to_them(cards, ruler, change):
    found = ruler.measure(change(cards[5:30]))
    assert found.nearest < 0.65 and found.copies > 0.4
    (told,) = warnings_of(found)
    assert f"{found.copies:.0%}" in told and f"{found.nearest:.2f}" in told
    _, distances = ruler.nearest(change(cards[5:30]), 3)
    assert (np.diff(distances) >= 0).all()


def test_half_copies_are_told_too(cards, ruler):
    mixed = np.concatenate([moved(cards[:15]), cards[80:95]])
    assert len(warnings_of(ruler.measure(mixed))) == 1


def test_samples_that_are_all_alike_are_told(cards, ruler):
    found = ruler.measure(moved(np.repeat(cards[70:71], 24, axis=0)))
    assert found.diversity < COLLAPSED
    (told,) = warnings_of(found)
    assert f"{found.diversity:.2f}" in told and "alike" in told


def test_lines_in_the_same_places_are_told_whatever_their_colours(cards, ruler):
    """As a generator makes them that has put the whole layout into a constant."""
    chance = np.random.default_rng(3)
    one = cards[70].astype(np.float32)
    weight = cv2.GaussianBlur(chance.random((30, *one.shape[:2])).transpose(1, 2, 0), (0, 0), 6)
    weight = (weight - weight.min()) / (weight.max() - weight.min())
    tinted = np.stack(
        [
            one * (0.6 + 0.4 * weight[..., [number]]) * chance.uniform(0.5, 1.0, 3)
            for number in range(30)
        ]
    ).astype(np.uint8)
    found = ruler.measure(tinted)
    assert found.layout < 0.7
    assert len(warnings_of(found)) >= 1


def test_the_nearest_of_a_copy_is_its_original(cards, ruler):
    views, distances = ruler.nearest(moved(cards[10:40]), 3)
    assert views.shape == distances.shape == (30, 3)
    assert (views[:, 0] == np.arange(10, 40)).mean() > 0.95
    assert ruler.nearest(cards[:2], 500)[0].shape == (2, 60)


def test_grey_pictures_are_measured_too(cards):
    grey = cards[:24, :, :, :1]
    found = Ruler(Shown(grey[:12]), ColourAndTexture()).measure(grey[12:])
    assert all(np.isfinite([found.frechet, found.diversity, found.nearest]))
    np.testing.assert_array_equal(
        features(grey[:1], ColourAndTexture()),
        features(grey[:1].repeat(3, axis=3), ColourAndTexture()),
    )


def test_layouts_do_not_mind_brightness():
    picture = np.random.default_rng(0).integers(0, 120, (1, 16, 24, 3)).astype(np.uint8)
    one, other = layouts(picture), layouts(picture + np.uint8(20))
    assert np.linalg.norm(one - other) < 0.35 * np.linalg.norm(one)


def test_two_equal_pictures_are_a_collection_too():
    flat = np.full((2, 8, 8, 3), 90, np.uint8)
    found = Ruler(Shown(flat), ColourAndTexture()).measure(flat)
    assert found.frechet == pytest.approx(0, abs=1e-6)
    assert found.nearest == 0


def test_nothing_is_told_where_all_is_well():
    assert warnings_of(Metrics(0.3, 0.9, 0.9, 1.0, 0.02)) == []
