"""Paper borders: found where they are certain, and nowhere else."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.depth.border import find_paper_border

SIZE = (300, 400)  # of the picture inside


def textured_picture(seed: int, height: int = SIZE[0], width: int = SIZE[1]) -> np.ndarray:
    """A picture with structure at many scales in every part, in mid tones."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for cells in (4, 12, 40):
        coarse = random.uniform(0, 255, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture / 3, 0, 255).astype(np.uint8)


def on_paper(
    picture: np.ndarray, margins: tuple[int, int, int, int], colour: tuple[int, ...], noise: float
) -> np.ndarray:
    left, top, right, bottom = margins
    scan = cv2.copyMakeBorder(
        picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour
    ).astype(np.float32)
    scan += np.random.default_rng(1).normal(0, noise, scan.shape)
    return np.clip(scan, 0, 255).astype(np.uint8)


margin = st.integers(10, 90)
paper = st.sampled_from([(250, 248, 240), (225, 214, 190), (14, 13, 12), (200, 120, 160)])


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1000),
    margins=st.tuples(margin, margin, margin, margin),
    colour=paper,
    noise=st.floats(0, 4),
)
def test_the_picture_is_found_within_margins_of_any_width(seed, margins, colour, noise):
    left, top, _, _ = margins
    found = find_paper_border(on_paper(textured_picture(seed), margins, colour, noise))
    assert found is not None
    truth = (left, top, left + SIZE[1], top + SIZE[0])
    # No paper may be left, and little of the picture may go.
    inwards = np.array(found) - truth
    inwards[2:] *= -1
    assert inwards.min() >= 0
    assert inwards.max() <= 0.03 * (SIZE[1] + 180)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), left=margin, right=margin)
def test_two_opposite_margins_are_enough(seed, left, right):
    scan = on_paper(textured_picture(seed), (left, 0, right, 0), (248, 246, 240), 2.0)
    found = find_paper_border(scan)
    assert found is not None
    assert found[1] == 0
    assert found[3] == SIZE[0]
    assert 0 <= found[0] - left <= 15
    assert 0 <= left + SIZE[1] - found[2] <= 15


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), height=st.integers(60, 300), width=st.integers(60, 300))
def test_a_picture_without_margins_is_left_alone(seed, height, width):
    assert find_paper_border(textured_picture(seed, height, width)) is None


def test_one_even_side_is_not_paper():
    picture = textured_picture(0)
    picture[:60] = (200, 210, 230)  # a sky down to a straight horizon
    assert find_paper_border(picture) is None


def test_opposite_sides_of_different_colours_are_not_paper():
    picture = textured_picture(0)
    picture[:60] = (200, 210, 230)
    picture[-60:] = (60, 50, 40)
    assert find_paper_border(picture) is None


def test_a_second_mount_line_and_a_tilted_print_leave_no_paper():
    picture = on_paper(textured_picture(3), (4, 4, 4, 4), (225, 222, 215), 0)
    turn = cv2.getRotationMatrix2D((204, 154), 0.4, 1.0)
    turn[:, 2] += 30
    paper = (252, 250, 246)
    scan = cv2.warpAffine(picture, turn, (468, 368), borderValue=paper)
    found = find_paper_border(scan)
    assert found is not None
    left, top, right, bottom = found
    inside = scan[top:bottom, left:right].astype(int)
    assert (np.abs(inside - paper).max(axis=2) < 10).mean() < 0.005
    assert right - left > 0.93 * SIZE[1]
    assert bottom - top > 0.93 * SIZE[0]


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 3), (16, 16, 4), (1, 500, 3), (20, 3000, 3)])
def test_odd_shapes_are_taken(shape):
    assert find_paper_border(np.full(shape, 128, np.uint8)) is None


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        # By eye, in the scan: where paper ends on each side, all along a tilted edge.
        ("05_deadwood_valley.jpg", (24, 15, 978, 792)),
        ("04_fishmonger_c1921.jpg", (277, 0, 1980, 1686)),
        ("03_children_market_c1920.jpg", (158, 0, 2249, 1426)),
    ],
)
def test_real_scans_with_paper(shared, name, picture):
    pixels = cv2.cvtColor(cv2.imread(str(shared / "photos" / name)), cv2.COLOR_BGR2RGB)
    found = find_paper_border(pixels)
    assert found == pytest.approx(picture, abs=18)


@pytest.mark.parametrize(
    "name",
    [
        "01_idaho_admin_1910.jpg",
        "08_turner_shipwreck_minotaur.jpg",
        "09_hokusai_great_wave.jpg",
        "10_van_gogh_starry_night.jpg",
        "12_rocket_spacex_cc0.jpg",
        "13_map_tile_1940.png",
    ],
)
def test_real_pictures_without_paper(shared, name):
    pixels = cv2.cvtColor(cv2.imread(str(shared / "photos" / name)), cv2.COLOR_BGR2RGB)
    assert find_paper_border(pixels) is None


def test_lines_on_a_map_are_not_where_paper_ends(shared):
    tiles = sorted((shared / "collection" / "map_patches").glob("*.jpg"))
    cropped = [
        tile.name
        for tile in tiles
        if find_paper_border(cv2.cvtColor(cv2.imread(str(tile)), cv2.COLOR_BGR2RGB)) is not None
    ]
    assert len(cropped) <= 0.02 * len(tiles), cropped
