"""A whole training: when it looks at itself, when it ends, and what it keeps to go on.

A run knows nothing of jobs: the task, the command on several graphics cards, and benchmarks drive
it, step by step.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed
from zograscope_protocol.generative.tasks import TrainOptions

from zograscope_server.generative.errors import GenerativeError
from zograscope_server.generative.generator import Generator
from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.training.trainer import Data, Trainer
from zograscope_server.generative.walks.space import make_pictures, styles_of

MINUTES = 10.0
"""What a training takes where nobody said."""

SAMPLES = 64  # that a look shows, and that are measured
RECORD = "run.json"
PACE = 0.95  # of the step's time that is believed from before
AGREED_EVERY = 10  # steps of several processes between two words on whether to go on


@dataclass
class Record:
    """What a run remembers beside its networks.

    Attributes:
        seconds: of learning until now.
        pace: seconds that a step takes.
        looks: how often it looked at itself.
        looked_at: seconds when it did so last.
    """

    seconds: float = 0.0
    pace: float = 0.0
    looks: int = 0
    looked_at: float = 0.0


class TrainingRun:
    """Drives a trainer to the end that options ask for."""

    def __init__(
        self,
        trainer: Trainer,
        data: Data,
        options: TrainOptions,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Make one that has not begun.

        Args:
            trainer: with its recipe.
            data: what it learns from.
            options: say when it ends and when it looks at itself.
            clock: by which minutes are counted.
        """
        self.trainer, self._data, self._options, self._clock = trainer, data, options, clock
        self.record = Record()
        both_open = options.minutes is None and options.images is None
        self._minutes = MINUTES if both_open else options.minutes

    def step(self) -> None:
        """Learn from one batch.

        Raises ZograscopeError `training-collapsed`, `training-needs-memory`.
        """
        begin = self._clock()
        try:
            found = self.trainer.step(self._data)
        except torch.OutOfMemoryError as error:
            recipe = self.trainer.recipe
            width, height = recipe.shape.size
            raise GenerativeError(
                "training-needs-memory",
                str(error),
                batch=recipe.batch,
                width=width,
                height=height,
            ) from error
        if not all(math.isfinite(loss) for loss in found.values()):
            raise GenerativeError("training-collapsed", images=self.trainer.images)
        took, record = self._clock() - begin, self.record
        record.seconds += took
        record.pace = took if not record.pace else PACE * record.pace + (1 - PACE) * took

    @property
    def finished(self) -> bool:
        """Whether it has learnt what it was to learn; several processes agree on it."""
        if not distributed.is_initialized():
            return self._has_ended()
        if self.trainer.steps % AGREED_EVERY:
            return False
        word = torch.tensor(float(self._has_ended()), device=self.trainer.device)
        distributed.broadcast(word, 0)
        return bool(word)

    def _has_ended(self) -> bool:
        return self.fraction >= 1.0

    @property
    def fraction(self) -> float:
        """How far it is, from 0 to 1."""
        shares = [0.0]
        if self._minutes is not None:
            shares.append(self.record.seconds / (60 * self._minutes))
        if self._options.images is not None:
            shares.append(self.trainer.images / (1000 * self._options.images))
        return min(1.0, max(shares))

    @property
    def remaining(self) -> float:
        """How many seconds it will still take here, as its steps have gone until now."""
        left = [math.inf]
        if self._minutes is not None:
            left.append(60 * self._minutes - self.record.seconds)
        if self._options.images is not None:
            steps = (1000 * self._options.images - self.trainer.images) / self.trainer.recipe.batch
            left.append(math.ceil(steps) * self.record.pace)
        return max(0.0, min(left))

    @property
    def in_words(self) -> str:
        """How far it is, for people."""
        rate = self.trainer.recipe.batch / self.record.pace if self.record.pace else 0.0
        left = self.remaining
        time_left = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        return f"{self.trainer.images} images, {rate:.1f} each second, {time_left} left"

    @property
    def wants_to_look(self) -> bool:
        """Whether it is time for a sample grid; sooner in the beginning, when most is learnt."""
        record = self.record
        apart = 60 * self._options.sample_every
        sooner = min(apart, max(apart / 4, record.looked_at))
        return record.seconds - record.looked_at >= sooner

    def look(self) -> tuple[StyledGenerator, np.ndarray]:
        """Return the model as it is, and (64, h, w, colours) uint8 samples of the same seeds."""
        generator = self.trainer.snapshot()
        self.record.looks += 1
        self.record.looked_at = self.record.seconds
        return generator, samples_of(generator, SAMPLES)

    def save(self, folder: Path) -> None:
        """Write all that it takes to go on, into a folder. Raises OSError."""
        self.trainer.save(folder)
        (folder / RECORD).write_text(json.dumps(asdict(self.record)), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote."""
        self.trainer.load(folder)
        self.record = Record(**json.loads((folder / RECORD).read_text("utf-8")))


def samples_of(generator: Generator, count: int) -> np.ndarray:
    """Return (count, h, w, colours) uint8 samples of the seeds 0, 1, ..."""
    return make_pictures(generator, styles_of(generator, range(count)), 0)
