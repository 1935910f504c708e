"""Waits for a host that asks to be left alone for a while."""

import time
from collections.abc import Callable

TOLD_EVERY = 0.5  # seconds


def wait_for_host(seconds: float, tell: Callable[[float], None]) -> None:
    """Sleep, but not so deep that one cannot cancel.

    Args:
        seconds: how long.
        tell: told what is left of them, in seconds; what it raises ends the sleep.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        tell(left)
        time.sleep(min(left, TOLD_EVERY))
