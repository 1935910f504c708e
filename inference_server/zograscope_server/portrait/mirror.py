"""Which point of a face is the mirror image of which."""

from functools import cache

import numpy as np


@cache
def mirrored_points() -> np.ndarray:
    """Return for each of the 478 points the number of the one on the other side, int (478,)."""
    from scipy.spatial import cKDTree

    from zograscope_server.portrait.head.model import HeadModel

    model = HeadModel.load()
    points = model.landmarks(model.template)
    _, nearest = cKDTree(points * [-1.0, 1.0, 1.0]).query(points)
    return nearest
