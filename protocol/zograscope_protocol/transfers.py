"""Large arrays on their way, in chunks, under credit that the receiver gives.

The receiver says "I hold the bytes before `offset`; you may send up to `offset + window`". That one
message starts a transfer, keeps it going and resumes it after a broken connection. A ROUTER drops
silently what exceeds its high-water mark; under credit nothing ever does.

Nothing here knows of sockets: broker and client use the same two classes.
"""

from collections.abc import Iterable, Iterator

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import MOST_CHUNK_BYTES

WINDOW = 8 << 20
MOST_WINDOW = 64 << 20
MOST_PART_CREDIT = MOST_CHUNK_BYTES
"""Bytes of a part that may be asked for before it is there."""


def split_credit(credit: int, sizes: Iterable[int]) -> list[int]:
    """Return how much of each array of a part its credit is good for: first come, first served."""
    shares = []
    for size in sizes:
        shares.append(min(size, credit))
        credit -= shares[-1]
    return shares


class Sender:
    """The sending side of one transfer."""

    def __init__(self, view: memoryview, sent: int = 0) -> None:
        self._view = view
        self.sent = sent

    @property
    def complete(self) -> bool:
        """Whether all bytes were sent; the receiver gives no more credit then."""
        return self.sent >= self._view.nbytes

    def credited(self, offset: int, window: int) -> Iterator[tuple[int, memoryview]]:
        """Yield the chunks that may go now, as (offset, bytes).

        Raises ZograscopeError `bad-message` for credit that makes no sense.
        """
        sensible = type(offset) is int and type(window) is int and offset >= 0
        if not sensible or not 0 < window <= MOST_WINDOW:
            raise ZograscopeError("bad-message", "credit without offset and window")
        end = min(offset + window, self._view.nbytes)
        for start in range(max(self.sent, offset), end, MOST_CHUNK_BYTES):
            chunk = self._view[start : min(start + MOST_CHUNK_BYTES, end)]
            self.sent = start + chunk.nbytes
            yield start, chunk


class Receiver:
    """The receiving side of one transfer: counts, and knows when to give credit."""

    def __init__(self, size: int, received: int = 0, window: int = WINDOW) -> None:
        self.size = size
        self.received = received
        self._window = window
        self._credited = 0

    @property
    def complete(self) -> bool:
        """Whether all bytes are here."""
        return self.received >= self.size

    def credit(self, *, anew: bool = False) -> dict[str, int] | None:
        """Return the fields of the credit that is due, or None.

        Args:
            anew: a new connection knows nothing of credit that was given before.
        """
        used_up = self._credited - self.received <= self._window // 2
        if self.complete or not (anew or (used_up and self._credited < self.size)):
            return None
        self._credited = self.received + self._window
        return {"offset": self.received, "window": self._window}

    def grant(self, size: int) -> None:
        """Take note of `size` bytes that the sender may send without being asked for them."""
        self._credited = size

    def expects(self, offset: object, length: int) -> bool:
        """Whether a chunk is the next one; one that is not was sent to an earlier connection.

        Raises ZograscopeError `bad-message` for more bytes than were announced.
        """
        if offset != self.received:
            return False
        if not 0 < length <= MOST_CHUNK_BYTES or self.received + length > self.size:
            raise ZograscopeError("bad-message", "a chunk of more bytes than were announced")
        return True

    def took(self, length: int) -> None:
        """Count a chunk that was expected and is now stored."""
        self.received += length
