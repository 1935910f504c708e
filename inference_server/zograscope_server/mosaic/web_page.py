"""Writes a mosaic as a folder with a web page that opens from disk: no server, no network.

The picture is a pyramid of JPEG tiles, shown by Leaflet (a copy lies in the folder). A page that
was opened from disk may not fetch files, but may load scripts: so the descriptions are scripts that
call a function, in portions, and the page finds tiles and words in them by itself. The page's own
files are in the folder `web` beside this module.
"""

import html
import json
import math
import os
import shutil
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from zograscope_protocol.mosaic.tasks import Colour

from zograscope_server.mosaic.canvas import (
    Canvas,
    Pictures,
    drawn_canvas,
    fit_box,
    save_with_progress,
)
from zograscope_server.mosaic.errors import MosaicError
from zograscope_server.progress import OnProgress, no_progress, part_of

_TEMPLATES = Path(__file__).parent / "web"
_COPIED = ("mosaic.css", "mosaic.js", "finding.js")
_PYRAMID_TILE = 512
_PORTION = 5000  # descriptions in one script
_DRAWING = 0.6  # share of the time; the rest is compression


@dataclass(frozen=True)
class Label:
    """Words over a group of tiles, such as a cluster.

    Attributes:
        text: a few words.
        tiles: (n,) int numbers of the tiles that they stand for, at least one.
    """

    text: str
    tiles: np.ndarray


def cluster_labels(clusters: np.ndarray, texts: Sequence[str]) -> list[Label]:
    """The labels of clusters.

    Args:
        clusters: (n,) int32 each tile's cluster; negative for none.
        texts: each cluster's words; a cluster without words gets no label.
    """
    groups = ((text, np.flatnonzero(clusters == number)) for number, text in enumerate(texts))
    return [Label(text, tiles) for text, tiles in groups if text and len(tiles)]


def write_web_page(
    folder: Path,
    placements: np.ndarray,
    pictures: Pictures,
    extent: tuple[float, float],
    width_pixels: int,
    tiles: Sequence[Mapping[str, Any]],
    background: Colour = (22, 24, 27),
    crop: bool = False,
    *,
    title: str = "Mosaic",
    labels: Sequence[Label] = (),
    on_progress: OnProgress = no_progress,
) -> None:
    """Write a web page; the folder appears, or is replaced, when it is complete.

    Memory holds one strip of the mosaic, the tiles that reach into it, and a row of the pyramid's
    tiles. The disk needs three bytes for each pixel besides the page itself while it is written.

    Args:
        folder: what to create; opened by its index.html. It may exist if it is empty or holds such
            a page already.
        placements: (n, 4) float32 left, top, width and height of each tile, y down.
        pictures: gives each tile's picture.
        extent: width and height of the mosaic in the units of the placements.
        width_pixels: of the mosaic at its largest; its height follows from the extent.
        tiles: what is known about each tile, as in `zograscope_server.collection.Item`: any of
            name, location, title, date (decimal year, or text), creator, rights, link, and fields
            (further names and values). Locations on this computer are not written.
        background: sRGB, 0..255 each.
        crop: fill each cell with its picture, or keep the picture's aspect within the cell.
        title: the page's heading.
        labels: shown over the mosaic as there is room, those of many tiles first.

    Raises:
        ZograscopeError: `folder-in-use`, `output-needs-room`, `output-not-writable`.
    """
    _check_replaceable(folder)
    canvas = Canvas(placements, extent, width_pixels, background, crop)
    sizes: dict[int, tuple[int, int]] = {}

    def noted(tile: int, wanted: int) -> Image.Image:
        picture = pictures(tile, wanted)
        sizes[tile] = picture.size
        return picture

    unfinished = folder.with_name(f".{os.getpid()}-{folder.name}")
    try:
        with drawn_canvas(canvas, noted, folder, part_of(on_progress, 0.0, _DRAWING)) as image:
            unfinished.mkdir()
            _save_pyramid(image, unfinished, folder, background, part_of(on_progress, _DRAWING, 1))
        boxes = canvas.boxes()
        for tile, size in sizes.items():
            if not crop:
                boxes[tile] = fit_box(boxes[tile].tolist(), size)
        _write_page(unfinished, canvas, boxes, tiles, labels, title)
        _replace(folder, unfinished)
    except OSError as error:
        raise MosaicError("output-not-writable", str(error), path=folder) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_replaceable(folder: Path) -> None:
    """Refuse to replace anything but an empty folder or an earlier page."""
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / "mosaic.js").is_file()):
        raise MosaicError("folder-in-use", path=folder)


def _replace(folder: Path, finished: Path) -> None:
    if folder.exists():
        earlier = finished.with_name(f"{finished.name}-earlier")
        folder.rename(earlier)
        finished.rename(folder)
        shutil.rmtree(earlier, ignore_errors=True)
    else:
        finished.rename(folder)


def _save_pyramid(
    image: Any, folder: Path, output: Path, background: Colour, on_progress: OnProgress
) -> None:
    """Write pyramid/zoom/row/column.jpg; a tile of nothing but background has no file."""

    def save() -> None:
        image.dzsave(
            str(folder / "pyramid"),
            layout="google",
            tile_size=_PYRAMID_TILE,
            suffix=".jpg[Q=86,strip]",
            background=list(background),
            skip_blanks=0,
        )

    save_with_progress(image, save, output, "Writing the web page", on_progress)
    for unneeded in ("pyramid/blank.png", "vips-properties.xml", "pyramid/vips-properties.xml"):
        (folder / unneeded).unlink(missing_ok=True)


def _write_page(
    folder: Path,
    canvas: Canvas,
    boxes: np.ndarray,
    tiles: Sequence[Mapping[str, Any]],
    labels: Sequence[Label],
    title: str,
) -> None:
    from xstatic.pkg.leaflet import BASE_DIR

    width, height = canvas.size
    portions = math.ceil(len(tiles) / _PORTION)
    overview = {
        "width": width,
        "height": height,
        "levels": max(int(path.name) for path in (folder / "pyramid").iterdir()),
        "tileSize": _PYRAMID_TILE,
        "count": len(tiles),
        "portions": portions,
        "cell": _typical_side(boxes),
        "background": canvas.background,
        "labels": list(_label_records(labels, boxes)),
    }
    data = folder / "data"
    data.mkdir()
    _write_call(data / "overview.js", "mosaicOverview", overview)
    for portion in range(portions):
        part = slice(portion * _PORTION, (portion + 1) * _PORTION)
        records = [_record(tile) for tile in tiles[part]]
        path = data / f"tiles-{portion:05d}.js"
        _write_call(path, "mosaicTiles", boxes[part].ravel().tolist(), records)
    for name in _COPIED:
        shutil.copyfile(_TEMPLATES / name, folder / name)
    (folder / "leaflet").mkdir()
    for name in ("leaflet.js", "leaflet.css"):
        shutil.copyfile(Path(BASE_DIR) / name, folder / "leaflet" / name)
    shutil.copyfile(_TEMPLATES / "leaflet-licence.txt", folder / "leaflet" / "LICENCE.txt")
    template = string.Template((_TEMPLATES / "index.html").read_text(encoding="utf-8"))
    page = template.substitute(title=html.escape(title), count=f"{len(tiles):,} pictures")
    (folder / "index.html").write_text(page, encoding="utf-8")


def _write_call(path: Path, function: str, *arguments: Any) -> None:
    """Write a script that calls a function with JSON values."""
    texts = (json.dumps(argument, separators=(",", ":")) for argument in arguments)
    path.write_text(f"{function}({','.join(texts)});\n", encoding="ascii")


def _typical_side(boxes: np.ndarray) -> int:
    if not len(boxes):
        return 1
    return max(1, round(float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))))


def _label_records(labels: Sequence[Label], boxes: np.ndarray) -> Iterator[dict[str, Any]]:
    """The labels of most tiles first: they have precedence where there is little room."""
    for label in sorted(labels, key=lambda label: -len(label.tiles)):
        theirs = boxes[label.tiles]
        x, y = np.median((theirs[:, :2] + theirs[:, 2:]) / 2, axis=0).tolist()
        box = [*theirs[:, :2].min(axis=0).tolist(), *theirs[:, 2:].max(axis=0).tolist()]
        yield {"text": label.text, "x": x, "y": y, "box": box, "count": len(theirs)}


def _record(tile: Mapping[str, Any]) -> list[Any]:
    """A tile's values in the order of FIELDS in finding.js.

    Further fields are pairs and not an object, where a name such as __proto__ would mean something.
    """
    fields = tile.get("fields") or {}
    return [
        str(tile.get("name") or ""),
        str(tile.get("title") or ""),
        _date_text(tile.get("date")),
        str(tile.get("creator") or ""),
        str(tile.get("rights") or ""),
        _web_address(tile.get("link")),
        _web_address(tile.get("location")),
        [[str(name), str(value)] for name, value in fields.items() if value],
    ]


def _date_text(date: float | str | None) -> str:
    if isinstance(date, str):
        return date
    return "" if date is None else str(math.floor(date))


def _web_address(text: str | None) -> str:
    """The address if it is one of the web's; scripts and this computer's files stay out."""
    return text if text and text.lower().startswith(("http://", "https://")) else ""
