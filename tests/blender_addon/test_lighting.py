"""Lit brings what is needed to see it."""

import importlib

import bpy
import numpy as np
import pytest


@pytest.fixture
def root(scene, zograscope):
    """An object that can be lit, as every diorama's root."""
    item = bpy.data.objects.new("root", None)
    scene.collection.objects.link(item)
    importlib.import_module(zograscope.__name__ + ".shading").declare_lit(item)
    return item


def suns() -> list[bpy.types.Object]:
    return [item for item in bpy.context.scene.objects if item.type == "LIGHT"]


def test_lit_brings_one_sun_that_shines_into_the_picture(root):
    for _ in range(3):
        bpy.ops.zograscope.light(uid=root.session_uid)
    assert root["lit"] > 0
    (sun,) = suns()
    assert sun.parent == root
    bpy.context.view_layer.update()
    right, up, back = np.array(sun.matrix_world.to_3x3()) @ (0, 0, -1)
    assert back < -0.5 and up < 0 < right


def test_a_scene_with_lamps_keeps_its_own(root, scene):
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "POINT"))
    scene.collection.objects.link(lamp)
    bpy.ops.zograscope.light(uid=root.session_uid)
    assert root["lit"] > 0
    assert suns() == [lamp]


def test_lit_again_shows_the_picture_as_it_is(root):
    for lit in (True, False):
        bpy.ops.zograscope.light(uid=root.session_uid)
        assert (root["lit"] > 0) == lit
    assert bpy.ops.zograscope.light(uid=0) == {"CANCELLED"}
