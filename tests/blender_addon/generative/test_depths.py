"""A landscape's heights through the depth path: one job after the other, kept as files."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from ..depth.conftest import make_result
from .conftest import FRAMES, answer, frame, settle, stream, walked, wild_disparity

HEIGHT, WIDTH = 12, 10


@pytest.fixture
def depths(module):
    return module("generative.depths")


@pytest.fixture
def landscape(settings, fake_link, asked):
    """A walk whose landscape waits for the depth of its first frame."""
    settings.show, settings.height = "RELIEF", "DEPTH"
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, *range(FRAMES))
    assert [job.task for job in fake_link.jobs] == ["walk"], "nothing else while it is walked"
    (job,) = fake_link.jobs
    arrays, metadata = walked(FRAMES)
    job.finish(**arrays)
    job.result.metadata.update(metadata)
    settle(fake_link, job)
    return bpy.context.scene


def the_walk() -> bpy.types.Image:
    return next(image for image in bpy.data.images if "zograscope_walk" in image)


def folder() -> Path:
    return Path(bpy.path.abspath("//default_walk/depth"))


def inputs(scene, module) -> tuple[str, int]:
    """Where a landscape's heights come from, and how many they are."""
    (item,) = [item for item in scene.objects if item.modifiers]
    get_input = module("node_wiring").get_input
    return get_input(item.modifiers[0], "Heights").filepath, get_input(item.modifiers[0], "Frames")


def see(link, disparity: np.ndarray) -> None:
    """Let the depth model answer."""
    (job,) = link.jobs
    assert job.task == "diorama"
    arrays, metadata = make_result(frame(0), disparity)
    job.finish(**{name: arrays[name] for name in ("photograph", "disparity")})
    job.result.metadata.update(metadata)
    settle(link, job)


def test_frames_go_through_the_depth_model_one_after_the_other(landscape, fake_link, asked, module):
    scene = landscape
    assert inputs(scene, module) == ("//default_walk/0001.png", FRAMES)
    for number in range(FRAMES):
        parameters, sent = asked["diorama"]
        assert (parameters["quality"], parameters["background"]) == ("draft", False)
        assert parameters["file_name"] == f"{number + 1:04d}.png"
        file = Path(bpy.path.abspath("//default_walk")) / parameters["file_name"]
        assert bytes(sent["image"]) == file.read_bytes()
        see(fake_link, wild_disparity(HEIGHT, WIDTH, number))
        assert inputs(scene, module) == ("//default_walk/depth/0001.png", number + 1)
    assert not fake_link.jobs
    assert len([*folder().iterdir()]) == FRAMES
    assert not fake_link.errors


def test_what_the_model_sees_is_kept_as_a_file_of_heights(landscape, fake_link, depths):
    disparity = wild_disparity(HEIGHT, WIDTH, 7)
    see(fake_link, disparity)
    image = bpy.data.images.load(str(folder() / "0001.png"))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.array(image.pixels[:]).reshape(HEIGHT, WIDTH, 4)[::-1, :, 0]
    assert np.abs(pixels - depths.level(disparity)).max() < 2 / 65535


def test_heights_are_level_and_of_one_spread(depths):
    waves = 0.2 * wild_disparity(40, 30, 1)
    down, across = np.mgrid[0:1:40j, 0:1:30j]
    heights = depths.level(waves)
    assert heights.mean() == pytest.approx(0.5, abs=0.01)
    assert heights.std() == pytest.approx(depths.SPREAD, abs=0.01)
    for change in (0.3 * waves + 0.4, waves + 0.5 * down - 0.2 * across):
        assert depths.level(change) == pytest.approx(heights, abs=1e-6)


def test_flat_depth_stays_flat(depths):
    noise = np.random.default_rng(1).normal(0.3, 1e-4, (20, 20))
    assert np.abs(depths.level(noise) - 0.5).max() < 0.05
    assert depths.level(np.full((4, 4), 0.3)) == pytest.approx(0.5)


def test_what_was_stopped_rests_until_it_is_asked_for(landscape, fake_link, module):
    see(fake_link, wild_disparity(HEIGHT, WIDTH))
    (job,) = fake_link.jobs
    job.finish("cancelled")
    settle(fake_link, job)
    assert not fake_link.jobs
    module("generative.depths").go_on(the_walk())
    assert not fake_link.jobs
    assert bpy.ops.zograscope.go_on_with_depth() == {"FINISHED"}
    see(fake_link, wild_disparity(HEIGHT, WIDTH))
    assert len([*folder().iterdir()]) == 2
    assert not bpy.ops.zograscope.go_on_with_depth.poll(), "it goes on"


def test_a_later_walk_has_its_own(landscape, fake_link, asked, module):
    for number in range(FRAMES):
        see(fake_link, wild_disparity(HEIGHT, WIDTH, number))
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, 0, 1)
    assert inputs(bpy.context.scene, module) == ("//default_walk-2/0001.png", 2)
    answer_walk(fake_link, 2)
    see(fake_link, wild_disparity(HEIGHT, WIDTH, 1))
    assert inputs(bpy.context.scene, module) == ("//default_walk-2/depth/0001.png", 1)


def answer_walk(link, count: int) -> None:
    (job,) = link.jobs
    arrays, metadata = walked(count)
    job.finish(**arrays)
    job.result.metadata.update(metadata)
    settle(link, job)


def test_brightness_asks_for_no_depth(settings, fake_link):
    settings.show = "RELIEF"
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, 0)
    answer(fake_link, *walked(1))
    assert not fake_link.jobs
