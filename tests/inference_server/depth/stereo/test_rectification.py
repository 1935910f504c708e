"""The right half comes onto the rows of the left one."""

import math

import cv2
import numpy as np
import pytest
from zograscope_server.depth.stereo.rectification import even_light, rectify, warp_right


def moved(picture, turn, scale, shift):
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -turn, scale)
    matrix[1, 2] += shift
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


@pytest.mark.parametrize(
    ("turn", "scale", "shift"), [(0, 1, 0), (1.2, 1, 0), (-0.8, 1.01, 4), (0.3, 0.99, -6)]
)
def test_turn_scale_and_shift_are_found(place, turn, scale, shift):
    right = moved(place.right, turn, scale, shift)
    found = rectify(even_light(place.left), even_light(right))
    assert found is not None
    assert found.turn == pytest.approx(turn, abs=0.15)
    assert found.vertical_shift == pytest.approx(shift, abs=0.6)
    assert found.parameters[2] == pytest.approx(scale - 1, abs=0.006)
    warped, shown = warp_right(right, found)
    inner = np.s_[30:-30, 30:-30]
    assert shown[inner].all()
    difference = np.abs(warped[inner].astype(float) - place.right[inner])
    assert np.median(difference) < 8, "rows and columns are those of the untouched view"


def test_disparities_of_points_span_those_of_the_place(place):
    found = rectify(even_light(place.left), even_light(place.right))
    assert found is not None
    assert found.farthest == pytest.approx(place.disparity.min(), abs=2)
    assert found.nearest == pytest.approx(place.disparity.max(), abs=5)


def test_what_has_no_points_in_common_is_not_rectified(place):
    blank = np.full(place.left.shape, 120, np.uint8)
    for other in (blank, moved(place.right, 25, 1, 0)):
        assert rectify(even_light(place.left), even_light(other)) is None


def test_even_light_takes_exposure_and_fading_away(place):
    fading = np.linspace(0.3, 1.0, place.left.shape[1])[None, :, None]
    faded = np.clip(60 + fading * 0.6 * place.left, 0, 255).astype(np.uint8)
    plain, evened = even_light(place.left).astype(float), even_light(faded).astype(float)
    assert np.corrcoef(plain.ravel(), evened.ravel())[0, 1] > 0.95


def test_a_turn_is_told_clockwise(place):
    found = rectify(even_light(place.left), even_light(moved(place.right, 1.0, 1.0, 0)))
    assert found is not None
    right_end = found.parameters[1] * found.size[0] / 2
    assert right_end == pytest.approx(math.radians(1.0) * found.size[0] / 2, abs=0.5)
    assert right_end > 0, "clockwise: the right end lies lower"
