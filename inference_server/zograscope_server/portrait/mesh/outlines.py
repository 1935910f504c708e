"""The lines of lids and lips: rows of points from corner to corner, an upper and a lower one."""

import numpy as np


def uncrossed(upper: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two rows of points (n, 2) that share their ends; where they would cross, they meet."""
    upper, lower = upper.astype(np.float64), lower.astype(np.float64)
    along = upper[-1] - upper[0]
    down = np.array([-along[1], along[0]]) / max(np.linalg.norm(along), 1e-6)
    gap = np.maximum(0.0, -((lower - upper) @ down))[:, None] * down
    return upper - 0.5 * gap, lower + 0.5 * gap


def smooth_outline(upper: np.ndarray, lower: np.ndarray, count: int) -> np.ndarray:
    """Return the smooth closed line through two rows of points (n, 2) that share their ends.

    It has `count` points a row, corners included.
    """
    return np.concatenate([_smooth(upper, count), _smooth(lower, count)[::-1][1:-1]])


def _smooth(points: np.ndarray, count: int) -> np.ndarray:
    from scipy.interpolate import CubicSpline

    at = np.arange(len(points))
    return CubicSpline(at, points)(np.linspace(0, len(points) - 1, count))
