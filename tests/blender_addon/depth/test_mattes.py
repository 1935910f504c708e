"""Soft edges: at rest the photograph is exact; from elsewhere a rim shows what is behind it."""

import numpy as np
import pytest

from .conftest import encode_png, make_result, noise_photograph
from .test_rest_pose import CYCLES, WORKBENCH, wrong_pixels

bpy = pytest.importorskip("bpy", reason="renders are made with a Python that has bpy")

HEIGHT, WIDTH = 64, 96
CARD = np.s_[16:48, 32:64]
GREEN, MAGENTA = (0, 255, 0), (255, 0, 255)


def build(builders, scene, photograph, opacity):
    """A card in front of a wall; the card is soft all over, and green where it is itself."""
    disparity = np.full((HEIGHT, WIDTH), 0.1, np.float32)
    disparity[CARD] = 0.9
    matte = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    matte[..., 3] = 255
    matte[CARD] = (*GREEN, round(255 * opacity))
    arrays, metadata = make_result(photograph, disparity)
    arrays["matte"] = encode_png(matte)
    diorama = builders.build_diorama(arrays, metadata, "Test", scene)
    builders.prepare_scene(scene, diorama)
    return diorama


def linear(colour):
    return (np.asarray(colour) / 255.0) ** 2.2


@pytest.mark.parametrize("engine", [WORKBENCH, CYCLES])
def test_at_rest_the_photograph_is_exact(builders, scene, render, engine):
    photograph = noise_photograph(HEIGHT, WIDTH)
    diorama = build(builders, scene, photograph, 0.5)
    assert wrong_pixels(render(scene, engine), photograph) == 0
    builders.bake(diorama)
    assert wrong_pixels(render(scene, engine), photograph) == 0


@pytest.mark.parametrize("opacity", [0.0, 0.5, 0.9])
def test_from_aside_a_rim_is_its_own_colour_over_what_is_behind(builders, scene, render, opacity):
    photograph = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    diorama = build(builders, scene, photograph, opacity)
    diorama.camera.location.x = 0.1
    rendered = render(scene, CYCLES)[24:40, 36:52, :3]
    expected = opacity * linear(GREEN) + (1 - opacity) * linear(MAGENTA)
    assert np.abs(linear(np.median(rendered, axis=(0, 1))) - expected).max() < 0.03


def test_a_new_estimate_without_soft_edges_takes_the_matte_away(builders, scene, render):
    photograph = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    diorama = build(builders, scene, photograph, 0.5)
    disparity = np.full((HEIGHT, WIDTH), 0.1, np.float32)
    disparity[CARD] = 0.9
    images = len(bpy.data.images)
    diorama = builders.update_depth(diorama, *make_result(photograph, disparity))
    assert len(bpy.data.images) == images - 1
    diorama.camera.location.x = 0.1
    rendered = render(scene, CYCLES)[24:40, 36:52, :3]
    assert np.abs(np.median(rendered, axis=(0, 1)) - 128).max() <= 1


def test_a_new_background_takes_the_matte_along_where_it_is_asked_for(builders, scene):
    photograph = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    diorama = build(builders, scene, photograph, 0.5)
    arrays, metadata = make_result(photograph, np.full((HEIGHT, WIDTH), 0.1, np.float32))

    def mattes() -> int:
        return sum("matte" in image.name for image in bpy.data.images)

    assert mattes() == 1
    diorama = builders.set_background(diorama, arrays, metadata)
    assert mattes() == 1, "plates leave it as it is"
    builders.set_background(diorama, arrays, metadata, surroundings=True)
    assert mattes() == 0
