"""A mosaic in Blender: the nodes place tiles as `places` says, and every tile shows its picture."""

import importlib
import json
import math

import numpy as np
import pytest

from .conftest import make_mosaic_result, numbers_of

bpy = pytest.importorskip("bpy", reason="mosaics are built in a Python that has bpy")

PIXELS_A_TILE = 4


def instance_transforms(tiles) -> np.ndarray:
    """Return the matrices (n, 4, 4) of the instances that the modifier makes."""
    bpy.context.view_layer.update()
    evaluated = tiles.evaluated_get(bpy.context.evaluated_depsgraph_get())
    geometry = evaluated.evaluated_geometry()  # which owns what it gives
    cloud = geometry.instances_pointcloud()
    attribute = cloud.attributes["instance_transform"]
    values = np.empty((len(attribute.data), 16), np.float32)
    attribute.data.foreach_get("value", values.ravel())
    return values.reshape(-1, 4, 4).transpose(0, 2, 1)


def look_at_all(scene, mosaic, across: int) -> None:
    """Put an orthographic camera before the wall, so that a tile is a square of pixels."""
    camera = mosaic.camera
    camera.data.type, camera.data.ortho_scale = "ORTHO", float(across)
    camera.location, camera.rotation_euler = (0.0, -50.0, 0.0), (math.pi / 2, 0.0, 0.0)
    scene.render.resolution_x = scene.render.resolution_y = across * PIXELS_A_TILE


@pytest.mark.parametrize("shape", ["Wall", "Floor", "Cylinder", "Dome"])
@pytest.mark.parametrize("fill", [False, True])
def test_nodes_place_tiles_as_places_says(builders, places, node_wiring, scene, shape, fill):
    random = np.random.default_rng(1)
    extents = random.uniform(0.4, 1.0, (60, 2)).astype(np.float32)
    arrays, metadata = make_mosaic_result(60, 8, extents=extents)
    arrays["layout.0"][:, 2] = random.random(60)
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    builders.set_matches(mosaic, random.random(60))
    settings = places.Settings(0, 1, 0.4, 0.7, 1.5, 0.8, fill, 2.0, 0.5, 0.3, shape, 100.0)
    builders.set_settings(mosaic, settings)
    node_wiring.set_input(mosaic.modifier, "Height by", "date")
    assert mosaic.settings().shape == shape
    expected = mosaic.places()
    matrices = instance_transforms(mosaic.tiles)
    assert matrices[:, :3, 3] == pytest.approx(expected.positions, abs=1e-4)
    lengths = np.linalg.norm(matrices[:, :3, :3], axis=1)
    assert lengths[:, :2] == pytest.approx(expected.sizes, abs=1e-4)
    assert matrices[:, :3, 2] / lengths[:, 2:] == pytest.approx(expected.normals, abs=1e-4)
    assert matrices[:, :3, 1] / lengths[:, 1:2] == pytest.approx(expected.ups, abs=1e-4)


@pytest.mark.parametrize("realise", [False, True])
def test_every_one_of_ten_thousand_tiles_shows_its_own_picture(
    builders, node_wiring, scene, render, realise
):
    arrays, metadata = make_mosaic_result(10_000, 40)  # seven pages
    assert metadata["atlas"]["pages"] == 7
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    builders.prepare_scene(scene, mosaic)
    node_wiring.set_input(mosaic.modifier, "Tile size", 1.0)
    node_wiring.set_input(mosaic.modifier, "Realise", realise)
    look_at_all(scene, mosaic, 100)
    picture = render(scene, "BLENDER_WORKBENCH" if realise else "CYCLES")
    middles = picture[PIXELS_A_TILE // 2 :: PIXELS_A_TILE, PIXELS_A_TILE // 2 :: PIXELS_A_TILE, :3]
    assert np.array_equal(numbers_of(middles).ravel(), np.arange(10_000))


def test_a_tile_keeps_its_picture_when_others_are_deleted(builders, scene, render, node_wiring):
    arrays, metadata = make_mosaic_result(9, 2)
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    builders.prepare_scene(scene, mosaic)
    node_wiring.set_input(mosaic.modifier, "Tile size", 1.0)
    mesh = bpy.data.meshes.new("fewer")
    fewer = builders.tile_mesh("fewer", arrays, metadata)
    mosaic.tiles.data = fewer
    bpy.data.meshes.remove(mesh)
    import bmesh

    edit = bmesh.new()
    edit.from_mesh(fewer)
    edit.verts.ensure_lookup_table()
    bmesh.ops.delete(edit, geom=edit.verts[:4], context="VERTS")
    edit.to_mesh(fewer)
    edit.free()
    look_at_all(scene, mosaic, 3)
    picture = render(scene, "CYCLES")[2::4, 2::4]
    assert numbers_of(picture[..., :3]).ravel()[4:].tolist() == [4, 5, 6, 7, 8]
    assert not picture.reshape(9, 4)[:4, 3].any()


def test_search_dims_and_close_ups_replace(builders, node_wiring, scene, render):
    arrays, metadata = make_mosaic_result(9, 2)
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    builders.prepare_scene(scene, mosaic)
    node_wiring.set_input(mosaic.modifier, "Tile size", 1.0)
    node_wiring.set_input(mosaic.modifier, "Dim others", 0.0)
    matches = np.zeros(9)
    matches[[2, 5]] = 1
    builders.set_matches(mosaic, matches)
    close_up, _ = make_mosaic_result(1, 1)
    red, _ = make_mosaic_result(31, 6)
    builders.set_close_ups(mosaic, {5: red["atlas.0"].tobytes(), 2: close_up["atlas.0"].tobytes()})
    look_at_all(scene, mosaic, 3)
    picture = render(scene, "CYCLES")[..., :3]
    brightness = picture.reshape(3, 4, 3, 4, 3).max(axis=(1, 3, 4)).ravel()
    assert (brightness[[0, 1, 3, 4, 6, 7, 8]] == 0).all()
    assert numbers_of(picture[2, 10]) == 0  # the picture of one tile, numbered 0
    assert len(np.unique(picture[4:8, 8:12].reshape(-1, 3), axis=0)) > 4  # many tiles in one
    builders.set_close_ups(mosaic, {})
    assert not mosaic.close_ups.objects
    assert numbers_of(render(scene, "CYCLES")[6, 10, :3]) == 5


def test_a_saved_mosaic_needs_no_files(builders, scene, tmp_path):
    arrays, metadata = make_mosaic_result(20, 4)
    builders.build_mosaic(arrays, metadata, "numbers", scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mosaic.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "mosaic.blend"))
    (mosaic,) = builders.mosaics(bpy.context.scene)
    known = mosaic.what_is_known()
    assert [tile["title"] for tile in known] == [f"Tile {n}" for n in range(20)]
    image = next(image for image in bpy.data.images if image.source == "TILED")
    assert len(image.packed_files) == 2
    assert mosaic.layouts == ["Similarity, cloud", "Similarity, grid"]
    assert json.loads(json.dumps(mosaic.height_attributes)) == ["date", "cluster"]


def test_labels_stand_before_their_tiles(builders, zograscope, scene):
    labels_module = importlib.import_module(zograscope.__name__ + ".mosaic.labels")
    arrays, metadata = make_mosaic_result(50, 8)
    mosaic = builders.build_mosaic(arrays, metadata, "numbers", scene)
    labels_module.add_labels(mosaic)
    labels = labels_module.add_labels(mosaic)  # a second time replaces
    texts = [child for child in mosaic.tiles.children if child.type == "FONT"]
    assert all(len(item.children) == 1 for item in texts)  # its card
    assert sorted(item.data.body for item in texts) == ["even", "odd"]
    assert len(labels) == 2
    assert all(item.location.y < 0 for item in labels)  # towards the viewer
