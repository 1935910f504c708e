"""Sheets have each picture where it belongs, at a bounded size."""

import cv2
import numpy as np
import pytest
from zograscope_server.generative.training.sheets import (
    FRAME,
    MOST_SIDE,
    SAMPLE_FRAME,
    columns_of,
    memorisation_sheet,
    sample_grid,
)


def flat(values: list[int], height: int = 8, width: int = 12, colours: int = 3) -> np.ndarray:
    ones = np.ones((len(values), height, width, colours), np.uint8)
    return ones * np.array(values, np.uint8)[:, None, None, None]


def decoded(data: np.ndarray) -> np.ndarray:
    assert data.dtype == np.uint8 and data.ndim == 1
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def test_a_grid_has_its_pictures_row_by_row():
    sheet = decoded(sample_grid(flat([10, 20, 30, 40, 50]), 3))
    assert sheet.shape == (16, 36, 3)
    assert sheet[4, [6, 18, 30], 0].tolist() == [10, 20, 30]
    assert sheet[12, [6, 18, 30], 0].tolist() == [40, 50, 0]


def test_red_stays_red_and_grey_grey():
    red = np.zeros((1, 4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert decoded(sample_grid(red))[0, 0].tolist() == [0, 0, 255]
    assert decoded(sample_grid(flat([7, 9], colours=1))).ndim == 2


@pytest.mark.parametrize(
    "count, width, height, columns",
    [(64, 64, 64, 8), (1, 9, 9, 1), (6, 96, 64, 2), (6, 64, 96, 3), (3, 1, 1000, 3)],
)
def test_grids_are_about_square(count, width, height, columns):
    assert columns_of(count, width, height) == columns


def test_large_grids_are_reduced():
    sheet = decoded(sample_grid(flat([3] * 12, 700, 900), 4))
    assert max(sheet.shape) <= MOST_SIDE
    assert sheet.shape[0] / sheet.shape[1] == pytest.approx(3 * 700 / (4 * 900), rel=0.01)
    assert (sheet == 3).all()


@pytest.mark.parametrize("count, side, colours", [(3, 64, 3), (12, 64, 1), (12, 512, 3), (1, 8, 3)])
def test_samples_stand_above_their_nearest(count, side, colours):
    samples = flat([100 + number for number in range(count)], side, side, colours)
    near = [flat([50 + number, 10, 20], side, side, colours) for number in range(count)]
    originals = np.stack(near)
    sheet = decoded(memorisation_sheet(samples, originals))
    assert max(sheet.shape) <= MOST_SIDE + 200
    for number in range(count):
        rows, columns = np.nonzero((sheet == 100 + number).all(axis=2))
        middle = int(np.median(columns))
        below = sheet[rows.max() :, middle].astype(int)
        order = [int(value) for value in below[:, 0] if value in (50 + number, 10, 20)]
        changes = np.flatnonzero(np.diff(order, prepend=-1))
        assert [order[place] for place in changes[:3]] == [50 + number, 10, 20]
        assert sheet[rows.min() - 1, middle, ::-1].tolist() == list(SAMPLE_FRAME)
    assert (sheet == np.array(FRAME)).all(axis=2).any()
