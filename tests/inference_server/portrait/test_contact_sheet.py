"""A contact sheet shows stills of the whole length, in order."""

import io

import numpy as np
import pytest
from PIL import Image
from zograscope_server.portrait.contact_sheet import COLUMNS, STILLS, WIDTH, contact_sheet, spread


@pytest.mark.parametrize("count", [1, 2, 5, 12, 13, 500])
def test_stills_are_spread_over_all_frames(count):
    numbers = spread(count)
    assert numbers == sorted(set(numbers))
    assert len(numbers) == min(count, STILLS)
    assert numbers[0] == 0 and numbers[-1] == count - 1


@pytest.mark.parametrize(("count", "size"), [(12, (40, 60)), (5, (900, 300)), (1, (32, 32))])
def test_they_stand_in_rows_in_their_order(count, size):
    stills = [np.full((size[1], size[0], 3), (20 * k + 10, 5, 5), np.uint8) for k in range(count)]
    sheet = np.asarray(Image.open(io.BytesIO(contact_sheet(stills))))
    assert sheet.shape[1] <= WIDTH
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    for number in range(count):
        row, column = divmod(number, columns)
        y = round((row + 0.5) / rows * sheet.shape[0])
        x = round((column + 0.5) / columns * sheet.shape[1])
        np.testing.assert_array_equal(sheet[y, x], stills[number][0, 0])
