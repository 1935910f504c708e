"""How long computations tell how far they are, and how they are stopped."""

from collections.abc import Callable

OnProgress = Callable[[float | None, str], None]
"""Told a fraction in [0, 1] (or None where it is unknown) and what is being done, in a few words.

Called at least each second; whatever it raises ends the computation, which is how one cancels.
"""


def no_progress(fraction: float | None, stage: str) -> None:
    """Take notice of nothing."""


def part_of(on_progress: OnProgress, begin: float, end: float) -> OnProgress:
    """Report a part's own 0..1 as a stretch of the whole."""

    def report(fraction: float | None, stage: str) -> None:
        on_progress(None if fraction is None else begin + (end - begin) * fraction, stage)

    return report
