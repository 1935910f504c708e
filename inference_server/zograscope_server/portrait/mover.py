"""What moves a portrait, whichever way it does it, and what it is given."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Mover(Protocol):
    """Moves one portrait as one driver moves.

    Attributes:
        mask: uint8 (h, w) of the source's size, 0 where no frame differs from the source.
    """

    mask: np.ndarray

    def frame(self, number: int, picture: np.ndarray) -> np.ndarray:
        """Return the whole source as one frame of the driver has it, in its own shape and type.

        Args:
            number: of the driver's frame.
            picture: it, uint8 (height, width, 3) RGB.
        """
        ...

    def nearer(self) -> np.ndarray:
        """Return how far the head came nearer in the latest frame, float32 (h, w), face widths."""
        ...


@dataclass(frozen=True)
class DriverTrack:
    """A driver's face through a clip.

    Attributes:
        points: float32 (frames, 478, 3), in pixels of the driver's pictures (see `Face.points`).
        neutral: number of the frame that the portrait at rest stands for.
        neutral_picture: that frame, uint8 (height, width, 3) RGB.
    """

    points: np.ndarray
    neutral: int
    neutral_picture: np.ndarray


@dataclass(frozen=True)
class MeshModel:
    """The model `mesh`, which comes along and has no weights: the portrait's own head moves."""
