"""Rays in perspective space hit what rays in the scene hit."""

import importlib

import bpy  # noqa: F401 - mathutils comes with it
import numpy as np
import pytest
from mathutils import Vector
from mathutils.bvhtree import BVHTree

EYES = [(0, 0, 0), (0.3, -0.2, -0.5), (-0.4, 0.1, -2.0), (0.2, 0.3, 1.5), (5.0, 0.0, -3.0)]


@pytest.fixture
def casting(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.ray_casting")


@pytest.fixture
def reliefs(zograscope):
    """A relief with steps and shreds, and a smooth one behind it."""
    relief = importlib.import_module(zograscope.__name__ + ".depth.relief")
    rng = np.random.default_rng(3)
    steps = np.kron(rng.random((4, 6), np.float32), np.ones((8, 8), np.float32))
    behind = np.zeros((32, 48), np.float32)
    camera = relief.Intrinsics(width=96, height=64, focal_length=90.0, cx=48.0, cy=32.0)
    rectangle = (0, 0, 96, 64)
    settings = relief.Settings(near=1.0, far=8.0)
    return [
        relief.build_relief(steps, camera, settings, rectangle, in_front=None),
        relief.build_relief(behind, camera, settings, (-20, -20, 116, 84), in_front=None),
    ]


def cast_in_the_scene(reliefs, eye, directions):
    trees = [BVHTree.FromPolygons(r.vertices.tolist(), r.faces.tolist()) for r in reliefs]
    layers, points = np.full(len(directions), -1), np.zeros((len(directions), 3))
    normals = np.zeros((len(directions), 3))
    for number, direction in enumerate(directions):
        nearest = np.inf
        for layer, tree in enumerate(trees):
            point, normal, _, distance = tree.ray_cast(Vector(eye), Vector(direction))
            if distance is not None and distance < nearest:
                nearest, layers[number] = distance, layer
                points[number], normals[number] = point, normal
    return layers, points, normals


@pytest.mark.parametrize("eye", EYES)
def test_both_spaces_show_the_same(casting, reliefs, eye):
    rng = np.random.default_rng(5)
    directions = rng.normal(size=(1500, 3)) * (0.6, 0.5, 1.0)
    directions[:1000, 2] = -np.abs(directions[:1000, 2])  # most look ahead, some back
    layers, points, normals = cast_in_the_scene(reliefs, eye, directions)
    hits = casting.RayCaster(reliefs).cast(np.array(eye, float), directions)
    same = layers == hits.layers
    assert same.mean() > 0.995  # rays that graze an edge may go either way
    hit = same & (layers >= 0)
    assert hit.sum() > 100
    apart = np.linalg.norm(points[hit] - hits.points[hit], axis=1)
    assert (apart < 1e-3 * np.linalg.norm(points[hit], axis=1)).mean() > 0.99
    cosines = np.abs(np.einsum("ij,ij->i", normals[hit], hits.normals[hit]))
    assert (cosines > 0.99).mean() > 0.95  # a twisted face is two triangles there, one here


def test_what_is_behind_the_surfaces_is_not_hit(casting, reliefs):
    ahead, back = [0.0, 0.0, -1.0], [0.0, 0.0, 1.0]
    beyond = casting.RayCaster(reliefs).cast(np.array([0.0, 0.0, -20.0]), np.array([ahead, back]))
    assert beyond.layers.tolist() == [-1, 1]
    away = casting.RayCaster(reliefs).cast(np.array([0.0, 0.0, 1.0]), np.array([ahead, back]))
    assert away.layers.tolist() == [0, -1]
    assert away.points[1, 2] > 1e5
