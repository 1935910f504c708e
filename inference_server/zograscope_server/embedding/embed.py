"""Reads and embeds the images of a collection, each of them once.

Decoder threads run ahead of the network by a few batches and no more, so that memory stays the same
whatever the collection's size. An image is decoded once, reduced, and that gives all there is to
know of it. What the index has already is not read again.
"""

import hashlib
import io
import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from PIL import Image
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import Fetcher, is_address, read_image
from zograscope_server.embedding.embedder import READ_SIDE, Embedder
from zograscope_server.embedding.image_index import (
    VECTOR_TYPE,
    EmbeddedImage,
    FileState,
    ImageFacts,
    ImageIndex,
)
from zograscope_server.errors import ServerError
from zograscope_server.images import READING, ReducedPhotograph, read_reduced_photograph
from zograscope_server.progress import OnProgress, no_progress

logger = logging.getLogger(__name__)

Entry = TypeVar("Entry")
Result = TypeVar("Result")

ROWS = 1000  # of the index that are asked for between two reports of progress
MOST_DECODERS = 8
BATCHES_AHEAD = 3  # of decoded images that wait for the network
JPEG_QUALITY = 90
HEARTBEAT = 0.5  # seconds between two reports of progress

Read = Callable[[Item], bytes]
"""Returns the bytes of an item's file, local or fetched. Raises ZograscopeError."""

IsKnown = Callable[[str], bool]
"""Whether the content of a sha256 needs no work; asked in several threads."""


@dataclass(frozen=True)
class Outcome:
    """What became of one item that was not in the index.

    Attributes:
        item: the image asked for.
        file: its state before it was read.
        digest: sha256 of what was read; empty where it could not be.
        image: all there is to know of it; None where the index knew the content, or `problem`.
        problem: why it is left out.
    """

    item: Item
    file: FileState
    digest: str = ""
    image: EmbeddedImage | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Recipe:
    """What is made of each image, and how much of it at a time.

    Attributes:
        thumbnail_size: pixels of a tile's longer side; smaller pictures stay as they are.
        decoders: threads that read and decode.
        batch: images that the network sees at once.
    """

    thumbnail_size: int = 128
    decoders: int = 2
    batch: int = 32


@dataclass(frozen=True)
class EmbeddedCollection:
    """The images of a collection that could be read, in its order; all columns have n rows.

    Attributes:
        items: with the camera's date where the metadata had none.
        digests: sha256 of each file, in hexadecimal.
        sizes: (n, 2) int32, width and height of each whole upright picture in pixels.
        colours: (n, 3) float32, mean CIE Lab of each.
        vectors: (n, k) float32, finished: to be compared by Euclidean distance.
        thumbnails: returns the JPEG file of tile i.
        problems: what was left out, the collection's own problems first.
        new_images: how many of them the index did not have.
    """

    items: tuple[Item, ...]
    digests: tuple[str, ...]
    sizes: np.ndarray
    colours: np.ndarray
    vectors: np.ndarray
    thumbnails: Callable[[int], bytes]
    problems: tuple[Problem, ...]
    new_images: int = 0


Outcomes = Generator[Sequence[Outcome], None, None]
EmbedItems = Callable[[Sequence[tuple[Item, FileState]], Embedder, Read, Recipe, IsKnown], Outcomes]
"""Embeds items somewhere, as `embed_here` does."""


def embed_collection(
    collection: Collection,
    embedder: Embedder,
    index: ImageIndex,
    fetcher: Fetcher | None,
    *,
    thumbnail_size: int = 128,
    decoders: int = 2,
    batch: int = 32,
    on_progress: OnProgress = no_progress,
    read: Read | None = None,
    embed_items: EmbedItems | None = None,
) -> EmbeddedCollection:
    """Embed what the index does not have of a collection, and return all of it.

    Args:
        collection: broken images are left out, as problems.
        embedder: gives the vectors.
        index: what is done is kept there at once, batch by batch, also when something stops it.
        fetcher: gets images that are URLs; None with `read`, where that gets them.
        thumbnail_size, decoders, batch: see `Recipe`.
        on_progress: may raise to cancel.
        read: instead of reading files, and URLs by the fetcher.
        embed_items: where to compute; in this process by default.

    Raises:
        ZograscopeError: `collection-empty` when no image is left, `spool-full`,
            `image-index-damaged`, and what the embedder raises.
    """
    recipe = Recipe(thumbnail_size, decoders, batch)
    read = read or partial(read_image, fetcher=fetcher or Fetcher(Path(), online=False))

    def is_known(digest: str) -> bool:
        return index.is_complete(digest, thumbnail_size, embedder.revision)

    digests, missing = _look_up(collection.items, index, fetcher, is_known, on_progress)
    broken: dict[str, Problem] = {}
    done = 0
    with closing((embed_items or embed_here)(missing, embedder, read, recipe, is_known)) as stream:
        for outcomes in stream:
            _note(outcomes, index, fetcher, thumbnail_size, embedder.revision)
            for outcome in outcomes:
                location = outcome.item.location
                if outcome.problem is None:
                    digests[location] = outcome.digest
                    continue
                broken[location] = outcome.problem
                if fetcher is not None and is_address(location):
                    fetcher.doubt(location)
            done += len(outcomes)
            on_progress(done / len(missing), "Looking at images", f"{done} of {len(missing)}")
    problems = [broken[item.location] for item in collection.items if item.location in broken]
    items = [item for item in collection.items if item.location in digests]
    all_problems = (*collection.problems, *problems)
    if not items:
        raise CollectionError(
            "collection-empty",
            "\n".join(f"{problem.name}: {problem.sentence}" for problem in all_problems),
            name=collection.name,
        )
    of_items = tuple(digests[item.location] for item in items)
    facts: list[ImageFacts] = []
    vectors: list[np.ndarray] = []
    for number, digest in enumerate(of_items):
        if number % ROWS == 0:
            on_progress(None, "Comparing images")
        facts.append(index.facts(digest))
        vectors.append(index.vector(digest, embedder.revision))
    return EmbeddedCollection(
        items=tuple(
            replace(item, date=known.date) if item.date is None else item
            for item, known in zip(items, facts, strict=True)
        ),
        digests=of_items,
        sizes=np.array([(known.width, known.height) for known in facts], np.int32),
        colours=np.array([known.colour for known in facts], np.float32),
        vectors=embedder.finish(np.stack(vectors).astype(np.float32)),
        thumbnails=lambda number: index.thumbnail(of_items[number], thumbnail_size),
        problems=all_problems,
        new_images=len(missing) - len(broken),
    )


def decoder_threads() -> int:
    """Return how many threads may decode: as many as there are processors, up to a bound."""
    available = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    return int(min(MOST_DECODERS, max(2, available)))


def file_state(item: Item, fetcher: Fetcher | None = None) -> FileState:
    """Return what tells whether an item is unchanged; of a file that is not there, zeros.

    Of an image on the web it is the file in the fetcher's cache: what is not there, or old, or was
    fetched for somebody else, is not known.
    """
    if is_address(item.location):
        if fetcher is None:
            return FileState(item.location)
        size, time = fetcher.state(item.location) or (-1, -1)
        return FileState(item.location, size, time)
    try:
        status = Path(item.location).stat()
    except OSError:
        return FileState(item.location)
    return FileState(item.location, status.st_size, status.st_mtime_ns)


def embed_here(
    items: Iterable[tuple[Item, FileState]],
    embedder: Embedder,
    read: Read,
    recipe: Recipe,
    is_known: IsKnown = lambda digest: False,
) -> Outcomes:
    """Embed items in this process.

    Yields:
        Outcomes as they come, a batch at a time; none, as a sign of life, where it takes long.
    """

    def decode(entry: tuple[Item, FileState]) -> tuple[Outcome, np.ndarray | None]:
        return _decode(*entry, embedder, read, recipe.thumbnail_size, is_known)

    batch: list[tuple[Outcome, np.ndarray]] = []
    pool = ThreadPoolExecutor(recipe.decoders, thread_name_prefix="decoder")
    try:
        for decoded in run_ahead(pool, decode, items, recipe.batch * BATCHES_AHEAD):
            if decoded is None:
                yield ()
                continue
            outcome, prepared = decoded
            if prepared is None:
                yield (outcome,)
                continue
            batch.append((outcome, prepared))
            if len(batch) == recipe.batch:
                yield _with_vectors(batch, embedder)
                batch = []
        if batch:
            yield _with_vectors(batch, embedder)
    finally:
        pool.shutdown(cancel_futures=True)


def run_ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[Entry], Result],
    entries: Iterable[Entry],
    most: int,
) -> Iterator[Result | None]:
    """Yield the results of `work` in order, never more than `most` of them ahead.

    None is yielded where a result keeps one waiting.
    """
    remaining = iter(entries)
    waiting: deque[Future[Result]] = deque(
        pool.submit(work, entry) for entry in islice(remaining, most)
    )
    while waiting:
        if not wait([waiting[0]], HEARTBEAT).done:
            yield None
            continue
        yield waiting.popleft().result()
        waiting.extend(pool.submit(work, entry) for entry in islice(remaining, 1))


def _look_up(
    items: Sequence[Item],
    index: ImageIndex,
    fetcher: Fetcher | None,
    is_known: IsKnown,
    on_progress: OnProgress,
) -> tuple[dict[str, str], list[tuple[Item, FileState]]]:
    """Return the digests of what the index has, by location, and the items that it has not."""
    digests: dict[str, str] = {}
    missing: dict[str, tuple[Item, FileState]] = {}
    for number, item in enumerate(items):
        if number % ROWS == 0:
            on_progress(None, "Looking for new images")
        state = file_state(item, fetcher)
        digest = index.digest_of(state)
        if digest and is_known(digest):
            digests[item.location] = digest
        else:
            missing[item.location] = (item, state)
    return digests, list(missing.values())


def _decode(
    item: Item,
    state: FileState,
    embedder: Embedder,
    read: Read,
    thumbnail_size: int,
    is_known: IsKnown,
) -> tuple[Outcome, np.ndarray | None]:
    """Read and decode one image; return what is known of it, and what the network is to see."""
    try:
        with READING.turn():
            data = read(item)
            digest = hashlib.sha256(data).hexdigest()
            if is_known(digest):
                return Outcome(item, state, digest), None
            photograph = _read_picture(data, item.name, max(READ_SIDE, thumbnail_size))
            del data
    except ZograscopeError as error:
        return Outcome(item, state, problem=Problem(item.name, error.sentence)), None
    prepared = embedder.prepare(photograph.picture)
    tile = photograph.picture
    tile.thumbnail((thumbnail_size, thumbnail_size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    facts = ImageFacts(
        photograph.width, photograph.height, mean_colour(np.asarray(tile)), photograph.date
    )
    image = EmbeddedImage(digest, facts, encode_tile(tile), np.empty(0, VECTOR_TYPE))
    return Outcome(item, state, digest, image), prepared


def _read_picture(data: bytes, name: str, side: int) -> ReducedPhotograph:
    """Decode a file; whatever is wrong with it is that file's problem, not the collection's."""
    try:
        return read_reduced_photograph(data, name, side)
    except ZograscopeError:
        raise
    except Exception as error:
        logger.warning("%s cannot be read", name, exc_info=True)
        raise ServerError("not-an-image", str(error), name=name) from error


def _with_vectors(batch: Sequence[tuple[Outcome, np.ndarray]], embedder: Embedder) -> list[Outcome]:
    vectors = embedder.embed(np.stack([prepared for _, prepared in batch])).astype(VECTOR_TYPE)
    return [
        replace(outcome, image=replace(outcome.image, vector=vector))
        for (outcome, _), vector in zip(batch, vectors, strict=True)
        if outcome.image is not None
    ]


def _note(
    outcomes: Sequence[Outcome],
    index: ImageIndex,
    fetcher: Fetcher | None,
    thumbnail_size: int,
    revision: str,
) -> None:
    images = [outcome.image for outcome in outcomes if outcome.image is not None]
    files = [
        # What was not here when its state was asked has come since.
        (
            file_state(outcome.item, fetcher) if outcome.file.size < 0 else outcome.file,
            outcome.digest,
        )
        for outcome in outcomes
        if outcome.problem is None
    ]
    if files:
        index.add(images, files, thumbnail_size, revision)


def mean_colour(pixels: np.ndarray) -> tuple[float, float, float]:
    """Return the mean CIE Lab colour (D65, lightness in [0, 100]) of (h, w, 3) uint8 sRGB."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab)
    lightness, green_red, blue_yellow = lab.mean(axis=(0, 1)).tolist()
    return lightness, green_red, blue_yellow


def encode_tile(tile: Image.Image) -> bytes:
    """Return a JPEG file that keeps the colours of small details."""
    buffer = io.BytesIO()
    tile.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()
