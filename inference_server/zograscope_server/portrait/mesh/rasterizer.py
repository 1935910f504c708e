"""Draws triangles into arrays: for each pixel of a window, the place that is seen there."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

FAR = 1e9
AWAY = 200.0
"""How far OpenCV's eye is from the nearest vertex, in depths of what is drawn. It interpolates as
perspective has it: from nearer, places within large triangles were off by a sixth of a pixel."""
_LEAST = 10_000.0


@dataclass(frozen=True)
class Window:
    """A part of a picture, in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, picture: np.ndarray) -> Self:
        """Return the whole of a picture (h, w, ...)."""
        return cls(0, 0, picture.shape[1], picture.shape[0])

    @classmethod
    def around(cls, places: np.ndarray, whole: "Window | None" = None, margin: float = 0.0) -> Self:
        """Return the window of places (n, 2 or more), within a whole one; it may be empty."""
        least = np.floor(places[:, :2].min(axis=0) - margin)
        most = np.ceil(places[:, :2].max(axis=0) + margin)
        if whole is not None:
            least = np.maximum(least, (whole.left, whole.top))
            most = np.minimum(most, (whole.left + whole.width, whole.top + whole.height))
        left, top = (int(place) for place in least)
        width, height = (int(side) for side in np.maximum(most - least, 0))
        return cls(left, top, width, height)

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.width == 0 or self.height == 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns in the picture."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )

    def within(self, whole: "Window") -> "Window":
        """Return the same, as a part of a window that holds it."""
        return Window(self.left - whole.left, self.top - whole.top, self.width, self.height)


def draw_places(
    vertices: np.ndarray, triangles: np.ndarray, places: np.ndarray, window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """Return which place is seen at the middle of each pixel, and how far away it is.

    Args:
        vertices: (v, 3), in pixels of the picture, x right, y down, z away from the viewer.
        triangles: int32 (t, 3).
        places: (v, 1 to 3), of each vertex.
        window: what is drawn.

    Returns:
        float32 (height, width, 1 to 3), and z, float32 (height, width), `FAR` where nothing is.
    """
    eye = max(AWAY * float(np.ptp(vertices[:, 2])), _LEAST) - float(vertices[:, 2].min())
    depth = vertices[:, 2] + eye
    half = window.height / 2.0
    # The projection divides by the depth again: what is drawn is parallel.
    drawn = np.empty((1, len(vertices), 3), np.float32)
    drawn[0, :, 0] = (vertices[:, 0] - window.left - window.width / 2.0) / half * depth
    drawn[0, :, 1] = (half - (vertices[:, 1] - window.top)) / half * depth
    drawn[0, :, 2] = -depth
    # OpenCV draws colours from 0 to 1 only.
    least = places.min(axis=0).astype(np.float32)
    span = np.maximum(places.max(axis=0).astype(np.float32) - least, np.float32(1e-6))
    colours = np.zeros((1, len(vertices), 3), np.float32)
    channels = places.shape[1]
    colours[0, :, :channels] = (places - least) / span
    seen = np.zeros((window.height, window.width, 3), np.float32)
    # OpenCV keeps depth between these two only, and the closer they are, the finer: between 1 and
    # 20000 it told apart no less than six pixels, and gave back less than FAR where nothing is.
    nearest, farthest = float(depth.min()) - 1.0, float(depth.max()) + 2.0
    far = np.full((window.height, window.width), farthest, np.float32)
    colour = np.empty_like(far)
    settings = cv2.TriangleRasterizeSettings()
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    cv2.triangleRasterize(
        drawn, triangles[None], colours, seen, far, np.eye(4, dtype=np.float32),
        np.pi / 2.0, nearest, farthest, settings,
    )  # fmt: skip
    depths = np.where(far > farthest - 1.0, np.float32(FAR), far - np.float32(eye))
    result = np.empty((window.height, window.width, channels), np.float32)
    for channel in range(channels):  # much faster than all at once
        cv2.extractChannel(seen, channel, colour)
        np.multiply(colour, span[channel], out=colour)
        np.add(colour, least[channel], out=result[..., channel])
    return result, depths


def sample(picture: np.ndarray, places: np.ndarray, method: int = cv2.INTER_CUBIC) -> np.ndarray:
    """Return a picture at places (h, w, 2), in pixels from its corner; its border goes on."""
    return cv2.remap(
        picture, places - np.float32(0.5), None, method, borderMode=cv2.BORDER_REPLICATE
    )


def draw_polygon(corners: np.ndarray, window: Window) -> np.ndarray:
    """Return how far each pixel of the window is inside a polygon (n, 2): float32, 0 to 1."""
    shift = 6
    mask = np.zeros((window.height, window.width), np.uint8)
    # OpenCV's pixels have their middle at whole numbers.
    fixed = np.round((corners - (window.left + 0.5, window.top + 0.5)) * (1 << shift))
    cv2.fillPoly(mask, [fixed.astype(np.int32)], 255, cv2.LINE_AA, shift)
    return mask.astype(np.float32) / 255.0
