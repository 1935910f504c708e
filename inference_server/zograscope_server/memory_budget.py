"""One budget of memory for all threads that read pictures, however many there are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryBudget:
    """Lets threads take memory, and wait for each other where it would be too much at once.

    A thread may take several times, as it learns what it needs. Of those that hold memory, whoever
    took first never waits: so all of them come to their end.
    """

    def __init__(self, limit: int) -> None:
        """Give `limit` bytes to all threads together."""
        self.limit = limit
        self._change = threading.Condition()
        self._held: dict[int, int] = {}  # bytes by thread, whoever took first stands first
        self._turns: set[int] = set()

    @property
    def held(self) -> int:
        """Bytes that are taken now."""
        with self._change:
            return sum(self._held.values())

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Give back at the end of the block what this thread took in it; within a turn, nothing."""
        thread = threading.get_ident()
        if thread in self._turns:
            yield
            return
        self._turns.add(thread)
        try:
            yield
        finally:
            with self._change:
                self._turns.discard(thread)
                self._held.pop(thread, None)
                self._change.notify_all()

    def take(self, size: int) -> None:
        """Wait until `size` more bytes fit, and hold them to the end of this thread's turn."""
        thread = threading.get_ident()
        if thread not in self._turns:
            return  # nobody would give it back

        def may() -> bool:
            fits = sum(self._held.values()) + size <= self.limit
            return fits or next(iter(self._held), thread) == thread

        with self._change:
            self._change.wait_for(may)
            self._held[thread] = self._held.get(thread, 0) + size
