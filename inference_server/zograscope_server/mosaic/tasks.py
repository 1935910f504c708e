"""The mosaic tasks as the protocol offers them.

`mosaic` lays a collection out; `mosaic_poster`, `mosaic_page`, `similar_images` and `originals`
work on images that it has seen, named by their content: only `mosaic` is ever given a path. Here
inputs are checked and handed to plain functions; nothing is computed. The broker imports this
module, so whatever is heavy is imported inside the tasks.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from zograscope_protocol.mosaic.tasks import (
    DIGEST_BYTES,
    MOST_ORIGINALS,
    MosaicOptions,
    OriginalsOptions,
    PageOptions,
    PictureOptions,
    PosterOptions,
    SimilarOptions,
)
from zograscope_protocol.options import refusal

from zograscope_server.embedding.loading import PURPOSE
from zograscope_server.mosaic.errors import MosaicError
from zograscope_server.mosaic.placing import Placing, place_tiles
from zograscope_server.tasks import TaskContext, TaskResult, required, required_numbers, task

if TYPE_CHECKING:
    from zograscope_server.embedding.image_index import ImageIndex
    from zograscope_server.mosaic.pictures import IndexedPictures
    from zograscope_server.mosaic.web_page import Label

MOST_TILES = 1e7  # from one end of a layout to the other
MOST_PIXELS = 400_000_000  # of one tile


@task(MosaicOptions, version=1, cacheable=False)
def mosaic(
    inputs: Mapping[str, np.ndarray], options: MosaicOptions, context: TaskContext
) -> TaskResult:
    """Lay out a collection."""
    from zograscope_server.collection.for_tasks import open_for_task
    from zograscope_server.mosaic.map_memory import MapMemory
    from zograscope_server.mosaic.mosaic import embed_for_mosaic, make_mosaic, read_mask

    mask = None
    if options.shape == "mask":
        mask = read_mask(required(inputs, "mask").tobytes(), options.mask_name)
    context.progress(None, "Opening the collection")
    collection, fetcher = open_for_task(
        options.collection,
        context,
        context.progress,
        online=options.online,
        refresh=options.refresh,
    )
    embedder = context.load_model(options.model, PURPOSE)
    maps = context.settings.cache_folder / "maps"
    memory = MapMemory(maps, options.collection, embedder.revision, options.seed, options.stack)
    with image_index(context) as index:
        embedded = embed_for_mosaic(collection, embedder, index, fetcher, options, context.progress)
        if context.guest:
            index.show(context.guest, embedded.digests)
        arrays, metadata = make_mosaic(
            embedded, options, mask, memory, context.device, context.progress
        )
    return TaskResult(arrays, {"name": collection.name, "model": embedder.name, **metadata})


@task(PosterOptions, version=1, cacheable=False)
def mosaic_poster(
    inputs: Mapping[str, np.ndarray], options: PosterOptions, context: TaskContext
) -> TaskResult:
    """Draw a mosaic as one picture file of any size."""
    from zograscope_server.mosaic.poster import write_poster

    placements, extent = _placing(inputs, options)
    with _work_folder(context) as folder, image_index(context) as index:
        path = folder / f"poster{options.suffix}"
        write_poster(
            path,
            placements,
            _pictures(inputs, index, context),
            extent,
            options.width_pixels,
            options.background,
            options.crop,
            context.progress,
        )
        return TaskResult({"file": _file_as_array(path)})


@task(PageOptions, version=1, cacheable=False)
def mosaic_page(
    inputs: Mapping[str, np.ndarray], options: PageOptions, context: TaskContext
) -> TaskResult:
    """Make a web page of a mosaic that opens from disk; the result is a zip of its folder."""
    from zograscope_server.mosaic.web_page import write_web_page

    placements, extent = _placing(inputs, options)
    with _work_folder(context) as folder, image_index(context) as index:
        page = folder / "page"
        write_web_page(
            page,
            placements,
            _pictures(inputs, index, context),
            extent,
            options.width_pixels,
            _tiles(inputs),
            options.background,
            options.crop,
            title=options.title,
            labels=_labels(inputs, options),
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


@task(SimilarOptions, version=1, cacheable=False)
def similar_images(
    inputs: Mapping[str, np.ndarray], options: SimilarOptions, context: TaskContext
) -> TaskResult:
    """Say how alike each of the images `digests` is to one of them, or to the file `image`.

    The result `similarity` is float32 (n,), 1 for the same picture, 0 for the least alike.
    """
    from zograscope_server.mosaic.similarity import similarity_to

    digests = _digests(inputs)
    if options.tile is not None and options.tile >= len(digests):
        raise refusal(f"there is no tile {options.tile} among {len(digests)}")
    query = required(inputs, "image").tobytes() if options.tile is None else options.tile
    with image_index(context) as index:
        if context.guest and not all(index.was_shown(context.guest, digest) for digest in digests):
            raise MosaicError("image-forgotten")
        embedder = context.load_model(options.model, PURPOSE)
        context.progress(None, "Comparing images")
        similarity = similarity_to(query, digests, embedder, index)
    return TaskResult({"similarity": similarity})


@task(OriginalsOptions, version=1, cacheable=False)
def originals(
    inputs: Mapping[str, np.ndarray], options: OriginalsOptions, context: TaskContext
) -> TaskResult:
    """Return the images `digests` at full resolution, up to `long_side` pixels, as JPEG files.

    The arrays are called `0`, `1`, ...; what can no longer be read is missing among them.
    """
    from zograscope_server.mosaic.pictures import encode_picture

    count = len(_digests(inputs))
    if count > MOST_ORIGINALS:
        raise refusal(f"{count} images at full resolution are too many")
    files, missing = {}, []
    with image_index(context) as index:
        pictures = _pictures(inputs, index, context)
        for place in range(count):
            context.progress(place / count, "Reading originals", f"{place + 1} of {count}")
            picture = pictures.original(place, options.long_side)
            if picture is None:
                missing.append(place)
            else:
                files[str(place)] = np.frombuffer(encode_picture(picture), np.uint8)
    return TaskResult(files, {"missing": missing})


@contextmanager
def image_index(context: TaskContext) -> "Iterator[ImageIndex]":
    """Open this server's index of images."""
    from zograscope_server.embedding.image_index import index_in

    with index_in(context.settings.cache_folder) as index:
        yield index


@contextmanager
def _work_folder(context: TaskContext) -> Iterator[Path]:
    """Make a folder for files on their way."""
    parent = context.settings.cache_folder / "work"
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
    from zograscope_server.collection.for_tasks import fetcher_for_task
    from zograscope_server.mosaic.pictures import IndexedPictures

    fetcher = fetcher_for_task(context, online=False)
    return IndexedPictures(_digests(inputs), index, fetcher, context.check_may_read, context.guest)


def _placing(inputs: Mapping[str, np.ndarray], options: PictureOptions) -> Placing:
    """Place the tiles of the input `layout`; clients of 1.0 have placed them already."""
    count = len(_digests(inputs))
    if "placements" in inputs and options.extent is not None:
        placements = required_numbers(inputs, "placements", (count, 4), MOST_TILES)
        placing = Placing(placements.astype(np.float32), options.extent)
    else:
        layout = required_numbers(inputs, "layout", (count, 3), MOST_TILES)
        if count == 0:
            raise refusal("there are no tiles to draw")
        placing = place_tiles(layout.astype(np.float32), options.tile_size, options.margin)
    scale = options.width_pixels / placing.extent[0]
    largest = placing.placements[:, 2:].max(axis=0, initial=0.0) * scale
    if largest.prod() > MOST_PIXELS:
        raise refusal(
            f"a tile would have {largest[0]:.0f} x {largest[1]:.0f} pixels; choose a smaller width"
        )
    return placing


def _labels(inputs: Mapping[str, np.ndarray], options: PageOptions) -> "list[Label]":
    """Return the names of clusters, where the job has them."""
    from zograscope_server.mosaic.web_page import cluster_labels

    numbers = inputs.get("clusters")
    if numbers is None:
        return []
    numbers = required_numbers(inputs, "clusters", (len(_digests(inputs)),))
    return cluster_labels(numbers.astype(np.int32), options.clusters)


def _tiles(inputs: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    try:
        lines = required(inputs, "tiles").tobytes().decode().splitlines()
        tiles = [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise refusal("what is known of the tiles is not JSON lines") from error
    count = len(_digests(inputs))
    if len(tiles) != count:
        raise refusal(f"there are {count} tiles, and {len(tiles)} lines of what is known of them")
    if not all(isinstance(tile, dict) and _is_known(tile) for tile in tiles):
        raise refusal("what is known of the tiles is not as the task mosaic tells it")
    return tiles


def _is_known(tile: Mapping[str, Any]) -> bool:
    """Whether what is known of a tile has the types that a page takes."""
    date = tile.get("date")
    dated = isinstance(date, str | None) or (type(date) in (int, float) and abs(date) < MOST_TILES)
    texts = all(isinstance(tile.get(name), str | None) for name in ("link", "location"))
    return dated and texts and isinstance(tile.get("fields") or {}, dict)
