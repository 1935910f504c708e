"""A folder of images as a collection: everything below it that could be a picture."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Item, Problem
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.file_names import could_be_image, kind_unread, title_of
from zograscope_server.collection.metadata import with_metadata
from zograscope_server.collection.readable import CheckMayRead, anything, may_read
from zograscope_server.collection.table import read_table
from zograscope_server.progress import OnProgress, no_progress

METADATA = ("metadata.csv", "metadata.tsv")  # tables that tell about the images beside them
PASSED_OVER = ("__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini")
"""What computers leave in folders for themselves."""

TOLD_EVERY = 1000
MOST_OTHERS = 1000  # files that are told one by one though nobody would take them for pictures


def open_folder(
    folder: Path,
    on_progress: OnProgress = no_progress,
    check_may_read: CheckMayRead = anything,
) -> Collection:
    """Find the images of a folder and all folders in it; none is opened yet.

    Images stand in natural order, a folder's own before those of the folders in it. Hidden files
    and folders are passed over, links to folders too, since they may lead in circles. Every other
    file is a problem, those last that nobody would take for a picture. Where the folder holds a
    table of METADATA that `check_may_read` lets pass, its images have what that says.

    Raises:
        ZograscopeError: `file-unreadable` when the folder itself cannot be listed.
    """
    folder = folder.resolve()
    items: list[Item] = []
    problems: list[Problem] = []
    others: list[str] = []
    for listing in _listings(folder):
        items.extend(found for found in listing if isinstance(found, Item))
        problems.extend(found for found in listing if isinstance(found, Problem))
        others.extend(found for found in listing if isinstance(found, str))
        on_progress(None, "Looking for images", f"{len(items)} found")
    for name in METADATA:
        if (folder / name).is_file() and may_read(folder / name, check_may_read):
            items = _with_table(items, folder / name, problems, on_progress)
    problems += _told(others)
    titled = [item if item.title else replace(item, title=title_of(item.name)) for item in items]
    return Collection(folder.name or str(folder), tuple(titled), tuple(problems))


def natural_key(name: str) -> tuple[object, ...]:
    """Sort "2" before "10", as people do."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts), name


def _told(others: list[str]) -> list[Problem]:
    """Return the problems of files that are no pictures, by their names."""
    told = [Problem(name, CollectionError("no-picture", name=name).sentence) for name in others]
    more = len(others) - MOST_OTHERS
    if more <= 0:
        return told
    return [*told[:MOST_OTHERS], Problem("", CollectionError("more-left-out", count=more).sentence)]


def _listings(top: Path) -> Iterator[list[Item | Problem | str]]:
    """Yield what each folder holds, top first: its images, what is in their way, other files."""
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        try:
            with os.scandir(top / inner) as scan:
                entries = sorted(scan, key=lambda entry: natural_key(entry.name))
        except OSError as error:
            if not inner:
                raise ZograscopeError("file-unreadable", str(error), path=str(top)) from error
            yield [_unreadable(inner)]
            continue
        listing: list[Item | Problem | str] = []
        folders = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in PASSED_OVER:
                continue
            name = f"{inner}/{entry.name}" if inner else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not could_be_image(entry.name):
                listing += _no_image(entry, name, inner)
                continue
            if not _is_text(entry.name):
                name = name.encode(errors="backslashreplace").decode()
                listing.append(
                    Problem(name, CollectionError("name-unreadable", name=name).sentence)
                )
            elif is_folder:
                folders.append(name)
            elif _is_file(entry):
                listing.append(Item(name, entry.path))
            else:
                listing.append(_unreadable(name))
        yield listing
        waiting.extend(reversed(folders))


def _no_image(entry: os.DirEntry[str], name: str, inner: str) -> list[Problem | str]:
    """Return what there is to tell of an entry that is no image; nothing of a table of METADATA."""
    if (entry.name in METADATA and not inner) or not _is_text(entry.name) or not _is_file(entry):
        return []
    kind = kind_unread(entry.name)
    if kind is None:
        return [name]
    return [Problem(name, CollectionError("format-unread", name=name, kind=kind).sentence)]


def _unreadable(path: str) -> Problem:
    return Problem(path, ZograscopeError("file-unreadable", path=path).sentence)


def _is_text(name: str) -> bool:
    """Whether the name of a file can be written down; on Linux, it can be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether there is a file, and not a link that leads nowhere or in circles."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _with_table(
    items: list[Item], path: Path, problems: list[Problem], on_progress: OnProgress
) -> list[Item]:
    """Return items with what a table beside them tells; what it gets wrong is a problem.

    A row means a file by its path, or by its name alone where only one file has it.
    """
    try:
        table = read_table(path)
    except ZograscopeError as error:
        problems.append(Problem(path.name, error.sentence))
        return items
    by_location = {item.location: place for place, item in enumerate(items)}
    names = [PurePosixPath(item.name).name for item in items]
    counts = Counter(names)
    by_name = {name: place for place, name in enumerate(names) if counts[name] == 1}
    result = list(items)
    for number, row in enumerate(table.rows):
        if number % TOLD_EVERY == 0:
            on_progress(number / len(table.rows), f"Reading {path.name}")
        written = row.file.replace("\\", "/")  # as on Windows
        place = by_location.get(os.path.normpath(path.parent / written))
        if place is None:
            place = by_name.get(PurePosixPath(written).name)
        if place is None:
            if row.file:
                refusal = ZograscopeError("file-not-found", path=row.file)
            else:
                refusal = CollectionError("row-without-file", column=table.file_column)
            problems.append(Problem(f"{path.name}, {row.place}", refusal.sentence))
        else:
            result[place] = with_metadata(result[place], row.pairs)
    return result
