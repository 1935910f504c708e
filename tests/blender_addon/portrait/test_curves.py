"""A driver as F-curves, and meshes that take them over."""

import bpy
import numpy as np
import pytest

from .conftest import EXPRESSIONS, answer, encode_sound, made_up_curves, poses

FRAMES = 40


@pytest.fixture
def curves(module):
    return module("portrait.curves")


@pytest.fixture
def head(settings, fake_link):
    """The empty of a tracked driver."""
    assert bpy.ops.zograscope.track_driver() == {"FINISHED"}
    arrays, metadata = made_up_curves(FRAMES, 24.0)
    answer(fake_link, arrays | {"sound": encode_sound(FRAMES / 24)}, metadata)
    assert not fake_link.errors
    return bpy.context.scene.objects["driver head"]


def fcurves(owner):
    from bpy_extras import anim_utils

    animation = owner.animation_data
    return anim_utils.action_get_channelbag_for_slot(
        animation.action, animation.action_slot
    ).fcurves


def test_each_expression_and_the_pose_have_a_curve(head):
    arrays, _ = made_up_curves(FRAMES, 24.0)
    assert len(fcurves(head)) == len(EXPRESSIONS) + 9
    scene = bpy.context.scene
    for number in (0, 17, FRAMES - 1):
        scene.frame_set(number + 1)
        for index, name in enumerate(EXPRESSIONS):
            assert head[name] == pytest.approx(arrays["curves"][number, index], abs=1e-6)
        pose = np.array(head.matrix_basis)
        assert pose == pytest.approx(arrays["poses"][number], abs=1e-5)


def test_the_head_stands_upright_and_looks_at_the_viewer(head):
    bpy.context.scene.frame_set(1)
    world = np.array(head.matrix_world)[:3, :3]
    assert world @ (0, 1, 0) == pytest.approx([0, 0, 1], abs=1e-6)
    assert world @ (0, 0, 1) == pytest.approx([0, -1, 0], abs=1e-6)
    bpy.context.scene.frame_set(FRAMES)
    nose = np.array(head.matrix_world)[:3, :3] @ (0, 0, 1)
    assert nose[0] / np.linalg.norm(nose) == pytest.approx(np.sin(0.4), abs=1e-5)


def test_angles_do_not_jump(curves):
    turned = np.tile(np.eye(4), (100, 1, 1))
    angles = np.linspace(0, 7, 100)
    turned[:, 0, 0] = turned[:, 1, 1] = np.cos(angles)
    turned[:, 1, 0], turned[:, 0, 1] = np.sin(angles), -np.sin(angles)
    assert curves.euler_angles(turned)[:, 2] == pytest.approx(angles)


def test_tracking_again_keeps_the_empty_and_its_action(head, fake_link, settings):
    head.name = "my head"
    action = head.animation_data.action
    head["mine"] = 0.0
    head.keyframe_insert('["mine"]', frame=3)
    bpy.ops.zograscope.track_driver()
    answer(fake_link, *made_up_curves(7, 24.0))
    assert [item for item in bpy.context.scene.objects if "jawOpen" in item] == [head]
    assert head.animation_data.action == action
    assert len(fcurves(head)) == len(EXPRESSIONS) + 10
    assert len(fcurves(head).find('["jawOpen"]').keyframe_points) == 7


def test_its_sound_comes_along(head):
    (strip,) = bpy.context.scene.sequence_editor.strips_all
    assert strip.sound.filepath == "//driver_driver/sound.wav"


@pytest.fixture
def mesh(scene):
    """A mesh of the artist's, with some of the names, in another case, and one that is none."""
    data = bpy.data.meshes.new("mine")
    data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    mesh = bpy.data.objects.new("mine", data)
    bpy.context.scene.collection.objects.link(mesh)
    for name in ("Basis", "JawOpen", "eyeBlinkLeft", "wink"):
        mesh.shape_key_add(name=name)
    return mesh


def test_any_mesh_with_the_names_takes_them_over(head, module, mesh, fake_link):
    module("scenes").select_only(mesh, bpy.context.scene)
    if mesh.name not in bpy.context.scene.objects:
        bpy.context.scene.collection.objects.link(mesh)
    keys = mesh.data.shape_keys
    keys.key_blocks["wink"].keyframe_insert("value", frame=5)
    assert bpy.ops.zograscope.bake_curves() == {"FINISHED"}, fake_link.errors
    arrays, _ = made_up_curves(FRAMES, 24.0)
    assert {curve.data_path for curve in fcurves(keys)} == {
        f'key_blocks["{name}"].value' for name in ("JawOpen", "eyeBlinkLeft", "wink")
    }
    for number in (3, 30):
        bpy.context.scene.frame_set(number + 1)
        for name, shape in (("jawOpen", "JawOpen"), ("eyeBlinkLeft", "eyeBlinkLeft")):
            value = arrays["curves"][number, EXPRESSIONS.index(name)]
            assert keys.key_blocks[shape].value == pytest.approx(value, abs=1e-6)


def test_a_curve_that_the_artist_thinned_is_taken_as_it_shows(head, curves, mesh):
    curve = fcurves(head).find('["jawOpen"]')
    while len(curve.keyframe_points) > 2:
        curve.keyframe_points.remove(curve.keyframe_points[1])
    assert curves.bake_onto(mesh, head) == 2
    baked = fcurves(mesh.data.shape_keys).find('key_blocks["JawOpen"].value')
    assert len(baked.keyframe_points) == FRAMES or len(baked.keyframe_points) == 2
    assert baked.evaluate(20) == pytest.approx(curve.evaluate(20), abs=1e-5)


def test_without_a_mesh_that_fits_it_is_said(head, module, fake_link):
    module("scenes").select_only(head, bpy.context.scene)
    assert bpy.ops.zograscope.bake_curves() == {"CANCELLED"}
    assert [error.code for error in fake_link.errors] == ["no-expressions"]


def test_made_up_heads_turn():
    assert np.linalg.det(poses(3)[:, :3, :3]) == pytest.approx([1.0, 1.1**3, 1.2**3])
