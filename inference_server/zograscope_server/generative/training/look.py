"""What a training shows of itself: samples, how near the collection they are, the model's card."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.generative.tasks import TrainOptions

from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.pictures import PREVIEW_SIDE, side_by_side, small
from zograscope_server.generative.training.card import ModelCard
from zograscope_server.generative.training.metrics import Metrics, Ruler, warnings_of
from zograscope_server.generative.training.run import TrainingRun
from zograscope_server.generative.training.sheets import memorisation_sheet, sample_grid
from zograscope_server.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder
    from zograscope_server.generative.training.dataset import TrainingSet

COLUMNS = 8  # of a sample grid
SHOWN, NEAREST = 12, 3  # samples on the sheet of what was memorised, and images with each


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
        """All samples side by side, a PNG file as uint8 (k,)."""
        return sample_grid(self.samples, COLUMNS)

    @property
    def preview(self) -> np.ndarray:
        """The first of them, (h, w, 3) uint8, small enough for a preview."""
        side = max(1, min(COLUMNS, PREVIEW_SIDE // max(self.samples.shape[1:3])))
        return small(side_by_side(self.samples[: side**2], side))


class Looking:
    """Looks at a run; what is told of its collection is measured once."""

    def __init__(
        self,
        data: "TrainingSet",
        embedder: "Embedder",
        options: TrainOptions,
        on_progress: OnProgress = no_progress,
    ) -> None:
        self._data, self._options = data, options
        self._ruler = Ruler(data, embedder, on_progress)

    def look(self, run: TrainingRun, *, last: bool = False) -> Look:
        """Make samples and measure them; the last look is of the model that is done."""
        generator, samples = run.look()
        metrics = self._ruler.measure(samples)
        warnings = (*self._data.warnings, *warnings_of(metrics))
        options = self._options
        card = ModelCard(
            name=options.name,
            collection=name_of(options.collection),
            location=options.collection,
            rights=options.rights,
            images=len(self._data),
            size=generator.size,
            colours=options.colours,
            crop=options.crop,
            kind=f"FastGAN with styles, {run.trainer.recipe.shape.channels} channels",
            shown=run.trainer.images,
            minutes=run.record.seconds / 60,
            date=datetime.now(UTC).date().isoformat(),
            seed=options.seed,
            version=version("zograscope_server"),
            finished=last,
            metrics=asdict(metrics),
            warnings=warnings,
        )
        return Look(run.record.looks - 1, generator, samples, metrics, card, warnings)

    def memorised(self, look: Look) -> np.ndarray:
        """Show those samples that are nearest to the collection, with what they are nearest to.

        Returns a PNG file as uint8 (k,).
        """
        nearest, distances = self._ruler.nearest(look.samples, NEAREST)
        closest = np.argsort(distances[:, 0], kind="stable")[:SHOWN]
        originals = [self._data.pictures(numbers) for numbers in nearest[closest]]
        return memorisation_sheet(look.samples[closest], np.stack(originals))


def name_of(collection: str) -> str:
    """Return what to call a collection whose path or address this is."""
    return PurePath(collection.rstrip("/")).stem
