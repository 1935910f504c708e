"""What a training shows of itself: samples, how far they are from the collection, the model's card."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from zograscope_protocol.generative.tasks import TrainOptions

from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.training.card import ModelCard
from zograscope_server.generative.training.metrics import Metrics, features, measure, warnings_of
from zograscope_server.generative.training.run import TrainingRun
from zograscope_server.generative.training.sheets import memorisation_sheet, sample_grid

if TYPE_CHECKING:
    from zograscope_server.embedding.embedder import Embedder
    from zograscope_server.generative.training.dataset import TrainingSet

COMPARED = 512  # images of the collection that samples are compared with
SHOWN, NEAREST = 12, 3  # samples on the sheet of what was memorised, and images below each


@dataclass(frozen=True)
class Look:
    """One look.

    Attributes:
        number: of the look, from 0.
        generator: the model as it is.
        grid, memorised: PNG files as uint8 (k,).
        metrics: of the samples.
        card: of the model.
        warnings: sentences.
    """

    number: int
    generator: StyledGenerator
    grid: np.ndarray
    memorised: np.ndarray
    metrics: Metrics
    card: ModelCard
    warnings: tuple[str, ...]
