"""How long computations tell how far they are, and how they are stopped."""

from typing import Protocol


class OnProgress(Protocol):
    """Told how far a computation is, at least each second.

    Whatever it raises ends the computation, which is how one cancels.
    """

    def __call__(self, fraction: float | None, stage: str, detail: str = "") -> None:
        """Take notice.

        Args:
            fraction: in [0, 1], or None where nobody knows.
            stage: what is being done, in a few words that stay the same while it is done.
            detail: how far within the stage, such as "3 of 10 pictures".
        """


def no_progress(fraction: float | None, stage: str, detail: str = "") -> None:
    """Take notice of nothing."""


def part_of(on_progress: OnProgress, begin: float, end: float) -> OnProgress:
    """Report a part's own 0..1 as a stretch of the whole."""

    def report(fraction: float | None, stage: str, detail: str = "") -> None:
        share = None if fraction is None else begin + (end - begin) * fraction
        on_progress(share, stage, detail)

    return report
