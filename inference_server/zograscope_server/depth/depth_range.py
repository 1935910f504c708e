"""How disparity in [0, 1] becomes depth along the optical axis, and back."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DepthRange:
    """Near and far depth of a diorama, in metres or scene units; 0 < near < far.

    Disparity 1 lies at `near` and disparity 0 at `far`; depth is 1 / (a d + b) between them.
    """

    near: float
    far: float

    def inverse_depth(self, disparity: np.ndarray) -> np.ndarray:
        """Turn disparity into 1 / depth."""
        b = 1.0 / self.far
        a = 1.0 / self.near - b
        return a * disparity + b

    def depth(self, disparity: np.ndarray) -> np.ndarray:
        """Turn disparity into depth."""
        return 1.0 / self.inverse_depth(disparity)

    def disparity(self, depth: np.ndarray) -> np.ndarray:
        """Turn depth into disparity; what is nearer or farther than the range exceeds [0, 1]."""
        b = 1.0 / self.far
        return (1.0 / depth - b) / (1.0 / self.near - b)
