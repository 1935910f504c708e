"""UMAP: an optional library, asked for in clear words where it is missing."""

import importlib.util

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.mosaic.layout.umap import umap

INSTALLED = importlib.util.find_spec("umap") is not None


@pytest.mark.skipif(INSTALLED, reason="umap-learn is installed here")
def test_a_missing_library_is_named():
    with pytest.raises(ZograscopeError) as caught:
        umap(np.zeros((10, 3), np.float32))
    assert caught.value.code == "umap-missing"
    assert "umap-learn" in caught.value.sentence


@pytest.mark.skipif(not INSTALLED, reason="umap-learn is not installed here")
@pytest.mark.parametrize("count", [1, 2, 5, 20, 200])
def test_kinds_stay_apart(count):
    random = np.random.default_rng(0)
    kind = np.arange(count) % 2
    vectors = random.normal(size=(count, 8)) + 20 * kind[:, None]
    points = umap(vectors.astype(np.float32))
    assert points.shape == (count, 2) and np.isfinite(points).all()
    np.testing.assert_array_equal(points, umap(vectors.astype(np.float32)))
    if count == 200:
        distances = np.linalg.norm(points[:, None] - points[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        assert (kind[distances.argmin(axis=1)] == kind).all()
