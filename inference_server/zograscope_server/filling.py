"""Continues a picture or a map into the parts of its canvas where it is unknown.

Smooth maps are filled with a pull-push pyramid: averages of what is known, coarser the farther away
it is. Pictures get the same base, and on it the fine structure of their surroundings, mirrored at
the nearest known pixel, so that grain, grass and brickwork go on without a seam.

Pull-push: Gortler, Grzeszczuk, Szeliski, Cohen, "The Lumigraph", SIGGRAPH 1996, section 3.4.
"""

import cv2
import numpy as np
from scipy import ndimage

WAY_LONG_SIDE = 1024  # pixels of the grid on which the nearest known pixels are found
WAY_SMOOTHING = 1.5  # pixels of that grid
GRAIN_SCALE = 0.7  # pixels of blur that separate a photograph's grain from its shapes
COARSEST_DETAIL = 0.012  # of the long side: what is coarser is averaged, not mirrored
GRAIN_LIMIT = 4.0  # times its median magnitude
GRAIN_STEP = 4  # pixels; the median needs no more
DETAIL_REACH = 4.0  # times its scale: how far from its original detail is repeated


def fill_smoothly(values: np.ndarray, weight: np.ndarray, *, wrap: bool = False) -> np.ndarray:
    """Fill where the weight is below 1 from all around, near known values counting most.

    Args:
        values: (height, width) or (height, width, channels) float32.
        weight: (height, width) in [0, 1]: how far each value is known.
        wrap: whether the left and right borders meet, as in a panorama.

    Returns:
        An array like `values`: the values themselves where the weight is 1.
    """
    weight = weight.astype(np.float32)
    known = values.astype(np.float32) * _like(weight, values)
    return _fill_level(known, weight, wrap)


def _fill_level(known: np.ndarray, weight: np.ndarray, wrap: bool) -> np.ndarray:
    """One level of the pyramid; `known` holds the values already multiplied by their weight."""
    height, width = weight.shape
    if height <= 2 or width <= 2:
        total = max(float(weight.sum()), 1e-6)
        mean = known.sum(axis=(0, 1), keepdims=True) / total
        return known + (1.0 - _like(weight, known)) * mean
    coarse_known, coarse_weight = _halve(known, wrap), _halve(weight, wrap)
    # A coarse pixel is as good as known once a quarter of it is.
    gain = np.minimum(4.0, 1.0 / np.maximum(coarse_weight, 1e-6))
    coarse = _fill_level(coarse_known * _like(gain, known), coarse_weight * gain, wrap)
    return known + (1.0 - _like(weight, known)) * _double(coarse, (height, width), wrap)


def continue_picture(
    picture: np.ndarray, weight: np.ndarray, coarsest_detail: float = COARSEST_DETAIL
) -> np.ndarray:
    """Fill a picture's unknown parts with a smooth base and mirrored detail.

    Args:
        picture: (height, width, 3) float32.
        weight: (height, width) in [0, 1]: 1 keeps the pixel, 0 replaces it and learns nothing
            from it.
        coarsest_detail: as a share of the long side: what is coarser is only averaged.
    """
    weight = weight.astype(np.float32)
    across, down, distance = _way_to_known(weight)
    rows, columns = np.indices(weight.shape, dtype=np.float32)
    mirrored_x, mirrored_y = columns + 2.0 * across, rows + 2.0 * down

    finer, filled = picture, np.zeros_like(picture)
    for scale in _detail_scales(coarsest_detail * max(weight.shape)):
        is_grain = finer is picture
        coarser = _average_known(picture, weight, scale)
        detail = (finer - coarser) * weight[..., None]
        if is_grain:
            detail = _grain(detail, weight)
        # Interpolation would blur the grain.
        sampling = cv2.INTER_NEAREST if is_grain else cv2.INTER_LINEAR
        mirrored = cv2.remap(
            detail, mirrored_x, mirrored_y, sampling, borderMode=cv2.BORDER_REFLECT_101
        )
        # Grain goes on for ever; a shape repeated far from its original would be recognised.
        if not is_grain:
            mirrored *= np.exp(-np.square(distance / (DETAIL_REACH * scale)))[..., None]
        filled += mirrored
        finer = coarser
    filled += fill_smoothly(finer, weight)
    return filled + weight[..., None] * (picture - filled)


def _detail_scales(coarsest: float) -> list[float]:
    """Blurs in pixels, from that of the grain up to the coarsest, each four times the last."""
    scales = [max(coarsest, GRAIN_SCALE)]
    while scales[-1] >= 2.0 * GRAIN_SCALE:
        scales.append(max(scales[-1] / 4.0, GRAIN_SCALE))
    return scales[::-1]


def _grain(detail: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The finest detail without its outlines, which would show as ghosts when mirrored far."""
    sample = np.s_[::GRAIN_STEP, ::GRAIN_STEP]
    known = detail[sample][weight[sample] > 0.5]
    limit = GRAIN_LIMIT * float(np.median(np.abs(known))) if known.size else 0.0
    return np.clip(detail, -limit, limit)


def _average_known(picture: np.ndarray, weight: np.ndarray, blur: float) -> np.ndarray:
    """Gaussian average over the known pixels alone."""
    shrink = min(1.0, 4.0 / blur)  # a wide blur needs no fine sampling
    size = (max(1, round(weight.shape[1] * shrink)), max(1, round(weight.shape[0] * shrink)))
    small_sum = cv2.resize(picture * weight[..., None], size, interpolation=cv2.INTER_AREA)
    small_weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    total = cv2.GaussianBlur(small_sum, (0, 0), blur * shrink)
    share = cv2.GaussianBlur(small_weight, (0, 0), blur * shrink)
    average = total / np.maximum(share, 1e-4)[..., None]
    return cv2.resize(average, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _way_to_known(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps across and down from each pixel to the nearest known one, and their length (float32).

    They are found on a coarse grid and smoothed: a mirror should follow a rim, not its pixels.
    """
    scale = min(1.0, WAY_LONG_SIDE / max(weight.shape))
    size = (max(1, round(weight.shape[1] * scale)), max(1, round(weight.shape[0] * scale)))
    unknown = cv2.resize(weight, size, interpolation=cv2.INTER_AREA) <= 0.5
    if unknown.all():
        still = np.zeros(weight.shape, np.float32)
        return still, still, still
    distance, nearest = ndimage.distance_transform_edt(unknown, return_indices=True)
    down, across = (nearest - np.indices(unknown.shape)).astype(np.float32)
    full = weight.shape[::-1]

    def enlarge(coarse: np.ndarray, factor: float) -> np.ndarray:
        smooth = cv2.GaussianBlur(coarse.astype(np.float32), (0, 0), WAY_SMOOTHING)
        return cv2.resize(smooth, full, interpolation=cv2.INTER_LINEAR) * np.float32(factor)

    return (
        enlarge(across, full[0] / size[0]),
        enlarge(down, full[1] / size[1]),
        enlarge(distance, 1.0 / scale),
    )


def _like(weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    return weight[..., None] if values.ndim == 3 else weight


def _halve(array: np.ndarray, wrap: bool) -> np.ndarray:
    if not wrap:
        return cv2.pyrDown(array)
    padded = cv2.copyMakeBorder(array, 0, 0, 4, 4, cv2.BORDER_WRAP)
    return cv2.pyrDown(padded)[:, 2 : 2 + (array.shape[1] + 1) // 2]


def _double(array: np.ndarray, shape: tuple[int, int], wrap: bool) -> np.ndarray:
    height, width = shape
    if not wrap:
        return cv2.resize(array, (width, height), interpolation=cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(array, 0, 0, 2, 2, cv2.BORDER_WRAP)
    doubled = cv2.resize(padded, (2 * padded.shape[1], height), interpolation=cv2.INTER_LINEAR)
    return doubled[:, 4 : 4 + width]
