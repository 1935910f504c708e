"""A job as its client knows it: how far it is, its result, and the parts that come meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import FINISHED_STATES
from zograscope_protocol.options import options_of
from zograscope_protocol.transfers import MOST_PART_CREDIT, Receiver, Sender
from zograscope_protocol.wire import MOST_CHUNK_BYTES


@dataclass
class JobResult:
    """What a job answered: arrays by name, and facts."""

    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]
    cached: bool = False

    def bytes(self, name: str) -> bytes:
        """Return a file that travelled as a 1-D uint8 array."""
        return self.arrays[name].tobytes()


@dataclass(frozen=True)
class Part:
    """One part of a job's result: what a task emitted while it ran."""

    number: int
    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]


class Download:
    """An array that is coming in, written into place.

    One that comes in a single chunk is left where the socket has put it, and not copied.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self.receiver = Receiver(description["bytes"])
        self._description = description
        # Room for what a chunk cannot hold, made at once: it may not be there.
        large = description["bytes"] > MOST_CHUNK_BYTES
        self._array = wire.empty_array(description) if large else None

    @property
    def array(self) -> np.ndarray:
        """The array, of which so much is here as the receiver has counted."""
        if self._array is None:
            self._array = wire.empty_array(self._description)
        return self._array

    def take(self, offset: object, chunk: memoryview) -> None:
        """Put a chunk in its place, if it is the next one."""
        if not self.receiver.expects(offset, chunk.nbytes):
            return
        if chunk.nbytes == self.receiver.size:
            array = np.frombuffer(chunk, self._description["dtype"])
            self._array = array.reshape(self._description["shape"])
        else:
            start = self.receiver.received
            wire.byte_view(self.array)[start : start + chunk.nbytes] = chunk
        self.receiver.took(chunk.nbytes)


@dataclass
class IncomingArrays:
    """The arrays of a result or of a part, on their way in."""

    descriptions: list[dict[str, Any]]
    metadata: dict[str, Any]
    downloads: dict[str, Download]

    @classmethod
    def announced(cls, header: dict[str, Any]) -> "IncomingArrays":
        """Make room for what a message announces.

        Raises ZograscopeError `bad-message`, `out-of-memory` or `no-room`.
        """
        descriptions = wire.check_descriptions(header.get("arrays"))
        try:
            downloads = {description["name"]: Download(description) for description in descriptions}
        except MemoryError as error:
            raise ZograscopeError("out-of-memory", str(error)) from error
        except OSError as error:
            raise ZograscopeError("no-room", str(error)) from error
        return cls(descriptions, header.get("metadata") or {}, downloads)

    def are(self, header: dict[str, Any]) -> bool:
        """Whether these are the arrays that a message announces."""
        return self.descriptions == wire.check_descriptions(header.get("arrays"))

    @property
    def complete(self) -> bool:
        """Whether all of them are here."""
        return all(download.receiver.complete for download in self.downloads.values())

    @property
    def fraction(self) -> float:
        """How much of them is here, 0 to 1."""
        receivers = [download.receiver for download in self.downloads.values()]
        total = sum(receiver.size for receiver in receivers)
        return sum(receiver.received for receiver in receivers) / total if total else 1.0

    def take_all(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {name: download.array for name, download in self.downloads.items()}


@dataclass
class Follow:
    """How far a program has taken the parts of a job, and what of them is on its way.

    At most `window` parts are announced, on their way or waiting to be taken.
    """

    taken: int
    window: int
    asked: int = 0
    incoming: dict[int, IncomingArrays] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """How many parts are here, from the first on: what comes next is lacking."""
        number = self.taken
        while number in self.incoming and self.incoming[number].complete:
            number += 1
        return number

    def credit(self, *, anew: bool = False) -> dict[str, int] | None:
        """Return the fields of the message `follow` that is due, or None."""
        if not anew and self.asked - self.taken > self.window // 2:
            return None
        self.asked = self.taken + self.window
        first = self.held
        window = max(1, self.asked - first)
        return {"from": first, "window": window, "credit": MOST_PART_CREDIT}


@dataclass
class Job:
    """A job as the client knows it; `Client.poll` keeps it up to date.

    Attributes:
        state: sending, queued, running, paused, fetching, done, failed or cancelled.
        fraction: of the present stage, 0 to 1, or None where nobody knows.
        stage: what is being done, in an artist's words.
        detail: how far within the stage, such as "3 of 10"; may be empty.
        preview: the latest preview, if any came.
        parts: how many parts of its result there are, as far as is known.
        pausable: whether it can pause.
        error: why it failed.
        result: set once all arrays are here.
    """

    id: str
    task: str = ""
    state: str = "sending"
    fraction: float | None = None
    stage: str = ""
    detail: str = ""
    parts: int = 0
    pausable: bool = False
    preview: np.ndarray | None = None
    error: ZograscopeError | None = None
    result: JobResult | None = None
    _parameters: dict[str, Any] = field(default_factory=dict)
    _inputs: dict[str, np.ndarray] | None = None
    _senders: dict[str, Sender] = field(default_factory=dict)
    _result_arrays: IncomingArrays | None = None
    _follow: Follow | None = None
    _done: dict[str, Any] | None = None
    _asked: str = ""
    _end_asked: bool = False
    _tell_server: Callable[[], None] = lambda: None
    _follow_on: Callable[[], None] = lambda: None

    @property
    def finished(self) -> bool:
        """Whether it is done (with all of its result), failed or cancelled."""
        return self.state in FINISHED_STATES

    def cancel(self) -> None:
        """Ask the server to stop it; `state` tells when it has."""
        self._ask("cancel")

    def pause(self) -> None:
        """Ask the server to let it rest as soon as it can; `state` tells when it does."""
        self._ask("pause")

    def resume(self) -> None:
        """Ask the server to let it go on."""
        self._ask("resume")

    def follow(self, start: int = 0, window: int = 8) -> None:
        """Have the parts of its result sent while it runs, from number `start` on.

        `take_part` hands them over. At most `window` parts that were not taken are held here or on
        their way. The job is not done before all of its parts are here.
        """
        self._follow = Follow(start, window)
        self._follow_on()

    @property
    def has_part(self) -> bool:
        """Whether `take_part` has one to hand over."""
        return self._follow is not None and self._follow.held > self._follow.taken

    def take_part(self) -> Part | None:
        """Return the next part, in order, each once; None while it is not here."""
        follow = self._follow
        if follow is None or not self.has_part:
            return None
        arrays = follow.incoming.pop(follow.taken)
        part = Part(follow.taken, arrays.metadata, arrays.take_all())
        follow.taken += 1
        if not self.finished:
            self._follow_on()
        return part

    def check_result(self) -> None:
        """Keep of its result what its task declares. Raises ZograscopeError `result-wrong`."""
        options = options_of(self.task)
        if self.result is not None and options is not None and options.result is not None:
            arrays, facts = options.result.read(self.result.arrays, self.result.metadata)
            self.result = JobResult(facts, arrays, self.result.cached)

    def checked_part(self, part: Part) -> Part:
        """Return what its task declares of a part. Raises ZograscopeError `result-wrong`."""
        options = options_of(self.task)
        if options is None or options.part is None:
            return part
        arrays, facts = options.part.read(part.arrays, part.metadata)
        return Part(part.number, facts, arrays)

    def fail(self, error: ZograscopeError) -> None:
        """End it with an error; the parts that are here can be taken still."""
        self.state, self.error = "failed", error
        self._inputs, self._senders, self._result_arrays = None, {}, None

    def _ask(self, what: str) -> None:
        if self._asked != "cancel":
            self._asked = what
        self._tell_server()
