"""The moving picture on its diorama: exact from the rest camera, cropped as it is, and in depth."""

import json

import bpy
import numpy as np
import pytest

from .conftest import (  # noqa: F401
    HEIGHT,
    WIDTH,
    answer,
    frame,
    make_result,
    moved,
    noise_photograph,
    render,
    stream,
    wild_disparity,
)

CROP = (5, 3, 45, 37)  # left, top, right, bottom of the photograph in the whole picture
WIDER = 4096  # of a relief: nearer by a quarter of the face's width


@pytest.fixture(params=[None, CROP], ids=["whole", "cropped"])
def diorama(request, module, settings, files):
    """A diorama of the portrait in the file's scene."""
    crop = request.param
    left, top, right, bottom = crop or (0, 0, WIDTH, HEIGHT)
    photograph = frame(0)[top:bottom, left:right]
    arrays, metadata = make_result(photograph, wild_disparity(20, 24, seed=4))
    builders, building = module("depth.builders"), module("depth.building")
    scene = bpy.context.scene
    diorama = builders.build_diorama(arrays, metadata, "portrait", scene)
    builders.prepare_scene(scene, diorama)
    metadata["depth"] |= {"model": "test", "licence": "none"}
    source = {"photograph": str(files.picture), "parameters": {"crop": "auto"}}
    building.remember(diorama, source, metadata | {"paper_border": crop})
    settings.onto_diorama = True
    return diorama


def nearer(number: int) -> np.ndarray:
    """A relief that bends more with each frame, and is at rest in the first."""
    bend = np.linspace(-WIDER, WIDER, 12) * number
    return np.round(32768 + np.tile(bend, (10, 1))).astype(np.uint16)


def run(link, count: int = 3) -> None:
    assert bpy.ops.zograscope.move_portrait() == {"FINISHED"}, link.errors
    stream(link, *range(count), relief=nearer)
    answer(link, *moved(count))
    assert not link.errors


def expected(diorama, number: int) -> np.ndarray:
    crop = json.loads(diorama.root["zograscope_source"])["crop"]
    left, top, right, bottom = crop or (0, 0, WIDTH, HEIGHT)
    return frame(number)[top:bottom, left:right]


def positions(layer) -> np.ndarray:
    dependencies = bpy.context.evaluated_depsgraph_get()
    mesh = layer.evaluated_get(dependencies).data
    places = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", places.ravel())
    return places


@pytest.mark.parametrize("engine", ["CYCLES", "BLENDER_WORKBENCH"])
def test_each_frame_is_exact_from_the_rest_camera(diorama, fake_link, render, engine):  # noqa: F811
    run(fake_link)
    scene = bpy.context.scene
    assert scene.camera == diorama.camera
    for layer_setting in ("viewport_resolution", "render_resolution"):
        diorama.root[layer_setting] = 1.0
    diorama.root["cut_threshold"] = 1e6
    diorama.root.update_tag()
    for number in (0, 2):
        scene.frame_set(number + 1)
        wrong = np.abs(render(scene, engine)[..., :3] - expected(diorama, number)).max(axis=-1) > 1
        # Off the lattice Workbench interpolates its coordinates: exact where the sheet is whole.
        assert wrong.mean() <= (0.0 if number == 0 else 0.02), wrong.mean()


def test_the_relief_follows_the_head_along_the_rays(diorama, fake_link, module):
    scene = bpy.context.scene
    rest = positions(diorama.photograph)
    run(fake_link)
    scene.frame_set(1)
    assert positions(diorama.photograph) == pytest.approx(rest, rel=1e-3, abs=1e-4)
    scene.frame_set(3)
    now = positions(diorama.photograph)
    ratio = np.linalg.norm(now, axis=1) / np.linalg.norm(rest, axis=1)
    cosine = (now * rest).sum(1) / np.linalg.norm(now, axis=1) / np.linalg.norm(rest, axis=1)
    assert cosine.min() > 1 - 1e-6
    # 2 frames on, the edge has come nearer by half a face width of 20 pixels.
    step = 0.5 * 20.0 / diorama.intrinsics.focal_length
    crop = json.loads(diorama.root["zograscope_source"])["crop"]
    if crop is None:
        assert ratio.min() == pytest.approx(1 - step, abs=0.02)
        assert ratio.max() == pytest.approx(1 + step, abs=0.02)
    else:
        assert 1 - step < ratio.min() < 1 - step / 2
    scene.frame_set(30)  # beyond the last frame it rests there
    assert positions(diorama.photograph) == pytest.approx(now, rel=1e-5)


def test_the_background_makes_way(diorama, fake_link):
    rest = positions(diorama.background)
    run(fake_link)
    bpy.context.scene.frame_set(3)
    ratio = np.linalg.norm(positions(diorama.background), axis=1) / np.linalg.norm(rest, axis=1)
    assert ratio.min() > 1 - 1e-4
    assert ratio.max() > 1.05


def test_a_later_run_keeps_strength_and_still_and_depth_goes_on(diorama, fake_link, module):
    run(fake_link)
    wiring, nodes = module("node_wiring"), module("portrait.motion_nodes")
    modifier = diorama.photograph.modifiers[nodes.MODIFIER]
    wiring.set_input(modifier, "Strength", 0.5)
    images = len(bpy.data.images)
    run(fake_link, 5)
    assert len(bpy.data.images) == images
    assert wiring.get_input(modifier, "Strength") == pytest.approx(0.5)
    assert wiring.get_input(modifier, "Frames") == 5
    assert [modifier.name for modifier in diorama.photograph.modifiers] == [
        *("Zograscope relief", nodes.MODIFIER)
    ]


def test_where_it_moves_elsewhere_too_each_has_its_own_frames(diorama, settings, fake_link, module):
    """As an artist does it: first on a plane in a scene of its own, then onto the diorama."""
    here = bpy.context.scene
    settings.onto_diorama = False
    assert bpy.ops.zograscope.move_portrait() == {"FINISHED"}
    stream(fake_link, 0, 1)
    answer(fake_link, *moved(2))
    (plain,) = [scene for scene in bpy.data.scenes if scene != here]
    bpy.context.window_manager.windows[0].scene = here
    settings.onto_diorama = True
    run(fake_link)
    moving = module("portrait.moving")
    onto, beside = (
        moving.find(settings.picture, scene, onto=scene == here) for scene in (here, plain)
    )
    assert onto != beside
    assert (onto["zograscope_frames"], beside["zograscope_frames"]) == (3, 2)
    assert onto["zograscope_scene"] == here
    assert len(bpy.data.scenes) == 2


def test_a_diorama_that_moves_can_be_baked_and_estimated_anew(diorama, fake_link, module):
    run(fake_link)
    builders, found = module("depth.builders"), module("depth.diorama")
    scene = bpy.context.scene
    scene.frame_set(3)
    live = positions(diorama.photograph)
    diorama.root["viewport_resolution"] = diorama.root["render_resolution"]
    builders.bake(diorama)
    assert positions(diorama.photograph).shape[1] == 3
    picture = module("depth.materials").picture_of(diorama.photograph.data.materials[0])
    height, width = (diorama.intrinsics.height, diorama.intrinsics.width)
    arrays, metadata = make_result(noise_photograph(height, width), wild_disparity(20, 24, seed=5))
    builders.update_depth(diorama, arrays, metadata)
    assert module("depth.materials").picture_of(diorama.photograph.data.materials[0]) == picture
    assert picture.source == "SEQUENCE"
    assert diorama.photograph[found.STILL].source == "FILE"
    assert len(live)


def test_the_still_picture_comes_back(diorama, fake_link, render):  # noqa: F811
    before = render(bpy.context.scene, "CYCLES")
    run(fake_link)
    bpy.context.scene.frame_set(2)
    assert np.abs(render(bpy.context.scene, "CYCLES") - before).max() > 9
    assert bpy.ops.zograscope.still_diorama() == {"FINISHED"}
    assert np.array_equal(render(bpy.context.scene, "CYCLES"), before)
    assert not bpy.ops.zograscope.still_diorama.poll()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"crop": [0, 0, WIDTH + 9, HEIGHT]}, "crop-misfit"),
        ({"crop": [1, 1, 20, 20]}, "crop-misfit"),
        ({}, None),
    ],
)
def test_a_diorama_of_another_crop_is_refused(diorama, module, source, code):
    moving, errors = module("portrait.moving_diorama"), module("portrait.errors")
    known = json.loads(diorama.root["zograscope_source"])
    was = known.pop("crop")
    diorama.root["zograscope_source"] = json.dumps(known | source)
    if code is None and was is None:
        moving.check(diorama, (WIDTH, HEIGHT))  # from before crops were kept, but whole
        return
    with pytest.raises(errors.PortraitError) as refused:
        moving.check(diorama, (WIDTH, HEIGHT))
    assert refused.value.code == (code or "crop-unknown")
