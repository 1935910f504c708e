"""Finds the two photographs of a stereograph card, and tells a card from any other picture.

A card is a mount of paper with two prints side by side, often with arched tops, or the two prints
alone. Where the prints lie shows in the mount's colour; that two eyes saw one place shows in the
prints: pieces of one are found in the other, all at nearly the same height, and shifted by amounts
that differ with depth.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from zograscope_protocol.depth.tasks import Rectangle

from zograscope_server.depth.cropping import cut

WORKING_LONG_SIDE = 900
NARROWEST, WIDEST = 1.25, 3.4  # width over height of what can be a card

# The mount. Colours are Lab (0..255); shares are of a side.
SHEETS = 3  # bed of the scanner, mount, and a border printed on it
OUTER_STRIP = 0.006
EVEN_STRIP = 0.75  # of the outermost strip that is of one colour where it is a sheet
UNEVEN = 8.0  # median colour distance within the strips: paper is more even, print is not
TOLERANCE, LEAST_TOLERANCE = 3.0, 7.0  # over that spread; colour distance
STILL_SHEET = 0.75  # of a line that has the colour of the sheet
SETTLED = 0.02  # over which a line of print must go on as print
MIDDLE = (0.2, 0.8)  # of a line, where it is judged: clear of arches and round corners
DEEPEST_SHEET = 0.3  # what is deeper is a light sky or a dark ground, not paper
GUTTER_ZONE = (0.42, 0.58)  # of the prints' width
ALL_PAPER = 0.8  # of a column in the gutter, where no lettering is
DEEPEST_ARCH, DEEPEST_CORNER = 0.15, 0.05  # of a print's height
FEWEST_BELIEVED = 0.2  # of a print's columns, or nothing is known of its arch
CHROMA = 2.0  # how much more tint tells than lightness: paper is unevenly lit, but of one tint
SMALLEST_HALF = 0.28  # of the card's width, and ...
LOWEST_HALF = 0.4  # ... of its height
RIM = 0.006  # taken off each print, where paper and photograph mix

# The comparison.
COMPARED_HEIGHT = 240  # pixels
BLOCK = 30
STEP = 20
REACH_X, REACH_Y = 0.16, 0.06  # of the half's width and height
TEXTURE = 3.0  # spread of grey, without which a block is nothing to go by
ALIKE = 0.6  # normalised correlation of a block with its like
LEVEL = 2.0  # pixels, by which a block may miss the height where it should be
FEWEST_BLOCKS = 12  # with texture
SHARE_OF_A_CARD = 0.5  # of them that are found in the other half
LEAST_PARALLAX = 0.6  # pixels, between near and far; less is the same picture twice
MOST_PARALLAX = 0.12  # of the half's width; shifts that differ more are chance finds


@dataclass(frozen=True)
class Halves:
    """Where the two photographs of a card lie: (left, top, right, bottom) in pixels of the scan."""

    left: Rectangle
    right: Rectangle


@dataclass(frozen=True)
class Likeness:
    """How far two photographs show one place from two sides.

    Attributes:
        share: of the textured blocks of one that are found in the other, in [0, 1].
        parallax: spread of their shifts, in pixels of a half that is `COMPARED_HEIGHT` high.
        width: of that half.
    """

    share: float
    parallax: float
    width: int

    @property
    def is_stereo(self) -> bool:
        """Whether the two are the halves of a stereograph."""
        most = MOST_PARALLAX * self.width
        return self.share >= SHARE_OF_A_CARD and LEAST_PARALLAX <= self.parallax <= most


def find_card(pixels: np.ndarray) -> Halves | None:
    """Return where the halves of a stereograph lie, or None for any other picture.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
    """
    height, width = pixels.shape[:2]
    if not NARROWEST <= width / height <= WIDEST or height < 2 * BLOCK:
        return None
    halves = split_card(pixels)
    likeness = compare(cut(pixels, halves.left), cut(pixels, halves.right))
    return halves if likeness.is_stereo else None


def split_card(pixels: np.ndarray) -> Halves:
    """Find the two prints of a card, of which the scan is taken to be one.

    Args:
        pixels: (height, width, 3) uint8 sRGB, wider than high.

    Returns:
        The largest rectangles without paper in both prints; the two halves of the scan where no
        mount is found.
    """
    height, width = pixels.shape[:2]
    shrink = min(1.0, WORKING_LONG_SIDE / max(height, width))
    size = (max(2, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    # Dust and lettering are smaller than the median's window, the edges of prints are not.
    lab = cv2.medianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), 5).astype(np.float32)
    lab[..., 1:] *= CHROMA

    (left, top, right, bottom), colour, tolerance = _peel(lab)
    mount = np.linalg.norm(lab - colour, axis=-1) <= tolerance
    end, begin = _gutter(mount[top:bottom, left:right])
    columns = min(end, right - left - begin)
    begins = (left, right - columns)
    papers = [mount[top:bottom, first : first + columns] for first in begins]
    inner = _largest_without_paper(papers)
    rim = RIM * columns if mount.any() else 0.0
    inset = inner + np.array([rim, rim, -rim, -rim])
    scale = np.array([width / size[0], height / size[1]] * 2)
    prints = [(inset + np.array([first, top, first, top])) * scale for first in begins]
    return Halves(_whole_pixels(prints[0]), _whole_pixels(prints[1]))


def compare(left: np.ndarray, right: np.ndarray) -> Likeness:
    """Look for pieces of the left photograph in the right one.

    Args:
        left, right: (height, width, 3) uint8 sRGB; of sizes of their own.
    """
    width = max(BLOCK + 2, round(left.shape[1] * COMPARED_HEIGHT / left.shape[0]))
    one, other = (_structure(half, (width, COMPARED_HEIGHT)) for half in (left, right))
    reach_x, reach_y = round(REACH_X * width), round(REACH_Y * COMPARED_HEIGHT)
    padded = cv2.copyMakeBorder(
        other, reach_y, reach_y, reach_x, reach_x, cv2.BORDER_CONSTANT, value=0
    )
    found = []
    for y in range(0, COMPARED_HEIGHT - BLOCK + 1, STEP):
        for x in range(0, width - BLOCK + 1, STEP):
            block = one[y : y + BLOCK, x : x + BLOCK]
            if block.std() < TEXTURE:
                continue
            around = padded[y : y + BLOCK + 2 * reach_y, x : x + BLOCK + 2 * reach_x]
            score = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
            _, best, _, (dx, dy) = cv2.minMaxLoc(score)
            found.append((x, y, dx - reach_x, dy - reach_y, best))
    if len(found) < FEWEST_BLOCKS:
        return Likeness(0.0, 0.0, width)
    x, y, dx, dy, best = np.array(found, float).T
    alike = best >= ALIKE
    if alike.sum() < FEWEST_BLOCKS / 2:
        return Likeness(0.0, 0.0, width)
    level = _level(x, y, dy, alike)
    # A shift at the end of the reach is a chance find.
    level &= (np.abs(dx) < reach_x) & (np.abs(dy) < reach_y)
    parallax = _parallax(x[level], y[level], dx[level]) if level.sum() > 3 else 0.0
    return Likeness(float(level.mean()), parallax, width)


def _whole_pixels(edges: np.ndarray) -> Rectangle:
    """The pixels that lie wholly inside of left, top, right, bottom."""
    left, top = (int(edge) for edge in np.ceil(edges[:2] - 1e-6))
    right, bottom = (int(edge) for edge in np.floor(edges[2:] + 1e-6))
    return left, top, right, bottom


def _peel(lab: np.ndarray) -> tuple[Rectangle, np.ndarray, float]:
    """Take sheet after sheet away from around the prints.

    Returns the box of both prints, and colour and tolerance of the last sheet; a tolerance below 0,
    which no colour meets, where there was none.
    """
    height, width = lab.shape[:2]
    box: Rectangle = (0, 0, width, height)
    colour, tolerance = np.zeros(3, np.float32), -1.0
    for _ in range(SHEETS):
        left, top, right, bottom = box
        inside = lab[top:bottom, left:right]
        strips = [_strip(lines) for lines in _from_each_side(inside)]
        sheet = np.median(np.concatenate([strips[0], strips[2]]), axis=0)
        distances = [np.linalg.norm(strip - sheet, axis=-1) for strip in strips]
        spread = float(np.median(np.concatenate(distances)))
        if spread > UNEVEN:
            break
        near = max(LEAST_TOLERANCE, TOLERANCE * spread)
        depths = [
            _depth_of_sheet(np.linalg.norm(lines - sheet, axis=-1) <= near)
            if (distance <= near).mean() >= EVEN_STRIP
            else 0
            for lines, distance in zip(_from_each_side(inside), distances, strict=True)
        ]
        # A sheet shows on opposite sides; one even side may be a sky, or more of the same sheet.
        opposite = (depths[0] and depths[2]) or (depths[1] and depths[3])
        more = tolerance > 0 and np.linalg.norm(sheet - colour) <= tolerance
        if not any(depths) or not (opposite or more):
            break
        peeled = (left + depths[0], top + depths[1], right - depths[2], bottom - depths[3])
        if peeled[2] - peeled[0] < 2 * SMALLEST_HALF * width:
            break
        if peeled[3] - peeled[1] < LOWEST_HALF * height:
            break
        box, colour, tolerance = peeled, sheet, near
    return box, colour, tolerance


def _from_each_side(values: np.ndarray) -> list[np.ndarray]:
    """The lines of a picture from its left, top, right and bottom edge inwards."""
    upright = values.swapaxes(0, 1)
    return [upright, values, upright[::-1], values[::-1]]


def _strip(lines: np.ndarray) -> np.ndarray:
    return lines[: max(2, round(OUTER_STRIP * len(lines)))].reshape(-1, lines.shape[-1])


def _depth_of_sheet(is_sheet: np.ndarray) -> int:
    """How many lines, from the edge inwards, belong to a sheet; (lines, samples) bool."""
    lines, samples = is_sheet.shape
    begin, end = (round(share * samples) for share in MIDDLE)
    share = is_sheet[: round(DEEPEST_SHEET * lines), begin:end].mean(axis=1)
    return _first_print(share)


def _first_print(sheet_share: np.ndarray) -> int:
    """Where print begins and goes on: an index; 0 where it never does."""
    settled = max(2, round(SETTLED / DEEPEST_SHEET * len(sheet_share)))
    is_print = (sheet_share < STILL_SHEET).astype(np.float32)
    going_on = np.convolve(is_print, np.ones(settled), "valid") > settled - 0.5
    found = np.flatnonzero(going_on)
    return int(found[0]) if len(found) else 0


def _gutter(mount: np.ndarray) -> tuple[int, int]:
    """The columns where the left print ends and the right one begins, in the prints' box."""
    rows, columns = mount.shape
    share = mount[round(0.2 * rows) : round(0.8 * rows)].mean(axis=0)
    begin, end = (round(edge * columns) for edge in GUTTER_ZONE)
    paper = np.flatnonzero(share[begin:end] > ALL_PAPER) + begin
    if len(paper) == 0:
        return columns // 2, columns // 2
    middle = paper[np.abs(paper - columns / 2).argmin()]
    first = last = int(middle)
    while first > begin and share[first - 1] > ALL_PAPER:
        first -= 1
    while last < end and share[last + 1] > ALL_PAPER:
        last += 1
    return first, last + 1


def _largest_without_paper(papers: list[np.ndarray]) -> np.ndarray:
    """The largest rectangle that holds neither arch nor round corners, in two alike prints.

    Takes (rows, columns) bool of each: where it has the colour of paper. Returns left, top, right,
    bottom.
    """
    rows, columns = papers[0].shape

    def depths(upside_down: bool) -> np.ndarray:
        # A sky as light as the paper is seldom so in both prints and on both of their sides.
        both = [_paper_depths(paper[::-1] if upside_down else paper) for paper in papers]
        least = np.minimum(*both)
        least = np.minimum(least, least[::-1])
        believed = least <= rows * (DEEPEST_CORNER if upside_down else DEEPEST_ARCH)
        if believed.mean() < FEWEST_BELIEVED:
            return np.zeros(columns, int)
        places = np.arange(columns)
        return np.rint(np.interp(places, places[believed], least[believed])).astype(int)

    above, below = depths(False), depths(True)
    best, area = np.array([0, 0, columns, rows]), 0.0
    for first in range(columns // 3):
        top = np.maximum.accumulate(above[first:])
        bottom = rows - np.maximum.accumulate(below[first:])
        areas = (bottom - top) * np.arange(1, columns - first + 1)
        last = int(areas.argmax())
        if areas[last] > area:
            area = float(areas[last])
            best = np.array([first, top[last], first + last + 1, bottom[last]])
    return best


def _paper_depths(paper: np.ndarray) -> np.ndarray:
    """How deep paper reaches into each column of (rows, columns), single specks apart."""
    rows = len(paper)
    gone = paper.cumprod(axis=0).sum(axis=0).astype(np.float32)
    # A speck on the paper ends a column early; its neighbours know better.
    window = max(3, (rows // 40) | 1)
    return cv2.dilate(gone[None], np.ones((1, window), np.uint8))[0].astype(int)


def _structure(half: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A photograph small and grey, without its light and its fading."""
    small = cv2.cvtColor(half, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(small, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = cv2.GaussianBlur(small, (0, 0), 1.0) - cv2.GaussianBlur(small, (0, 0), 8.0)
    contrast = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 24.0))
    return fine * (10.0 / np.maximum(contrast, 2.0))


def _level(x: np.ndarray, y: np.ndarray, dy: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Which of the blocks that are alike lie at one height, but for a slight turn."""
    columns = np.stack([np.ones_like(x), x, y], axis=1)
    kept = alike & (np.abs(dy - np.median(dy[alike])) <= 4 * LEVEL)
    for _ in range(4):
        if kept.sum() < 4:
            return kept
        fitted, *_ = np.linalg.lstsq(columns[kept], dy[kept], rcond=None)
        kept = alike & (np.abs(dy - columns @ fitted) <= LEVEL)
    return kept


def _parallax(x: np.ndarray, y: np.ndarray, dx: np.ndarray) -> float:
    """How much shifts differ, beyond what a turn or another scale of one flat picture does."""
    columns = np.stack([np.ones_like(x), x, y], axis=1)
    fitted, *_ = np.linalg.lstsq(columns, dx, rcond=None)
    low, high = np.percentile(dx - columns @ fitted, (10, 90))
    return float(high - low)
