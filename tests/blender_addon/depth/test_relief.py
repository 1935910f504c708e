"""The relief's geometry, by numpy alone, against what a pinhole camera and a cut must give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def camera(relief):
    return relief.Intrinsics(focal_length=70.0, cx=30.0, cy=22.5, width=64, height=40)


def pixels_of(relief, mesh, camera):
    x, y, z = mesh.vertices.T
    return camera.cx + camera.focal_length * x / -z, camera.cy - camera.focal_length * y / -z


def test_disparity_one_is_near_and_zero_is_far(relief):
    depth = relief.depth_from_disparity(np.float32([1, 0.5, 0]), near=2.0, far=6.0)
    assert depth == pytest.approx([2, 3, 6])


def test_vertices_project_onto_pixel_centres_and_half_a_pixel_around(relief, camera):
    mesh = relief.build_relief(np.full((10, 16), 0.3), camera, relief.Settings())
    u, v = pixels_of(relief, mesh, camera)
    expected_u, expected_v = np.meshgrid(np.arange(-0.5, 65), np.arange(-0.5, 41))
    assert u == pytest.approx(expected_u.ravel(), abs=1e-4)
    assert v == pytest.approx(expected_v.ravel(), abs=1e-4)


def test_a_scene_of_known_depth_comes_out_where_it_is(relief, camera):
    """A slanted floor has a disparity linear over the picture: the lattice meets it exactly."""
    j = np.arange(camera.height) + 0.5
    normal, distance = np.array([0.0, 1.0, 0.4]), -3.0  # points p with normal . p = distance
    ray_y, ray_z = (camera.cy - j) / camera.focal_length, -1.0
    depth = distance / (normal[1] * ray_y + normal[2] * ray_z)
    near, far = depth.min(), depth.max()
    disparity = (1 / depth - 1 / far) / (1 / near - 1 / far)
    mesh = relief.build_relief(
        np.tile(disparity[:, None], (1, camera.width)).astype(np.float32),
        camera,
        relief.Settings(near=near, far=far, cut_threshold=1.0),
    )
    inside = np.abs(mesh.uv - 0.5).max(axis=1) < 0.499  # the rim repeats the outermost pixels
    assert mesh.vertices[inside] @ normal == pytest.approx(distance, rel=1e-5)


def test_a_step_is_cut_and_comes_back_flat_at_its_far_side(relief, camera):
    disparity = np.zeros((camera.height, camera.width), np.float32)
    disparity[:, 20:] = 1
    mesh = relief.build_relief(disparity, camera, relief.Settings(near=1, far=4))
    re_emitted = mesh.faces[mesh.kept :]
    assert len(re_emitted) == camera.height + 1
    assert mesh.vertices[re_emitted][..., 2] == pytest.approx(-4)
    centre_u = mesh.uv[re_emitted][..., 0].mean(axis=1) * camera.width
    assert centre_u == pytest.approx(20, abs=1e-3)
    kept_depth = -mesh.vertices[mesh.faces[: mesh.kept]][..., 2]
    assert (np.ptp(kept_depth, axis=1) < 1e-6).all()
    assert len(np.unique(mesh.faces)) == len(mesh.vertices)  # no vertex is left without a face


def test_faces_look_at_the_camera(relief, camera):
    mesh = relief.build_relief(np.full((10, 16), 0.3), camera, relief.Settings())
    first, second, third, _ = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    assert (np.cross(second - first, third - second)[:, 2] > 0).all()


def test_strength_zero_is_a_flat_card(relief, camera, wild):
    mesh = relief.build_relief(wild, camera, relief.Settings(near=1, far=9, relief_strength=0))
    assert mesh.vertices[:, 2] == pytest.approx(-3)
    assert mesh.kept == len(mesh.faces)


def test_smoothing_rounds_surfaces_and_keeps_edges(relief, camera):
    noisy = np.random.default_rng(1).normal(0.2, 0.003, (40, 64)).astype(np.float32)
    noisy[:, 32:] += 0.6
    rough, smooth = (
        relief.build_relief(noisy, camera, relief.Settings(smoothing=sigma)) for sigma in (0, 3)
    )
    assert smooth.kept == rough.kept < len(rough.faces)
    inside = np.abs(rough.uv[:, 0] - 0.25) < 0.1
    spread = [np.std(1 / mesh.vertices[inside, 2]) for mesh in (rough, smooth)]
    assert spread[1] < 0.4 * spread[0]
    assert np.ptp(-1 / smooth.vertices[:, 2]) == pytest.approx(
        np.ptp(-1 / rough.vertices[:, 2]), rel=0.05
    )


def test_every_layer_lies_on_one_lattice(relief, camera):
    for resolution in (1.0, 0.37, 0.05):
        u, v = relief.lattice(camera, resolution)
        wide_u, wide_v = relief.lattice(camera, resolution, (-9, -5, 75, 44))
        assert np.isin(np.round(u, 3), np.round(wide_u, 3)).all()
        assert np.isin(np.round(v, 3), np.round(wide_v, 3)).all()
        assert (u[0], v[0], u[-1], v[-1]) == pytest.approx((-0.5, -0.5, 64.5, 40.5))
        assert wide_u[0] <= -9.5 and wide_v[-1] >= 44.5


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    resolution=st.floats(0.05, 1),
    strength=st.floats(0, 1.5),
    threshold=st.floats(0, 1),
    smoothing=st.floats(0, 4),
)
def test_the_background_is_nowhere_in_front(
    relief, seed, resolution, strength, threshold, smoothing
):
    camera = relief.Intrinsics(30.0, 11.0, 8.0, 24, 16)
    random = np.random.default_rng(seed)
    front, back = random.random((9, 13), np.float32), random.random((12, 14), np.float32)
    chosen = relief.Settings(1.0, 20.0, threshold, smoothing, strength, resolution)
    photograph = relief.build_relief(front, camera, chosen)
    background = relief.build_relief(back, camera, chosen, (0, 0, 24, 16), in_front=front)
    assert background.kept == len(background.faces)

    def depth_by_cell(mesh):
        depth = mesh.projection[mesh.faces][..., 2]
        centre = (mesh.uv[mesh.faces].mean(axis=1) * 1e4).round()
        return depth[np.lexsort(centre.T)]

    front_depth, back_depth = depth_by_cell(photograph), depth_by_cell(background)
    assert (back_depth.min(axis=1) > front_depth.max(axis=1)).all()


@pytest.fixture
def wild():
    return np.random.default_rng(2).random((20, 32), np.float32)
