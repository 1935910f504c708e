"""Constant visual speed: walks a path so that the picture always changes as much.

Equal steps of styles are no equal steps of pictures: here a walk stalls, there it jumps. So
pictures are made along the path, the differences of neighbours are added up, and that length is
walked evenly. Pictures do not change in proportion to the way, so that short steps and long ones
tell different lengths; so pictures are made again where equal steps of the length fall, until
their differences agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zograscope_server.generative.walks.paths import Path
from zograscope_server.progress import OnProgress, no_progress, part_of

FEWEST, MOST = 48, 600
"""Pictures that are made along a path in each round; within these, one for each frame."""

ROUNDS = 4
EVEN_ENOUGH = 0.03  # variation of the steps after which no other round is made
STANDSTILL = 0.02  # of the mean step: what changes less is walked as if it changed so much
AT_ONCE = 16
STAGE = "Measuring the walk"

See = Callable[[np.ndarray], np.ndarray]
"""Makes (n, d) vectors of (n, rows, style_size) styles; their distances are visual differences."""


@dataclass(frozen=True)
class Pace:
    """Where on a path one is after each share of the time: a monotone function.

    Attributes:
        places: (m,) float64, rising from 0 to 1, at equal shares of the time.
    """

    places: np.ndarray

    def at(self, shares: np.ndarray) -> np.ndarray:
        """Return (n,) places of (n,) shares from 0 to 1, smoothly (PCHIP, Fritsch and Carlson)."""
        from scipy.interpolate import PchipInterpolator

        if len(self.places) == 2:
            return np.asarray(shares, np.float64)
        places = PchipInterpolator(np.linspace(0, 1, len(self.places)), self.places)(shares)
        return np.clip(places, 0, 1)


UNEVEN = Pace(np.array([0.0, 1.0]))
"""Walks a path as it is."""


def constant_speed(
    path: Path, see: See, frames: int, *, loop: bool, on_progress: OnProgress = no_progress
) -> Pace:
    """Return the pace at which each frame of a walk differs as much from the one before.

    Args:
        path: that is walked.
        see: makes pictures of styles, and vectors of pictures.
        frames: of the whole walk.
        loop: whether the path returns to its beginning.
        on_progress: may raise to cancel.
    """
    count = int(np.clip(frames, FEWEST, MOST))
    places = np.linspace(0, 1, count + 1 if loop else count)
    for turn in range(ROUNDS):
        telling = part_of(on_progress, turn / ROUNDS, (turn + 1) / ROUNDS)
        steps = _steps(path, see, places, loop, telling)
        if steps.max() == 0:
            return UNEVEN
        if steps.std() <= EVEN_ENOUGH * steps.mean():
            break
        places = _evened(places, np.maximum(steps, STANDSTILL * steps.mean()))
    return Pace(places)


def _steps(
    path: Path, see: See, places: np.ndarray, loop: bool, on_progress: OnProgress
) -> np.ndarray:
    """Return how much the picture changes from each place to the next; a loop ends as it began."""
    steps: list[float] = []
    first: np.ndarray | None = None
    before: np.ndarray | None = None
    shown = places[:-1] if loop else places
    for begin in range(0, len(shown), AT_ONCE):
        on_progress(begin / len(shown), STAGE)
        for look in see(path(shown[begin : begin + AT_ONCE])):
            first = look if first is None else first
            if before is not None:
                steps.append(float(np.linalg.norm(look - before)))
            before = look
    if loop and first is not None and before is not None:
        steps.append(float(np.linalg.norm(first - before)))
    return np.array(steps)


def _evened(places: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return as many places between which, as far as can be told, the steps are equal."""
    from scipy.interpolate import PchipInterpolator

    length = np.concatenate([[0.0], np.cumsum(steps)])
    evened = PchipInterpolator(length, places)(np.linspace(0, length[-1], len(places)))
    evened[0], evened[-1] = 0.0, 1.0
    return evened
