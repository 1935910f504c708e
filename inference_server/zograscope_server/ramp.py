"""How one thing goes over into another without a kink."""

from typing import overload

import numpy as np


@overload
def ramp(values: float, start: float, end: float) -> float: ...
@overload
def ramp(values: np.ndarray, start: float, end: float) -> np.ndarray: ...
def ramp(values: float | np.ndarray, start: float, end: float) -> float | np.ndarray:
    """Return 0 up to the start, 1 from the end on, and a smooth step between."""
    share = np.clip((values - start) / (end - start), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)
