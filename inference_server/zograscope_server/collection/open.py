"""Opens whatever an artist calls a collection."""

from collections.abc import Callable
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection
from zograscope_server.collection.fetching import Fetcher, is_address
from zograscope_server.collection.folder import open_folder

OnProgress = Callable[[float | None, str], None]

TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
MANIFEST_SUFFIXES = (".json", ".jsonld")


def open_collection(
    source: str,
    cache_folder: Path,
    on_progress: OnProgress = lambda fraction, stage: None,
    online: bool = True,
) -> Collection:
    """Open a folder, a table of files with metadata, or a IIIF manifest or collection.

    Args:
        source: a path, or an http(s) address of a manifest.
        cache_folder: what is fetched is kept there.
        on_progress: may raise to cancel.
        online: whether anything may be fetched.

    Raises:
        ZograscopeError: `file-not-found`, `file-unreadable`, `collection-unknown`,
            `collection-empty`, or what is wrong with a table or a manifest.
    """
    path = Path(source)
    if is_address(source) or (path.is_file() and path.suffix.lower() in MANIFEST_SUFFIXES):
        from zograscope_server.collection.iiif import open_manifest

        collection = open_manifest(source, Fetcher(cache_folder, online), on_progress)
    elif path.is_dir():
        collection = open_folder(path, on_progress)
    elif not path.exists():
        raise ZograscopeError("file-not-found", path=source)
    elif path.suffix.lower() in TABLE_SUFFIXES:
        from zograscope_server.collection.table import open_table

        collection = open_table(path)
    else:
        raise ZograscopeError("collection-unknown", path=source)
    if not collection.items:
        raise ZograscopeError(
            "collection-empty",
            "\n".join(f"{problem.name}: {problem.sentence}" for problem in collection.problems),
            name=collection.name,
        )
    return collection
