"""Brings a small disparity map up to the size of its photograph, with edges where that has them.

A network sees depth edges coarsely: as slopes, some samples wide, near where the picture has the
outline. Surfaces between them are right to be smooth. So the map is enlarged smoothly, and only at
its edges it is parted anew: in a narrow band along each edge every pixel is given to the near side
or to the far side, as a random walker would go that hardly crosses the picture's contours (Grady,
"Random Walks for Image Segmentation", PAMI 28, 2006). Either side's depth is continued into the
band from beyond it. Where the picture shows no contour, the walker is undecided all across the
band, and the slope stays one.

That is done at most at WORKING_LONG_SIDE. A larger photograph decides along its own pixels: sides
are, in each small window, a linear function of its colours, found small and applied large, strip by
strip (the fast guided filter of He, Sun, 2015), so that 24 megapixels need little more memory than
their own.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from zograscope_server.filling import fill_smoothly
from zograscope_server.ramp import ramp

WORKING_LONG_SIDE = 1024
STRIP_PIXELS = 4_000_000

JUMP = 0.06  # of disparity: less is a slope, not an edge
EDGE_REACH = 2  # samples of the estimate over which an edge is spread, to each side
SLOPE_REACH = 5  # samples to each side, over which a slope goes on and an edge does not
STEEPNESS = 0.79  # of the change over the slope's reach that an edge makes within its own
STEEPNESS_SOFTNESS = 0.15
BAND = 1.5  # samples to each side of an edge, in which it may be moved
PLATEAU = 2.5  # samples from an edge, where the surfaces beside it begin
CREST = (0.85, 0.95)  # of an edge's height: what is thinner than a plateau is told by its crest ...
CREST_WEIGHT = 0.02  # ... which counts less
CONTRAST = 0.033  # of the range of Lab: a contour that the walker seldom crosses
LEAST_CONDUCTANCE = 1e-3
PRIOR = 0.05  # how much the estimate itself says, against the picture's contours
DECISION = 1.2  # gain about an even chance: who is sure of it makes a step
WALKER_TOLERANCE, WALKER_STEPS = 1e-3, 300
GUIDE_RADIUS = 2  # pixels of the working size
GUIDE_CONTRAST = 0.02  # of the picture's range: weaker structure is grain, not an edge

CREVICE_SHARE = 0.004  # of the long side: gaps this narrow, as between leaves, are closed
STEP_SHARE = 0.002  # of the long side: edges this soft become steps
STEP_JUMP = 0.05  # of disparity
STEP_STEEPNESS = 0.8  # of the change within three times that softness
RIM_SHARE = 0.001  # of the long side, by which near things grow over their soft rim
MEASURED_RIM = 2  # samples by which they do in a map that was not brought to the picture's edges


@dataclass(frozen=True)
class _Sides:
    """What lies on either side of the edges of a disparity map, all (rows, columns) float32.

    Attributes:
        near, far: the disparity of the near and the far side, told near edges.
        side: how far a pixel belongs to the near side, in [0, 1].
        edge: how far near, far and side count instead of the map itself, in [0, 1].
    """

    near: np.ndarray
    far: np.ndarray
    side: np.ndarray
    edge: np.ndarray


def refine(disparity: np.ndarray, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a disparity map, with edges where the picture has them.

    Args:
        disparity: (rows, columns) float32 in [0, 1].
        pixels: (height, width, 3) uint8 of the same picture.
        size: (rows, columns) of the answer.

    Returns:
        (rows, columns) float32 in [0, 1].
    """
    scale = min(1.0, WORKING_LONG_SIDE / max(size))
    working_size = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    picture = _resize(pixels, working_size)
    smooth = enlarge(disparity, working_size)
    sides = _find_sides(disparity.astype(np.float32), smooth, picture)
    if sides is None:
        return smooth if working_size == size else enlarge(disparity, size)
    if working_size == size:
        return _join(smooth, sides, decide(sides.side))

    gain, offset = _local_linear_functions(picture.astype(np.float32) / 255.0, sides.side)
    wide = np.empty(size, np.float32)
    strip = max(1, STRIP_PIXELS // size[1])
    for top in range(0, size[0], strip):
        rows = slice(top, min(size[0], top + strip))
        guide = _strip_of(pixels, size, rows) / np.float32(255.0)
        side = (_strip_of(gain, size, rows) * guide).sum(axis=2) + _strip_of(offset, size, rows)
        del guide
        parts = (sides.near, sides.far, sides.side, sides.edge)
        here = _Sides(*(_strip_of(part, size, rows) for part in parts))
        # Far from edges the sides are known, and colours say nothing.
        known = (here.side < 0.02) | (here.side > 0.98)
        side = np.where(known, here.side, side)
        smooth_here = np.clip(_strip_of(smooth, size, rows), 0.0, 1.0)
        wide[rows] = _join(smooth_here, here, decide(side, scale))
    return wide


def enlarge_mask(side: np.ndarray, picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bring a mask that was found in a small picture to the full one, along its edges.

    Args:
        side: (rows, columns) float32 in [0, 1], above 0.5 inside.
        picture: (rows, columns, 3) uint8, the small picture.
        pixels: (height, width, 3) uint8 of the same picture.

    Returns:
        (height, width) bool.
    """
    size = pixels.shape[:2]
    if side.shape == size:
        return side > 0.5
    gain, offset = _local_linear_functions(picture.astype(np.float32) / 255.0, side)
    wide = np.empty(size, bool)
    strip = max(1, STRIP_PIXELS // size[1])
    for top in range(0, size[0], strip):
        rows = slice(top, min(size[0], top + strip))
        guide = _strip_of(pixels, size, rows) / np.float32(255.0)
        here = (_strip_of(gain, size, rows) * guide).sum(axis=2) + _strip_of(offset, size, rows)
        sure = _strip_of(side, size, rows)
        wide[rows] = np.where((sure < 0.02) | (sure > 0.98), sure, here) > 0.5
    return wide


def enlarge(disparity: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a disparity map smoothly, without regard to the picture: float32 in [0, 1]."""
    shrinking = size[0] < disparity.shape[0]
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    resized = cv2.resize(disparity.astype(np.float32), size[::-1], interpolation=interpolation)
    return np.clip(resized, 0.0, 1.0)


def settle_edges(disparity: np.ndarray) -> np.ndarray:
    """Make each sharp depth edge one clean step from far to near.

    What lies between the two belongs to neither, and would fly about as splinters when the camera
    moves. Crevices are closed towards the near side, so that foliage stays whole, each value at a
    short edge goes to the nearer of its extremes around (toggle mapping: Kramer, Bruckner,
    "Iterations of a non-linear transformation", Pattern Recognition 1975), and near things grow by
    a rim (`grow_near_side`). Slopes stay as they are.

    Args:
        disparity: (rows, columns) float32 in [0, 1], 1 is near.
    """
    crevice = _disc(max(1, round(CREVICE_SHARE * max(disparity.shape))))
    closed = cv2.morphologyEx(disparity, cv2.MORPH_CLOSE, crevice)
    radius = max(2, round(STEP_SHARE * max(disparity.shape)))
    low, high = cv2.erode(closed, _disc(radius)), cv2.dilate(closed, _disc(radius))
    around = _disc(2 * radius)
    wider = cv2.dilate(high, around) - cv2.erode(low, around)
    is_step = (high - low > STEP_JUMP) & (high - low > STEP_STEEPNESS * wider)
    nearer_extreme = np.where(high - closed < closed - low, high, low)
    settled = np.where(is_step, nearer_extreme, closed)
    rim = min(MEASURED_RIM, round(RIM_SHARE * max(disparity.shape)))
    return grow_near_side(settled, rim)


def grow_near_side(disparity: np.ndarray, rim: int = MEASURED_RIM) -> np.ndarray:
    """Let near things grow by `rim` samples over the far side of each depth edge.

    The soft rim of a near thing in the picture goes with it, or it would stay behind as an outline
    in the air. Nothing but these rims is changed.
    """
    grown = cv2.dilate(disparity, _square(rim))
    return np.where(grown - disparity > STEP_JUMP, grown, disparity)


def decide(side: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Tell near from far by chances in [0, 1]: steps where they are sure, slopes elsewhere.

    Args:
        side: the chance that a pixel is of the near side.
        scale: pixels of the size in which chances were found, for each pixel of this one.
    """
    gain = np.float32(DECISION / scale**0.5)
    return np.clip((side - np.float32(0.5)) * gain + np.float32(0.5), 0.0, 1.0)


def _join(smooth: np.ndarray, sides: _Sides, side: np.ndarray) -> np.ndarray:
    parted = sides.far + side * (sides.near - sides.far)
    joined: np.ndarray = smooth + sides.edge * (parted - smooth)
    return np.clip(joined, 0.0, 1.0)


def _find_sides(disparity: np.ndarray, smooth: np.ndarray, picture: np.ndarray) -> _Sides | None:
    """Find the edges of a disparity map, and what lies beside them; None where there is no edge.

    Args:
        disparity: the small (rows, columns) map.
        smooth: the same enlarged to (height, width).
        picture: (height, width, 3) uint8.
    """
    size = smooth.shape
    sample = max(1.0, max(size) / max(disparity.shape))
    low, high = _extremes(disparity, EDGE_REACH)
    lowest, highest = _extremes(disparity, SLOPE_REACH)
    jump, slope = high - low, highest - lowest
    strength = ramp(jump, JUMP, 2 * JUMP)
    strength *= ramp(jump / np.maximum(slope, 1e-6), STEEPNESS, STEEPNESS + STEEPNESS_SOFTNESS)
    strength = cv2.resize(strength, size[::-1], interpolation=cv2.INTER_LINEAR)
    chance, is_known = _place_between(smooth, low, high)
    is_near = chance > 0.5
    rim = cv2.morphologyEx(is_near.astype(np.uint8), cv2.MORPH_GRADIENT, _square(1)) > 0
    contour = rim & (strength > 0)
    if not contour.any():
        return None
    distance = cv2.distanceTransform((~contour).astype(np.uint8), cv2.DIST_L2, 5)
    band = distance < max(2.0, BAND * sample)
    side = random_walk(picture, band, is_near, chance)

    # Surfaces are learnt from around edges only: farther away nothing is nearer than anything.
    plateau = distance >= max(3.0, PLATEAU * sample)
    place, is_beside = _place_between(smooth, lowest, highest)
    ridge, trough = ramp(chance, *CREST) * is_known, ramp(1.0 - chance, *CREST) * is_known
    of_near = np.where(plateau, is_beside & (place > 0.5), CREST_WEIGHT * ridge * is_near)
    of_far = np.where(plateau, is_beside & (place <= 0.5), CREST_WEIGHT * trough * ~is_near)
    near, far = fill_smoothly(smooth, of_near), fill_smoothly(smooth, of_far)
    # Along an edge that fades its sides do so too; across it they count up to the plateaus.
    reach = max(1, round(sample))
    strength = cv2.blur(cv2.dilate(strength, _square(reach)), (2 * reach + 1, 2 * reach + 1))
    return _Sides(np.maximum(near, far), far, side, strength * ~plateau)


def _extremes(values: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest of the values around each."""
    return cv2.erode(values, _square(radius)), cv2.dilate(values, _square(radius))


def _place_between(
    values: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where values lie between bounds that are coarser maps, in [0, 1]; and where that tells."""
    low, high = (enlarge(cv2.blur(bound, (3, 3)), values.shape) for bound in (low, high))
    place = np.clip((values - low) / np.maximum(high - low, 1e-6), 0.0, 1.0)
    return place, high - low > JUMP


def random_walk(
    picture: np.ndarray,
    band: np.ndarray,
    is_near: np.ndarray,
    chance: np.ndarray,
    prior: float = PRIOR,
) -> np.ndarray:
    """The chance that a random walker from each pixel of the band leaves it on the near side.

    Args:
        picture: (height, width, 3) uint8.
        band: (height, width) bool: where sides are not known.
        is_near: (height, width) bool: the sides elsewhere.
        chance: (height, width) in [0, 1]: what the estimate says within the band.
        prior: how much it says, against the contours of the picture.

    Returns:
        (height, width) float32 in [0, 1]; `is_near` outside the band.
    """
    from scipy import sparse
    from scipy.sparse.linalg import cg

    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32) / 255.0
    count = np.count_nonzero(band)
    index = np.full(band.shape, -1, np.int64)
    index[band] = np.arange(count)
    diagonal = np.full(count, prior)
    target = prior * chance[band].astype(np.float64)
    rows, columns, values = [], [], []
    for here, there in (
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        contrast = np.square(lab[here] - lab[there]).sum(axis=2)
        conductance = np.exp(-0.5 * contrast / CONTRAST**2) + LEAST_CONDUCTANCE
        for one, other in ((here, there), (there, here)):
            inside, end = band[one], is_near[other]
            node, neighbour = index[one][inside], index[other][inside]
            weight = conductance[inside].astype(np.float64)
            diagonal += np.bincount(node, weight, count)
            leaves = neighbour < 0
            target += np.bincount(node[leaves], weight[leaves] * end[inside][leaves], count)
            rows.append(node[~leaves])
            columns.append(neighbour[~leaves])
            values.append(-weight[~leaves])
    places = (np.concatenate(rows), np.concatenate(columns))
    laplacian = sparse.csr_matrix((np.concatenate(values), places), (count, count))
    laplacian = (laplacian + sparse.diags(diagonal)).tocsr()
    solution, _ = cg(
        laplacian,
        target,
        x0=chance[band].astype(np.float64),
        rtol=WALKER_TOLERANCE,
        maxiter=WALKER_STEPS,
        M=sparse.diags(1.0 / diagonal),
    )
    side = is_near.astype(np.float32)
    side[band] = np.clip(solution, 0.0, 1.0)
    return side


def _local_linear_functions(picture: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gain (rows, columns, 3) and offset (rows, columns) of sides over colour."""
    window = (2 * GUIDE_RADIUS + 1, 2 * GUIDE_RADIUS + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, window, borderType=cv2.BORDER_REFLECT)

    mean_picture, mean_side = mean(picture), mean(side)
    covariance = mean(picture * side[..., None]) - mean_picture * mean_side[..., None]
    products = picture[..., :, None] * picture[..., None, :]
    means = mean_picture[..., :, None] * mean_picture[..., None, :]
    spread = mean(products.reshape(*picture.shape[:2], 9)).reshape(products.shape) - means
    spread += GUIDE_CONTRAST**2 * np.eye(3, dtype=np.float32)
    gain = np.linalg.solve(spread, covariance[..., None])[..., 0].astype(np.float32)
    offset = mean_side - (gain * mean_picture).sum(axis=2)
    return mean(gain), mean(offset)


def _square(radius: int) -> np.ndarray:
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _resize(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    shrinking = size[0] < values.shape[0]
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return cv2.resize(values, (size[1], size[0]), interpolation=interpolation)


def _strip_of(values: np.ndarray, size: tuple[int, int], strip: slice) -> np.ndarray:
    """The rows of a strip of `values` as if resized to `size`, without resizing the rest."""
    top, bottom = strip.start, strip.stop
    if values.shape[:2] == size:
        return values[top:bottom].astype(np.float32)
    scale = values.shape[0] / size[0]
    # Rows around the strip that its interpolation looks at.
    first = max(0, int(np.floor(top * scale)) - 2)
    last = min(values.shape[0], int(np.ceil(bottom * scale)) + 2)
    x = (np.arange(size[1], dtype=np.float32) + 0.5) * (values.shape[1] / size[1]) - 0.5
    y = (np.arange(top, bottom, dtype=np.float32) + 0.5) * scale - 0.5 - first
    map_x, map_y = np.meshgrid(x, y)
    part: np.ndarray = values[first:last].astype(np.float32)
    if scale > 1.0:
        part = cv2.blur(part, (max(1, round(scale)),) * 2, borderType=cv2.BORDER_REPLICATE)
    return cv2.remap(part, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
