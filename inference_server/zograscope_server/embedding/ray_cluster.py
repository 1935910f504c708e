"""Embeds on a Ray cluster, whose workers may die at any time.

Images go out in chunks, as Ray tasks that Ray repeats where a worker or a node dies; each chunk
that comes back is at once in the index of whoever drives. Nodes see the same files and the same
models folder, at the same paths, and have zograscope_server installed; what is a URL is fetched
here, politely, and travels with its chunk.
"""

import socket
from collections import deque
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Item, Problem
from zograscope_server.collection.fetching import Fetcher, is_address, read_image
from zograscope_server.embedding.embed import (
    HEARTBEAT,
    IsKnown,
    Outcome,
    Outcomes,
    Read,
    Recipe,
    embed_here,
)
from zograscope_server.embedding.embedder import Embedder
from zograscope_server.embedding.errors import EmbeddingError
from zograscope_server.embedding.image_index import FileState
from zograscope_server.models.loading import load_model

CHUNK = 64  # images of a task: a few seconds of work, which is what a death costs
CHUNKS_AHEAD = 2  # for each processor of the cluster
TIMEOUT = 5.0  # seconds to find a cluster
RETRIES = 3  # by Ray, of a chunk whose worker died

Chunk = Sequence[tuple[Item, FileState]]


class RayCluster:
    """A connection to a Ray cluster; entered, it gives what `embed_collection` embeds with."""

    def __init__(self, address: str, model: str, models_folder: Path, chunk: int = CHUNK) -> None:
        """Prepare to connect.

        Args:
            address: "auto" for the cluster that this machine is part of, or HOST:PORT.
            model: whose name the workers load.
            models_folder: where they find it.
            chunk: images of a task.
        """
        self._address = address
        self._model = model
        self._models_folder = models_folder
        self._chunk = chunk

    def __enter__(self) -> "RayCluster":
        """Connect. Raises ZograscopeError `ray-missing`, `ray-unreachable`."""
        ray = _ray()
        try:
            _knock(self._address)
            ray.init(self._address, log_to_driver=False, logging_level="ERROR")
        except (OSError, ValueError, RuntimeError) as error:
            problem = str(error).splitlines()[0].rstrip(".")
            raise EmbeddingError(
                "ray-unreachable", str(error), address=self._address, problem=problem
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect, which stops what still runs."""
        _ray().shutdown()

    def __call__(
        self, items: Chunk, embedder: Embedder, read: Read, recipe: Recipe, is_known: IsKnown
    ) -> Outcomes:
        """Embed items on the cluster, as `embed_here` does; `embedder` stays here."""
        ray = _ray()
        cards = 1 if ray.cluster_resources().get("GPU") else 0
        task = ray.remote(num_cpus=1, num_gpus=cards, max_retries=RETRIES)(_embed_chunk)
        chunks = deque(
            items[begin : begin + self._chunk] for begin in range(0, len(items), self._chunk)
        )
        running: dict[Any, Chunk] = {}
        while chunks or running:
            while chunks and len(running) < CHUNKS_AHEAD * ray.cluster_resources().get("CPU", 1):
                chunk, fetched, refused = _fetch(chunks.popleft(), read)
                yield refused
                reference = task.remote(chunk, fetched, self._model, self._models_folder, recipe)
                running[reference] = chunk
            finished, _ = ray.wait(list(running), timeout=HEARTBEAT)
            if not finished:
                yield ()
            for reference in finished:
                chunk = running.pop(reference)
                try:
                    yield ray.get(reference)
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from error
                except ray.exceptions.RayError as error:
                    halves, problem = _divide(chunk, error)
                    chunks.extend(halves)
                    yield problem


def _embed_chunk(
    chunk: Chunk, fetched: dict[str, bytes], model: str, models_folder: Path, recipe: Recipe
) -> list[Outcome]:
    """Embed a chunk, on a worker."""
    import ray

    nothing = Fetcher(Path(), online=False)

    def read(item: Item) -> bytes:
        return fetched.get(item.location) or read_image(item, nothing)

    embedder = _loaded(model, models_folder, "cuda" if ray.get_gpu_ids() else "cpu")
    batches = embed_here(chunk, embedder, read, recipe)
    return [outcome for outcomes in batches for outcome in outcomes]


@cache
def _loaded(model: str, models_folder: Path, device: str) -> Embedder:
    """Load an embedder once for each worker process."""
    embedder: Embedder = load_model(model, models_folder, device)
    return embedder


def _fetch(chunk: Chunk, read: Read) -> tuple[Chunk, dict[str, bytes], list[Outcome]]:
    """Fetch what of a chunk is not on disk.

    Returns what is left of the chunk, the fetched files by URL, and what could not be had.
    """
    there, fetched, refused = [], {}, []
    for item, state in chunk:
        try:
            if is_address(item.location):
                fetched[item.location] = read(item)
            there.append((item, state))
        except ZograscopeError as error:
            refused.append(Outcome(item, state, problem=Problem(item.name, error.sentence)))
    return there, fetched, refused


def _divide(chunk: Chunk, error: Exception) -> tuple[list[Chunk], list[Outcome]]:
    """Halve a chunk that killed its worker each time, down to the image that does it."""
    if len(chunk) > 1:
        middle = len(chunk) // 2
        return [chunk[:middle], chunk[middle:]], []
    ((item, state),) = chunk
    sentence = EmbeddingError("image-kills-worker", str(error), name=item.name).sentence
    return [], [Outcome(item, state, problem=Problem(item.name, sentence))]


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT: Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and "://" not in address:
        socket.create_connection((host, int(port)), TIMEOUT).close()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise EmbeddingError("ray-missing", str(error)) from error
    return ray
