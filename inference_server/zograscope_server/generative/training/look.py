"""What a training shows of itself: samples, how near the collection they are, the model's card."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.generative.tasks import TrainOptions

from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.training.card import ModelCard
from zograscope_server.generative.training.metrics import Metrics, Ruler, features, warnings_of
from zograscope_server.generative.training.run import TrainingRun
from zograscope_server.generative.training.sheets import memorisation_sheet, sample_grid

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder
    from zograscope_server.generative.training.dataset import TrainingSet

COMPARED = 512  # images of the collection that samples are compared with
COLUMNS = 8  # of a sample grid
SHOWN, NEAREST = 12, 3  # samples on the sheet of what was memorised, and images with each
PREVIEW_SIDE = 384


@dataclass(frozen=True)
class Look:
    """One look of a training.

    Attributes:
        number: of the look, from 0.
        generator: the model as it is.
        samples: (n, h, w, colours) uint8.
        metrics: of them.
        card: of the model.
        warnings: sentences.
    """

    number: int
    generator: StyledGenerator
    samples: np.ndarray
    metrics: Metrics
    card: ModelCard
    warnings: tuple[str, ...]

    @property
    def grid(self) -> np.ndarray:
        """All samples as one picture, (h, w, 3) uint8."""
        return sample_grid(self.samples, COLUMNS)

    @property
    def preview(self) -> np.ndarray:
        """The first of them, small enough for a preview."""
        side = max(1, min(COLUMNS, PREVIEW_SIDE // max(self.samples.shape[1:3])))
        return sample_grid(self.samples[: side * side], side)[:PREVIEW_SIDE, :PREVIEW_SIDE]


class Looking:
    """Looks at a run; what is told of its collection is measured once."""

    def __init__(self, data: "TrainingSet", embedder: "Embedder", options: TrainOptions) -> None:
        self._data, self._embedder, self._options = data, embedder, options
        self._originals = data.spread(COMPARED)
        self._ruler = Ruler(features(self._originals, embedder))

    def look(self, run: TrainingRun, *, last: bool = False) -> Look:
        """Make samples and measure them; the last look is of the model that is done."""
        generator, samples = run.look()
        metrics = self._ruler.measure(features(samples, self._embedder))
        warnings = (*self._data.warnings, *warnings_of(metrics))
        options = self._options
        card = ModelCard(
            name=options.name,
            collection=options.collection,
            rights=options.rights,
            images=len(self._data),
            size=generator.size,
            colours=generator.colours,
            shown=run.trainer.images,
            minutes=run.record.seconds / 60,
            date=datetime.now(UTC).date().isoformat(),
            seed=options.seed,
            made_by=f"Zograscope {version('zograscope_server')}",
            measured_by=self._embedder.name,
            metrics=metrics,
            warnings=warnings,
            finished=last,
        )
        return Look(run.record.looks - 1, generator, samples, metrics, card, warnings)

    def memorised(self, look: Look) -> np.ndarray:
        """Show those samples that are nearest to the collection, with what they are nearest to.

        Returns (h, w, 3) uint8.
        """
        found = features(look.samples, self._embedder)
        nearest, distances = self._ruler.nearest(found, NEAREST)
        closest = np.argsort(distances[:, 0], kind="stable")[:SHOWN]
        return memorisation_sheet(look.samples[closest], self._originals[nearest[closest]])
