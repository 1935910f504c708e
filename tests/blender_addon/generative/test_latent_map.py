"""The latent map: a point that stands for a place, the image of it, and a path of its keys."""

import bpy
import numpy as np
import pytest

from .conftest import FRAMES, SIDE, answer, encode_png, frame, mapped, settle, stream, walked


@pytest.fixture
def latent_map(module):
    return module("generative.latent_map")


@pytest.fixture
def preview(module):
    return module("generative.latent_preview")


@pytest.fixture
def shown(settings, fake_link, latent_map, asked):
    """A map of four by four samples, twice as wide as high."""
    settings.map_seed, settings.truncation, settings.directions[1] = 5, 0.75, 2
    bpy.ops.zograscope.show_latent_map()
    answer(fake_link, *mapped(4, 2 * SIDE, SIDE))
    assert not fake_link.errors
    return latent_map.find(bpy.context.scene)


def key(point, frames_and_places) -> None:
    for number, (x, y) in frames_and_places:
        point.location.x, point.location.y = x, y
        point.keyframe_insert("location", frame=number)


def test_places_go_from_the_middle_of_the_first_sample_to_that_of_the_last(shown):
    assert shown.board.aspect == pytest.approx(2)
    assert shown.place() == pytest.approx((0.5, 0.5))
    for location, place in (
        ((-0.75, -0.375), (0, 0)),
        ((0.75, 0.375), (1, 1)),
        ((0.25, -0.125), (2 / 3, 1 / 3)),
        ((9, 0), (1, 0.5)),
    ):
        shown.point.location[:2] = location
        assert shown.place() == pytest.approx(place, abs=1e-6)


def test_the_point_stays_on_the_map(shown):
    shown.point.location = (5, -5, 5)
    bpy.context.view_layer.update()
    local = shown.board.root.matrix_world.inverted() @ shown.point.matrix_world.translation
    assert tuple(local) == pytest.approx((0.75, -0.375, 0), abs=1e-5)


def test_its_keys_are_the_path_of_a_walk(shown, fake_link, asked):
    assert bpy.ops.zograscope.walk_keyed_path() == {"CANCELLED"}
    assert fake_link.errors[-1].code == "point-not-keyed"
    key(shown.point, ((11, (-0.75, -0.375)), (15, (0.75, 0.375))))
    bpy.context.scene.zograscope_generative.own_scene = False
    bpy.context.scene.frame_set(3)
    assert bpy.ops.zograscope.walk_keyed_path() == {"FINISHED"}
    parameters, inputs = asked["walk"]
    wanted = {"path": "map", "map_seed": 5, "truncation": 0.75, "directions": [[1, 2.0]]}
    wanted |= {"frames": 5, "loop": False, "even": False}
    assert {name: parameters[name] for name in wanted} == wanted
    places = inputs["places"]
    assert places.dtype == np.float32
    assert places[[0, 2, 4]] == pytest.approx(np.array([(0, 0), (0.5, 0.5), (1, 1)]), abs=1e-5)
    assert (np.diff(places, axis=0) > 0).all()
    stream(fake_link, *range(FRAMES))
    answer(fake_link, *walked(FRAMES))
    users = [
        node.image_user
        for material in bpy.data.materials
        for node in material.node_tree.nodes
        if getattr(node, "image", None) is not None and node.image.source == "SEQUENCE"
    ]
    assert [(user.frame_start, user.frame_duration) for user in users] == [(11, FRAMES)]
    assert not any(user.use_cyclic for user in users)


def test_in_a_scene_of_its_own_it_begins_at_the_first_frame(shown, fake_link, latent_map):
    key(shown.point, ((11, (0, 0)), (15, (0.5, 0))))
    bpy.ops.zograscope.walk_keyed_path()
    stream(fake_link, *range(FRAMES))
    answer(fake_link, *walked(FRAMES))
    (own,) = [scene for scene in bpy.data.scenes if scene.get("zograscope_job")]
    assert (own.frame_start, own.frame_end) == (1, FRAMES)
    assert latent_map.find(own).point == shown.point, "the map is there too"


def test_moving_the_point_asks_for_its_image_and_the_newest_only(
    shown, fake_link, asked, preview, latent_map
):
    point = shown.point
    point.location.x = 0.1
    bpy.context.view_layer.update()
    preview.ask()
    (job,) = fake_link.jobs
    parameters, inputs = asked["walk"]
    assert (parameters["frames"], parameters["even"], parameters["map_seed"]) == (1, False, 5)
    assert inputs["places"] == pytest.approx(np.array([shown.place()]))
    for x in (0.2, 0.3):
        point.location.x = x
        bpy.context.view_layer.update()
        preview.ask()
    assert fake_link.jobs == [job], "one is on its way"
    job.send(0, file=encode_png(frame(4, SIDE, 2 * SIDE)))
    finish(job)
    settle(fake_link, job)
    image = shown.preview.data.materials[0].node_tree.nodes["Picture"].image
    assert tuple(image.size) == (2 * SIDE, SIDE)
    preview.ask()
    assert len(fake_link.jobs) == 1
    assert asked["walk"][1]["places"] == pytest.approx(np.array([shown.place()]))
    (job,) = fake_link.jobs
    finish(job)
    settle(fake_link, job)
    bpy.context.view_layer.update()
    preview.ask()
    assert not fake_link.jobs, "nothing has moved"


def test_without_a_server_nothing_is_asked(shown, fake_link, preview):
    fake_link._client.state = "connecting"
    shown.point.location.x = 0.4
    bpy.context.view_layer.update()
    assert preview.ask() is None
    assert not fake_link.jobs


def test_a_later_map_keeps_point_and_keys(shown, fake_link, latent_map):
    key(shown.point, ((1, (0, 0)), (9, (0.5, 0))))
    shown.board.root.location.z = 4
    bpy.ops.zograscope.show_latent_map()
    answer(fake_link, *mapped(8))
    found = latent_map.find(bpy.context.scene)
    assert found.point == shown.point
    assert found.keyed_frames() == (1, 9)
    assert found.board.root.location.z == 4
    assert found.asked["side"] == 8
    limit = found.point.constraints[0]
    assert limit.max_x == pytest.approx(0.5 * 7 / 8)


def finish(job) -> None:
    """Let the server say that the walk of one frame is done."""
    arrays, metadata = walked(1)
    job.finish(**arrays)
    job.result.metadata.update(metadata)
