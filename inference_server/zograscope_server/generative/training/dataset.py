"""What a generator learns from: a collection's pictures, cut to size, in one file on the disk.

Each picture is opened once, reduced, and written beside the others as plain bytes, which are mapped
into memory: a training of days neither decodes a file twice nor holds the collection in memory, and
goes on where the collection is out of reach. What a training is shown at a step is a function of
its seed and the step alone, so that it resumes without any state.
"""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import MOST_SIDE, TrainOptions, base_grid

from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import Fetcher, read_image
from zograscope_server.embedding.duplicates import near_duplicates
from zograscope_server.embedding.embed import (
    decoder_threads,
    embed_collection,
    run_ahead,
)
from zograscope_server.errors import ServerError
from zograscope_server.generative.errors import GenerativeError
from zograscope_server.images import READING, read_reduced_photograph
from zograscope_server.job_files import sync_files, sync_folder
from zograscope_server.progress import OnProgress, no_progress, part_of

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder
    from zograscope_server.embedding.image_index import ImageIndex
    from zograscope_server.faces.landmarks import Face
    from zograscope_server.faces.loading import FaceModel

logger = logging.getLogger(__name__)

PICTURES, CONTENTS = "pictures.uint8", "pictures.json"
VERSION = 1  # of how pictures are cut and kept

LEAST = 2  # images that a model can be trained on
FEW = 100
"""Images below which a model rather repeats them than learns from them."""

TILES = 8  # a picture is at most so many tiles wide or high, so that a tile shows some of it
MOST_PIXELS = 16_000_000  # of a picture that tiles are cut from
MOST_BYTES = 16_000_000_000  # of all of them
SHARPER = 2  # pictures are decoded so much larger than they are wanted, then averaged

MOST_ENLARGED = 2  # times that a face is made larger than it is
TOLD_LOSS = 0.15  # share of the pictures, from which on one is told what cutting loses
NAMED = 3  # pictures that a sentence names
LOOKED_THROUGH = 3072  # pixels of the shorter side of a picture in which faces are looked for
FIRST_EYES = (468, 473)  # irises among a face's points: the sitter's right, then left
CORNERS_OF_MOUTH = (61, 291)

SHUFFLED, DRAWN = 0, 1  # kinds of chance, so that no two streams are one


class TrainingSet:
    """Pictures of one size and kind, seen through *views*.

    A picture that is as large as the images that are learnt has one view. A larger one, of which
    tiles are cut, has as many as fit into it side by side; where they lie in training is drawn anew
    each time.

    Attributes:
        size: width and height of a view in pixels.
        colours: 3, or 1 for grey.
        names: of the picture behind each view, as people call its file.
        locations: of the same, where their files are.
        warnings: what an artist should know, in sentences.
        problems: what was left out of the collection, and why.
    """

    def __init__(self, contents: Mapping[str, Any], pixels: np.ndarray, *, flips: bool) -> None:
        """Take what `_write` noted, and all pictures' bytes one after the other.

        Raises KeyError, TypeError or ValueError where they are not what they should be.
        """
        self.size: tuple[int, int] = (contents["width"], contents["height"])
        self.colours: int = contents["colours"]
        self.warnings = tuple(contents["warnings"])
        self.problems = tuple(Problem(*problem) for problem in contents["problems"])
        self._flips = flips
        self._pixels = pixels
        self._shapes = np.array(contents["shapes"], np.int64).reshape(-1, 2)
        self._begins = _starts(self._shapes.prod(axis=1) * self.colours)
        width, height = self.size
        rows_and_columns = self._shapes // (height, width)
        views = rows_and_columns.prod(axis=1)
        self._columns = rows_and_columns[:, 1]
        self._first_view = _starts(views)
        self._picture_of = np.repeat(np.arange(len(views)), views)
        self.names = tuple(contents["names"][number] for number in self._picture_of)
        self.locations = tuple(contents["locations"][number] for number in self._picture_of)
        self._order_of: tuple[int, int] | None = None
        self._order = np.empty(0, np.int64)

    def __len__(self) -> int:
        """Return the number of views."""
        return len(self._picture_of)

    def batch(self, step: int, size: int, seed: int) -> np.ndarray:
        """Return what is shown at a step, a function of the arguments alone.

        Steps go through all views in an order of chance, and then in another. Tiles lie anywhere in
        their picture.

        Args:
            step: from 0 on.
            size: of the batch.
            seed: of all chance.

        Returns:
            (size, height, width, colours) uint8.
        """
        width, height = self.size
        random = np.random.default_rng([seed, DRAWN, step])
        places, mirrored = random.random((size, 2)), random.random(size) < 0.5
        shown = np.empty((size, height, width, self.colours), np.uint8)
        for row, view in enumerate(self._views(step * size, size, seed)):
            picture = self._picture(self._picture_of[view])
            room = np.array(picture.shape[:2]) - (height, width)
            top, left = (places[row] * (room + 1)).astype(int)
            tile = picture[top : top + height, left : left + width]
            shown[row] = tile[:, ::-1] if self._flips and mirrored[row] else tile
        return shown

    def pictures(self, views: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return views as they lie side by side around their pictures' middle.

        Args:
            views: numbers below the set's length.

        Returns:
            (n, height, width, colours) uint8.
        """
        width, height = self.size
        shown = np.empty((len(views), height, width, self.colours), np.uint8)
        for row, view in enumerate(views):
            number = self._picture_of[view]
            picture = self._picture(number)
            down, across = divmod(view - self._first_view[number], self._columns[number])
            top = picture.shape[0] % height // 2 + down * height
            left = picture.shape[1] % width // 2 + across * width
            shown[row] = picture[top : top + height, left : left + width]
        return shown

    def spread(self, count: int) -> np.ndarray:
        """Return up to `count` views that are spread evenly over the set, as `pictures` does."""
        chosen = np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)
        return self.pictures(chosen)

    def _picture(self, number: int) -> np.ndarray:
        begin, end = self._begins[number : number + 2]
        return self._pixels[begin:end].reshape(*self._shapes[number], self.colours)

    def _views(self, first: int, count: int, seed: int) -> list[int]:
        """Return the views from a place on in the endless row of all, shuffled anew each time."""
        views: list[int] = []
        while len(views) < count:
            epoch, place = divmod(first + len(views), len(self))
            views += self._shuffled(epoch, seed)[place : place + count - len(views)].tolist()
        return views

    def _shuffled(self, epoch: int, seed: int) -> np.ndarray:
        if self._order_of != (seed, epoch):  # kept, since many steps go through one epoch
            random = np.random.default_rng([seed, SHUFFLED, epoch])
            self._order, self._order_of = random.permutation(len(self)), (seed, epoch)
        return self._order


def _starts(sizes: np.ndarray) -> np.ndarray:
    """Return where each of some things begins, and where the last ends, laid one after another."""
    return np.concatenate([[0], np.cumsum(sizes)])


@dataclass(frozen=True)
class _Cut:
    """What became of one item.

    Attributes:
        pictures: (h, w, colours) uint8 each, at least as large as a view.
        names: of them.
        enlarged: whether the item has fewer pixels than are learnt.
        problem: why it is left out.
    """

    item: Item
    pictures: tuple[np.ndarray, ...] = ()
    names: tuple[str, ...] = ()
    enlarged: bool = False
    problem: Problem | None = None


def prepare_training_set(
    collection: Collection,
    options: TrainOptions,
    embedder: "Embedder",
    index: "ImageIndex",
    fetcher: Fetcher,
    face_model: "FaceModel | None",
    folder: Path,
    on_progress: OnProgress = no_progress,
    *,
    flips: bool = False,
) -> TrainingSet:
    """Cut a collection's pictures to what is learnt, and keep them in a folder.

    Where the folder has them already, from the same files with the same options, they are taken.
    The folder is filled whole, or nothing in it is taken for whole.

    Args:
        collection: opened; broken images are left out, as problems.
        options: size, colours, crop and whether near duplicates are kept.
        embedder: tells near duplicates.
        index: of what is known of images.
        fetcher: gets images that are URLs.
        face_model: finds faces, for that crop.
        folder: is made where it is missing.
        on_progress: may raise to cancel.
        flips: whether views are mirrored by chance; lettering would be learnt mirrored too.

    Raises:
        ZograscopeError: `collection-empty`, `collection-too-small`, `no-faces` where that crop
            finds none, `set-up-models-missing` where it has no face model, `spool-full`, and what
            embedding raises.
    """
    if options.crop == "faces" and face_model is None:
        raise ServerError("set-up-models-missing", name="face-landmarker")
    embedded = embed_collection(
        collection,
        embedder,
        index,
        fetcher,
        decoders=decoder_threads(),
        on_progress=part_of(on_progress, 0.0, 0.5),
    )
    kept = np.arange(len(embedded.items))
    if not options.duplicates:
        stands_for = near_duplicates(embedded.vectors, on_progress=part_of(on_progress, 0.5, 0.5))
        kept = np.flatnonzero(stands_for == kept)
    digest = _digest(options, [embedded.digests[number] for number in kept])
    found = open_training_set(folder, digest, flips=flips)
    if found is not None:
        return found
    items = [embedded.items[number] for number in kept]
    cut = _cutter(options, fetcher, face_model, len(items))
    with closing(_cut_all(items, cut, part_of(on_progress, 0.5, 1.0))) as cuts:
        contents = _write(folder, cuts, options, digest)
    try:
        _check_enough(contents, options, collection)
        told = _told_of_copies(len(embedded.items) - len(kept))
        if options.crop == "whole":
            told += _told_of_loss(embedded.sizes[kept], options)
        contents["warnings"] += told
        broken = [[problem.name, problem.sentence] for problem in embedded.problems]
        contents["problems"] = broken + contents["problems"]
        _finish(folder, contents)
    except BaseException:
        _part(folder).unlink(missing_ok=True)
        raise
    found = open_training_set(folder, digest, flips=flips)
    assert found is not None  # it was just written
    return found


def open_training_set(
    folder: Path, digest: str | None = None, *, flips: bool = False
) -> TrainingSet | None:
    """Open what `prepare_training_set` left in a folder; None where it is not there, or not whole.

    Args:
        folder: where it lies.
        digest: that it must have; None takes any.
        flips: whether views are mirrored by chance.
    """
    try:
        contents = json.loads((folder / CONTENTS).read_text("utf-8"))
        whole = (folder / PICTURES).stat().st_size == contents["bytes"]
        if not whole or digest not in (None, contents["digest"]):
            return None
        pixels = np.memmap(folder / PICTURES, np.uint8, "r")
        return TrainingSet(contents, pixels, flips=flips)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(options: TrainOptions, digests: Sequence[str]) -> str:
    """Return what tells one training set from another: its files, and how they are cut."""
    how = [VERSION, options.width, options.height, options.colours, options.crop, *digests]
    return hashlib.sha256(json.dumps(how).encode()).hexdigest()


# Cutting

Cutter = Callable[[Item, Image.Image, tuple[int, int]], _Cut]
"""Cuts an item's picture, in RGB; it may be read reduced from the whole size, which is given."""


def _cutter(
    options: TrainOptions, fetcher: Fetcher, face_model: "FaceModel | None", count: int
) -> Callable[[Item], _Cut]:
    """Return what reads and cuts one item."""
    size = (options.width, options.height)
    side = SHARPER * max(size)
    cut: Cutter = partial(_cut_whole, size=size)
    if options.crop == "tiles":
        channels = 3 if options.colours == "colour" else 1
        most = min(MOST_PIXELS, MOST_BYTES // (count * channels))
        side = max(size) * TILES
        cut = partial(_cut_for_tiles, size=size, most=most)
    elif options.crop == "faces":
        assert face_model is not None  # checked by the caller
        side = max(side, LOOKED_THROUGH)
        cut = partial(_cut_faces, size=size, model=face_model)

    def read_and_cut(item: Item) -> _Cut:
        try:
            with READING.turn():
                read = read_reduced_photograph(read_image(item, fetcher), item.name, side)
                found = cut(item, read.picture, (read.width, read.height))
        except ZograscopeError as error:
            return _Cut(item, problem=Problem(item.name, error.sentence))
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes a decoder raise nearly anything
            logger.warning("%s cannot be read", item.name, exc_info=True)
            sentence = ServerError("not-an-image", str(error), name=item.name).sentence
            return _Cut(item, problem=Problem(item.name, sentence))
        if options.colours == "colour":
            return found
        grey = tuple(np.asarray(Image.fromarray(p).convert("L"))[..., None] for p in found.pictures)
        return replace(found, pictures=grey)

    return read_and_cut


def _cut_whole(
    item: Item, picture: Image.Image, whole: tuple[int, int], *, size: tuple[int, int]
) -> _Cut:
    """Bring a picture to just cover a view, and cut its middle."""
    width, height = size
    cover = max(width / picture.width, height / picture.height)
    pixels = _resized(picture, cover, size)
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    shown = pixels[top : top + height, left : left + width]
    return _Cut(item, (shown,), (item.name,), enlarged=width > whole[0] or height > whole[1])


def _cut_for_tiles(
    item: Item, picture: Image.Image, whole: tuple[int, int], *, size: tuple[int, int], most: int
) -> _Cut:
    """Bring a picture to be some tiles wide and high, and to `most` pixels, but to one tile."""
    width, height = size
    cover = max(width / picture.width, height / picture.height)
    enough = math.sqrt(most / (picture.width * picture.height))
    scale = max(cover, min(1.0, TILES * cover, enough))
    pixels = _resized(picture, scale, size)
    return _Cut(item, (pixels,), (item.name,), enlarged=width > whole[0] or height > whole[1])


def _resized(picture: Image.Image, scale: float, least: tuple[int, int]) -> np.ndarray:
    """Return (h, w, 3) uint8 of a scaled picture, with at least some width and height."""
    size = (
        max(least[0], round(scale * picture.width)),
        max(least[1], round(scale * picture.height)),
    )
    pixels = np.asarray(picture.convert("RGB"))
    if size == picture.size:
        return pixels
    # Averages of areas do not alias; for enlarging they would be blocks.
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=way)


def _cut_faces(
    item: Item,
    picture: Image.Image,
    whole: tuple[int, int],
    *,
    size: tuple[int, int],
    model: "FaceModel",
) -> _Cut:
    """Cut each face of a picture; those that are too small are left out."""
    from zograscope_server.faces.search import find_faces

    pixels = np.asarray(picture.convert("RGB"))
    frames = [_frame(face) for face in find_faces(pixels, model)]
    sides = [2 * float(np.linalg.norm(half)) for _, half in frames]
    large = [
        frame
        for frame, side in zip(frames, sides, strict=True)
        if side >= min(size) / MOST_ENLARGED
    ]
    if not large:
        raise GenerativeError(
            "face-too-small" if frames else "picture-without-face", name=item.name
        )
    names = [item.name] if len(large) == 1 else _numbered(item.name, len(large))
    faces = tuple(_framed(pixels, *frame, size) for frame in large)
    return _Cut(item, faces, tuple(names), enlarged=max(sides) < min(size))


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}, face {number}" for number in range(1, count + 1)]


def _frame(face: "Face") -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the square around a face, and the way from there to its right edge.

    Heads lie alike in their squares, with level eyes: their size is that of the larger of twice the
    distance of the eyes and 1.8 times that from eyes to mouth (Karras et al. 2018, appendix C).
    """
    points = face.points[:, :2].astype(float)
    right_eye, left_eye = points[list(FIRST_EYES)]
    eyes, mouth = (right_eye + left_eye) / 2, points[list(CORNERS_OF_MOUTH)].mean(axis=0)
    across, down = left_eye - right_eye, mouth - eyes
    level = across - np.array([-down[1], down[0]])  # down, turned by a quarter, points across too
    level /= max(float(np.linalg.norm(level)), 1e-9)
    half = max(2.0 * np.linalg.norm(across), 1.8 * np.linalg.norm(down))
    return eyes + 0.1 * down, level * half


def _framed(
    pixels: np.ndarray, middle: np.ndarray, half: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Cut a turned rectangle out of (h, w, 3) pixels, whose shorter side is that of the square."""
    width, height = size
    scale = min(size) / (2 * float(np.linalg.norm(half)))
    if scale < 1:  # average first: warping samples single pixels
        smaller = (
            max(1, round(scale * pixels.shape[1])),
            max(1, round(scale * pixels.shape[0])),
        )
        ratio = np.array(smaller) / pixels.shape[1::-1]
        pixels = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
        middle, half = (middle + 0.5) * ratio - 0.5, half * ratio
        scale = min(size) / (2 * float(np.linalg.norm(half)))
    cosine, sine = half / np.linalg.norm(half) * scale
    turn = np.array([[cosine, sine], [-sine, cosine]])
    shift = np.array([(width - 1) / 2, (height - 1) / 2]) - turn @ middle
    return cv2.warpAffine(
        pixels,
        np.column_stack([turn, shift]),
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,  # a face at the edge goes on as it ends
    )


def _cut_all(
    items: Sequence[Item], cut: Callable[[Item], _Cut], on_progress: OnProgress
) -> Generator[_Cut]:
    """Cut items in their order; some are cut ahead, so that memory stays the same."""
    threads = decoder_threads()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="cutter")
    done = 0
    try:
        for found in run_ahead(pool, cut, items, 2 * threads):
            on_progress(done / len(items), "Cutting pictures", f"{done} of {len(items)}")
            if found is not None:
                done += 1
                yield found
    finally:
        pool.shutdown(cancel_futures=True)


# Keeping


def _part(folder: Path) -> Path:
    """Return where pictures are while they are written."""
    return folder / f"{PICTURES}.part"


def _write(
    folder: Path, cuts: Iterable[_Cut], options: TrainOptions, digest: str
) -> dict[str, Any]:
    """Write all pictures into one file; return what is to be noted of them."""
    names: list[str] = []
    locations: list[str] = []
    shapes: list[tuple[int, int]] = []
    seen: list[_Cut] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Written, not mapped: a full disk is an error here, and would be the process's end there.
        with _part(folder).open("wb") as file:
            for cut in cuts:
                for picture in cut.pictures:
                    file.write(np.ascontiguousarray(picture))
                    shapes.append((picture.shape[0], picture.shape[1]))
                names += cut.names
                locations += [cut.item.location] * len(cut.names)
                seen.append(replace(cut, pictures=()))
            size = file.tell()
    except BaseException as error:
        with suppress(OSError):
            _part(folder).unlink()
        if isinstance(error, OSError):
            raise ZograscopeError("spool-full", str(error)) from error
        raise
    return {
        "digest": digest,
        "bytes": size,
        "width": options.width,
        "height": options.height,
        "colours": 3 if options.colours == "colour" else 1,
        "names": names,
        "locations": locations,
        "shapes": shapes,
        "warnings": _told_of_cuts(seen, options),
        "problems": [[cut.problem.name, cut.problem.sentence] for cut in seen if cut.problem],
    }


def _finish(folder: Path, contents: dict[str, Any]) -> None:
    """Let what was written take its place; no list ever stands beside pictures of another."""
    part, list_part = _part(folder), folder / f"{CONTENTS}.part"
    try:
        list_part.write_text(json.dumps(contents), encoding="utf-8")
        sync_files([part, list_part])
        (folder / CONTENTS).unlink(missing_ok=True)
        part.replace(folder / PICTURES)
        list_part.replace(folder / CONTENTS)
        sync_folder(folder)
    except OSError as error:
        raise ZograscopeError("spool-full", str(error)) from error


# What is told


def _check_enough(contents: dict[str, Any], options: TrainOptions, collection: Collection) -> None:
    """Refuse what nothing can be learnt from, and warn of what little can."""
    views = [(h // options.height) * (w // options.width) for h, w in contents["shapes"]]
    count = sum(views)
    if count < LEAST:
        details = "\n".join(f"{name}: {sentence}" for name, sentence in contents["problems"])
        if options.crop == "faces":
            raise GenerativeError("too-few-faces", details, name=collection.name, least=LEAST)
        if count == 0:
            raise CollectionError("collection-empty", details, name=collection.name)
        raise GenerativeError(
            "collection-too-small", details, name=collection.name, count=count, least=LEAST
        )
    if count < FEW:
        what = {"whole": "images", "tiles": "tiles side by side", "faces": "faces"}[options.crop]
        contents["warnings"].append(
            f"{collection.name} has only {count} {what}: of less than about {FEW} a model learns "
            "to repeat them rather than their style. Add images, or cut tiles from large ones."
        )


def _told_of_copies(count: int) -> list[str]:
    return [f"{_images(count)} left out as near duplicates of others."] if count else []


def _told_of_cuts(cuts: list[_Cut], options: TrainOptions) -> list[str]:
    """Return what cutting did to the pictures, where an artist would want to know."""
    told = []
    if broken := [cut.item.name for cut in cuts if cut.problem is not None]:
        told.append(f"{_images(len(broken))} left out: {_named(broken)}.")
    if small := [cut.item.name for cut in cuts if cut.enlarged]:
        size = f"{options.width} x {options.height}"
        told.append(f"{_images(len(small))} enlarged to {size} pixels: {_named(small)}.")
    return told


def _told_of_loss(sizes: np.ndarray, options: TrainOptions) -> list[str]:
    """Say how much of (n, 2) whole pictures is cut away, if that is much, and what would help."""
    aspects = sizes[:, 0] / sizes[:, 1]
    lost = _lost(aspects, options.width / options.height)
    if lost < TOLD_LOSS:
        return []
    width, height = _fitting_size(float(np.median(aspects)), min(options.width, options.height))
    fitting = _lost(aspects, width / height)
    advice = f"{width} x {height} would lose {fitting:.0%}, and tiles (--crop tiles) nothing."
    if fitting > lost - TOLD_LOSS / 2:
        advice = "Tiles (--crop tiles) would show all of them."
    of_all = f"Cutting the pictures to {options.width} x {options.height} loses {lost:.0%} of them."
    return [f"{of_all} {advice}"]


def _lost(aspects: np.ndarray, aspect: float) -> float:
    """Return the mean share of pictures that is lost when they are cut to another aspect."""
    return float(1 - np.minimum(aspects / aspect, aspect / aspects).mean())


def _fitting_size(aspect: float, short: int) -> tuple[int, int]:
    """Return width and height of an aspect that can be learnt, with a given shorter side."""
    grid = base_grid(short, short)
    assert grid is not None  # the shorter side is that of options
    cell = short // grid[0]
    long = min(MOST_SIDE // cell, max(grid[0], round(grid[0] * max(aspect, 1 / aspect)))) * cell
    return (long, short) if aspect >= 1 else (short, long)


def _images(count: int) -> str:
    return "1 image was" if count == 1 else f"{count} images were"


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
