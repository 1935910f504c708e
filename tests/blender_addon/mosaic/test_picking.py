"""Which tile lies under the mouse."""

import importlib

import bpy
import numpy as np
import pytest

from .conftest import make_mosaic_result

COUNT = 24


@pytest.fixture(scope="module")
def picking(zograscope):
    return importlib.import_module(zograscope.__name__ + ".mosaic.picking")


@pytest.fixture
def made_up(builders, scene):
    """A mosaic in the scene without a server."""
    arrays, metadata = make_mosaic_result(COUNT, 5)
    return builders.build_mosaic(arrays, metadata, "numbers", scene)


@pytest.mark.parametrize("shape", ["Wall", "Floor", "Cylinder", "Dome"])
def test_a_ray_finds_the_tile_that_it_meets(scene, made_up, picking, node_wiring, shape):
    node_wiring.set_input(made_up.modifier, "Shape", shape)
    tiles = made_up.tiles
    tiles.location, tiles.rotation_euler, tiles.scale = (3, -2, 5), (0.3, 0.2, 1.0), (2, 2, 2)
    bpy.context.view_layer.update()
    places, matrix = made_up.places(), np.array(tiles.matrix_world)
    for number in (0, 7, 23):
        middle = matrix[:3, :3] @ places.positions[number] + matrix[:3, 3]
        normal = matrix[:3, :3] @ places.normals[number]
        origin = middle + normal * 1.5
        assert picking.tile_along(made_up, origin, -normal) == number
    away = matrix[:3, :3] @ np.array([0.0, 0.0, 1.0])
    above = matrix[:3, :3] @ np.array([0.0, -5.0, 100.0]) + matrix[:3, 3]
    assert picking.tile_along(made_up, above, away) is None
