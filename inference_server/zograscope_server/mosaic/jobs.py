"""The mosaic tasks as the protocol offers them.

`mosaic` lays a collection out; `mosaic_poster`, `mosaic_page`, `similar_images` and `originals`
work on images that it has seen, named by their content: only `mosaic` is ever given a path. Here
parameters are checked and turned into the options of plain functions; nothing is computed. The
broker imports this module, so whatever is heavy is imported inside the tasks.
"""

import json
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.errors import CollectionError
from zograscope_server.models.catalogue import DEFAULT, EMBEDDING
from zograscope_server.parameters import number, one_of, refusal, required, truth
from zograscope_server.tasks import TaskContext, TaskResult, task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zograscope_server.collection.collection import Collection
    from zograscope_server.mosaic.embedding.image_index import ImageIndex
    from zograscope_server.mosaic.mosaic import MosaicOptions
    from zograscope_server.mosaic.pictures import IndexedPictures
    from zograscope_server.mosaic.web_page import Label

LAYOUTS = ("tsne", "umap", "date", "colour")
COLUMN = "column:"
SHAPES = ("rectangle", "circle", "mask")
NEIGHBOURHOODS = ("map", "features")
ASPECT_RANGE = (0.05, 20.0)
POSTER_SUFFIXES = (".png", ".jpg", ".tif", ".webp")
DIGEST_BYTES = 32
MOST_ORIGINALS = 60  # as a message can name arrays
ORIGINAL_PIXELS = 4096
MOST_POSTER_PIXELS = 200_000
"""Along the long side."""


@task("mosaic", version=1, cacheable=False)
def mosaic(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Lay out the collection at the path or address `collection`."""
    from zograscope_server.collection.fetching import Fetcher, is_address
    from zograscope_server.collection.open import open_collection
    from zograscope_server.mosaic.map_memory import MapMemory
    from zograscope_server.mosaic.mosaic import embed_for_mosaic, make_mosaic

    source = parameters.get("collection")
    if not isinstance(source, str) or not source:
        raise refusal("no collection is named")
    if not is_address(source):
        context.check_may_read(Path(source))
    options = read_mosaic_options(inputs, parameters)
    online = truth(parameters, "online", default=True)
    downloads = context.cache_folder / "downloads"
    context.progress(None, "Opening the collection")
    collection = open_collection(source, downloads, context.progress, online)
    collection = _readable_part(collection, context)
    embedder = context.load_model(str(parameters.get("model", DEFAULT)), EMBEDDING)
    with image_index(context) as index:
        fetcher = Fetcher(downloads, online, partial(_sleep_unless_cancelled, context))
        embedded = embed_for_mosaic(collection, embedder, index, fetcher, options, context.progress)
        memory = MapMemory(
            context.cache_folder / "maps", source, embedder.revision, options.seed, options.stack
        )
        arrays, metadata = make_mosaic(embedded, options, memory, context.device, context.progress)
    return TaskResult(arrays, {"name": collection.name, "model": embedder.name, **metadata})


@task("mosaic_poster", version=1, cacheable=False)
def mosaic_poster(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Draw a mosaic as one picture file of any size."""
    from zograscope_server.mosaic.poster import write_poster

    suffix = one_of(parameters, "suffix", POSTER_SUFFIXES, ".png")
    with _work_folder(context) as folder, image_index(context) as index:
        path = folder / f"poster{suffix}"
        write_poster(
            path,
            _placements(inputs),
            _pictures(inputs, index, context),
            _extent(parameters),
            _poster_width(parameters),
            _colour(parameters),
            truth(parameters, "crop", default=False),
            context.progress,
        )
        return TaskResult({"file": _file_as_array(path)})


@task("mosaic_page", version=1, cacheable=False)
def mosaic_page(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Make a web page of a mosaic that opens from disk; the result is a zip of its folder."""
    from zograscope_server.mosaic.web_page import write_web_page

    with _work_folder(context) as folder, image_index(context) as index:
        page = folder / "page"
        write_web_page(
            page,
            _placements(inputs),
            _pictures(inputs, index, context),
            _extent(parameters),
            _poster_width(parameters),
            _tiles(inputs),
            _colour(parameters),
            truth(parameters, "crop", default=False),
            title=str(parameters.get("title", "Mosaic")),
            labels=_labels(inputs, parameters),
            on_progress=context.progress,
        )
        path = folder / "page.zip"
        context.progress(None, "Packing the page")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(page.rglob("*")):
                if file.is_file():
                    context.check_cancelled()
                    archive.write(file, file.relative_to(page).as_posix())
        return TaskResult({"file": _file_as_array(path)})


@task("similar_images", version=1, cacheable=False)
def similar_images(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Say how alike each of the images `digests` is to one of them, or to the file `image`.

    The result `similarity` is float32 (n,), 1 for the same picture, 0 for the least alike.
    """
    from zograscope_server.mosaic.similarity import similarity_to

    digests = _digests(inputs)
    tile = int(number(parameters, "tile", -1))
    if "image" not in inputs and not 0 <= tile < len(digests):
        raise refusal("neither a tile nor an image is named")
    query = inputs["image"].tobytes() if "image" in inputs else tile
    with image_index(context) as index:
        embedder = context.load_model(str(parameters.get("model", DEFAULT)), EMBEDDING)
        context.progress(None, "Comparing images")
        similarity = similarity_to(query, digests, embedder, index)
    return TaskResult({"similarity": similarity})


@task("originals", version=1, cacheable=False)
def originals(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any], context: TaskContext
) -> TaskResult:
    """Return the images `digests` at full resolution, up to `long_side` pixels, as JPEG files.

    The arrays are called `0`, `1`, ...; what can no longer be read is missing among them.
    """
    from zograscope_server.mosaic.pictures import encode_picture

    digests = _digests(inputs)
    if len(digests) > MOST_ORIGINALS:
        raise refusal(f"{len(digests)} images at full resolution are too many")
    long_side = int(np.clip(number(parameters, "long_side", ORIGINAL_PIXELS), 64, 16384))
    files, missing = {}, []
    with image_index(context) as index:
        pictures = _pictures(inputs, index, context)
        for place in range(len(digests)):
            context.progress(place / len(digests), f"Reading original {place + 1}")
            picture = pictures.original(place, long_side)
            if picture is None:
                missing.append(place)
            else:
                files[str(place)] = np.frombuffer(encode_picture(picture), np.uint8)
    return TaskResult(files, {"missing": missing})


def _sleep_unless_cancelled(context: TaskContext, seconds: float) -> None:
    """Wait for a busy host, but no longer than the job is wanted; raises Cancelled."""
    if context.cancel_asked.wait(seconds):
        context.check_cancelled()


def _readable_part(collection: "Collection", context: TaskContext) -> "Collection":
    """Leave out files that clients may not name, whatever a table or a link says."""
    from zograscope_server.collection.collection import Collection, Problem
    from zograscope_server.collection.fetching import is_address

    items, problems = [], list(collection.problems)
    for item in collection.items:
        try:
            if not is_address(item.location):
                context.check_may_read(Path(item.location))
            items.append(item)
        except ZograscopeError as error:
            problems.append(Problem(item.name, error.sentence))
    if not items:
        raise CollectionError("collection-empty", name=collection.name)
    return Collection(collection.name, tuple(items), tuple(problems))


def read_mosaic_options(
    inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any]
) -> "MosaicOptions":
    """Check the parameters of the task `mosaic`.

    Raises:
        ZograscopeError: `bad-parameters`, or what is wrong with the mask.
    """
    from zograscope_server.mosaic.mosaic import MosaicOptions, read_mask

    layouts = parameters.get("layouts", ["tsne"])
    if not isinstance(layouts, list) or not layouts or not all(map(is_layout, layouts)):
        raise refusal(
            f"the layouts are {layouts!r}, but each can only be one of {', '.join(LAYOUTS)} "
            "or column:NAME"
        )
    aspect = number(parameters, "aspect", 1.5)
    if not ASPECT_RANGE[0] <= aspect <= ASPECT_RANGE[1]:
        raise refusal(f"an aspect of {aspect:g} is not between {ASPECT_RANGE[0]} and 20")
    shape = one_of(parameters, "shape", SHAPES, "rectangle")
    mask = None
    if shape == "mask":
        name = str(parameters.get("mask_name", "mask"))
        mask = read_mask(required(inputs, "mask").tobytes(), name)
    tile_pixels = parameters.get("tile_pixels")
    if tile_pixels is not None and not 8 <= number(parameters, "tile_pixels", 0) <= 1024:
        raise refusal(f"tiles of {tile_pixels} pixels are not between 8 and 1024")
    return MosaicOptions(
        layouts=tuple(layouts),
        shape=shape,
        aspect=aspect,
        mask=mask,
        neighbourhood=one_of(parameters, "neighbourhood", NEIGHBOURHOODS, "map"),
        stack=truth(parameters, "stack", default=False),
        tile_pixels=None if tile_pixels is None else int(tile_pixels),
        atlas=truth(parameters, "atlas", default=True),
        seed=int(number(parameters, "seed", 0)),
        keep_map=truth(parameters, "keep_map", default=False),
    )


def is_layout(name: Any) -> bool:
    """Whether a layout of that name can be made."""
    return name in LAYOUTS or (isinstance(name, str) and name.startswith(COLUMN) and len(name) > 7)


@contextmanager
def image_index(context: TaskContext) -> "Iterator[ImageIndex]":
    """Open this server's index of images."""
    from zograscope_server.mosaic.embedding.image_index import ImageIndex

    with ImageIndex(context.cache_folder / "images.sqlite") as index:
        yield index


@contextmanager
def _work_folder(context: TaskContext) -> "Iterator[Path]":
    """Make a folder for files on their way."""
    parent = context.cache_folder / "work"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _file_as_array(path: Path) -> np.ndarray:
    """Map a file: a poster is larger than memory ought to be."""
    return np.memmap(path, np.uint8, "r").view(np.ndarray)


def _digests(inputs: Mapping[str, np.ndarray]) -> list[str]:
    digests = required(inputs, "digests")
    if digests.ndim != 2 or digests.shape[1] != DIGEST_BYTES or digests.dtype != np.uint8:
        raise refusal(f"the digests have shape {digests.shape}")
    return [row.tobytes().hex() for row in digests]


def _pictures(
    inputs: Mapping[str, np.ndarray], index: "ImageIndex", context: TaskContext
) -> "IndexedPictures":
    from zograscope_server.collection.fetching import Fetcher
    from zograscope_server.mosaic.pictures import IndexedPictures

    fetcher = Fetcher(context.cache_folder / "downloads", online=False)
    return IndexedPictures(_digests(inputs), index, fetcher)


def _placements(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    placements = required(inputs, "placements")
    if placements.shape != (len(_digests(inputs)), 4) or not np.isfinite(placements).all():
        raise refusal(f"the placements have shape {placements.shape}")
    return placements.astype(np.float32)


def _extent(parameters: Mapping[str, Any]) -> tuple[float, float]:
    extent = parameters.get("extent")
    if not isinstance(extent, list) or len(extent) != 2 or not all(side > 0 for side in extent):
        raise refusal(f"the extent is {extent!r}, and not a width and a height")
    return float(extent[0]), float(extent[1])


def _labels(inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any]) -> "list[Label]":
    """Return the names of clusters, where the request has them."""
    from zograscope_server.mosaic.web_page import cluster_labels

    texts = parameters.get("clusters", [])
    numbers = inputs.get("clusters")
    if numbers is None or not isinstance(texts, list):
        return []
    if numbers.shape != (len(_digests(inputs)),):
        raise refusal(f"the clusters have shape {numbers.shape}")
    return list(cluster_labels(numbers.astype(np.int32), [str(text) for text in texts]))


def _poster_width(parameters: Mapping[str, Any]) -> int:
    width = int(number(parameters, "width_pixels", 4096))
    if not 1 <= width <= MOST_POSTER_PIXELS:
        raise refusal(f"a picture {width} pixels wide is not between 1 and {MOST_POSTER_PIXELS}")
    return width


def _colour(parameters: Mapping[str, Any]) -> tuple[int, int, int]:
    colour = parameters.get("background", [16, 16, 18])
    whole = isinstance(colour, list) and all(type(part) is int for part in colour)
    if not whole or len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
        raise refusal(f"the background is {colour!r}, and not three numbers from 0 to 255")
    return colour[0], colour[1], colour[2]


def _tiles(inputs: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    try:
        lines = required(inputs, "tiles").tobytes().decode().splitlines()
        tiles = [json.loads(line) for line in lines]
    except ValueError as error:
        raise refusal("what is known of the tiles is not JSON lines") from error
    if not all(isinstance(tile, dict) for tile in tiles):
        raise refusal("what is known of the tiles is not JSON objects")
    return tiles
