"""Clusters of a cloud, and names for them from what is known of their images."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from zograscope_server.collection.collection import Item

FEWEST = 12  # images in a collection worth dividing
SMALLEST_SHARE = 0.012  # of the collection, that makes a cluster
SMALLEST = 6
MOST_SAMPLED = 20_000
WORDS = 2  # in a label
COMMON_IN_CLUSTER = 0.35  # share of a cluster's images that must bear a word of its label
MORE_THAN_ELSEWHERE = 1.6  # times as often as in the whole collection
WORD = re.compile(r"[^\W\d_]{3,}")
STOP_WORDS = frozenset(
    "the and for with from und der die das des von mit les une dans del los las jpg jpeg png tif "
    "tiff img image scan page unknown none".split()
)


@dataclass(frozen=True)
class Clusters:
    """Which cluster each image belongs to, and what the clusters are called.

    Attributes:
        numbers: (n,) int32, -1 for images between clusters.
        labels: a name for each cluster.
    """

    numbers: np.ndarray
    labels: tuple[str, ...]


def find_clusters(points: np.ndarray, items: Sequence[Item], seed: int = 0) -> Clusters:
    """Find the dense regions of a cloud, by HDBSCAN (Campello, Moulavi, Sander 2013).

    Args:
        points: (n, 2) float32.
        items: what is known of the images.
        seed: of the sample by which very large clouds are divided.
    """
    count = len(points)
    if count < FEWEST:
        return Clusters(np.zeros(count, np.int32), (_label(items, items, 1),))
    from sklearn.cluster import HDBSCAN
    from sklearn.neighbors import KNeighborsClassifier

    chosen = np.arange(count)
    if count > MOST_SAMPLED:
        chosen = np.sort(np.random.default_rng(seed).permutation(count)[:MOST_SAMPLED])
    smallest = max(SMALLEST, round(len(chosen) * SMALLEST_SHARE))
    numbers = HDBSCAN(min_cluster_size=smallest, min_samples=5, copy=True).fit_predict(
        points[chosen]
    )
    if len(chosen) < count:
        nearest = KNeighborsClassifier(5).fit(points[chosen], numbers)
        numbers = nearest.predict(points)
    found = [number for number in np.unique(numbers) if number >= 0]
    if not found:
        return Clusters(np.zeros(count, np.int32), (_label(items, items, 1),))
    found.sort(key=lambda number: -int((numbers == number).sum()))
    renamed = np.full(count, -1, np.int32)
    labels = []
    for place, number in enumerate(found):
        members = numbers == number
        renamed[members] = place
        labels.append(_label([items[i] for i in np.flatnonzero(members)], items, place + 1))
    return Clusters(renamed, tuple(labels))


def _label(members: Sequence[Item], everyone: Sequence[Item], number: int) -> str:
    """Name a cluster by words that its images bear far more often than others, or by its folder."""
    inside, outside = _word_counts(members), _word_counts(everyone)
    shares = {word: count / len(members) for word, count in inside.items()}
    distinct = [
        word
        for word, share in shares.items()
        if share >= COMMON_IN_CLUSTER
        and (
            len(members) == len(everyone)
            or share * len(everyone) >= MORE_THAN_ELSEWHERE * outside[word]
        )
    ]
    if distinct:
        distinct.sort(key=lambda word: (-shares[word] * len(everyone) / outside[word], word))
        return ", ".join(word.capitalize() for word in distinct[:WORDS])
    folders = Counter(str(PurePosixPath(item.name).parent.name) for item in members)
    folder, count = folders.most_common(1)[0]
    if folder and count >= COMMON_IN_CLUSTER * 2 * len(members) and len(members) < len(everyone):
        return f"{folder.replace('_', ' ').capitalize()} {number}"
    return f"Group {number}"


def _word_counts(items: Sequence[Item]) -> Counter[str]:
    """Count in how many images' metadata each word is."""
    counts: Counter[str] = Counter()
    for item in items:
        known = [item.title, item.creator, *item.fields.values()]
        words = {word for text in known for word in WORD.findall(text.casefold())}
        counts.update(words - STOP_WORDS)
    return counts
