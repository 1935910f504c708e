"""t-SNE: neighbours kept, small and degenerate collections, new images in an old map."""

from dataclasses import replace

import numpy as np
import pytest
from zograscope_server.mosaic.layout import tsne as module
from zograscope_server.mosaic.layout.quality import neighbour_preservation
from zograscope_server.mosaic.layout.tsne import place_into, tsne


def kinds(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of four kinds, far apart, and which is which."""
    random = np.random.default_rng(seed)
    centres = 6 * np.eye(4, 16)
    kind = np.arange(count) % 4
    return (centres[kind] + random.normal(size=(count, 16))).astype(np.float32), kind


@pytest.fixture(scope="module")
def map_of_kinds() -> np.ndarray:
    return tsne(kinds(300)[0])


def purity(points: np.ndarray, kind: np.ndarray, others: np.ndarray, kind_of: np.ndarray) -> float:
    """Share of points whose nearest other point is of their kind."""
    distances = np.linalg.norm(points[:, None] - others[None], axis=2)
    distances[distances == 0] = np.inf
    return float((kind_of[distances.argmin(axis=1)] == kind).mean())


def test_a_map_keeps_kinds_together_and_neighbours_near(map_of_kinds):
    vectors, kind = kinds(300)
    assert map_of_kinds.shape == (300, 2) and map_of_kinds.dtype == np.float32
    assert purity(map_of_kinds, kind, map_of_kinds, kind) > 0.97
    chance = neighbour_preservation(vectors, np.random.default_rng(0).random((300, 2), np.float32))
    assert neighbour_preservation(vectors, map_of_kinds) > 0.3 > 3 * chance


def test_the_seed_fixes_the_map(map_of_kinds):
    np.testing.assert_array_equal(tsne(kinds(300)[0]), map_of_kinds)
    assert not np.array_equal(tsne(kinds(300)[0], seed=1), map_of_kinds)


def test_the_neighbour_graph_can_start_the_map_too():
    vectors, kind = kinds(120)
    points = tsne(vectors, start="spectral")
    assert purity(points, kind, points, kind) > 0.97


def test_interpolation_and_trees_agree(monkeypatch):
    vectors, kind = kinds(300)
    monkeypatch.setattr(module, "GRID_FROM", 1)
    shorter = [replace(phase, iterations=60) for phase in module.PHASES]
    monkeypatch.setattr(module, "PHASES", shorter)
    monkeypatch.setattr(module, "PLACING_ITERATIONS", 60)
    points = tsne(vectors)
    assert purity(points, kind, points, kind) > 0.97
    placed = place_into(points, vectors, kinds(40, seed=5)[0])
    assert purity(placed, np.arange(40) % 4, points, kind) > 0.97


@pytest.mark.parametrize("start", ["pca", "spectral"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 20])
def test_small_collections_have_maps_too(count, start):
    vectors = np.random.default_rng(count).normal(size=(count, 8)).astype(np.float32)
    points = tsne(vectors, start=start)
    assert points.shape == (count, 2) and np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) == count
    assert place_into(points, vectors, vectors[:1]).shape == (1, 2)


@pytest.mark.parametrize("start", ["pca", "spectral"])
@pytest.mark.parametrize("dimensions", [1, 6])
def test_collections_of_one_picture_many_times_over(start, dimensions):
    points = tsne(np.full((60, dimensions), 0.3, np.float32), start=start)
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) == 60


def test_duplicates_lie_together_apart_from_the_rest():
    vectors, _ = kinds(200)
    vectors[:50] = vectors[0]
    points = tsne(vectors)
    assert np.isfinite(points).all()
    inside = np.linalg.norm(points[:50] - points[:50].mean(axis=0), axis=1).max()
    outside = np.linalg.norm(points[50:] - points[:50].mean(axis=0), axis=1)
    assert np.quantile(outside, 0.05) > inside


def test_new_images_join_their_kind_and_the_map_stays(map_of_kinds):
    vectors, kind = kinds(300)
    before = map_of_kinds.copy()
    placed = place_into(map_of_kinds, vectors, kinds(40, seed=5)[0])
    assert placed.shape == (40, 2) and placed.dtype == np.float32
    assert purity(placed, np.arange(40) % 4, map_of_kinds, kind) > 0.97
    again = place_into(map_of_kinds, vectors, vectors)
    radius = np.linalg.norm(before, axis=1).max()
    assert np.median(np.linalg.norm(again - before, axis=1)) < 0.1 * radius
    np.testing.assert_array_equal(map_of_kinds, before)
    assert place_into(map_of_kinds, vectors, vectors[:0]).shape == (0, 2)


def test_progress_rises_to_the_end_and_can_stop_the_work():
    told: list[float] = []
    tsne(kinds(50)[0], on_progress=lambda fraction, stage, detail="": told.append(fraction))
    assert told == sorted(told) and told[-1] == 1.0
    assert len(told) > 500

    def stop(fraction: float | None, stage: str, detail: str = "") -> None:
        if fraction is not None and fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tsne(kinds(50)[0], on_progress=stop)
