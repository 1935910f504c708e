"""From the scan of a stereograph card to measured depth of its left half.

    stereograph = find_stereograph(photograph, "auto")
    if stereograph is not None:
        measured = measure_depth(stereograph, estimate(stereograph.left))

The left half stays the photograph that it is, bit for bit; what has to be bent is the right one.
"""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from scipy.stats import spearmanr
from zograscope_protocol.depth.tasks import Rectangle

from zograscope_server.depth.cropping import (
    SHORTEST_SIDE,
    check_large_enough,
    cut,
    cut_photograph,
)
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.stereo.card import find_card, split_card
from zograscope_server.depth.stereo.matching import fill, match
from zograscope_server.depth.stereo.rectification import even_light, rectify, warp_right
from zograscope_server.images import Photograph

WORKING_LONG_SIDE = 1000  # pixels, at which halves are matched
LEAST_MATCHED = 0.25  # of the left half: less, and the estimate is better alone
WELL_MATCHED = 0.5  # less is said
SWAPPED = -0.2  # rank correlation of what was measured with the estimate
RANKED = 20_000  # pixels that are compared for it

NOT_ALIKE = (
    "The two halves of this card could not be matched, so its depth is an estimate from the left "
    "half alone. If it is no stereograph, set Stereograph to No."
)
PARTLY = (
    "Depth was measured in {share:.0%} of this stereograph; the rest of it is an estimate, fitted "
    "to what was measured."
)
TURNED_ROUND = (
    "The halves of this stereograph are mounted the wrong way round, so near and far were "
    "exchanged; the photograph is still the half on the left."
)


@dataclass(frozen=True)
class Stereograph:
    """The two halves of a card.

    Attributes:
        left: what a diorama shows, exactly as the scan has it.
        right: (height, width, 3) uint8 sRGB.
        rectangles: of the left and the right half in the scan, in pixels.
    """

    left: Photograph
    right: np.ndarray
    rectangles: tuple[Rectangle, Rectangle]


@dataclass(frozen=True)
class StereoDepth:
    """Depth of the left half of a stereograph, and how it was found.

    Attributes:
        depth: relative disparity in [0, 1]; 0 is the farthest that was measured.
        rectangles: of both halves, in pixels of the scan.
        matched_share: of the left half that was measured, in [0, 1]; 0 where all is an estimate.
        turn: of the right half against the left, in degrees clockwise.
        vertical_shift: how far the right half lies below, in pixels of the scan.
        warnings: sentences for the artist.
    """

    depth: DepthMap
    rectangles: tuple[Rectangle, Rectangle]
    matched_share: float = 0.0
    turn: float = 0.0
    vertical_shift: float = 0.0
    warnings: tuple[str, ...] = field(default=())

    def metadata(self) -> dict[str, object]:
        """What the task `diorama` tells of a stereograph (see TASKS.md)."""
        left, right = self.rectangles
        return {
            "left": list(left),
            "right": list(right),
            "matched_share": self.matched_share,
            "turn": self.turn,
            "vertical_shift": self.vertical_shift,
        }


def find_stereograph(photograph: Photograph, wanted: str) -> Stereograph | None:
    """Take a card apart, or return None for any other picture.

    Args:
        photograph: the scan.
        wanted: "auto" looks whether it is a card, "yes" takes it for one, "no" does not.

    Raises:
        ZograscopeError: `image-too-small` for a card with halves too small for a diorama.
    """
    if wanted == "no":
        return None
    pixels = photograph.pixels
    halves = find_card(pixels) if wanted == "auto" else split_card(pixels)
    if halves is None:
        return None
    left, right = cut_photograph(photograph, halves.left), cut(pixels, halves.right)
    for half in (left.pixels, right):
        check_large_enough(half, "A half of the stereograph")
    left = replace(left, focal_length=None)  # that was of the camera that copied the card
    return Stereograph(left, np.ascontiguousarray(right), (halves.left, halves.right))


def measure_depth(stereograph: Stereograph, estimate: DepthMap) -> StereoDepth:
    """Measure the depth of the left half against the right one.

    Args:
        stereograph: the card.
        estimate: of the left half's depth by a model. It fills what cannot be measured, says which
            half is whose eye's, and stands alone, with a warning, where the halves do not match.

    Returns:
        Depth at the estimate's size, relative whatever the model claims.
    """
    height, width = stereograph.left.pixels.shape[:2]
    shrink = min(1.0, WORKING_LONG_SIDE / max(height, width))
    size = (max(SHORTEST_SIDE, round(width * shrink)), max(SHORTEST_SIDE, round(height * shrink)))
    left = cv2.resize(stereograph.left.pixels, size, interpolation=cv2.INTER_AREA)
    right = cv2.resize(stereograph.right, size, interpolation=cv2.INTER_AREA)
    alone = StereoDepth(estimate, stereograph.rectangles, warnings=(NOT_ALIKE,))

    rectification = rectify(even_light(left), even_light(right))
    if rectification is None:
        return alone
    warped, shown = warp_right(right, rectification)
    measured = match(left, warped, shown, rectification.farthest, rectification.nearest)
    known = np.isfinite(measured)
    share = float(known.mean())
    if share < LEAST_MATCHED:
        return alone

    warnings = [PARTLY.format(share=share)] if share < WELL_MATCHED else []
    guess = cv2.resize(estimate.disparity, size, interpolation=cv2.INTER_LINEAR)
    if _rank_correlation(measured[known], guess[known]) < SWAPPED:
        measured = -measured
        warnings.append(TURNED_ROUND)
    whole = fill(measured, guess, left)
    low, high = (float(value) for value in np.percentile(measured[known], (0.5, 99.5)))
    disparity = np.clip((whole - low) / max(high - low, 1e-6), 0.0, 1.0).astype(np.float32)
    rows, columns = estimate.disparity.shape
    interpolation = cv2.INTER_AREA if columns < size[0] else cv2.INTER_LINEAR
    depth = DepthMap(
        cv2.resize(disparity, (columns, rows), interpolation=interpolation),
        field_of_view=estimate.field_of_view,
        model=f"stereo, {estimate.model}",
        licence=estimate.licence,
    )
    return StereoDepth(
        depth,
        stereograph.rectangles,
        matched_share=share,
        turn=rectification.turn,
        vertical_shift=rectification.vertical_shift / shrink,
        warnings=tuple(warnings),
    )


def _rank_correlation(measured: np.ndarray, guess: np.ndarray) -> float:
    """Spearman's, of at most RANKED pixels; 0 where one of them is flat."""
    step = max(1, len(measured) // RANKED)
    if np.ptp(guess[::step]) < 1e-6 or np.ptp(measured[::step]) < 1e-6:
        return 0.0
    return float(spearmanr(measured[::step], guess[::step]).statistic)
