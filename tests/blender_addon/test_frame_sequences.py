"""Frames that stream become files and a moving picture, and a reopened file takes them up."""

import json
from pathlib import Path

import bpy
import numpy as np
import pytest

from .depth.conftest import encode_png, render  # noqa: F401 - a fixture

FRAMES = 5
HEIGHT, WIDTH = 6, 8


def frame(number: int) -> np.ndarray:
    """A picture in which every pixel differs, and every frame too."""
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def stream(link, *numbers: int) -> None:
    """Let the server send frames of its only job, and Blender take them."""
    (job,) = link.jobs
    for number in numbers:
        job.send(number, file=encode_png(frame(number)))
    while job.sent:
        link.tick()


@pytest.fixture
def saved(drawing, scene, fake_link, tmp_path) -> Path:
    """A saved file, in which a drawing has been started."""
    path = tmp_path / "work.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.zograscope.draw_frames()
    return path


def the_image() -> bpy.types.Image:
    (image,) = [image for image in bpy.data.images if image.source == "SEQUENCE"]
    return image


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_lie_beside_the_blend_and_the_picture_grows(saved, fake_link):
    (job,) = fake_link.jobs
    assert job.followed == 0
    for number in range(FRAMES):
        stream(fake_link, number)
        scene = bpy.context.scene
        assert names(saved.parent / "Drawing") == [f"{n + 1:04d}.png" for n in range(number + 1)]
        assert scene.frame_end == number + 1
        (user,) = users(the_image())
        assert user.frame_duration == number + 1
    assert the_image().filepath == "//Drawing/0001.png"
    assert not scene.get("drawn")
    job.finish()
    fake_link.tick()
    assert scene["drawn"]
    assert scene.zograscope_drawing.job_id == ""
    assert not fake_link.errors


def users(image: bpy.types.Image) -> list[bpy.types.ImageUser]:
    return [
        node.image_user
        for material in bpy.data.materials
        for node in material.node_tree.nodes
        if getattr(node, "image", None) == image
    ]


@pytest.mark.parametrize("engine", ["CYCLES", "BLENDER_WORKBENCH"])
def test_its_camera_renders_each_frame_bit_for_bit(saved, fake_link, render, engine):  # noqa: F811
    stream(fake_link, 0, 1, 2)
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (WIDTH, HEIGHT)
    for number in (2, 0):
        scene.frame_set(number + 1)
        assert np.abs(render(scene, engine)[..., :3] - frame(number)).max() <= 1


def test_wherever_the_artist_shows_it_it_grows(saved, fake_link):
    stream(fake_link, 0)
    image = the_image()
    empty = bpy.data.objects.new("reference", None)
    empty.empty_display_type, empty.data = "IMAGE", image
    background = bpy.data.cameras.new("camera").background_images.new()
    background.image = image
    group = bpy.data.node_groups.new("group", "ShaderNodeTree")
    node = group.nodes.new("ShaderNodeTexImage")
    node.image = image
    stream(fake_link, 1)
    for holder in (empty, background, node):
        assert holder.image_user.frame_duration == 2


def test_a_scene_that_is_not_its_own_keeps_its_length(drawing, scene, fake_link, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    scene = bpy.context.scene
    scene.zograscope_drawing.own_scene, scene.frame_end = False, 77
    bpy.ops.zograscope.draw_frames()
    stream(fake_link, 0, 1)
    assert scene.frame_end == 77
    assert the_image().users


def test_a_reopened_file_takes_up_at_the_first_missing_frame(saved, fake_link):
    stream(fake_link, 0, 1, 2)
    job_id = fake_link.jobs[0].id
    bpy.ops.wm.save_mainfile()
    fake_link.pending.clear()  # as a new Blender would come
    (saved.parent / "Drawing" / "0003.png").unlink()
    bpy.ops.wm.open_mainfile(filepath=str(saved))
    (job,) = fake_link.jobs
    assert (job.id, job.followed) == (job_id, 2)
    stream(fake_link, 2, 3)
    assert names(saved.parent / "Drawing") == ["0001.png", "0002.png", "0003.png", "0004.png"]
    assert len(users(the_image())) == 1
    assert users(the_image())[0].frame_duration == 4
    assert not fake_link.errors


def test_a_file_saved_elsewhere_keeps_its_frames_together(saved, fake_link, tmp_path):
    stream(fake_link, 0)
    (tmp_path / "elsewhere").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere" / "copy.blend"))
    stream(fake_link, 1)
    assert names(saved.parent / "Drawing") == ["0001.png", "0002.png"]
    assert names(tmp_path / "elsewhere") == ["copy.blend"]


def test_two_drawings_have_two_folders(saved, fake_link):
    stream(fake_link, 0)
    fake_link.jobs[0].finish("cancelled")
    fake_link.tick()
    bpy.ops.zograscope.draw_frames()
    source = json.loads(bpy.context.scene.zograscope_drawing.job_id.partition(" ")[2])
    assert source["frames"]["folder"] == "//Drawing-2"


def test_a_drawing_without_a_frame_leaves_no_folder(saved, fake_link):
    assert (saved.parent / "Drawing").is_dir()
    fake_link.jobs[0].finish("cancelled")
    fake_link.tick()
    assert names(saved.parent) == ["work.blend"]


def test_a_file_that_was_never_saved_has_a_place_for_them(drawing, scene, fake_link, zograscope):
    bpy.ops.zograscope.draw_frames()
    stream(fake_link, 0)
    path = Path(bpy.path.abspath(the_image().filepath))
    assert path.is_file()
    assert path.is_relative_to(bpy.utils.extension_path_user(zograscope.__name__))


def test_a_place_that_takes_no_files_is_told_at_once(drawing, scene, fake_link, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", lambda *_: (_ for _ in ()).throw(PermissionError("no")))
    bpy.ops.zograscope.draw_frames()
    assert fake_link.errors[-1].code == "output-exists"
    assert not fake_link.jobs


def test_old_words_in_a_file_are_no_trouble(drawing, scene, fake_link, tmp_path):
    scene.zograscope_drawing.job_id = "1 {not json"
    scene.zograscope_depth.job_id = "2 []"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "old.blend"))
    assert not fake_link.jobs
    assert bpy.context.scene.zograscope_depth.job_id == ""
