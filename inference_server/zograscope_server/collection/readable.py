"""Keeps to the files that clients may name, whatever a table or a link says."""

from collections.abc import Callable
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection, Problem
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import is_address


def readable_part(collection: Collection, check_may_read: Callable[[Path], None]) -> Collection:
    """Leave out, as problems, the files that `check_may_read` refuses with a ZograscopeError.

    Raises ZograscopeError `collection-empty` where nothing is left.
    """
    items, problems = [], list(collection.problems)
    for item in collection.items:
        try:
            if not is_address(item.location):
                check_may_read(Path(item.location))
            items.append(item)
        except ZograscopeError as error:
            problems.append(Problem(item.name, error.sentence))
    if not items:
        raise CollectionError("collection-empty", name=collection.name)
    return Collection(collection.name, tuple(items), tuple(problems))
