"""A depth map as every model gives it, and what brings other conventions to it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DepthMap:
    """How far each part of a picture is.

    Attributes:
        disparity: (rows, columns) float32 in [0, 1], 1 is near; rows may be fewer than the
            picture's. Depth is 1 / (a d + b), with b = 1 / far and a = 1 / near - 1 / far.
        near: depth of disparity 1 in metres, or None where depth is only relative.
        far: depth of disparity 0 in metres, likewise.
        field_of_view: horizontal, in degrees, or None where the model does not know.
        model: the name of the model that estimated it.
        licence: of that model.
    """

    disparity: np.ndarray
    near: float | None = None
    far: float | None = None
    field_of_view: float | None = None
    model: str = ""
    licence: str = ""

    @property
    def metric(self) -> bool:
        """Whether near and far are metres."""
        return self.near is not None and self.far is not None


def normalise_disparity(disparity: np.ndarray) -> np.ndarray:
    """Bring relative disparity of any scale and shift to [0, 1], robust against stray values."""
    finite = disparity[np.isfinite(disparity)]
    if finite.size == 0:
        return np.zeros(disparity.shape, np.float32)
    low, high = np.percentile(finite, (0.5, 99.5))
    spread = max(float(high - low), 1e-9)
    filled = np.nan_to_num(disparity.astype(np.float32), nan=low, posinf=high, neginf=low)
    return np.clip((filled - np.float32(low)) / np.float32(spread), 0.0, 1.0)


def disparity_of_metric_depth(depth: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Turn depth in metres into disparity in [0, 1] with its range.

    Returns:
        disparity (rows, columns) float32, near and far in metres; stray values beyond the outer
        half per cent are clipped to the range.
    """
    known = depth[np.isfinite(depth) & (depth > 0)]
    if known.size == 0:
        return np.zeros(depth.shape, np.float32), 1.0, 10.0
    near, far = (float(value) for value in np.percentile(known, (0.5, 99.5)))
    near = max(near, 1e-3)
    far = max(far, near * 1.01)
    clipped = np.clip(np.nan_to_num(depth, nan=far, posinf=far), near, far)
    disparity = (1.0 / clipped - 1.0 / far) / (1.0 / near - 1.0 / far)
    return np.clip(disparity, 0.0, 1.0).astype(np.float32), near, far
