"""What moves a portrait, whichever way it does it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from zograscope_server.portrait.networks.fomm import Fomm
    from zograscope_server.portrait.networks.liveportrait import LivePortrait


class Mover(Protocol):
    """Moves one portrait as one driver, or curves, have it.

    Attributes:
        mask: uint8 (h, w) of the source's size, 0 where no frame differs from the source.
    """

    mask: np.ndarray

    def frame(self, number: int, picture: np.ndarray | None) -> np.ndarray:
        """Return the whole source as one frame has it, in its own shape and type.

        Args:
            number: of the frame.
            picture: the driver's frame, uint8 (height, width, 3) RGB; None where curves move.
        """
        ...

    def nearer(self) -> np.ndarray:
        """Return how far the head came nearer in the frame made last, float32 (h, w).

        In face widths, 0 where nothing is or moves, and everywhere where that is not known.
        """
        ...


@dataclass(frozen=True)
class MeshModel:
    """The model `mesh`, which comes along and has no weights: the portrait's own head moves."""


PortraitModel: TypeAlias = "MeshModel | Fomm | LivePortrait"
"""What is loaded for the purpose "portrait"."""
