"""The sky: found over hills and towers, not on walls, maps and backdrops."""

import cv2
import numpy as np
import pytest
from zograscope_server.depth.border import find_paper_border
from zograscope_server.depth.sky import sky_mask

HEIGHT, WIDTH = 240, 320


def landscape(sky_colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A graded, grainy sky over a ragged, textured ground, and where the sky is."""
    random = np.random.default_rng(4)
    ground = random.integers(20, 120, (HEIGHT // 4, WIDTH // 4, 3), dtype=np.uint8)
    picture = cv2.resize(ground, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    skyline = 120 + 25 * np.sin(np.arange(WIDTH) / 30)
    is_sky = np.arange(HEIGHT)[:, None] < skyline
    grading = np.linspace(-12, 12, HEIGHT)[:, None, None]
    grain = random.normal(0, 2.0, (HEIGHT, WIDTH, 1))
    sky = np.clip(np.array(sky_colour) + grading + grain, 0, 255).astype(np.uint8)
    return np.where(is_sky[..., None], sky, picture), is_sky


@pytest.mark.parametrize("colour", [(120, 160, 220), (205, 190, 160), (240, 240, 240)])
def test_skies_of_any_age_are_found(colour):
    picture, truth = landscape(colour)
    found = sky_mask(picture)
    assert (found & truth).sum() / (found | truth).sum() > 0.95


def test_what_is_near_is_no_sky():
    picture, truth = landscape((205, 190, 160))
    assert sky_mask(picture, np.where(truth, 0.0, 0.6).astype(np.float32)).any()
    assert not sky_mask(picture, np.where(truth, 0.9, 0.2).astype(np.float32)).any()


def test_walls_and_ceilings_that_come_nearer_are_no_sky():
    picture, truth = landscape((205, 190, 160))
    height, width = truth.shape
    ceiling = np.where(truth, np.linspace(0.2, -0.1, height)[:, None].clip(0), 0.6)
    wall = np.where(truth, np.linspace(0.0, 0.45, width), 0.6)
    for room in (ceiling, wall):
        assert not sky_mask(picture, room.astype(np.float32)).any()


def test_a_part_that_is_near_is_left_out_of_a_sky():
    picture, truth = landscape((205, 190, 160))
    near = truth & (np.arange(truth.shape[1]) < 80)
    found = sky_mask(picture, np.where(near, 0.7, np.where(truth, 0.01, 0.6)).astype(np.float32))
    assert found[truth & ~near].mean() > 0.9
    assert found[near].mean() < 0.05


def test_a_wall_with_pictures_is_no_sky():
    picture, _ = landscape((230, 228, 224))
    for left in (40, 140, 240):
        picture[30:75, left : left + 40] = (60, 40, 30)
    assert not sky_mask(picture).any()


def test_a_dark_backdrop_is_no_sky():
    picture, _ = landscape((60, 45, 30))
    assert not sky_mask(picture).any()


def test_paper_down_to_the_bottom_is_no_sky():
    picture = np.full((HEIGHT, WIDTH, 3), 225, np.uint8)
    for row in range(30, HEIGHT, 30):
        cv2.line(picture, (0, row), (WIDTH // 2, row + 12), (90, 40, 20), 2)
    assert not sky_mask(picture).any()


@pytest.mark.parametrize("shape", [(16, 16, 3), (1, 40, 3), (2000, 16, 3)])
def test_odd_shapes_are_taken(shape):
    assert not sky_mask(np.full(shape, 200, np.uint8)).any()


def read(path) -> np.ndarray:
    pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    left, top, right, bottom = find_paper_border(pixels) or (0, 0, *pixels.shape[1::-1])
    return np.ascontiguousarray(pixels[top:bottom, left:right])


@pytest.mark.parametrize(
    ("name", "sky", "ground"),
    [
        # Places in the picture (x, y in [0, 1]), chosen by eye.
        (
            "01_idaho_admin_1910.jpg",
            [(0.3, 0.1), (0.75, 0.3)],
            [(0.4, 0.4), (0.5, 0.9)],
        ),
        ("05_deadwood_valley.jpg", [(0.1, 0.1), (0.5, 0.3)], [(0.4, 0.45), (0.95, 0.4)]),
        ("12_rocket_spacex_cc0.jpg", [(0.3, 0.1), (0.6, 0.5)], [(0.5, 0.5), (0.5, 0.97)]),
    ],
)
def test_real_skies(shared, name, sky, ground):
    mask = sky_mask(read(shared / "photos" / name))
    height, width = mask.shape
    assert all(mask[int(y * height), int(x * width)] for x, y in sky)
    assert not any(mask[int(y * height), int(x * width)] for x, y in ground)


@pytest.mark.parametrize(
    "name",
    [
        "photos/03_children_market_c1920.jpg",
        "photos/04_fishmonger_c1921.jpg",
        "photos/13_map_tile_1940.png",
        "depth_pairs/nyu_unidepth_demo/rgb.png",
        "depth_pairs/mb2003_teddy/im2.png",
        "depth_pairs/mb2014_motorcycle/motorcycle_left.png",
        "depth_pairs/rgbd_tsdf_7scenes/frame-000150.color.png",
        "depth_pairs/tum_slambook/ch7_1.png",
        "depth_pairs/arkit_promptda/image.jpg",
    ],
)
def test_rooms_streets_and_maps_have_no_sky(shared, name):
    assert not sky_mask(read(shared / name)).any()
