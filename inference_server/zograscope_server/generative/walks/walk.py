"""A walk: which image each of its frames is.

A frame is a function of the walk and its number. Images that are made at once are always the same
ones, whichever of them are wanted: how many a network sees at once shows in the last bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from zograscope_server.generative.generator import Generator
from zograscope_server.generative.walks.directions import Directions
from zograscope_server.generative.walks.paths import Path
from zograscope_server.generative.walks.sight import seen
from zograscope_server.generative.walks.space import batch_size, in_colour, make_pictures
from zograscope_server.generative.walks.speed import UNEVEN, Pace, constant_speed
from zograscope_server.generative.walks.styling import Styling
from zograscope_server.progress import OnProgress, no_progress


@dataclass(frozen=True)
class Walk:
    """All that its frames are made of.

    Attributes:
        generator: makes them.
        path: that is walked.
        styling: of all styles.
        noise_seed: of the grain, the same in all frames.
        frames: how many.
        loop: whether the frame after the last would be the first.
        pace: with which the path is walked.
        shares: (frames,), of the path's time, where a sound drives it; None passes evenly.
        amounts: (frames, n), spreads by which the first n directions are moved besides, or None.
        directions: of the generator, where there are amounts.
    """

    generator: Generator
    path: Path
    styling: Styling
    noise_seed: int
    frames: int
    loop: bool
    pace: Pace = UNEVEN
    shares: np.ndarray | None = None
    amounts: np.ndarray | None = None
    directions: Directions | None = None

    def styles(self, number: int) -> np.ndarray:
        """Return the (1, resolutions, style_size) float32 styles of a frame."""
        if self.shares is not None:
            share = float(self.shares[number])
        else:
            share = number / (self.frames if self.loop else max(self.frames - 1, 1))
        styles = self.styling.apply(self.path(self.pace.at(np.array([share]))))
        if self.amounts is not None and self.directions is not None:
            for place, amount in enumerate(self.amounts[number][: len(self.directions)]):
                styles = styles + self.directions.step(place, float(amount))
        return styles

    def pictures(self, first: int, last: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the numbers and (h, w, colours) uint8 pictures of frames `first` to `last`."""
        size = batch_size(self.generator)
        for begin in range(first - first % size, last + 1, size):
            numbers = range(begin, min(begin + size, self.frames))
            styles = np.concatenate([self.styles(number) for number in numbers])
            made = make_pictures(self.generator, styles, self.noise_seed)
            for number, picture in zip(numbers, made, strict=True):
                if first <= number <= last:
                    yield number, picture


def find_pace(walk: Walk, on_progress: OnProgress = no_progress) -> Pace:
    """Return the pace at which a walk's picture changes at constant speed."""
    see = partial(see_styles, walk.generator, walk.styling, walk.noise_seed)
    return constant_speed(walk.path, see, walk.frames, loop=walk.loop, on_progress=on_progress)


def see_styles(
    generator: Generator, styling: Styling, noise_seed: int, styles: np.ndarray
) -> np.ndarray:
    """Return the (n, d) vectors of what (n, rows, style_size) styles look like."""
    size = batch_size(generator)
    looks = [
        seen(
            in_colour(
                make_pictures(generator, styling.apply(styles[begin : begin + size]), noise_seed)
            )
        )
        for begin in range(0, len(styles), size)
    ]
    return np.concatenate(looks)
