"""Which part of a picture is the sitter: a smooth matte of head and shoulders."""

from collections.abc import Callable

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.portrait.mesh.rasterizer import Window, draw_polygon

Segmenter = Callable[[np.ndarray], np.ndarray]
"""Takes uint8 (h, w, 3), returns float32 (h, w), 1 where a person is."""

REFINEMENT = 0.06  # of the face's width: how far the matte may move to an edge of the picture
APART = 0.3  # of the matte: less joins nothing
EDGE = 1e-4  # squared contrast that counts as an edge


def make_matte(
    part: np.ndarray, points: np.ndarray, window: Window, segmenter: Segmenter
) -> np.ndarray:
    """Return the matte of a window of a picture, float32 (height, width), 1 for the sitter.

    Args:
        part: uint8 (h, w, 3), red first, of the window.
        points: float32 (478, 3), of the sitter's face.
        window: around head and shoulders.
    """
    face = points[list(regions.OVAL), :2]
    covered = draw_polygon(face, window)
    rough = _around(np.maximum(segmenter(part), covered), covered)
    radius = max(2, round(REFINEMENT * float(np.ptp(face[:, 0]))))
    # He, Sun, Tang, "Guided image filtering", PAMI 35, 2013.
    fine = cv2.ximgproc.guidedFilter(part, rough, radius, EDGE * 255.0**2)
    fine = np.clip((fine - 0.08) / 0.84, 0.0, 1.0)
    return np.maximum(fine, covered).astype(np.float32)


def _around(rough: np.ndarray, face: np.ndarray) -> np.ndarray:
    """What of a matte hangs together with the face; things that stand apart are no sitter."""
    _, pieces = cv2.connectedComponents((rough > APART).astype(np.uint8))
    here = np.bincount(pieces[face > 0.5].astype(np.intp))
    here[0] = 0
    return rough * (pieces == int(np.argmax(here))) if here.max() else rough
