"""Keeps to the files that clients may name, whatever a table or a link says."""

from collections.abc import Callable
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Problem
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import is_address

CheckMayRead = Callable[[Path], None]
"""Raises ZograscopeError for a path that clients may not name."""


def anything(path: Path) -> None:
    """Let every path be read, as this user's own programs may."""


def may_read(path: Path, check_may_read: CheckMayRead) -> bool:
    """Whether a path may be read; one that is no path may not."""
    try:
        check_may_read(path)
    except (ZograscopeError, OSError, ValueError):
        return False
    return True


def readable_part(collection: Collection, check_may_read: CheckMayRead) -> Collection:
    """Leave out, as problems, the files that `check_may_read` refuses.

    It is what is said of a file that is not there: a link must not tell what it leads to.
    Raises ZograscopeError `collection-empty` where nothing is left.
    """
    items, problems = [], list(collection.problems)
    for item in collection.items:
        if is_address(item.location) or may_read(Path(item.location), check_may_read):
            items.append(item)
        else:
            sentence = ZograscopeError("file-not-found", path=item.name).sentence
            problems.append(Problem(item.name, sentence))
    if not items:
        raise CollectionError("collection-empty", name=collection.name)
    return Collection(collection.name, tuple(items), tuple(problems))
