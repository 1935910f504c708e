"""Every kind of place can be rendered, whatever chance puts into it, and twice alike."""

from dataclasses import replace

import numpy as np
import pytest

from training.depth import scenes, views
from training.depth.rendering import render

SIZE = (48, 64)


def picture_of(kind, seed: int) -> tuple[np.ndarray, np.ndarray]:
    scene, camera = kind(np.random.default_rng(seed))
    return render(scene, replace(camera, size=SIZE))


@pytest.mark.parametrize("kind", scenes.KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_place(kind, seed=1):
    picture, depth = picture_of(kind, seed)
    assert picture.shape == (*SIZE, 3)
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.std() > 0.01
    assert depth.shape == SIZE
    assert depth.min() > 0
    assert np.isfinite(depth).mean() > 0.1
    disparity = 1 / depth
    assert disparity.max() > 1.05 * disparity.min()
    for first, again in zip((picture, depth), picture_of(kind, seed), strict=True):
        np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("kind", scenes.KINDS, ids=lambda kind: kind.__name__)
def test_places_of_one_kind_differ(kind):
    depths = [picture_of(kind, seed)[1] for seed in (2, 3)]
    near = [np.nan_to_num(1 / depth) for depth in depths]
    assert np.abs(near[0] - near[1]).mean() > 0.02 * max(n.mean() for n in near)


def test_kinds_come_as_often_as_they_should(monkeypatch):
    """Rare kinds are rare: no scene is built for this, only chosen."""
    made: list[str] = []

    def standing_in(name: str):
        def make(rng):
            made.append(name)
            return None, scenes.Camera((0, 0, 0), 0, 0, 0, 1)

        return make

    monkeypatch.setattr(scenes, "KINDS", {standing_in("rare"): 1.0, standing_in("common"): 3.0})
    rng = np.random.default_rng(0)
    for _ in range(400):
        _, camera = scenes.make_scene(rng, SIZE)
        assert camera.size == SIZE
    assert 0.18 < made.count("rare") / 400 < 0.32


def test_picture_sizes_have_one_area_and_many_proportions():
    rng = np.random.default_rng(0)
    sizes = {scenes.picture_size(rng) for _ in range(200)}
    assert len(sizes) == len(scenes.ASPECTS)
    for height, width in sizes:
        assert height % 8 == width % 8 == 0
        assert height * width == pytest.approx(scenes.PIXELS, rel=0.05)


def test_looking_at_puts_the_target_near_the_middle():
    rng = np.random.default_rng(0)
    for _ in range(100):
        eye, target = rng.uniform(-9, 9, (2, 3))
        camera = views.looking_at(rng, tuple(eye), tuple(target))
        towards = (target - eye) / np.linalg.norm(target - eye)
        assert camera.rotation()[:, 1] @ towards > np.cos(0.4)
