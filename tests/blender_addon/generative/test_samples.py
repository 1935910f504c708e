"""Samples are shown, picked and ordered; a picture's latent is a keyframe too."""

from itertools import pairwise

import bpy
import numpy as np
import pytest
from mathutils import Vector

from .conftest import SIDE, answer, encode_png, frame, sampled


@pytest.fixture
def boards(module):
    return module("generative.boards")


@pytest.fixture
def samples(module):
    return module("generative.samples")


@pytest.fixture
def keyframes(module):
    return module("generative.keyframes")


@pytest.fixture
def shown(settings, fake_link, boards):
    """Six samples in rows of three, on a board."""
    bpy.ops.zograscope.show_samples()
    answer(fake_link, *sampled(6, 3))
    assert not fake_link.errors
    bpy.context.view_layer.update()
    return boards.find(bpy.context.scene, "samples")


def numbers(scene) -> dict[str, tuple[float, float]]:
    """Where each number is written."""
    written = [item for item in scene.objects if item.type == "FONT"]
    return {item.data.body: tuple(item.location)[:2] for item in written}


def test_a_board_shows_them_and_renders_do_not(shown):
    scene = bpy.context.scene
    assert shown.aspect == pytest.approx(1.5)
    assert tuple(shown.plane.scale) == pytest.approx((1.5, 1, 1))
    assert all(collection.hide_render for collection in shown.root.users_collection)
    assert shown.root.location.x + 1.5 / 2 < -1, "beside what is at the origin"
    material = shown.plane.data.materials[0]
    image = material.node_tree.nodes["Picture"].image
    assert image.packed_file
    assert scene.camera is None


def test_a_ray_finds_the_sample_that_it_meets(shown, samples):
    matrix = shown.plane.matrix_world
    for number in range(6):
        row, column = divmod(number, 3)
        place = matrix @ Vector(((column + 0.5) / 3 - 0.5, 0.5 - (row + 0.5) / 2, 0))
        ray = (place.x, -5, place.z), (0, 1, 0)
        assert samples.seed_along(shown, *ray) == 10 + number
        assert samples.seed_along(shown, ray[0], (0, -1, 0)) is None
    assert samples.seed_along(shown, (5, -5, 0), (0, 1, 0)) is None


def test_picked_samples_wear_their_number(shown, settings, keyframes, samples):
    scene = bpy.context.scene
    settings = scene.zograscope_generative
    for seed in (14, 10, 12):
        keyframes.toggle_seed(settings, seed)
    samples.show_badges(scene, settings)
    places = numbers(scene)
    assert set(places) == {"1", "2", "3"}
    assert places["2"][0] < places["1"][0] < places["3"][0]
    assert places["1"][1] < places["2"][1] == pytest.approx(places["3"][1])
    keyframes.toggle_seed(settings, 10)
    samples.show_badges(scene, settings)
    assert [keyframe.seed for keyframe in settings.keyframes] == [14, 12]
    assert set(numbers(scene)) == {"1", "2"}
    settings.keyframes[0].seed = 12
    assert set(numbers(scene)) == {"1, 2"}


def test_the_list_is_edited(settings, fake_link):
    settings.sample_seed = 5
    for _ in range(3):
        bpy.ops.zograscope.edit_keyframes(action="ADD")

    def seeds():
        return [keyframe.seed for keyframe in settings.keyframes]

    assert seeds() == [5, 6, 7]
    bpy.ops.zograscope.edit_keyframes(action="UP")
    assert (seeds(), settings.keyframe_index) == ([5, 7, 6], 1)
    bpy.ops.zograscope.edit_keyframes(action="DOWN")
    assert bpy.ops.zograscope.edit_keyframes(action="DOWN") == {"CANCELLED"}
    assert seeds() == [5, 6, 7]
    bpy.ops.zograscope.edit_keyframes(action="REMOVE")
    assert (seeds(), settings.keyframe_index) == ([5, 6], 1)
    bpy.ops.zograscope.edit_keyframes(action="CLEAR")
    assert bpy.ops.zograscope.edit_keyframes(action="REMOVE") == {"CANCELLED"}
    assert seeds() == []


def test_later_samples_take_their_place(shown, settings, fake_link, boards):
    shown.root.location = (1, 2, 3)
    counts = len(bpy.data.objects), len(bpy.data.images)
    bpy.ops.zograscope.show_samples()
    answer(fake_link, *sampled(4, 4, first=50))
    board = boards.find(bpy.context.scene, "samples")
    assert board.root == shown.root
    assert tuple(board.root.location) == (1, 2, 3)
    assert board.aspect == pytest.approx(4)
    assert (len(bpy.data.objects), len(bpy.data.images)) == counts


def test_a_picture_s_latent_becomes_a_keyframe(settings, fake_link, asked, tmp_path, keyframes):
    assert bpy.ops.zograscope.project_picture() == {"CANCELLED"}
    assert fake_link.errors[-1].code == "no-picture"
    path = tmp_path / "bridge.png"
    path.write_bytes(encode_png(frame(1)).tobytes())
    settings.picture = str(path)
    bpy.ops.zograscope.project_picture()
    assert bytes(asked["project"][1]["image"]) == path.read_bytes()
    latent = np.random.default_rng(1).normal(size=(9, 32)).astype(np.float32)
    pictures = {"picture": encode_png(frame(2)), "wanted": encode_png(frame(1))}
    metadata = {"size": [SIDE, SIDE], "model": "maps", "difference": 0.1}
    answer(fake_link, {"latent": latent, **pictures}, metadata)
    settings = bpy.context.scene.zograscope_generative
    (keyframe,) = settings.keyframes
    assert keyframe.title == "bridge"
    assert np.array_equal(keyframes.latent_of(keyframe), latent)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    (keyframe,) = bpy.context.scene.zograscope_generative.keyframes
    assert np.array_equal(keyframes.latent_of(keyframe), latent)


def test_boards_do_not_stand_before_each_other(boards, settings):
    scene = bpy.context.scene
    wide = encode_png(frame(0, 8, 24)).tobytes()
    places = []
    for kind in boards.PLACES:
        board = boards.show(scene, kind, kind, wide)
        places.append((board.root.location.x, board.root.location.z))
    assert len(set(places)) == len(places)
    for one, other in pairwise(sorted(places)):
        assert abs(one[0] - other[0]) >= 3 or abs(one[1] - other[1]) >= 1
