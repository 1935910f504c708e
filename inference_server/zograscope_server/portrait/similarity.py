"""Turns, scales and shifts: how a head as a whole is placed."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Similarity:
    """`scale * rotation @ point + shift`, of points as rows (n, 3)."""

    rotation: np.ndarray
    scale: float
    shift: np.ndarray

    @classmethod
    def nearest(cls, matrix: np.ndarray) -> Self:
        """Return the similarity nearest to a matrix (3, 4)."""
        left, sizes, right = np.linalg.svd(matrix[:, :3].astype(np.float64))
        flip = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
        return cls((left * flip) @ right, float((sizes * flip).mean()), matrix[:, 3])

    @property
    def matrix(self) -> np.ndarray:
        """The same as a matrix, float64 (3, 4)."""
        return np.column_stack([self.scale * self.rotation, self.shift])

    @property
    def inverse(self) -> "Similarity":
        """What undoes it."""
        rotation, scale = self.rotation.T, 1.0 / self.scale
        return Similarity(rotation, scale, -scale * rotation @ self.shift)

    def after(self, first: "Similarity") -> "Similarity":
        """Return what does the first, and then this."""
        return Similarity(
            self.rotation @ first.rotation,
            self.scale * first.scale,
            self.apply(first.shift[None])[0],
        )

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Return the points (n, 3), moved."""
        return self.scale * points @ self.rotation.T + self.shift


def fit_similarity(start: np.ndarray, end: np.ndarray) -> Similarity:
    """Return what brings points (n, 3) nearest to others, in least squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    PAMI 13, 1991.
    """
    start, end = start.astype(np.float64), end.astype(np.float64)
    start_middle, end_middle = start.mean(axis=0), end.mean(axis=0)
    start, end = start - start_middle, end - end_middle
    left, sizes, right = np.linalg.svd(end.T @ start / len(start))
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * flip) @ right
    scale = float((sizes * flip).sum() / np.square(start).sum() * len(start))
    return Similarity(rotation, scale, end_middle - scale * rotation @ start_middle)
