"""A diorama in Blender: live, baked, saved, updated and exported."""

from dataclasses import replace

import numpy as np
import pytest

from .conftest import make_result, noise_photograph, wild_disparity

bpy = pytest.importorskip("bpy", reason="builders are tested with a Python that has bpy")


@pytest.fixture
def diorama(builders, scene, result):
    return builders.build_diorama(*result, "Test", scene)


def evaluated_quads(layer) -> np.ndarray:
    """Return float32 (faces, 4, 3): (u, v, z) of every corner, ordered by the cell's place."""
    mesh = layer.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.attributes["projection"].data.foreach_get("vector", points.ravel())
    faces = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", faces)
    return ordered_quads(points, faces.reshape(-1, 4))


def ordered_quads(projection: np.ndarray, faces: np.ndarray) -> np.ndarray:
    quads = projection[faces].copy()
    quads[..., :2] /= quads[..., 2:]
    return quads[np.lexsort([places(axis) for axis in quads[..., :2].mean(axis=1).T])]


def places(values: np.ndarray, gap: float = 0.01) -> np.ndarray:
    """Number values in their order; those closer than the gap get one number."""
    order = np.argsort(values)
    numbers = np.empty(len(values), int)
    numbers[order] = np.cumsum(np.diff(values[order], prepend=values[order[0]]) > gap)
    return numbers


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"smoothing": 2.5},
        {"relief_strength": 0.6, "cut_threshold": 0.05},
        {"viewport_resolution": 0.31, "smoothing": 6.0},
        {"near": 0.2, "far": 300.0, "cut_threshold": 0.4},
    ],
)
def test_the_node_group_builds_what_relief_builds(diorama, changes):
    for key, value in changes.items():
        diorama.root[key] = value
    diorama.root.update_tag()
    bpy.context.view_layer.update()
    for layer in diorama.layers:
        expected = diorama.relief(layer, diorama.root["viewport_resolution"])
        quads = evaluated_quads(layer)
        expected_quads = ordered_quads(expected.projection, expected.faces)
        assert quads.shape == expected_quads.shape
        assert quads[..., :2] == pytest.approx(expected_quads[..., :2], abs=2e-3)
        assert quads[..., 2] == pytest.approx(expected_quads[..., 2], rel=1e-4)


def test_the_evaluated_mesh_has_the_uv_map_and_positions_of_relief(builders, diorama):
    layer = diorama.background
    arrays = builders.diorama_layers(diorama)["background"]
    expected = diorama.relief(layer)
    order, expected_order = (
        np.lexsort([places(axis, 1e-4) for axis in uv.T]) for uv in (arrays["uv"], expected.uv)
    )
    assert arrays["uv"][order] == pytest.approx(expected.uv[expected_order], abs=1e-5)
    assert arrays["vertices"][order] == pytest.approx(expected.vertices[expected_order], abs=1e-3)


def test_settings_on_the_root_can_be_animated_and_reach_every_layer(diorama, scene):
    root = diorama.root
    for frame, far in ((1, 8.0), (11, 16.0)):
        root["far"] = far
        root.keyframe_insert('["far"]', frame=frame)
    for frame, far in ((1, 8.0), (11, 16.0)):
        scene.frame_set(frame)
        for layer in diorama.layers:
            expected = diorama.relief(layer, root["viewport_resolution"]).projection[:, 2].max()
            assert far * 0.9 < expected < far * 1.02
            assert evaluated_quads(layer)[..., 2].max() == pytest.approx(expected, rel=1e-4)
        evaluated = diorama.camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        assert evaluated.data.clip_end == pytest.approx(far * 20)


def test_no_driver_needs_python(diorama):
    owners = [*bpy.data.objects, *bpy.data.cameras, *(m.node_tree for m in bpy.data.materials)]
    drivers = [
        curve.driver
        for owner in owners
        if owner.animation_data
        for curve in owner.animation_data.drivers
    ]
    assert len(drivers) > 14
    assert {driver.type for driver in drivers} == {"AVERAGE", "MIN"}
    assert all(driver.is_valid for driver in drivers)


def test_building_leaves_the_scene_as_it_was_but_for_a_missing_camera(
    builders, scene, result, found
):
    def facts():
        view = scene.view_settings
        return scene.render.resolution_x, view.view_transform, scene.render.dither_intensity

    before = facts()
    diorama = builders.build_diorama(*result, "Test", scene)
    assert facts() == before
    assert scene.camera == diorama.camera
    second = builders.build_diorama(*result, "Second", scene)
    assert scene.camera == diorama.camera != second.camera
    assert {d.root.name for d in found.dioramas(scene)} == {"Second", "Test"}


def test_a_saved_file_holds_everything(builders, diorama, result, tmp_path, found):
    before = [evaluated_quads(layer) for layer in diorama.layers]
    path = str(tmp_path / "scene.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=path, use_scripts=False)
    (diorama,) = found.dioramas(bpy.context.scene)
    for layer, quads in zip(diorama.layers, before, strict=True):
        assert np.array_equal(evaluated_quads(layer), quads)
    arrays, _ = result
    assert np.array_equal(found.disparity_of(diorama.photograph), arrays["disparity"])
    exported = builders.diorama_layers(diorama)
    for part in ("photograph", "background"):
        assert exported[part]["texture"] == arrays[part].tobytes()


def test_a_renamed_diorama_is_found_from_any_of_its_objects(builders, diorama, found):
    for item in diorama.collection.objects:
        item.name = "renamed"
        assert found.find_diorama(item) == diorama
    assert found.find_diorama(bpy.data.objects.new("other", None)) is None


def test_baking_keeps_the_geometry_and_needs_no_modifier(builders, diorama):
    diorama.root["viewport_resolution"] = diorama.root["render_resolution"] = 0.5
    diorama.root.update_tag()
    bpy.context.view_layer.update()
    before = [evaluated_quads(layer) for layer in diorama.layers]
    builders.bake(diorama)
    assert not diorama.is_live
    for layer, quads in zip(diorama.layers, before, strict=True):
        assert not layer.modifiers
        assert not (layer.animation_data and layer.animation_data.drivers)
        assert not layer.data.validate(verbose=False)
        assert evaluated_quads(layer) == pytest.approx(quads, abs=2e-3)


@pytest.mark.parametrize("baked", [False, True])
def test_new_depth_keeps_what_the_artist_made(builders, diorama, result, baked, found):
    diorama.camera.location = (0.5, 0, 0)
    diorama.camera.data.lens = 80
    diorama.root["cut_threshold"], diorama.root["near"] = 0.3, 1.5
    if baked:
        builders.bake(diorama)
    images = len(bpy.data.images)
    arrays, metadata = make_result(noise_photograph(64, 96), wild_disparity(64, 96, seed=3))
    metadata["depth"] = {"near": 4.0, "far": 30.0}
    updated = builders.update_depth(diorama, arrays, metadata)
    assert updated == diorama
    assert updated.is_live is not baked
    assert np.array_equal(found.disparity_of(updated.photograph), arrays["disparity"])
    assert len(bpy.data.images) == images
    assert tuple(updated.camera.location) == (0.5, 0, 0) and updated.camera.data.lens == 80
    assert updated.settings() == replace(updated.settings(), near=1.5, cut_threshold=0.3, far=8.0)
    assert updated.root.id_properties_ui("near").as_dict()["default"] == 4.0


def test_depth_of_another_picture_is_refused(builders, diorama):
    arrays, metadata = make_result(noise_photograph(40, 96), wild_disparity(20, 48))
    with pytest.raises(ValueError, match="96 x 40 pixels, but Test was built from 96 x 64"):
        builders.update_depth(diorama, arrays, metadata)


def test_a_photograph_alone_is_a_diorama(builders, scene, result):
    arrays, metadata = result
    alone = {name: arrays[name] for name in ("photograph", "disparity")}
    diorama = builders.build_diorama(alone, metadata, "Alone", scene)
    assert (diorama.background, diorama.dome) == (None, None)
    updated = builders.update_depth(diorama, arrays, metadata)
    assert updated.background is not None
    assert builders.update_depth(updated, alone, metadata).background is None


def test_photographs_are_no_lamps(diorama):
    assert {material.cycles.emission_sampling for material in bpy.data.materials} == {"NONE"}
    assert not diorama.dome.visible_shadow and not diorama.dome.visible_diffuse


def test_the_relief_group_is_shared(builders, scene, result):
    for name in ("One", "Two"):
        builders.build_diorama(*result, name, scene)
    groups = [group.name for group in bpy.data.node_groups if "Zograscope relief" in group.name]
    assert groups == ["Zograscope relief 1"]
