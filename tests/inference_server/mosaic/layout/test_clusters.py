"""Clusters of a cloud: found where they are, named by what is known, never failing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zograscope_server.collection.collection import Item
from zograscope_server.mosaic.layout.clusters import Clusters, find_clusters

TOWNS = ("Bonn", "Paris", "Ulm", "Wien")


def towns(count: int) -> tuple[np.ndarray, list[Item], np.ndarray]:
    """Four heaps of points, of falling size, and postcards of the town that each heap is."""
    random = np.random.default_rng(0)
    town = np.sort(random.choice(4, count, p=[0.4, 0.3, 0.2, 0.1]))
    corners = np.array([[0, 0], [60, 0], [0, 60], [60, 60]])
    points = corners[town] + random.normal(size=(count, 2)) * 2
    items = [
        Item(f"cards/{i}.jpg", "", title=f"View of {TOWNS[number]}, no. {i}")
        for i, number in enumerate(town)
    ]
    return points.astype(np.float32), items, town


def check(clusters: Clusters, count: int) -> None:
    """Every image is in a cluster, each has a label of its own, the largest is the first."""
    assert clusters.numbers.shape == (count,) and clusters.numbers.dtype == np.int32
    sizes = np.bincount(clusters.numbers, minlength=len(clusters.labels))
    assert len(sizes) == len(clusters.labels) == len(set(clusters.labels))
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all()
    assert all(label.strip() for label in clusters.labels)


@pytest.mark.parametrize("count", [100, 3000, 30_000])
def test_heaps_are_found_and_named_by_their_titles(count):
    points, items, town = towns(count)
    clusters = find_clusters(points, items)
    check(clusters, count)
    for number, name in enumerate(TOWNS):
        heap = clusters.numbers[town == number]
        label = clusters.labels[np.bincount(heap).argmax()]
        assert name in label and "View" not in label
        assert (heap == np.bincount(heap).argmax()).mean() > 0.95


def test_images_without_titles_are_named_by_their_folders_and_numbered():
    points, _, town = towns(400)
    folders = ("old_maps", "old_maps", "portraits", "portraits")
    items = [Item(f"{folders[number]}/{i}.jpg", "") for i, number in enumerate(town)]
    clusters = find_clusters(points, items)
    check(clusters, 400)
    labels = [clusters.labels[clusters.numbers[town == number][0]] for number in range(4)]
    assert [label.rstrip(" 0123456789") for label in labels] == [
        *("Old maps", "Old maps", "Portraits", "Portraits")
    ]


def test_nothing_known_still_gives_names():
    points, _, _ = towns(400)
    clusters = find_clusters(points, [Item(f"{i}.jpg", "") for i in range(400)])
    check(clusters, 400)
    assert len(clusters.labels) >= 4 and all(label.startswith("Group") for label in clusters.labels)


@pytest.mark.parametrize("count", [1, 2, 3, 11, 12, 13, 40])
def test_small_clouds_and_clouds_of_one_point_have_clusters_too(count):
    items = [Item(f"{i}.jpg", "", title="Card") for i in range(count)]
    for spread in (0.0, 1.0):
        points = spread * np.random.default_rng(count).normal(size=(count, 2))
        check(find_clusters(points.astype(np.float32), items), count)


@settings(max_examples=25)
@given(
    points=st.lists(st.tuples(*[st.integers(-5, 5)] * 2), min_size=1, max_size=60),
    titles=st.lists(st.text(max_size=8), min_size=1, max_size=5),
    folder=st.sampled_from(["", "a/", "a/b/"]),
)
def test_clouds_and_titles_of_any_kind(points, titles, folder):
    items = [
        Item(f"{folder}{i}.jpg", "", title=titles[i % len(titles)]) for i in range(len(points))
    ]
    check(find_clusters(np.array(points, np.float32), items), len(points))


def test_the_same_cloud_has_the_same_clusters():
    points, items, _ = towns(500)
    first, second = find_clusters(points, items), find_clusters(points, items)
    np.testing.assert_array_equal(first.numbers, second.numbers)
    assert first.labels == second.labels
