"""Detail is where there is something to see."""

import numpy as np
import pytest
from zograscope_server.depth.detail import LONG_SIDE, detail_map


@pytest.mark.parametrize("size", [(300, 450), (450, 300), (2000, 1000), (40, 60)])
def test_an_even_half_has_none_and_a_busy_half_is_full(size):
    height, width = size
    picture = np.full((height, width, 3), 120, np.uint8)
    block = max(1, max(size) // 100)
    blocks = np.random.default_rng(2).integers(0, 2, (height // block + 1, width // block + 1))
    busy = blocks.repeat(block, 0).repeat(block, 1)[:height, : width // 2]
    picture[:, width // 2 :] = 60 + 130 * busy[..., None]
    detail = detail_map(picture)
    assert detail.dtype == np.float32
    assert max(detail.shape) == min(LONG_SIDE, max(size))
    columns = detail.shape[1]
    assert detail[:, : columns // 2 - 4].max(initial=0.0) < 0.01
    assert np.median(detail[:, columns // 2 + 4 :]) == 1.0
