"""From an embedded collection to a mosaic: layouts, clusters, what can make height, and an atlas.

Every layout comes as a free cloud and snapped to a grid. The coordinates of both are in tiles, x to
the right, y up, about the origin; a third one puts a tile in front of others.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import KDTree
from zograscope_protocol.mosaic.tasks import COLUMN, MosaicOptions
from zograscope_protocol.options import refusal

from zograscope_server.collection.collection import Collection, Item
from zograscope_server.embedding.duplicates import near_duplicates
from zograscope_server.embedding.embed import (
    EmbeddedCollection,
    decoder_threads,
    embed_collection,
)
from zograscope_server.embedding.embedder import Embedder
from zograscope_server.embedding.image_index import ImageIndex
from zograscope_server.images import read_photograph
from zograscope_server.mosaic.atlas import SUFFIX, atlas_pages, plan_atlas
from zograscope_server.mosaic.errors import MosaicError
from zograscope_server.mosaic.grid.assignment import snap_to_grid
from zograscope_server.mosaic.grid.shapes import circle_cells, mask_cells, rectangle_cells
from zograscope_server.mosaic.layout.clusters import find_clusters
from zograscope_server.mosaic.layout.ordering import (
    Arrangement,
    by_colour,
    by_column,
    by_date,
    numbers_of,
)
from zograscope_server.mosaic.map_memory import MapMemory
from zograscope_server.progress import OnProgress, part_of

if TYPE_CHECKING:
    from zograscope_server.collection.fetching import Fetcher

TITLES = {"tsne": "Similarity", "umap": "Similarity (UMAP)", "date": "Date", "colour": "Colour"}
CLOUD_SPREAD = 1.3  # of a cloud's, against its grid's: air between the tiles
WIDEST = 2.0
ROOM = 0.6  # tiles from a tile of a cloud to the nearest other, for half of them
CLOUD_DEPTH = 0.5  # tiles from the first to the last of a cloud, so that overlaps are settled
STACK_STEP = 0.03  # tiles between near duplicates on a pile
NUMBERS_SHARE = 0.5  # of the images that must have a number in a column that can make height
MOST_NUMBER_COLUMNS = 12
LONGEST_COLUMN = 100  # letters of a column's name: an array is called for it
SHARE_TO_KEEP = 0.5  # of the images that must be on a former map for it to be kept

# Shares of the whole work, as a person waits for it.
EMBEDDED, LAID_OUT, PACKED = 0.55, 0.9, 1.0


@dataclass(frozen=True)
class Layout:
    """One way to lay the tiles out: both forms (n, 3) float32."""

    name: str
    title: str
    cloud: np.ndarray
    grid: np.ndarray


def embed_for_mosaic(
    collection: Collection,
    embedder: Embedder,
    index: ImageIndex,
    fetcher: "Fetcher",
    options: MosaicOptions,
    on_progress: OnProgress,
) -> EmbeddedCollection:
    """Embed a collection, with thumbnails as large as the atlas's cells.

    Raises ZograscopeError as `embed_collection`.
    """
    return embed_collection(
        collection,
        embedder,
        index,
        fetcher,
        thumbnail_size=plan_atlas(len(collection.items), options.tile_pixels).cell,
        decoders=decoder_threads(),
        on_progress=part_of(on_progress, 0.0, EMBEDDED),
    )


def make_mosaic(
    embedded: EmbeddedCollection,
    options: MosaicOptions,
    mask: np.ndarray | None,
    memory: MapMemory,
    device: str,
    on_progress: OnProgress,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Lay a collection out.

    Args:
        embedded: the collection.
        options: how it is laid out.
        mask: (h, w) bool, the outline to fill, for the shape "mask".
        memory: of the map of this collection, which is kept there.
        device: of torch.
        on_progress: may raise to cancel.

    Returns:
        Arrays: `layout.0`, `layout.1`, ... (n, 3) float32, cloud and grid of each layout in turn;
        `extent` (n, 2) float32, the share of its square cell that a picture takes; `value.NAME`
        (n,) float32; `tiles` and `problems`, JSON lines of what is known and of what is left out;
        `atlas.0`, ... JPEG files. And metadata: layouts, clusters, atlas, counts.

    Raises:
        ZograscopeError: `umap-missing`, `column-unknown`, `bad-parameters` for an empty mask.
    """
    count = len(embedded.items)
    stands_for = np.arange(count)
    duplicates = near_duplicates(embedded.vectors)
    if options.stack:
        stands_for = duplicates
    heads = np.flatnonzero(stands_for == np.arange(count))
    cells = _cells(len(heads), options, mask)
    layouts = [
        _make_layout(
            name,
            embedded,
            heads,
            cells,
            options,
            memory,
            device,
            part_of(
                on_progress,
                EMBEDDED + (LAID_OUT - EMBEDDED) * number / len(options.layouts),
                EMBEDDED + (LAID_OUT - EMBEDDED) * (number + 1) / len(options.layouts),
            ),
        )
        for number, name in enumerate(options.layouts)
    ]
    layouts = [_with_piles(layout, heads, stands_for) for layout in layouts]
    on_progress(LAID_OUT, "Finding clusters")
    clusters = find_clusters(layouts[0].cloud[:, :2], embedded.items, options.seed)

    plan = plan_atlas(count, options.tile_pixels)
    extents = (embedded.sizes / embedded.sizes.max(axis=1, keepdims=True)).astype(np.float32)
    arrays: dict[str, np.ndarray] = {}
    for number, layout in enumerate(layouts):
        arrays[f"layout.{2 * number}"] = layout.cloud
        arrays[f"layout.{2 * number + 1}"] = layout.grid
    for name, values in _values(embedded, clusters.numbers, duplicates).items():
        arrays[f"value.{name}"] = values
    if options.atlas:
        packing = part_of(on_progress, LAID_OUT, PACKED)
        pages = atlas_pages(plan, count, embedded.thumbnails, extents, packing)
        for number, page in enumerate(pages):
            arrays[f"atlas.{number}"] = np.frombuffer(page, np.uint8)
    arrays["extent"] = extents
    arrays["tiles"] = np.frombuffer(_tile_lines(embedded), np.uint8)
    arrays["problems"] = np.frombuffer(
        _json_lines(vars(problem) for problem in embedded.problems), np.uint8
    )
    metadata = {
        "count": count,
        "layouts": [
            {"name": layout.name, "form": form, "title": f"{layout.title}, {form}"}
            for layout in layouts
            for form in ("cloud", "grid")
        ],
        "clusters": list(clusters.labels),
        "atlas": {
            "columns": plan.columns,
            "page_pixels": plan.page_pixels,
            "pages": plan.pages,
            "suffix": SUFFIX,
        },
        "duplicates": int((duplicates != np.arange(count)).sum()),
        "left_out": len(embedded.problems),
    }
    return arrays, metadata


def read_mask(data: bytes, name: str) -> np.ndarray:
    """Read an outline: what is opaque, or without transparency what is dark, is inside.

    Returns (h, w) bool. Raises ZograscopeError as `read_photograph`.
    """
    picture = read_photograph(data, name)
    if picture.alpha is not None:
        return picture.alpha > 127
    return picture.pixels.mean(axis=2) < 128


def _make_layout(
    name: str,
    embedded: EmbeddedCollection,
    heads: np.ndarray,
    cells: np.ndarray,
    options: MosaicOptions,
    memory: MapMemory,
    device: str,
    on_progress: OnProgress,
) -> Layout:
    """Lay out the images `heads`, as a cloud and as a grid of these cells."""
    items = [embedded.items[head] for head in heads]
    vectors = embedded.vectors[heads]
    mapping = part_of(on_progress, 0.0, 0.8)
    title = TITLES.get(name) or name.removeprefix(COLUMN).capitalize()
    if name == "tsne":
        digests = [embedded.digests[head] for head in heads]
        cloud = _similarity_map(digests, vectors, options, memory, device, mapping)
        arrangement = Arrangement(cloud, None)
    elif name == "umap":
        from zograscope_server.mosaic.layout.umap import umap

        cloud = umap(vectors, options.seed, device, mapping)
        arrangement = Arrangement(cloud, None)
    elif name == "colour":
        arrangement = by_colour(embedded.colours[heads])
    elif name == "date":
        dates = np.array([np.nan if item.date is None else item.date for item in items])
        arrangement = by_date(dates, _along(vectors))
    else:
        arrangement = by_column(_column(items, name.removeprefix(COLUMN)), _along(vectors))
    snapping = part_of(on_progress, 0.8, 1.0)
    if arrangement.order is not None:
        chosen = np.empty_like(cells)
        chosen[arrangement.order] = cells
    elif options.neighbourhood == "features" and name in ("tsne", "umap"):
        from zograscope_server.mosaic.grid.sorting import sort_by_features

        chosen = sort_by_features(vectors, cells, options.seed, snapping)
    else:
        chosen = snap_to_grid(arrangement.cloud, cells, snapping)
    grid = _positions(chosen)
    cloud = arrangement.cloud
    if arrangement.order is None:
        cloud = _spread(cloud, grid)
    depth = np.linspace(0.0, CLOUD_DEPTH, len(heads), dtype=np.float32)
    return Layout(
        name,
        title,
        np.column_stack([cloud, depth]).astype(np.float32),
        np.column_stack([grid, np.zeros(len(heads))]).astype(np.float32),
    )


def _similarity_map(
    digests: Sequence[str],
    vectors: np.ndarray,
    options: MosaicOptions,
    memory: MapMemory,
    device: str,
    on_progress: OnProgress,
) -> np.ndarray:
    """Return the t-SNE (n, 2): the former one of the same images, or of most of them if asked."""
    from zograscope_server.mosaic.layout.tsne import place_into, tsne

    former = memory.load()
    known = np.array([digest in former for digest in digests])
    same = bool(known.all()) and len(former) == len(set(digests))
    if same or (options.keep_map and known.mean() >= SHARE_TO_KEEP):
        points = np.array([former.get(digest, (0.0, 0.0)) for digest in digests], np.float32)
        points[~known] = place_into(
            points[known], vectors[known], vectors[~known], device, on_progress
        )
    else:
        points = tsne(vectors, seed=options.seed, device=device, on_progress=on_progress)
    memory.save(digests, points)
    return points


def _cells(count: int, options: MosaicOptions, mask: np.ndarray | None) -> np.ndarray:
    if options.shape == "mask":
        if mask is None:
            raise refusal("there is no mask to fill")
        return mask_cells(count, mask)
    if options.shape == "circle":
        return circle_cells(count)
    return rectangle_cells(count, options.aspect)


def _positions(cells: np.ndarray) -> np.ndarray:
    """Return cells (column, row), row 0 at the top, as positions about the origin, y up."""
    middle = (cells.max(axis=0) + cells.min(axis=0)) / 2
    return ((cells - middle) * [1.0, -1.0]).astype(np.float32)


def _spread(cloud: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Scale a cloud of any scale to tiles, its aspect kept.

    It becomes somewhat wider than its grid, and where its clusters are dense up to WIDEST times
    that, until the usual tile has some room.
    """
    cloud = cloud - cloud.mean(axis=0)
    spread = float(np.sqrt((cloud**2).sum(axis=1).mean()))
    if not spread > 0.0:
        return cloud
    scale = float(np.sqrt((grid**2).sum(axis=1).mean())) * CLOUD_SPREAD / spread
    room = float(np.median(KDTree(cloud).query(cloud, k=2)[0][:, 1])) * scale
    return cloud * scale * float(np.clip(ROOM / max(room, 1e-9), 1.0, WIDEST))


def _with_piles(layout: Layout, heads: np.ndarray, stands_for: np.ndarray) -> Layout:
    """Put images that another stands for behind it."""
    place = np.empty(len(stands_for), np.int64)
    place[heads] = np.arange(len(heads))
    below = np.zeros(len(stands_for), np.float32)
    hidden = np.flatnonzero(stands_for != np.arange(len(stands_for)))
    seen: dict[int, int] = {}
    for image in hidden:
        head = int(stands_for[image])
        seen[head] = seen.get(head, 0) + 1
        below[image] = STACK_STEP * seen[head]

    def expanded(positions: np.ndarray) -> np.ndarray:
        everyone = positions[place[stands_for]].copy()
        everyone[:, 2] -= below
        everyone[:, :2] += below[:, None] * [1.0, -1.0]  # a pile that one sees
        return everyone.astype(np.float32)

    return Layout(layout.name, layout.title, expanded(layout.cloud), expanded(layout.grid))


def _along(vectors: np.ndarray) -> np.ndarray:
    """Return ranks (n,) along the direction in which the vectors differ most."""
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred[:20_000], full_matrices=False)
    return np.argsort(np.argsort(centred @ directions[0], kind="stable"), kind="stable")


def _column(items: Sequence[Item], name: str) -> list[str]:
    """Return a column of the metadata, named in any case."""
    wanted = name.casefold()
    if wanted == "folder":
        return [item.name.rpartition("/")[0] for item in items]
    if wanted in ("title", "creator", "rights"):
        return [getattr(item, wanted) for item in items]
    columns = {key.casefold(): key for item in items for key in item.fields}
    if wanted not in columns:
        known = ", ".join(("folder", "creator", *sorted(columns.values())))
        raise MosaicError("column-unknown", name=name, known=known)
    return [item.fields.get(columns[wanted], "") for item in items]


def _values(
    embedded: EmbeddedCollection, clusters: np.ndarray, duplicates: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what can make height, (n,) float32 each; unknown values are the least."""
    lightness, green_red, blue_yellow = embedded.colours.T
    width, height = embedded.sizes.astype(np.float64).T
    dates = [np.nan if item.date is None else item.date for item in embedded.items]
    values = {
        "cluster": clusters,
        "lightness": lightness,
        "chroma": np.hypot(green_red, blue_yellow),
        "warmth": blue_yellow,
        "megapixels": width * height / 1e6,
        "duplicates": np.bincount(duplicates, minlength=len(duplicates))[duplicates],
    }
    if np.isfinite(dates).any():
        values["date"] = np.array(dates)
    columns = dict.fromkeys(key for item in embedded.items for key in item.fields)
    for key in columns:
        numbers = numbers_of([item.fields.get(key, "") for item in embedded.items])
        enough = np.isfinite(numbers).mean() >= NUMBERS_SHARE
        name = key[:LONGEST_COLUMN]
        if enough and name not in values and len(values) < MOST_NUMBER_COLUMNS:
            values[name] = numbers
    return {name: _filled(column) for name, column in values.items()}


def _filled(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    return np.where(known, values, values[known].min() if known.any() else 0).astype(np.float32)


def _tile_lines(embedded: EmbeddedCollection) -> bytes:
    """Return what is known of each image, a line of JSON each."""
    tiles = []
    for item, digest, size in zip(
        embedded.items, embedded.digests, embedded.sizes.tolist(), strict=True
    ):
        known: dict[str, Any] = {
            "name": item.name,
            "title": item.title,
            "date": item.date,
            "creator": item.creator,
            "rights": item.rights,
            "link": item.link,
            "fields": dict(item.fields),
            "size": size,
            "digest": digest,
        }
        tiles.append({key: value for key, value in known.items() if value})
    return _json_lines(tiles)


def _json_lines(entries: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()
