"""What can be asked of the tasks that compute nothing: they measure and test the way and back."""

import math
from dataclasses import dataclass
from typing import Any

from zograscope_protocol.errors import quoted
from zograscope_protocol.options import Options, number, option, refusal, text, whole
from zograscope_protocol.wire import MOST_DIMENSIONS, MOST_LENGTH

MOST_REPLIED = 1 << 34  # bytes


def _read_shape(name: str, value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    lengths = isinstance(value, list | tuple) and len(value) <= MOST_DIMENSIONS
    if not lengths or not all(type(side) is int and 0 <= side <= MOST_LENGTH for side in value):
        raise refusal(f"the {name} is {quoted(value)}, and not the shape of an array")
    return tuple(value)


@dataclass(frozen=True)
class NullOptions(Options):
    """What `null` replies.

    Attributes:
        reply_shape: of zeros; None replies with the inputs.
        reply_dtype: of them.
        reply_arrays: how many times.
        reply_metadata_bytes: of the metadata, about.
    """

    task = "null"
    reply_shape: tuple[int, ...] | None = option(_read_shape, default=None)
    reply_dtype: str = text("<f4")
    reply_arrays: int = whole(1, 1000, default=1)
    reply_metadata_bytes: int = whole(0, 1 << 20, default=0)

    def check(self) -> None:
        """Refuse replies of more than any computer has."""
        if math.prod(self.reply_shape or ()) * 8 > MOST_REPLIED:
            raise refusal(f"the reply shape is {quoted(list(self.reply_shape or ()))}, too large")


@dataclass(frozen=True)
class SleepOptions(Options):
    """How long `sleep` sleeps, in how many steps, and how much memory it holds meanwhile."""

    task = "sleep"
    seconds: float = number(0.0, 86400.0, default=1.0)
    steps: int = whole(1, 1_000_000, default=10)
    megabytes: int = whole(0, 1 << 20, default=0)


@dataclass(frozen=True)
class CountOptions(Options):
    """How `count` counts.

    Attributes:
        parts: how many parts it emits; part n holds the sum of the numbers up to n.
        part_bytes: of each part's array `data`.
        seconds: between two parts.
        checkpoint_every: parts between two checkpoints; 0 makes one only to pause.
    """

    task = "count"
    parts: int = whole(0, 1_000_000, default=10)
    part_bytes: int = whole(8, 1 << 30, default=8)
    seconds: float = number(0.0, 3600.0, default=0.0)
    checkpoint_every: int = whole(0, 1_000_000, default=10)
