"""From a photograph to its depth map, by whichever model the artist chose.

    depth = estimate_depth(read_photograph(data, "street.jpg"))

A model sees the picture small; its answer is then brought up to the wanted size along the edges of
the photograph.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from zograscope_server.depth.refinement import refine
from zograscope_server.images import Photograph


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


class DepthModel(Protocol):
    """Anything that sees depth in a picture."""

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return the depth of (height, width, 3) uint8 sRGB pixels, at the model's own size."""
        ...


def estimate_depth(
    photograph: Photograph, *, model: DepthModel | None = None, long_side: int | None = 1024
) -> DepthMap:
    """Estimate the depth of a photograph.

    Args:
        photograph: upright, in sRGB.
        model: None for the embedded estimate, which needs no download.
        long_side: of the disparity, in pixels; None for the photograph's own, and never more.
    """
    if model is None:
        from zograscope_server.depth.classical import ClassicalDepth

        model = ClassicalDepth()
    depth = model.estimate(photograph.pixels)
    height, width = photograph.pixels.shape[:2]
    scale = min(1.0, (long_side or max(height, width)) / max(height, width))
    size = (max(2, round(height * scale)), max(2, round(width * scale)))
    return replace(depth, disparity=refine(depth.disparity, photograph.pixels, size))


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
