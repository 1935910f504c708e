"""Which images of a collection are nearest to what its model dreams."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from zograscope_server.collection.collection import Item
from zograscope_server.embedding.embedder import Embedder
from zograscope_server.progress import OnProgress, no_progress, part_of


def find_originals(
    files: Sequence[bytes],
    source: str,
    embedder: Embedder,
    cache_folder: Path,
    check_may_read: Callable[[Path], None] = lambda path: None,
    public_only: bool = False,
    on_progress: OnProgress = no_progress,
) -> list[tuple[str, float]]:
    """Find for each dream the nearest image of a collection.

    Dreams and originals are seen by one embedder together, which makes them comparable. Originals
    are embedded once, into the index that mosaics use; dreams go into none.

    Args:
        files: of the dreams, as bytes.
        source: the collection, a folder, a table or a manifest that is here.
        embedder: gives the vectors.
        cache_folder: where the index is.
        check_may_read: raises for a path that clients may not name.
        public_only: as for a `Fetcher`.
        on_progress: may raise to cancel.

    Returns:
        For each dream location and distance; distance 1 is the median distance of the originals to
        their own nearest others.

    Raises:
        ZograscopeError: as `open_collection` and `embed_collection`.
    """
    from zograscope_server.collection.fetching import Fetcher
    from zograscope_server.collection.open import open_collection
    from zograscope_server.embedding.embed import embed_collection
    from zograscope_server.embedding.image_index import index_in
    from zograscope_server.embedding.neighbours import nearest_among, nearest_neighbours

    downloads = cache_folder / "downloads"
    collection = open_collection(
        source,
        downloads,
        part_of(on_progress, 0.0, 0.1),
        online=False,
        public_only=public_only,
        check_may_read=check_may_read,
    )
    with index_in(cache_folder) as index:
        embedded = embed_collection(
            collection,
            embedder,
            index,
            Fetcher(downloads, online=False, public_only=public_only),
            on_progress=part_of(on_progress, 0.1, 0.9),
        )
        raw = [index.vector(digest, embedder.revision) for digest in embedded.digests]
    raw += _embed(files, embedder)
    vectors = embedder.finish(np.stack(raw).astype(np.float32))
    originals, dreams = vectors[: len(embedded.items)], vectors[len(embedded.items) :]
    usual = 1.0
    if len(originals) > 1:
        _, between = nearest_neighbours(originals, 1)
        usual = max(float(np.median(between)), float(np.finfo(np.float32).tiny))
    nearest, distances = nearest_among(dreams, originals, 1)
    return [
        (embedded.items[place].location, float(distance) / usual)
        for place, distance in zip(nearest[:, 0], distances[:, 0], strict=True)
    ]


def _embed(files: Sequence[bytes], embedder: Embedder) -> list[np.ndarray]:
    """Return the vector of each file, as the index would have it."""
    from zograscope_server.embedding.embed import Recipe, embed_here
    from zograscope_server.embedding.image_index import FileState

    items = [(Item(str(number), str(number)), FileState("")) for number in range(len(files))]
    vectors: dict[str, np.ndarray] = {}
    for outcomes in embed_here(items, embedder, lambda item: files[int(item.name)], Recipe()):
        for outcome in outcomes:
            if outcome.image is not None:  # none is broken: they were just made
                vectors[outcome.item.name] = outcome.image.vector
    return [vectors[str(number)] for number in range(len(files))]
