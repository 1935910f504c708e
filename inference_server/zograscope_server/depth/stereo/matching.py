"""Measures disparity between two rectified photographs, and fills what only one of them shows.

Semi-global matching (Hirschmüller, "Stereo processing by semiglobal matching and mutual
information", TPAMI 2008, as OpenCV has it), left against right and right against left; a pixel
counts as measured where both agree. Where grain is all that a faded print shows, a picture of half
the size, in which grain is half as strong, can still be matched. The rest is filled from an
estimate.
"""

import cv2
import numpy as np

from zograscope_server.depth.stereo.rectification import even_light

SCALES = (1.0, 0.5)
BLOCK = 5
SMALL_STEP, LARGE_STEP = 8, 32  # penalties P1 and P2, for each pixel of a block
UNIQUE = 10  # per cent by which the best match must beat the second best
AGREEMENT = 1.2  # pixels between the two directions
SPECKLE_SHARE = 0.0008  # of the picture: smaller islands of disparity are chance
SPECKLE_STEP = 2  # pixels
SPARE = 0.15  # of the range of points' disparities, on both sides
LEAST_TEXTURE = 3.0  # spread of grey in even light; a burnt-out sky has less, and matches anything
UNKNOWN = -30000  # in OpenCV's sixteenths of a pixel

NEIGHBOURS = 0.03  # of the width: the window in which measured pixels support each other
SUPPORT = 0.7  # of it that is measured, or a match is taken for chance
EVENNESS, EDGE = 200.0, 4.0  # how far what was measured reaches, and which edges (0..255) stop it
CALM, DEPTH_EDGE = 10.0, 4.0  # the same for surfaces, and edges of depth (0..255 of its range)
MEDIAN_RADIUS, MEDIAN_CONTRAST = 0.02, 25.5  # of the width; (0..255)


def match(
    left: np.ndarray, right: np.ndarray, shown: np.ndarray, farthest: float, nearest: float
) -> np.ndarray:
    """Measure disparity, finely where that works and coarsely where only that does.

    Args:
        left, right: (height, width, 3) uint8, rectified.
        shown: (height, width) bool, where the right one shows anything.
        farthest, nearest: disparities in pixels between which points were found.

    Returns:
        (height, width) float32: x_left - x_right in pixels, nan where it was not measured.
    """
    height, width = shown.shape
    measured = np.full((height, width), np.nan, np.float32)
    for scale in SCALES:
        size = (max(BLOCK + 2, round(width * scale)), max(BLOCK + 2, round(height * scale)))
        one, other = (even_light(_resize(half, size)) for half in (left, right))
        there = cv2.resize(shown.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        shrink = size[0] / width
        disparity = _match_both_ways(one, other, there, farthest * shrink, nearest * shrink)
        enlarged = _enlarge(disparity, (width, height)) / shrink
        measured = np.where(np.isfinite(measured), measured, enlarged)
    return measured


def fill(measured: np.ndarray, estimate: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Fill what was not measured with an estimate, fitted to what was.

    What the measurement says beyond the estimate spreads into the gaps as far as the photograph's
    edges let it (fast global smoothing: Min et al., "Fast global image smoothing based on weighted
    least squares", TIP 2014, with what is measured as confidence). A weighted median then brings
    edges to those of the photograph (Ma et al., "Constant time weighted median filtering for stereo
    matching and beyond", ICCV 2013).

    Args:
        measured: (height, width) float32 in pixels, nan where not measured; some of it is.
        estimate: (height, width) float32 of the same picture, larger is nearer.
        pixels: (height, width, 3) uint8, the picture.

    Returns:
        (height, width) float32 in pixels, nowhere nearer or farther than what was measured.
    """
    support = _support(np.isfinite(measured))
    known = np.isfinite(measured) & (support >= SUPPORT)
    if not known.any():
        known = np.isfinite(measured)
    gain, offset = _robust_line(estimate[known], measured[known])
    fitted = gain * estimate + offset
    confidence = np.where(known, support**2, 0.0).astype(np.float32)
    beyond = np.where(known, measured - fitted, 0.0).astype(np.float32)
    smooth = cv2.GaussianBlur(pixels, (0, 0), 0.8)
    guide = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
    spread = _smooth_globally(guide, confidence * beyond)
    spread /= np.maximum(_smooth_globally(guide, confidence), 1e-7)
    low, high = (float(value) for value in np.percentile(measured[known], (0.2, 99.8)))
    whole = np.where(known, measured, fitted + spread)
    settled = _median_along_edges(np.clip(whole, low, high).astype(np.float32), smooth)
    return np.clip(fitted + _even_surfaces(settled - fitted, settled), low, high)


def _match_both_ways(
    left: np.ndarray, right: np.ndarray, shown: np.ndarray, farthest: float, nearest: float
) -> np.ndarray:
    """Disparity of (height, width) uint8 pictures, where both directions agree; nan elsewhere."""
    spare = SPARE * (nearest - farthest) + 4
    least = int(np.floor(farthest - spare))
    count = int(np.ceil((nearest + spare - least) / 16)) * 16
    # Beyond its edges a picture goes on evenly, so that the outermost columns can be matched.
    pad = max(abs(least), abs(least + count)) + 1
    one, other = (
        cv2.copyMakeBorder(half, 0, 0, pad, pad, cv2.BORDER_REPLICATE) for half in (left, right)
    )
    seen = cv2.copyMakeBorder(shown.astype(np.uint8), 0, 0, pad, pad, cv2.BORDER_CONSTANT, value=0)
    forth = _semi_global(one, other, least, count)
    # Mirrored and exchanged, the right photograph becomes a left one.
    back = _semi_global(other[:, ::-1], one[:, ::-1], least, count)[:, ::-1]
    columns = np.arange(one.shape[1])
    there = np.rint(columns - np.nan_to_num(forth)).astype(int).clip(0, one.shape[1] - 1)
    answer = np.take_along_axis(back, there, axis=1)
    with np.errstate(invalid="ignore"):
        agreed = np.abs(forth - answer) <= AGREEMENT
    agreed &= (np.take_along_axis(seen, there, axis=1) > 0) & (_texture(one) >= LEAST_TEXTURE)
    return _without_speckles(np.where(agreed, forth, np.nan)[:, pad:-pad])


def _semi_global(left: np.ndarray, right: np.ndarray, least: int, count: int) -> np.ndarray:
    """Disparity of the left of two (height, width) uint8 pictures; nan where it is not unique."""
    matcher = cv2.StereoSGBM.create(
        minDisparity=least,
        numDisparities=count,
        blockSize=BLOCK,
        P1=SMALL_STEP * BLOCK**2,
        P2=LARGE_STEP * BLOCK**2,
        disp12MaxDiff=-1,
        preFilterCap=31,
        uniquenessRatio=UNIQUE,
        mode=cv2.StereoSGBM_MODE_SGBM,
    )
    found = matcher.compute(np.ascontiguousarray(left), np.ascontiguousarray(right))
    disparity = found.astype(np.float32) / 16
    return np.where(disparity < least, np.nan, disparity)


def _texture(half: np.ndarray) -> np.ndarray:
    """The spread of (height, width) uint8 grey around each pixel."""
    grey = half.astype(np.float32)
    window = (2 * BLOCK + 1, 2 * BLOCK + 1)
    variance = cv2.blur(grey * grey, window) - cv2.blur(grey, window) ** 2
    return np.sqrt(np.maximum(variance, 0.0))


def _without_speckles(disparity: np.ndarray) -> np.ndarray:
    """Drop small islands that nothing around agrees with."""
    known = np.isfinite(disparity)
    fixed = np.where(known, np.nan_to_num(disparity) * 16, UNKNOWN).astype(np.int16)
    size = max(8, round(SPECKLE_SHARE * disparity.size))
    kept, _ = cv2.filterSpeckles(fixed, UNKNOWN, size, SPECKLE_STEP * 16)
    return np.where(np.asarray(kept) == UNKNOWN, np.nan, disparity).astype(np.float32)


def _resize(half: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if size == half.shape[1::-1]:
        return half
    return cv2.resize(half, size, interpolation=cv2.INTER_AREA)


def _enlarge(disparity: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize with nan for what is not known; between steps values are not mixed."""
    nearest = cv2.resize(disparity, size, interpolation=cv2.INTER_NEAREST)
    known = np.isfinite(disparity).astype(np.float32)
    share = np.maximum(cv2.resize(known, size), 1e-6)
    mixed = cv2.resize(np.nan_to_num(disparity), size) / share
    return np.where(np.abs(mixed - nearest) < 0.75, mixed, nearest)


def _support(known: np.ndarray) -> np.ndarray:
    """The share of measured pixels around each, in [0, 1]."""
    side = round(NEIGHBOURS * known.shape[1]) | 1
    return cv2.blur(known.astype(np.float32), (side, side))


def _robust_line(estimate: np.ndarray, measured: np.ndarray) -> tuple[float, float]:
    """Gain (0 where it would be less) and offset that bring an estimate to most of the measured.

    Least absolute differences, by weighted least squares over and over.
    """
    weights = np.ones(len(estimate))
    gain, offset = 0.0, float(np.median(measured))
    for _ in range(8):
        mean_estimate = np.average(estimate, weights=weights)
        mean_measured = np.average(measured, weights=weights)
        apart = estimate - mean_estimate
        spread = np.average(apart**2, weights=weights) + 1e-6
        together = np.average(apart * (measured - mean_measured), weights=weights)
        gain = max(0.0, float(together / spread))
        offset = float(mean_measured - gain * mean_estimate)
        miss = np.abs(measured - gain * estimate - offset)
        weights = 1.0 / np.maximum(miss, 0.3 * np.median(miss) + 1e-6)
    return gain, offset


def _smooth_globally(guide: np.ndarray, values: np.ndarray) -> np.ndarray:
    smoothed: np.ndarray = cv2.ximgproc.fastGlobalSmootherFilter(guide, values, EVENNESS, EDGE)
    return smoothed


def _even_surfaces(beyond: np.ndarray, disparity: np.ndarray) -> np.ndarray:
    """Smooth what disparity has beyond the estimate, which grain made uneven, up to its edges."""
    spread = max(float(np.ptp(disparity)), 1e-6)
    levels = np.rint((disparity - disparity.min()) / spread * 255).astype(np.uint8)
    even: np.ndarray = cv2.ximgproc.fastGlobalSmootherFilter(levels, beyond, CALM, DEPTH_EDGE)
    return even


def _median_along_edges(disparity: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Replace stray values by the median of what looks alike around them."""
    low, high = float(disparity.min()), float(disparity.max())
    step = max(high - low, 1e-6) / 255
    levels = np.rint((disparity - low) / step).astype(np.uint8)
    radius = max(2, round(MEDIAN_RADIUS * disparity.shape[1]))
    median = cv2.ximgproc.weightedMedianFilter(pixels, levels, radius, sigma=MEDIAN_CONTRAST)
    settled = np.asarray(median, np.float32) * step + low
    # The filter knows 256 levels; where it changes no more than one, the finer value stays.
    return np.where(np.abs(settled - disparity) <= 2 * step, disparity, settled)
