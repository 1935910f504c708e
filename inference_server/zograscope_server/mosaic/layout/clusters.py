"""Clusters of a cloud, and names for them from what is known of their images."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from zograscope_server.collection.collection import Item

FEWEST = 12  # images in a collection worth dividing
MOST_SAMPLED = 5000
NEIGHBOURHOOD = 0.06  # of all images that the surroundings of a place hold
WORDS = 2  # in a label
COMMON_IN_CLUSTER = 0.35  # share of a cluster's images that must bear a word of its label
MORE_THAN_ELSEWHERE = 1.6  # times as often as in the whole collection
WORD = re.compile(r"[^\W\d_]{3,}")
SAYS_NOTHING = (
    "the and for with from und der die das des von mit les une dans del los las jpg jpeg png tif "
    "tiff img image scan page unknown none"
)
STOP_WORDS = frozenset(SAYS_NOTHING.split())


@dataclass(frozen=True)
class Clusters:
    """Which cluster each image belongs to, and what the clusters are called.

    Attributes:
        numbers: (n,) int32, 0 for the largest cluster.
        labels: a name for each cluster.
    """

    numbers: np.ndarray
    labels: tuple[str, ...]


def find_clusters(points: np.ndarray, items: Sequence[Item], seed: int = 0) -> Clusters:
    """Divide a cloud into the surroundings of its densest places.

    By mean shift (Comaniciu and Meer 2002), which makes clusters of like extent: what density
    alone would call one continent of a map has regions, and every image is in one. Clusters that
    would get the same label are one.

    Args:
        points: (n, 2) float32.
        items: what is known of the images.
        seed: of the sample by which a large cloud is divided.
    """
    count = len(points)
    whole = Clusters(np.zeros(count, np.int32), (_label(items, items, 1),))
    if count < FEWEST:
        return whole
    from sklearn.cluster import MeanShift, estimate_bandwidth

    sample = np.random.default_rng(seed).permutation(count)[:MOST_SAMPLED]
    bandwidth = estimate_bandwidth(points[sample], quantile=NEIGHBOURHOOD)
    if not bandwidth > 0.0:
        return whole  # most images lie on one point
    shift = MeanShift(bandwidth=bandwidth, bin_seeding=True).fit(points[sample])
    numbers = shift.predict(points)
    by_label: dict[str, list[int]] = {}
    for place, number in enumerate(np.argsort(-np.bincount(numbers), kind="stable"), start=1):
        members = [items[int(i)] for i in np.flatnonzero(numbers == number)]
        if members:
            by_label.setdefault(_label(members, items, place), []).append(int(number))
    sizes = {label: int(np.isin(numbers, group).sum()) for label, group in by_label.items()}
    labels = sorted(by_label, key=lambda label: -sizes[label])
    renamed = np.zeros(count, np.int32)
    for place, label in enumerate(labels):
        renamed[np.isin(numbers, by_label[label])] = place
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
