"""Opens a collection that a job names, within what this server lets its clients name."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zograscope_protocol.options import refusal

from zograscope_server.collection.collection import Collection
from zograscope_server.collection.fetching import Fetcher, is_address
from zograscope_server.collection.open import open_collection
from zograscope_server.collection.waiting import wait_for_host
from zograscope_server.progress import OnProgress

if TYPE_CHECKING:
    from zograscope_server.tasks import TaskContext

DOWNLOADS = "downloads"  # in a server's cache folder


def open_for_task(
    source: str,
    context: "TaskContext",
    on_progress: OnProgress,
    *,
    online: bool,
    refresh: bool = False,
) -> tuple[Collection, Fetcher]:
    """Return the part of a collection that clients may read, and what gets its images.

    Args:
        source: a path or an address, as a client named it.
        context: of the task.
        on_progress: may raise to cancel.
        online: whether anything may be fetched.
        refresh: ask again for what was fetched before.

    Raises:
        ZograscopeError: `bad-parameters` where none is named, `folder-not-shared`,
            `collection-empty`, and as `open_collection`.
    """
    if not source:
        raise refusal("no collection is named")
    if not is_address(source):
        context.check_may_read(Path(source))
    collection = open_collection(
        source,
        context.settings.cache_folder / DOWNLOADS,
        on_progress,
        online,
        public_only=context.settings.public_web_only,
        refresh=refresh,
        check_may_read=context.check_may_read,
    )
    return collection, fetcher_for_task(context, online=online, refresh=refresh)


def fetcher_for_task(context: "TaskContext", *, online: bool, refresh: bool = False) -> Fetcher:
    """Return what gets images of the web for a task, from where this server's clients may."""
    return Fetcher(
        context.settings.cache_folder / DOWNLOADS,
        online,
        partial(wait_for_host, tell=lambda seconds: context.check_cancelled()),
        public_only=context.settings.public_web_only,
        refresh=refresh,
    )
