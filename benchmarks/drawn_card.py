"""Stereograph cards from pairs of pictures, as libraries hold them.

Two prints with arched tops on a paper mount, with captions, fading, dust, grain, unequal exposure,
a slight turn and shift between the halves, as a JPEG of the whole. And a second view of a picture
whose depth is known, for pairs that lack one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

MOUNTS = ((206, 178, 138), (232, 222, 200), (120, 112, 104), (38, 36, 36))  # sRGB
MARGIN = 0.04  # of a picture's sides, so that a turned print has no empty corners
WIDEST = 1.1  # width of a print over its height


@dataclass(frozen=True)
class Card:
    """A card and what is known of it.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB.
        print_place: where the left print's box begins on the card (x, y), in pixels.
        window: the part (left, top, right, bottom) of the left picture that the print shows.
        turn: of the right print's content, in degrees.
        shift: of it downwards, in pixels.
    """

    pixels: np.ndarray
    print_place: tuple[int, int]
    window: tuple[int, int, int, int]
    turn: float
    shift: float


def draw_card(
    left: np.ndarray,
    right: np.ndarray,
    seed: int,
    *,
    swapped: bool = False,
    arched: bool = True,
    mounted: bool = True,
) -> Card:
    """Mount two (height, width, 3) uint8 pictures of one place as a card, worn by the years.

    With `swapped`, the right picture is mounted on the left, turned and shifted as on the right.
    Without `mounted`, the scan shows the two prints only, side by side.
    """
    random = np.random.default_rng(seed)
    height, width = left.shape[:2]
    top, bottom = round(MARGIN * height), round((1 - MARGIN) * height)
    print_width = min(round((1 - 2 * MARGIN) * width), round(WIDEST * (bottom - top)))
    begin = (width - print_width) // 2
    window = (begin, top, begin + print_width, bottom)
    turn = float(random.uniform(0.4, 1.2) * random.choice((-1, 1)))
    shift = float(random.uniform(0.004, 0.015) * height * random.choice((-1, 1)))
    if swapped:
        left, right = right, left
    turned = _turn(right, turn, 1 + random.uniform(-0.006, 0.006), shift)
    halves = [
        _age(picture[window[1] : window[3], window[0] : window[2]], random)
        for picture in (left, turned)
    ]
    if not mounted:
        return Card(_as_jpeg(np.concatenate(halves, axis=1)), (0, 0), window, turn, shift)

    rows, columns = halves[0].shape[:2]
    side, above, gutter = round(0.09 * columns), round(0.06 * rows), round(0.03 * columns)
    below = round(0.13 * rows)
    mount = np.array(MOUNTS[seed % len(MOUNTS)], np.float32)
    shape = (above + rows + below, 2 * side + 2 * columns + gutter, 3)
    card = mount + _clouds(shape[:2], random, 3.0)[..., None] + random.normal(0, 1.5, shape)
    ink = mount * 0.45 if mount.mean() > 90 else mount + 90
    lettering = _lettering(shape[:2], columns, side, above + rows)
    card += lettering[..., None] * (ink - card)
    for number, half in enumerate(halves):
        x = side + number * (columns + gutter)
        place = np.s_[above : above + rows, x : x + columns]
        outline = _print_outline(rows, columns, arched=arched)[..., None]
        card[place] += outline * (half - card[place])
    card = _dust(card, random)
    return Card(
        _as_jpeg(np.clip(card, 0, 255).astype(np.uint8)), (side, above), window, turn, shift
    )


def second_view(
    pixels: np.ndarray, disparity: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Look at a picture from a little to the right.

    Args:
        pixels: (height, width, 3) uint8.
        disparity: (height, width) float32 in pixels, larger is nearer, known everywhere: what lies
            at x is seen at x - disparity.
        random: draws the grain of the second exposure.

    Returns:
        (height, width, 3) uint8; what the first view does not show mirrors the background beside.
    """
    height, width = disparity.shape
    rows, columns = np.mgrid[:height, :width]
    seen = np.full((height, width), -np.inf, np.float32)
    for step in (0.0, 0.5):  # so that no gaps open on slopes
        target = np.rint(columns - disparity + step).astype(int)
        inside = (target >= 0) & (target < width)
        np.maximum.at(seen, (rows[inside], target[inside]), disparity[inside])
    hidden = ~np.isfinite(seen)
    source = (columns + np.where(hidden, 0, seen)).astype(np.float32)
    view = cv2.remap(
        pixels, source, rows.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    ).astype(np.float32)
    for row in range(height):
        _mirror_background(view[row], seen[row], hidden[row])
    view += random.normal(0, 2.0, view.shape)
    return np.clip(np.rint(view), 0, 255).astype(np.uint8)


def _mirror_background(line: np.ndarray, seen: np.ndarray, hidden: np.ndarray) -> None:
    """Fill each gap of a row from its farther side, mirrored at the gap's end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hidden, [False]]).astype(int)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        before = seen[begin - 1] if begin > 0 else np.inf
        after = seen[end] if end < len(seen) else np.inf
        gap = np.arange(begin, end)
        mirrored = 2 * end - gap - 1 if after <= before else 2 * begin - gap - 1
        line[gap] = line[np.clip(mirrored, 0, len(line) - 1)]


def _turn(picture: np.ndarray, degrees: float, scale: float, shift: float) -> np.ndarray:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    matrix[1, 2] += shift
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def _age(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One exposure and its years: density, contrast, tone, fading that is not even, and grain."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    grey = grey ** random.uniform(0.8, 1.25)
    black, white = random.uniform(0.08, 0.2), random.uniform(0.78, 0.9)
    fading = np.clip(_clouds(grey.shape, random, 0.12) + random.uniform(0, 0.15), 0, 0.5)
    grey = black + (white - black) * grey
    grey += fading * (0.8 - grey)
    grey = cv2.GaussianBlur(grey, (0, 0), 0.6) + random.normal(0, 0.012, grey.shape)
    tone = np.array((1.0, 0.93, 0.79)) + random.uniform(-0.02, 0.02, 3)
    return np.clip(255 * grey[..., None] * tone, 0, 255).astype(np.float32)


def _clouds(shape: tuple[int, int], random: np.random.Generator, spread: float) -> np.ndarray:
    coarse = random.normal(0, spread, (5, 6)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _print_outline(rows: int, columns: int, *, arched: bool) -> np.ndarray:
    """(rows, columns) in [0, 1]: a print whose top is an arc over its whole width."""
    if not arched:
        return np.ones((rows, columns), np.float32)
    rise = 0.09 * rows
    radius = (rise**2 + (columns / 2) ** 2) / (2 * rise)
    across = np.arange(columns) + 0.5 - columns / 2
    arc = radius - np.sqrt(radius**2 - across**2)
    return np.clip(np.arange(rows)[:, None] + 0.5 - arc, 0, 1).astype(np.float32)


def _lettering(shape: tuple[int, int], columns: int, side: int, foot: int) -> np.ndarray:
    """(height, width) in [0, 1]: the title below the right print, names along both sides."""
    ink = np.zeros(shape, np.uint8)
    size = columns / 900
    title = "No. 217. The Old Market, looking North."
    place = (side + columns + round(0.2 * columns), foot + round(0.07 * columns))
    cv2.putText(ink, title, place, cv2.FONT_HERSHEY_COMPLEX, size, 255, 1, cv2.LINE_AA)
    upright = np.zeros(shape[::-1], np.uint8)
    names = ("Views of the World", "Published by the Society")
    for name, line in zip(names, (side, shape[1]), strict=True):
        place = (round(0.2 * shape[0]), line - round(0.35 * side))
        cv2.putText(upright, name, place, cv2.FONT_HERSHEY_COMPLEX, size, 255, 1, cv2.LINE_AA)
    return np.maximum(ink, upright.T[::-1]).astype(np.float32) / 255


def _dust(card: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Specks and hairs, light and dark."""
    height, width = card.shape[:2]
    for _ in range(round(height * width / 9000)):
        centre = (int(random.integers(width)), int(random.integers(height)))
        tone = (235, 228, 214) if random.random() < 0.7 else (40, 36, 30)
        cv2.circle(card, centre, int(random.integers(0, 3)), tone, -1, cv2.LINE_AA)
    for _ in range(6):
        way = np.cumsum(random.normal(0, 4, (14, 2)), axis=0)
        hair = (way + random.uniform((0, 0), (width, height))).astype(np.int32)
        cv2.polylines(card, [hair], False, (60, 54, 46), 1, cv2.LINE_AA)
    return card


def _as_jpeg(pixels: np.ndarray) -> np.ndarray:
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
