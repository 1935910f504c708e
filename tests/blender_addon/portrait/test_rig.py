"""A portrait's head as a mesh: seen as the picture, keyed, turned, lit, and driven by curves."""

import bpy
import numpy as np
import pytest

from .conftest import (  # noqa: F401
    EXPRESSIONS,
    HEIGHT,
    WIDTH,
    answer,
    encode_clear_png,
    encode_png,
    frame,
    made_up_curves,
    made_up_rig,
    render,
)


@pytest.fixture
def rigs(module):
    return module("portrait.rig")


@pytest.fixture
def rig(settings, fake_link, rigs):
    """The rig of a made-up portrait, in a scene of its own."""
    assert bpy.ops.zograscope.make_portrait_rig() == {"FINISHED"}
    answer(fake_link, *made_up_rig())
    assert not fake_link.errors
    (rig,) = rigs.rigs(bpy.context.scene)
    return rig


@pytest.mark.parametrize("engine", ["CYCLES", "BLENDER_WORKBENCH"])
def test_its_camera_sees_exactly_the_picture(rig, render, engine):  # noqa: F811
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (WIDTH, HEIGHT)
    assert np.abs(render(scene, engine)[..., :3] - frame(7)).max() <= 1


def test_its_size_is_the_picture_s(rig):
    places = [rig.root.matrix_world @ rig.mesh.matrix_local @ v.co for v in rig.mesh.data.vertices]
    places = np.array(places)
    assert places[:, 2].min() == pytest.approx(-1)
    assert places[:, 2].max() == pytest.approx(1)
    assert np.ptp(places[:, 0]) == pytest.approx(2 * WIDTH / HEIGHT)
    normals = np.array([polygon.normal for polygon in rig.mesh.data.polygons])
    assert (normals[:, 2] > 0.9).all(), "faces look at the viewer"


def test_all_expressions_are_shape_keys(rig):
    blocks = rig.mesh.data.shape_keys.key_blocks
    assert [block.name for block in blocks] == ["Basis", *EXPRESSIONS]
    offset = np.array(blocks["jawOpen"].points[24].co) - np.array(blocks["Basis"].points[24].co)
    assert offset == pytest.approx([0, -6 * 2 / HEIGHT, 0], abs=1e-6)
    offset = np.array(blocks["browInnerUp"].points[24].co) - np.array(blocks["Basis"].points[24].co)
    assert offset == pytest.approx([0, 0, 5 * 2 / HEIGHT], abs=1e-6), "to the viewer"


def evaluated(item) -> np.ndarray:
    bpy.context.view_layer.update()
    mesh = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    places = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", places.ravel())
    return places


def test_keyed_by_hand_it_moves_in_the_picture(rig, render):  # noqa: F811
    scene = bpy.context.scene
    before = render(scene, "BLENDER_WORKBENCH")
    rig.mesh.data.shape_keys.key_blocks["jawOpen"].value = 1.0
    after = render(scene, "BLENDER_WORKBENCH")
    changed = (before != after).any(axis=-1)
    assert changed[HEIGHT // 2, WIDTH // 2 - 6 : WIDTH // 2 + 6].mean() > 0.8
    assert not changed[:, [0, -1]].any()


def test_its_head_turns_about_the_pivot_and_nothing_else_does(rig):
    rest = evaluated(rig.mesh)
    rig.head.rotation_euler = (0.0, np.radians(90), 0.0)
    turned = evaluated(rig.mesh)
    weights = made_up_rig()[0]["head"] > 0
    assert turned[~weights] == pytest.approx(rest[~weights], abs=1e-5)
    pivot = np.array([0.0, 0.0, -3 * 2 / HEIGHT])
    x, y, z = (rest[weights] - pivot).T
    assert turned[weights] == pytest.approx(np.stack([z, y, -x], 1) + pivot, abs=1e-5)
    rig.head.rotation_euler = (0, 0, 0)
    rig.head.location = (1.0, 0, 0)  # by the width of the face, 20 pixels
    moved = evaluated(rig.mesh)
    assert (moved - rest)[weights] == pytest.approx(
        np.tile([20 * 2 / HEIGHT, 0, 0], (weights.sum(), 1)), abs=1e-5
    )


def test_a_head_that_grows_takes_the_mesh_along(rig):
    rest = evaluated(rig.mesh)
    rig.head.scale = (1.5, 1.5, 1.5)
    weights = made_up_rig()[0]["head"] > 0
    pivot = np.array([0.0, 0.0, -3 * 2 / HEIGHT])
    grown = evaluated(rig.mesh)[weights]
    assert grown == pytest.approx(1.5 * (rest[weights] - pivot) + pivot, abs=1e-5)


def test_it_can_be_lit(rig, render):  # noqa: F811
    scene = bpy.context.scene
    before = render(scene, "CYCLES")
    rig.root["lit"] = 1.0
    rig.root.update_tag()
    assert render(scene, "CYCLES")[..., :3].mean() < 0.2 * before[..., :3].mean(), (
        "no lamp is there"
    )


def test_the_driver_s_curves_drive_it(rig, module, fake_link, settings):
    head = module("portrait.curves").build(
        *made_up_curves(30, 24.0), "driver", "driver.mp4", bpy.context.scene
    )
    module("scenes").select_only(rig.mesh, bpy.context.scene)
    assert bpy.ops.zograscope.drive_rig() == {"FINISHED"}, fake_link.errors
    arrays, _ = made_up_curves(30, 24.0)
    bpy.context.scene.frame_set(20)
    jaw = rig.mesh.data.shape_keys.key_blocks["jawOpen"].value
    assert jaw == pytest.approx(arrays["curves"][19, EXPRESSIONS.index("jawOpen")], abs=1e-6)
    assert rig.head.rotation_euler[1] == pytest.approx(head.rotation_euler[1])
    assert rig.head.rotation_euler[1] > 0.1


def test_made_anew_it_keeps_what_the_artist_did(rig, fake_link, rigs):
    blocks = rig.mesh.data.shape_keys.key_blocks
    for number, value in ((1, 0.0), (10, 1.0)):
        blocks["jawOpen"].value = value
        blocks["jawOpen"].keyframe_insert("value", frame=number)
    rig.root.location, rig.mesh.name = (1, 2, 3), "mine"
    material = rig.mesh.data.materials[0]
    objects, meshes = {*bpy.data.objects}, len(bpy.data.meshes)
    scene = bpy.context.scene
    bpy.ops.zograscope.make_portrait_rig()
    arrays, metadata = made_up_rig()
    arrays["shape_keys"] = arrays["shape_keys"] * 0.5
    arrays["texture.picture"] = encode_png(frame(8))
    answer(fake_link, arrays, metadata)
    assert not fake_link.errors
    assert {*bpy.data.objects} == objects
    assert len(bpy.data.meshes) == meshes
    assert bpy.context.scene == scene
    assert rig.mesh.data.materials[0] == material
    assert len(rig.mesh.data.materials) == 2
    scene.frame_set(10)
    key = rig.mesh.data.shape_keys.key_blocks["jawOpen"]
    assert key.value == pytest.approx(1.0)
    offset = key.points[24].co - rig.mesh.data.shape_keys.key_blocks["Basis"].points[24].co
    assert offset.y == pytest.approx(-3 * 2 / HEIGHT)
    assert len([*rig.mesh.modifiers]) == 1


def test_where_a_texture_is_clear_what_is_behind_shows(settings, rigs, module, render):  # noqa: F811
    arrays, metadata = made_up_rig()
    behind = {name: arrays[name].copy() for name in ("vertices", "triangles", "uv", "materials")}
    behind["vertices"][:, 2] += 9.0
    behind["triangles"] += len(arrays["vertices"])
    behind["materials"][:] = 1
    for name, values in behind.items():
        arrays[name] = np.concatenate([arrays[name], values])
    arrays["head"] = np.concatenate([arrays["head"], 0 * arrays["head"]])
    shapes = arrays["shape_keys"]
    arrays["shape_keys"] = np.concatenate([shapes, 0 * shapes], axis=1)
    half = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    half[:, : WIDTH // 2] = (0, 255, 0, 0)
    arrays["texture.picture"] = encode_clear_png(half)
    arrays["texture.eyes"] = encode_png(np.full((HEIGHT, WIDTH, 3), (255, 0, 255), np.uint8))
    scene = bpy.context.scene
    rig = rigs.build(arrays, metadata, "portrait", "other.png", scene)
    module("scenes").show_untouched(scene, rig.camera, (WIDTH, HEIGHT))
    shown = render(scene, "CYCLES", samples=8)[..., :3]
    assert np.abs(shown[:, : WIDTH // 2 - 2] - (255, 0, 255)).max() <= 1
    assert shown[:, WIDTH // 2 + 2 :].min() >= 254
