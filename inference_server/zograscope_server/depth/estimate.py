"""From a photograph to its depth map, by whichever model the artist chose.

    depth = estimate_depth(read_photograph(data, "street.jpg"))

A model sees the picture small; its answer is then brought up to the wanted size along the edges of
the photograph.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np

from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.refinement import refine
from zograscope_server.images import Photograph


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
        model: None for the embedded network, which needs no download.
        long_side: of the disparity, in pixels; None for the photograph's own, and never more.
    """
    if model is None:
        from zograscope_server.depth.embedded import EmbeddedDepth

        model = EmbeddedDepth()
    depth = model.estimate(photograph.pixels)
    height, width = photograph.pixels.shape[:2]
    scale = min(1.0, (long_side or max(height, width)) / max(height, width))
    size = (max(2, round(height * scale)), max(2, round(width * scale)))
    return replace(depth, disparity=refine(depth.disparity, photograph.pixels, size))
