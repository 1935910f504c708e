"""The embedded estimate of depth: what a painter knows about pictures, without any training.

Disparity of a level ground grows evenly from the horizon to the bottom edge. Upright things stand
on that ground: a region keeps the disparity of the place where it stands, and lends it to what
rests on it. Far things lose contrast in the air. The sky is farthest. A flat sheet (a map, a page)
stays flat.

It answers like a trained network would, pixels in and relative disparity out, so that one can take
its place.
"""

import cv2
import numpy as np
from skimage.segmentation import felzenszwalb

from zograscope_server.depth.depth_map import DepthMap, normalise_disparity
from zograscope_server.depth.resizing import shrink
from zograscope_server.depth.sky import sky_mask

LONG_SIDE = 384
USUAL_HORIZON = 0.40  # of the height, from the top
HORIZON_RANGE = (0.15, 0.62)
REGION_SCALE = 150.0
SMALLEST_REGION = 0.002  # of the picture
SUPPORT = 0.97  # of the disparity below it that a thing resting on it has
AIR = 0.15  # share of the contrast cue in the whole
FLATNESS_OF_SHEETS = 0.08  # relief that a flat sheet keeps


class ClassicalDepth:
    """Depth from the pictorial cues."""

    name = "classical"
    licence = "Apache-2.0"

    def estimate(self, pixels: np.ndarray) -> DepthMap:
        """Return relative disparity of (height, width, 3) uint8 sRGB pixels."""
        small = shrink(pixels, LONG_SIDE, least=8)
        return DepthMap(estimate_disparity(small), model=self.name, licence=self.licence)


def estimate_disparity(picture: np.ndarray) -> np.ndarray:
    """Return relative disparity in [0, 1] of a small (height, width, 3) uint8 picture."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    sky = sky_mask(picture)
    ground = ground_disparity(picture.shape[:2], find_horizon(sky))
    texture = local_contrast(lab[..., 0])
    regions = find_regions(picture)
    standing = stand_on_ground(regions, ground, texture, sky)
    clear = _average_in(regions, normalise_disparity(texture))
    disparity: np.ndarray = (1.0 - AIR) * standing + AIR * clear
    disparity[sky] = 0.0
    disparity = cv2.bilateralFilter(disparity, 9, 0.15, 5.0)
    disparity = normalise_disparity(disparity)
    if is_flat_sheet(lab):
        disparity = 0.5 + FLATNESS_OF_SHEETS * (disparity - 0.5)
    return disparity.astype(np.float32)


def find_horizon(sky: np.ndarray) -> float:
    """Return the row of the horizon, as a share of the height: a little below most of the sky."""
    columns = sky.any(axis=0)
    if columns.mean() < 0.3:
        return USUAL_HORIZON
    lowest = len(sky) - 1 - np.argmax(sky[::-1, columns], axis=0)
    return float(np.clip(np.percentile(lowest, 70) / len(sky), *HORIZON_RANGE))


def ground_disparity(shape: tuple[int, int], horizon: float) -> np.ndarray:
    """Disparity of a level ground below the horizon, and of the little that hangs above it."""
    rows = (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]
    below = np.clip((rows - horizon) / (1.0 - horizon), 0.0, 1.0)
    above = np.clip((horizon - rows) / max(horizon, 1e-3), 0.0, 1.0)
    return np.repeat((0.06 + 0.94 * below + 0.10 * above)[:, None], shape[1], axis=1)


def local_contrast(lightness: np.ndarray) -> np.ndarray:
    """Fine structure of the lightness, averaged around: little of it is left at a distance."""
    detail = np.abs(lightness - cv2.GaussianBlur(lightness, (0, 0), 2.0))
    return cv2.GaussianBlur(detail, (0, 0), 0.03 * max(lightness.shape))


def find_regions(picture: np.ndarray) -> np.ndarray:
    """Label regions of like colour (Felzenszwalb, Huttenlocher, IJCV 2004)."""
    calm = cv2.bilateralFilter(picture, 7, 30, 5)
    smallest = max(20, int(SMALLEST_REGION * picture.shape[0] * picture.shape[1]))
    return felzenszwalb(calm, scale=REGION_SCALE, sigma=0.5, min_size=smallest)


def stand_on_ground(
    regions: np.ndarray, ground: np.ndarray, texture: np.ndarray, sky: np.ndarray
) -> np.ndarray:
    """Give each region the disparity of the ground it lies along, or stands on.

    Even, wide regions (a street, water, a floor) lie along the ground. Others stand upright at
    their lowest part, or on the region below them, whichever is nearer.
    """
    height = len(regions)
    rows, columns = np.mgrid[: regions.shape[0], : regions.shape[1]].astype(np.float32)
    count = int(regions.max()) + 1
    area = np.bincount(regions.ravel(), minlength=count).astype(np.float32)
    lies = _lying_share(regions, area, texture, rows, columns)
    lowest, order = np.zeros(count, np.float32), []
    for label in range(count):
        inside = rows[regions == label]
        lowest[label] = np.percentile(inside, 95)
        order.append((-float(inside.mean()), label))
    base = ground[np.minimum(lowest.astype(int), height - 1), 0]

    is_sky = np.bincount(regions.ravel(), sky.ravel(), minlength=count) > 0.5 * area
    contacts = _contacts_from_above(regions, count)
    upright = base.copy()
    for _, label in sorted(order):
        # From the bottom up, so that support climbs.
        below = contacts[label]
        total = below.sum()
        if total == 0 or is_sky[label]:
            continue
        supporters = below * (1.0 - lies) * ~is_sky
        share = supporters.sum() / total
        if share > 0:
            support = SUPPORT * (supporters @ upright) / supporters.sum()
            upright[label] = max(upright[label], share * support + (1.0 - share) * base[label])
    lying = lies[regions]
    return (lying * ground + (1.0 - lying) * upright[regions]).astype(np.float32)


def _lying_share(
    regions: np.ndarray,
    area: np.ndarray,
    texture: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:
    """How much each region looks like ground or water: even, and wider than high."""
    count = len(area)

    def average(values: np.ndarray) -> np.ndarray:
        return np.bincount(regions.ravel(), values.ravel(), minlength=count) / area

    def spread(values: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(average(values**2) - average(values) ** 2, 1.0))

    wide = np.clip(spread(columns) / spread(rows) - 0.8, 0.0, 1.5) / 1.5
    even = 1.0 - np.clip(average(texture) / max(float(np.percentile(texture, 80)), 1e-3), 0.0, 1.0)
    large = np.clip(area / (0.03 * regions.size), 0.0, 1.0)
    return np.clip(large * (0.5 * wide + 0.8 * even), 0.0, 1.0).astype(np.float32)


def _contacts_from_above(regions: np.ndarray, count: int) -> np.ndarray:
    """contacts[a, b]: over how many pixels region a rests on region b."""
    upper, lower = regions[:-1].ravel(), regions[1:].ravel()
    touching = upper != lower
    pairs = upper[touching].astype(np.int64) * count + lower[touching]
    return np.bincount(pairs, minlength=count * count).reshape(count, count).astype(np.float32)


def _average_in(regions: np.ndarray, values: np.ndarray) -> np.ndarray:
    area = np.bincount(regions.ravel())
    sums = np.bincount(regions.ravel(), values.ravel())
    return (sums / np.maximum(area, 1))[regions].astype(np.float32)


def is_flat_sheet(lab: np.ndarray) -> bool:
    """Whether this is a map or a page: fine dark lines all over an evenly light ground."""
    lightness = lab[..., 0]
    paper = np.percentile(lightness, 75)
    blocks = cv2.resize(lightness, (8, 8), interpolation=cv2.INTER_AREA)
    covered = (np.abs(lightness - paper) < 14.0).mean()
    return bool(paper > 165.0 and covered > 0.48 and blocks.std() < 26.0)
