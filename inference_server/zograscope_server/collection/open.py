"""Opens whatever an artist calls a collection."""

import stat
from functools import partial
from pathlib import Path

from zograscope_protocol.errors import ZograscopeError

from zograscope_server.collection.collection import Collection
from zograscope_server.collection.errors import CollectionError
from zograscope_server.collection.fetching import Fetcher, is_address
from zograscope_server.collection.folder import open_folder
from zograscope_server.collection.iiif import open_manifest
from zograscope_server.collection.readable import CheckMayRead, anything, readable_part
from zograscope_server.collection.table import open_table
from zograscope_server.collection.waiting import wait_for_host
from zograscope_server.progress import OnProgress, no_progress

TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
MANIFEST_SUFFIXES = (".json", ".jsonld")
WAITING = "Waiting until the library's computer may be asked"


def open_collection(
    source: str,
    cache_folder: Path,
    on_progress: OnProgress = no_progress,
    online: bool = True,
    *,
    public_only: bool = False,
    refresh: bool = False,
    check_may_read: CheckMayRead = anything,
) -> Collection:
    """Open a folder, a table of files with metadata, or a IIIF manifest or collection.

    Args:
        source: a path, or an http(s) address of a manifest.
        cache_folder: what is fetched is kept there.
        on_progress: may raise to cancel.
        online: whether anything may be fetched.
        public_only, refresh: as for a `Fetcher`.
        check_may_read: refuses files that must not be read; they are as if they were not there.

    Raises:
        ZograscopeError: `file-not-found`, `file-unreadable`, `collection-unknown`,
            `collection-empty`, or what is wrong with a table or a manifest.
    """
    suffix = "" if is_address(source) else Path(source).suffix.lower()
    if is_address(source) or (suffix in MANIFEST_SUFFIXES and not _is_folder(source)):
        fetcher = Fetcher(
            cache_folder,
            online,
            partial(wait_for_host, tell=lambda left: on_progress(None, WAITING, f"{left:.0f} s")),
            public_only=public_only,
            refresh=refresh,
        )
        collection = open_manifest(source, fetcher, on_progress)
    elif _is_folder(source):
        collection = open_folder(Path(source), on_progress, check_may_read)
    elif suffix in TABLE_SUFFIXES:
        collection = open_table(Path(source), on_progress, check_may_read)
    else:
        raise CollectionError("collection-unknown", path=source)
    if not collection.items:
        raise CollectionError(
            "collection-empty",
            "\n".join(f"{problem.name}: {problem.sentence}" for problem in collection.problems),
            name=collection.name,
        )
    return readable_part(collection, check_may_read)


def _is_folder(source: str) -> bool:
    """Whether there is a folder at a path, and not a file; raises ZograscopeError for nothing."""
    try:
        return stat.S_ISDIR(Path(source).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise ZograscopeError("file-not-found", path=source) from error
    except OSError as error:
        raise ZograscopeError("file-unreadable", str(error), path=source) from error
