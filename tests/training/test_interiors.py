"""Interiors close by: the lens stands free, sees things that are near, and looks down at them."""

from dataclasses import replace

import numpy as np
import pytest

from training.depth import furniture, interiors
from training.depth.rendering import Scene, render
from training.depth.shapes import box

PLACES = (interiors.workplace, interiors.kitchen, interiors.storeroom)


@pytest.mark.parametrize("kind", PLACES, ids=lambda kind: kind.__name__)
def test_the_lens_stands_free_and_looks_down_at_what_is_near(kind):
    pitches, nearest, share = [], [], []
    for seed in range(7):
        scene, camera = kind(np.random.default_rng(seed))
        _, depth = render(scene, replace(camera, size=(24, 32)))
        assert np.isfinite(depth).all()  # walls all about
        assert depth.min() > 0.02
        pitches.append(np.degrees(camera.pitch))
        nearest.append(depth.min())
        share.append((depth < np.median(depth) / 4).mean())
    assert np.median(pitches) < -8
    assert np.ptp(pitches) > 15
    assert max(nearest) > 2 * min(nearest)
    assert max(share) > 0.01


def test_nothing_is_left_about_the_lens():
    rng = np.random.default_rng(0)
    scene = Scene(rng)
    wood = furniture.surface(scene, "wood")
    around, beside = box((0.5, 0.5, 2), wood), box((0.5, 0.5, 2), wood).placed((0, 1, 0))
    scene.add(around, beside)
    interiors.taken(scene, np.array([0, 0, 1.0]), np.array([0, 1.0, 1.0]), near=0.0)
    assert scene.meshes == [beside]


THINGS = tuple(dict.fromkeys((*furniture.DESK_THINGS, *furniture.KITCHEN_THINGS)))


@pytest.mark.parametrize("maker", THINGS)
def test_things_of_desks_and_kitchens_stand_on_them(maker):
    for seed in range(3):
        thing = maker(Scene(np.random.default_rng(seed)))
        assert -0.03 < thing.vertices[:, 2].min() < 0.01  # a book that leans sinks in a little
        assert 0 < thing.vertices[:, 2].max() < 1
        assert np.ptp(thing.vertices[:, :2], 0).max() < 1


def test_a_plaster_head_is_one_material_and_stands():
    head = furniture.plaster_head(Scene(np.random.default_rng(3)))
    used = head.vertices[head.triangles]
    assert len(set(head.materials)) == 1
    assert used[..., 2].min() == pytest.approx(0, abs=1e-5)
    assert 0.3 < used[..., 2].max() < 1.2
