"""Opens a collection that a job names, within what this server lets its clients name."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zograscope_protocol.options import refusal

from zograscope_server.collection.collection import Collection
from zograscope_server.collection.fetching import Fetcher, is_address
from zograscope_server.collection.open import open_collection
from zograscope_server.collection.readable import readable_part
from zograscope_server.collection.waiting import wait_for_host
from zograscope_server.progress import OnProgress

if TYPE_CHECKING:
    from zograscope_server.tasks import TaskContext


def open_for_task(
    source: str, context: "TaskContext", on_progress: OnProgress, *, online: bool
) -> tuple[Collection, Fetcher]:
    """Return the part of a collection that clients may read, and what gets its images.

    Args:
        source: a path or an address, as a client named it.
        context: of the task.
        on_progress: may raise to cancel.
        online: whether anything may be fetched.

    Raises:
        ZograscopeError: `bad-parameters` where none is named, `folder-not-shared`,
            `collection-empty`, and as `open_collection`.
    """
    if not source:
        raise refusal("no collection is named")
    if not is_address(source):
        context.check_may_read(Path(source))
    downloads = context.settings.cache_folder / "downloads"
    collection = open_collection(source, downloads, on_progress, online)
    wait = partial(wait_for_host, tell=lambda seconds: context.check_cancelled())
    return readable_part(collection, context.check_may_read), Fetcher(downloads, online, wait)
