"""Finds the paper around a scanned photograph: the margins that a crop should take away.

Archive scans show more than the picture: a card mount, the white edge of a print, the grey of a
scanner lid. Such a margin gives itself away line by line. From the edge of the scan inwards, lines
are one colour from end to end, and then, within a few lines, they are not.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from zograscope_protocol.depth.tasks import Rectangle

from zograscope_server.depth.resizing import shrink

WORKING_LONG_SIDE = 1000
OUTER_STRIP = 0.004  # of the side: where the paper's colour is read
NARROWEST = 0.006  # of the side: less is a scanner's edge, not worth a crop
WIDEST = 0.30  # of the side: more is an even picture, not paper
TRANSITION = 0.016  # of the side: shadow, second mount line and soft edge between paper and picture
PAPER_SHARE = 0.85  # of a line's samples that match, while it is still paper
PICTURE_SHARE = 0.6  # at most so many match, once it is picture
SLIVER = 0.02  # of the side: how far into the picture paper may reach from a corner, as a wedge ...
SLIVER_LENGTH = 0.01  # ... and of a line's samples, how many at its end are still a wedge
SAME_PAPER = 30.0  # colour distance (Lab, 0..255) between the papers of two sides


@dataclass(frozen=True)
class _Margin:
    width: int
    colour: np.ndarray


def find_paper_border(pixels: np.ndarray) -> Rectangle | None:
    """Find the picture inside a scan's paper margins.

    Args:
        pixels: (height, width, 3 or 4) uint8 sRGB, or (height, width) grey.

    Returns:
        The picture's (left, top, right, bottom) in pixels, right and bottom exclusive, or None
        where no margin is certain. Two opposite sides of one paper make it certain; the other two
        may have margins of any width, or none.
    """
    height, width = pixels.shape[:2]
    lab = _working_lab(pixels)
    lines_of_side = {
        "left": lab.transpose(1, 0, 2),
        "top": lab,
        "right": lab[:, ::-1].transpose(1, 0, 2),
        "bottom": lab[::-1],
    }
    margins = {side: _find_margin(lines) for side, lines in lines_of_side.items()}

    def same_paper(one: str, other: str) -> bool:
        a, b = margins[one], margins[other]
        if a is None or b is None:
            return False
        return bool(_distance(a.colour, b.colour) <= SAME_PAPER)

    if same_paper("left", "right"):
        reference = "left"
    elif same_paper("top", "bottom"):
        reference = "top"
    else:
        return None
    scale = max(height, width) / max(lab.shape[:2])

    def inset(side: str) -> int:
        margin = margins[side]
        return round(margin.width * scale) if margin and same_paper(reference, side) else 0

    left, top = inset("left"), inset("top")
    right, bottom = width - inset("right"), height - inset("bottom")
    return left, top, right, bottom


def _working_lab(pixels: np.ndarray) -> np.ndarray:
    rgb = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels[..., :3]
    small = shrink(np.ascontiguousarray(rgb), WORKING_LONG_SIDE)
    return cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)


def _find_margin(lines: np.ndarray) -> _Margin | None:
    """The margin along one side, with `lines` (n, samples, 3) ordered from the edge inwards."""
    count = len(lines)
    strip = lines[: max(2, round(OUTER_STRIP * count))].reshape(-1, 3)
    colour = np.median(strip, axis=0)
    # Foxed or unevenly lit paper is allowed the spread that its own outermost strip shows.
    tolerance = float(np.clip(2.0 * np.percentile(_distance(strip, colour), 80), 8.0, 30.0))
    reach = lines[: round((WIDEST + 4 * TRANSITION) * count) + 1]
    share = (_distance(reach, colour) <= tolerance).mean(axis=1)

    first_departure = _first(share < PAPER_SHARE)
    if first_departure is None or not NARROWEST * count <= first_departure <= WIDEST * count:
        return None
    transition = max(3, round(TRANSITION * count))
    settled = reach[first_departure : first_departure + transition + 1]
    settled_share = share[first_departure : first_departure + transition + 1]
    beyond = share[first_departure + transition : first_departure + 4 * transition]
    # A line drawn on paper, as on maps, is not where the paper ends.
    if settled_share.min() > PICTURE_SHARE or beyond.mean() > PICTURE_SHARE:
        return None
    # The picture begins after the last strong change from line to line in the transition, and after
    # the wedge of paper that a tilted print leaves.
    change = np.median(_distance(settled[1:], settled[:-1]), axis=1)
    strong = np.flatnonzero(change > max(0.4 * change.max(), 6.0))
    after_change = int(strong[-1]) + 1 if len(strong) else 0
    paper_like = (_distance(settled, colour) <= SAME_PAPER).mean(axis=1)
    wedge = np.flatnonzero(paper_like > paper_like.min() + 0.05)
    after_wedge = int(wedge[-1]) + 1 if len(wedge) else 0
    width = first_departure + max(after_change, after_wedge) + 1
    inside = lines[width : width + round(SLIVER * count)]
    return _Margin(width + _sliver(_distance(inside, colour) <= tolerance), colour)


def _sliver(is_paper: np.ndarray) -> int:
    """How many of the lines (n, samples) bool begin or end on paper: a tilted print's last wedge.

    One line more is taken for the wedge's soft edge.
    """
    least = max(2, round(SLIVER_LENGTH * is_paper.shape[1]))
    at_ends = is_paper[:, :least].all(axis=1) | is_paper[:, -least:].all(axis=1)
    picture = _first(~at_ends)
    if picture is None:  # no wedge ends nowhere: the picture is as light as its paper
        return 0
    return picture + 1 if picture else 0


def _first(condition: np.ndarray) -> int | None:
    found = np.flatnonzero(condition)
    return int(found[0]) if len(found) else None


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a - b, axis=-1)
