"""A folder of images as a collection: everything below it that could be a picture."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.collection.file_names import could_be_image, title_of

OnProgress = Callable[[float | None, str], None]

PASSED_OVER = ("__MACOSX", "@eaDir")  # what computers leave in folders for themselves
TOLD_EVERY = 1000


def open_folder(folder: Path, on_progress: OnProgress = lambda fraction, stage: None) -> Collection:
    """Find the images of a folder and all folders in it; none is opened yet.

    Hidden files and folders are passed over, links to folders too, since they may lead in circles.

    Raises:
        ZograscopeError: `file-unreadable` when the folder itself cannot be listed.
    """
    problems: list[Problem] = []
    items = []
    for path in _images(folder, folder, problems):
        name = path.relative_to(folder).as_posix()
        items.append(Item(name, str(path), title=title_of(name)))
        if len(items) % TOLD_EVERY == 0:
            on_progress(None, f"Found {len(items)} images")
    return Collection(folder.name, tuple(items), tuple(problems))


def natural_key(name: str) -> tuple[object, ...]:
    """Sort "2" before "10", as people do."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts), name


def _images(folder: Path, top: Path, problems: list[Problem]) -> Iterator[Path]:
    """Yield the image files of a folder in natural order, its own before those of its folders."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        refusal = ZograscopeError("file-unreadable", str(error), path=str(folder))
        if folder == top:
            raise refusal from error
        problems.append(Problem(folder.relative_to(top).as_posix(), refusal.sentence))
        return
    folders = []
    for entry in entries:
        if entry.name.startswith(".") or entry.name in PASSED_OVER:
            continue
        if entry.is_dir(follow_symlinks=False):
            folders.append(Path(entry.path))
        elif could_be_image(entry.name) and entry.is_file():
            yield Path(entry.path)
    for inner in folders:
        yield from _images(inner, top, problems)
