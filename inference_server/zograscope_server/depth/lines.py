"""Finds what is straight in a photograph: edges of houses, horizons, masts, rails.

A straight line that bends is seen at once when a camera moves, so those who move one ask where the
lines are. Segments come from the line segment detector LSD (Grompone von Gioi, Jakubowicz, Morel,
Randall, IEEE PAMI 2010), as OpenCV has it; it breaks long edges where they are blurred or crossed,
and here pieces of one line are joined again.
"""

import cv2
import numpy as np

from zograscope_server.depth.resizing import shrink

WORKING_SIDE = 768  # pixels of the longer side in which lines are looked for
SHORTEST = 0.12  # of the longer side: what is shorter is not seen to bend
SHORTEST_PIECE = 0.02  # of the longer side: below this, a segment's direction says little
MOST_PIECES = 600
MOST = 40
OFF = 0.002  # of the longer side: how far a piece's ends may lie beside its line
GAP = 0.03  # of the longer side, between two pieces of one line


def find_lines(pixels: np.ndarray) -> np.ndarray:
    """Return the longest straight lines of a picture, the same ones each time.

    Args:
        pixels: (height, width, 3) uint8 sRGB.

    Returns:
        (m, 4) float32, x0, y0, x1, y1 in pixels of the picture, longest first, m at most `MOST`.
    """
    grey = shrink(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), WORKING_SIDE)
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    if found is None:
        return np.zeros((0, 4), np.float32)
    size, long_side = grey.shape[::-1], max(grey.shape)
    # The detector's pixels have their centres at whole numbers.
    pieces = found.reshape(-1, 4) + np.float32(0.5)
    pieces = pieces[_lengths(pieces) >= SHORTEST_PIECE * long_side]
    lines = join_pieces(_longest_first(pieces)[:MOST_PIECES], OFF * long_side, GAP * long_side)
    lines = lines[_lengths(lines) >= SHORTEST * long_side]
    scales = np.array([size[0] / pixels.shape[1], size[1] / pixels.shape[0]] * 2)
    return (_longest_first(lines)[:MOST] / scales).astype(np.float32)


def join_pieces(pieces: np.ndarray, off: float, gap: float) -> np.ndarray:
    """Join segments that are pieces of one straight line.

    Args:
        pieces: (n, 4), x0, y0, x1, y1; the first ones gather the others.
        off: how far the ends of a piece may lie beside the line.
        gap: how far apart neighbouring pieces may lie along it.

    Returns:
        (m, 4), each piece alone or within one line.
    """
    left, lines = list(map(_ends, pieces)), []
    while left:
        ends = left.pop(0)
        joined = True
        while joined and left:
            joined = False
            middle, along = _line_through(ends)
            reached = (ends - middle) @ along
            others = np.array(left) - middle  # (n, 2, 2)
            beside = np.abs(others @ np.array([-along[1], along[0]])).max(axis=1)
            places = others @ along
            away = np.maximum(
                places.min(axis=1) - reached.max(), reached.min() - places.max(axis=1)
            )
            for number in np.flatnonzero((beside <= off) & (away <= gap))[::-1]:
                more = np.concatenate([ends, left[number]])
                if _off_line(more) <= off:  # a gentle curve is not gathered piece by piece
                    ends, joined = more, True
                    del left[number]
        middle, along = _line_through(ends)
        reached = (ends - middle) @ along
        lines.append(
            np.concatenate([middle + reached.min() * along, middle + reached.max() * along])
        )
    return np.array(lines).reshape(-1, 4)


def _ends(segment: np.ndarray) -> np.ndarray:
    return segment.reshape(2, 2).astype(np.float64)


def _line_through(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of points (n, 2), and the unit direction in which they are spread."""
    middle = points.mean(axis=0)
    return middle, np.linalg.svd(points - middle, full_matrices=False)[2][0]


def _off_line(points: np.ndarray) -> float:
    """Return how far points (n, 2) lie beside the straight line that fits them best, at most."""
    middle, along = _line_through(points)
    return float(np.abs((points - middle) @ (-along[1], along[0])).max())


def _lengths(segments: np.ndarray) -> np.ndarray:
    return np.linalg.norm(segments[:, 2:] - segments[:, :2], axis=1)


def _longest_first(segments: np.ndarray) -> np.ndarray:
    return segments[np.argsort(-_lengths(segments), kind="stable")]
