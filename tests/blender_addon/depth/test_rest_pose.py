"""What the camera sees at rest is the photograph: to 1 of 255, in every pixel, without a hole.

The background is magenta and would stand in front of the photograph if it were not held back; the
surround is cyan; what nothing covers is transparent. Any of them shows up as a wrong pixel.
"""

import numpy as np
import pytest

from .conftest import make_result, noise_photograph, wild_disparity

bpy = pytest.importorskip("bpy", reason="renders are made with a Python that has bpy")

WORKBENCH, CYCLES = "BLENDER_WORKBENCH", "CYCLES"


def wrong_pixels(rendered: np.ndarray, photograph: np.ndarray) -> int:
    """Count pixels, away from the outermost border, that differ by more than 1 or are a hole."""
    difference = np.abs(rendered[..., :3] - photograph.astype(int)).max(axis=-1)
    return int(((difference > 1) | (rendered[..., 3] < 255))[1:-1, 1:-1].sum())


def build(builders, scene, photograph, disparity, **changes):
    diorama = builders.build_diorama(*make_result(photograph, disparity, **changes), "Test", scene)
    builders.prepare_scene(scene, diorama)
    return diorama


@pytest.mark.parametrize("shape", [(64, 96), (96, 61), (50, 50)])
@pytest.mark.parametrize("engine", [WORKBENCH, CYCLES])
def test_live_and_baked(builders, scene, render, engine, shape):
    photograph = noise_photograph(*shape)
    diorama = build(builders, scene, photograph, wild_disparity(*(side // 2 for side in shape)))
    assert wrong_pixels(render(scene, engine), photograph) == 0
    builders.bake(diorama)
    assert wrong_pixels(render(scene, engine), photograph) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"render_resolution": 0.3},
        {"render_resolution": 0.07},
        {"smoothing": 3.0},
        {"relief_strength": 1.4, "cut_threshold": 0.02},
        {"cut_threshold": 1e6},
        {"near": 0.01, "far": 500.0},
    ],
)
def test_whatever_the_settings(builders, scene, render, changes):
    photograph = noise_photograph(64, 96)
    diorama = build(builders, scene, photograph, wild_disparity(64, 96))
    for key, value in changes.items():
        diorama.root[key] = value
    assert wrong_pixels(render(scene, CYCLES), photograph) == 0


def test_a_scene_of_known_depth(builders, scene, render):
    """A ball before a slanted wall, in metres, seen by an off-centre camera."""
    photograph = noise_photograph(64, 96)
    y, x = np.mgrid[:64, :96] + 0.5
    ray_x, ray_y = (x - 45) / 110, (30 - y) / 110
    wall = 6.0 / (1 - 0.5 * ray_x)
    radius, centre_z = 0.8, 3.0  # on the optical axis
    square = ray_x**2 + ray_y**2 + 1
    root = centre_z**2 - square * (centre_z**2 - radius**2)
    ball = (centre_z - np.sqrt(np.maximum(root, 0))) / square
    depth = np.where(root > 0, ball, wall)
    near, far = depth.min(), depth.max()
    disparity = ((1 / depth - 1 / far) / (1 / near - 1 / far)).astype(np.float32)
    build(
        builders,
        scene,
        photograph,
        disparity,
        depth={"near": near, "far": far},
        intrinsics={"focal_length": 110.0, "cx": 45.0, "cy": 30.0},
    )
    for engine in (WORKBENCH, CYCLES):
        assert wrong_pixels(render(scene, engine), photograph) == 0


@pytest.mark.parametrize(
    "name", ["04_fishmonger_c1921.jpg", "12_rocket_spacex_cc0.jpg", "09_hokusai_great_wave.jpg"]
)
def test_real_photographs(builders, scene, render, shared, name):
    image = bpy.data.images.load(str(shared / "photos" / name))
    image.scale(120, 80)
    pixels = np.empty((80, 120, 4), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    photograph = np.round(pixels[::-1, :, :3] * 255).astype(np.uint8)
    build(builders, scene, photograph, wild_disparity(80, 120))
    for engine in (WORKBENCH, CYCLES):
        assert wrong_pixels(render(scene, engine), photograph) == 0


def test_many_samples_only_ever_blend_in_a_neighbour_at_a_pixel_edge(builders, scene, render):
    """A sample on the very edge of a pixel may take the next one; noise is the worst case."""
    photograph = noise_photograph(64, 96)
    build(builders, scene, photograph, wild_disparity(64, 96))
    assert wrong_pixels(render(scene, CYCLES, samples=16), photograph) <= 0.001 * 64 * 96


def test_lit_shows_lamps_and_unlit_does_not(builders, scene, render):
    photograph = noise_photograph(64, 96)
    diorama = build(builders, scene, photograph, wild_disparity(64, 96))
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    lamp.data.energy = 5
    scene.collection.objects.link(lamp)
    assert wrong_pixels(render(scene, CYCLES), photograph) == 0
    diorama.root["lit"] = 1.0
    assert wrong_pixels(render(scene, CYCLES), photograph) > 5000
    assert all(not layer.data.materials[0].use_backface_culling for layer in diorama.layers)
    diorama.root["lit"] = 0.0
    assert wrong_pixels(render(scene, CYCLES), photograph) == 0


def test_off_the_rest_pose_background_and_dome_close_the_scene(builders, scene, render):
    photograph = np.full((64, 96, 3), 128, np.uint8)
    diorama = build(builders, scene, photograph, wild_disparity(64, 96))
    diorama.camera.location.x = 1.5
    rendered = render(scene, CYCLES)
    assert (rendered[..., 3] == 255).all()
    for colour in ((128, 128, 128), (255, 0, 255), (0, 255, 255)):
        assert (np.abs(rendered[..., :3] - colour).max(axis=-1) <= 1).sum() > 20
