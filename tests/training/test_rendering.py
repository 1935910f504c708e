"""Depth is exact, in the camera's own sense, and light falls where it should."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.depth.rendering import Camera, Light, Material, Mesh, Scene, render
from training.depth.shapes import box, ellipsoid, quad

CAMERA = Camera((0, 0, 0), 0.0, 0.0, 0.0, np.radians(60), (48, 64))
ANGLES = st.floats(-0.5, 0.5)
DARK = np.zeros(3)


def scene_of(*meshes: Mesh, **looks: float) -> Scene:
    """Things of one grey material, with neither pattern nor stain, under an even sky."""
    scene = Scene(np.random.default_rng(0), clouds=0.0)
    grey = np.full(3, 0.5)
    scene.material(Material(0, grey, grey, stain=0.0, **looks))
    scene.add(*meshes)
    return scene


def wall(distance: float, reach: float = 1000.0) -> Mesh:
    """A wall across the view along +y."""
    return quad(
        np.array([[x, distance, z] for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        * [reach, 1, reach],
        0,
    )


def floor(height: float) -> Mesh:
    return quad(
        np.array([[-500, -500, height], [500, -500, height], [500, 500, height],
                  [-500, 500, height]]), 0,
    )  # fmt: skip


def planar_depth(camera: Camera, normal: np.ndarray, offset: float) -> np.ndarray:
    """Depth of the plane normal . point = offset, from the camera's angles alone; inf behind."""
    height, width = camera.size
    focal = max(camera.size) / 2 / np.tan(camera.field_of_view / 2)
    down, across = np.mgrid[:height, :width] + 0.5
    right = (across - width / 2) / focal
    up = (height / 2 - down) / focal
    # Roll, then lift, then turn to the left, one axis after the other.
    cosine, sine = np.cos(camera.roll), np.sin(camera.roll)
    right, up = cosine * right + sine * up, cosine * up - sine * right
    cosine, sine = np.cos(camera.pitch), np.sin(camera.pitch)
    away, up = cosine - sine * up, sine + cosine * up
    cosine, sine = np.cos(camera.yaw), np.sin(camera.yaw)
    right, away = cosine * right - sine * away, sine * right + cosine * away
    # At depth 1 the ray has moved by (right, away, up), so depth is how often that fits.
    step = normal[0] * right + normal[1] * away + normal[2] * up
    with np.errstate(divide="ignore"):
        times = (offset - normal @ np.array(camera.position)) / step
    return np.where(times > 0, times, np.inf)


@pytest.mark.parametrize("distance", [0.5, 3.0, 250.0])
def test_a_wall_across_the_view_has_one_depth_up_to_the_corners(distance):
    _, depth = render(scene_of(wall(distance)), CAMERA)
    np.testing.assert_allclose(depth, distance, rtol=1e-4)


@settings(max_examples=40)
@given(yaw=ANGLES, pitch=ANGLES, roll=ANGLES, x=st.floats(-3, 3), z=st.floats(-3, 3))
def test_depth_of_a_wall_seen_aslant(yaw, pitch, roll, x, z):
    camera = replace(CAMERA, position=(x, 0.0, z), yaw=yaw, pitch=pitch, roll=roll)
    _, depth = render(scene_of(wall(4.0)), camera)
    np.testing.assert_allclose(depth, planar_depth(camera, np.array([0, 1, 0]), 4.0), rtol=1e-3)


def test_depth_of_the_ground_up_to_the_horizon():
    camera = replace(CAMERA, position=(0.0, 0.0, 1.6), pitch=-0.2, yaw=0.3)
    _, depth = render(scene_of(floor(0.0)), camera)
    wanted = planar_depth(camera, np.array([0, 0, 1]), 0.0)
    near = wanted < 100  # the floor ends at 500 m
    assert near.mean() > 0.4
    np.testing.assert_allclose(depth[near], wanted[near], rtol=1e-3)
    assert np.isinf(depth[np.isinf(wanted)]).all()


def test_turning_left_shows_what_is_on_the_left_and_lifting_what_is_above():
    for position, turned in (((-5, 10, 0), {"yaw": np.arctan(0.5)}), ((0, 10, 5), {"pitch": 0.46})):
        ball = ellipsoid((1, 1, 1), 0).placed(position)
        _, depth = render(scene_of(ball), replace(CAMERA, **turned))
        rows, columns = np.nonzero(np.isfinite(depth))
        assert abs(rows.mean() - 23.5) < 1
        assert abs(columns.mean() - 31.5) < 1


def test_a_sphere_is_nearest_at_its_middle():
    ball = ellipsoid((2, 2, 2), 0, rings=41).placed((0, 5, 0))
    camera = replace(CAMERA, size=(65, 65))
    _, depth = render(scene_of(ball), camera)
    # It is turned of fourteen flat sides, one of which faces the camera.
    assert depth.min() == pytest.approx(5 - np.cos(np.pi / 14), rel=1e-5)
    rows, columns = np.nonzero(depth == depth.min())
    assert np.abs(rows - 32).max() <= 1
    seen = np.isfinite(depth)
    radius = np.sqrt(seen.sum() / np.pi)
    focal = 65 / 2 / np.tan(camera.field_of_view / 2)
    assert radius == pytest.approx(focal / np.sqrt(5**2 - 1), rel=0.05)
    assert depth[seen].max() < 5.0  # what lies beyond the silhouette is hidden
    assert columns.min() > 16


def test_the_sky_has_no_depth():
    picture, depth = render(scene_of(floor(-1.0)), replace(CAMERA, pitch=1.2))
    assert np.isinf(depth).all()
    assert picture.min() > 0


@given(
    yaw=st.floats(-7, 7), pitch=st.floats(-1.5, 1.5), roll=st.floats(-3, 3),
    view=st.floats(0.1, 2.5), size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)  # fmt: skip
@settings(max_examples=60)
def test_rays_have_length_one(yaw, pitch, roll, view, size):
    camera = Camera((1, 2, 3), yaw, pitch, roll, view, size)
    directions, along = camera.rays()
    assert directions.shape == (size[0] * size[1], 3)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(directions @ camera.rotation()[:, 1], along, atol=1e-5)
    np.testing.assert_allclose(camera.rotation() @ camera.rotation().T, np.eye(3), atol=1e-5)


def test_a_box_hides_the_wall_exactly_where_it_stands():
    camera = replace(CAMERA, size=(60, 80))
    front = box((1.0, 1.0, 1.0), 0).placed((0.3, 3.0, -0.5))  # its near face is at y = 2.5
    _, depth = render(scene_of(wall(6.0), front), camera)
    focal = 80 / 2 / np.tan(camera.field_of_view / 2)
    down, across = np.mgrid[:60, :80] + 0.5
    x, z = (across - 40) / focal * 2.5, (30 - down) / focal * 2.5
    inside = (x > -0.2) & (x < 0.8) & (z > -0.5) & (z < 0.5)
    np.testing.assert_allclose(depth, np.where(inside, 2.5, 6.0), rtol=1e-4)


def test_pictures_are_finite_and_not_negative():
    scene = scene_of(floor(-1.0), wall(8.0, reach=2.0), mirror=0.4, bump=0.3, glow=0.5)
    scene.lights = [
        Light(np.array([0.3, 0.2, 0.9]) / np.sqrt(0.94), np.full(3, 2.0)),
        Light(np.array([0.0, 2.0, 1.0]), np.full(3, 5.0), lamp=True),
    ]
    scene.haze, scene.clouds = 0.02, 0.6
    picture, depth = render(scene, CAMERA)
    assert picture.shape == (48, 64, 3)
    assert depth.shape == (48, 64)
    assert picture.dtype == depth.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert depth.min() > 0


@pytest.mark.parametrize(
    "light",
    [
        Light(np.array([0.0, 0.0, 1.0]), np.ones(3)),
        Light(np.array([0.0, 6.0, 8.0]), np.full(3, 80.0), lamp=True),
    ],
    ids=["sun", "lamp"],
)
def test_the_ground_under_a_roof_lies_in_shadow(light):
    """Looking ahead and down at the ground, with a slab that hangs over its middle."""
    slab = box((2.0, 2.0, 0.1), 0).placed((0, 6, 3.0))
    camera = replace(CAMERA, position=(0, 0, 1.5), pitch=-0.25)
    lit, with_slab = scene_of(floor(0.0)), scene_of(floor(0.0), slab)
    for scene in (lit, with_slab):
        scene.lights, scene.zenith, scene.horizon = [light], DARK, DARK
    bright, depth = render(lit, camera)
    shaded, _ = render(with_slab, camera)
    directions, along = camera.rays()
    points = directions * (depth.ravel() / along)[:, None]
    points = np.where(np.isfinite(points), points, 1e6).reshape(48, 64, 3)
    grow = 1.0 if not light.lamp else 8.0 / 5.0  # a lamp at 8 m enlarges the shadow
    away = np.maximum(np.abs(points[..., 0]), np.abs(points[..., 1] - 6))
    under, free = away < grow * 0.9, (away > grow * 1.2) & (depth < 50) & (depth > 0)
    assert under.sum() > 20
    assert bright[under].min() > 0.05
    assert not shaded[under].any()
    np.testing.assert_allclose(shaded[free], bright[free], rtol=1e-5)


def test_sunlight_follows_the_cosine():
    camera = replace(CAMERA, position=(0, 0, 2.0), pitch=-1.0)
    means = []
    for angle in (0.0, np.pi / 3):
        scene = scene_of(floor(0.0))
        scene.zenith = scene.horizon = DARK
        scene.lights = [Light(np.array([np.sin(angle), 0, np.cos(angle)]), np.ones(3))]
        means.append(render(scene, camera)[0].mean())
    assert means[0] == pytest.approx(0.5, rel=1e-3)  # its albedo
    assert means[1] == pytest.approx(0.25, rel=1e-3)


def test_a_mirror_shows_what_stands_behind_it():
    """Water shows the red wall beyond it; without a mirror it is lit, but not red."""
    redness = []
    for mirror in (0.0, 1.0):
        scene = scene_of(floor(0.0), mirror=mirror)
        scene.zenith = scene.horizon = np.full(3, 0.5)
        red = scene.material(Material(0, np.array([1, 0, 0]), np.array([1, 0, 0]), glow=2.0))
        scene.add(replace(wall(10.0), materials=np.full(2, red, np.int32)))
        picture, depth = render(scene, replace(CAMERA, position=(0, 0, 1.0), pitch=-0.15))
        water = depth < 9.5
        assert 0.2 < water.mean() < 0.9
        redness.append((picture[..., 0] - picture[..., 1])[water].mean())
    assert abs(redness[0]) < 1e-3
    assert redness[1] > 1.0


def test_a_mirror_shows_things_where_their_image_stands():
    """A red strip above the water and, without water, one as far below: both look alike."""
    camera = replace(CAMERA, position=(0, 0, 1.0), pitch=-0.15)
    reds = []
    for side in (1, -1):
        scene = scene_of(mirror=1.0)
        scene.zenith = scene.horizon = np.full(3, 0.5)
        red = scene.material(Material(0, np.array([1, 0, 0]), np.array([1, 0, 0]), glow=2.0))
        corners = [[-3, 10, 2 * side], [2, 10, 2 * side], [2, 10, 3 * side], [-3, 10, 3 * side]]
        scene.add(quad(np.array(corners), red), *([floor(0.0)] if side > 0 else []))
        picture, _ = render(scene, camera)
        reds.append((picture[..., 0] > picture[..., 1] + 0.2)[24:])
    assert 40 < reds[1].sum() < 400
    assert (reds[0] != reds[1]).mean() < 0.01


def test_haze_hides_what_is_far_but_not_its_depth():
    scene = scene_of(wall(200.0))
    clear, depth = render(scene, CAMERA)
    scene.haze = 1.0
    fogged, still = render(scene, CAMERA)
    np.testing.assert_array_equal(still, depth)
    np.testing.assert_allclose(fogged, np.broadcast_to(scene.horizon, fogged.shape), rtol=1e-5)
    assert not np.allclose(clear, fogged, atol=0.05)
