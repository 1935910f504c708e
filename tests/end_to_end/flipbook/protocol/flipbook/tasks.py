"""What the task of flip books can be asked, and what it answers; TASKS.md describes it."""

from dataclasses import dataclass

from zograscope_protocol import results
from zograscope_protocol.options import Options, number, text, whole
from zograscope_protocol.results import Result


@dataclass(frozen=True)
class FlipbookOptions(Options):
    """How a flip book is drawn.

    Attributes:
        word: that is written across its pages.
        frames: how many.
        size: of a page, in pixels.
        seconds: between two frames.
    """

    task = "flipbook"
    result = Result({}, {"frames": results.whole(1, 10_000)})
    part = Result({"file": results.picture()})
    word: str = text("Zograscope")
    frames: int = whole(1, 10_000, default=10)
    size: int = whole(16, 4096, default=128)
    seconds: float = number(0.0, 60.0, default=0.0)
