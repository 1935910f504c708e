"""What looks more different is farther apart."""

import cv2
import numpy as np
from skimage import data
from zograscope_server.generative.walks.sight import seen

PICTURE = cv2.resize(data.astronaut(), (160, 120), interpolation=cv2.INTER_AREA)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    looks = seen(np.stack([first, second]))
    return float(np.linalg.norm(looks[0] - looks[1]))


def test_the_same_picture_is_not_different_and_no_number_is_odd():
    assert difference(PICTURE, PICTURE) == 0
    flat = np.zeros((1, 30, 40, 3), np.uint8)
    assert np.isfinite(seen(flat)).all()


def test_what_moves_farther_is_more_different():
    moved = [difference(PICTURE, np.roll(PICTURE, shift, axis=1)) for shift in (1, 2, 4, 8)]
    assert (np.diff(moved) > 0).all()


def test_colour_and_light_count():
    grey = np.full((64, 64, 3), 128, np.uint8)
    red = grey.copy()
    red[..., 0] = 200
    assert difference(grey, red) > difference(grey, grey + np.uint8(10)) > 0.01


def test_a_faint_line_that_moves_counts_beside_a_bold_one():
    def lines(contrast: int, column: int) -> np.ndarray:
        picture = np.full((128, 128, 3), 200, np.uint8)
        picture[:, column : column + 3] -= np.uint8(contrast)
        return picture

    bold, faint = (difference(lines(c, 40), lines(c, 50)) for c in (150, 50))
    assert 0.6 * bold < faint < bold


def test_each_picture_is_seen_by_itself():
    pictures = np.stack([PICTURE, PICTURE[::-1]])
    np.testing.assert_array_equal(seen(pictures)[1], seen(pictures[1:])[0])
