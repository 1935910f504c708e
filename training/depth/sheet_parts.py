"""What flat sheets are drawn with: lines, washes, hills, names, frames, ornaments, repeats.

Canvases are (height, width, 3) uint8 and are drawn upon; points are arrays (n, 2) of x and y.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.random import Generator

from training.depth.archive_look import along
from training.depth.chance import pick
from training.depth.lettering import Colour, column, lettering, phrase, stamp, word

Size = tuple[int, int]  # height and width in pixels
Box = tuple[int, int, int, int]  # left, top, right, bottom

STANDARD_SIDE = 192  # lengths in pixels are meant for a sheet whose short side is this long
SUBPIXEL = 4  # fractional bits of the coordinates that OpenCV draws
PAPERS = ((250, 249, 246), (243, 236, 216), (232, 217, 186), (216, 209, 200), (205, 214, 206))
INKS = ((18, 18, 20), (42, 30, 22), (25, 32, 70), (96, 34, 24), (30, 60, 45))


def scale(size: Size) -> float:
    """Return by how much a sheet is larger than the standard one."""
    return min(size) / STANDARD_SIDE


def colour(rng: Generator, low: float, high: float) -> Colour:
    """Draw a colour; greyish ones are as likely as strong ones."""
    grey = rng.uniform(low, high)
    own = rng.uniform(low, high, 3)
    red, green, blue = grey + (own - grey) * rng.uniform(0.05, 0.9)
    return float(red), float(green), float(blue)


def paper(size: Size, rng: Generator) -> np.ndarray:
    """Return an empty canvas of some paper."""
    return np.full((*size, 3), pick(rng, PAPERS), np.uint8)


def terrain(size: Size, rng: Generator) -> np.ndarray:
    """Return hills (height, width) in [0, 1], from broad to fine."""
    hills = np.zeros(size, np.float32)
    roughness, cells = rng.uniform(0.4, 0.6), rng.integers(3, 6)
    for octave in range(5):
        knots = rng.random((cells * 2**octave,) * 2, dtype=np.float32)
        hills += roughness**octave * cv2.resize(knots, size[::-1], interpolation=cv2.INTER_CUBIC)
    return (hills - hills.min()) / max(float(np.ptp(hills)), 1e-6)


def blend(canvas: np.ndarray, paint: Colour | np.ndarray, cover: np.ndarray | float) -> None:
    """Mix a paint over the canvas; cover in [0, 1] is (height, width) or one number."""
    cover = np.asarray(cover, np.float32)
    cover = cover[..., None] if cover.ndim else cover
    canvas[:] = canvas + (np.asarray(paint, np.float32) - canvas) * cover


def draw(canvas: np.ndarray, lines: Sequence[np.ndarray], paint: Colour, width: int) -> None:
    """Draw lines through points, smoothly."""
    points = [np.rint(np.asarray(line) * 2**SUBPIXEL).astype(np.int32) for line in lines]
    cv2.polylines(canvas, points, False, paint, int(width), cv2.LINE_AA, SUBPIXEL)


def fill(canvas: np.ndarray, outline: np.ndarray, paint: Colour) -> None:
    """Fill an outline, smoothly."""
    points = np.rint(np.asarray(outline) * 2**SUBPIXEL).astype(np.int32)
    cv2.fillPoly(canvas, [points], paint, cv2.LINE_AA, SUBPIXEL)


# --- maps ---------------------------------------------------------------------------------------


def level_lines(heights: np.ndarray, width: float) -> np.ndarray:
    """Return the cover (height, width) of lines along which heights are whole numbers."""
    slope_y, slope_x = np.gradient(heights)
    away = np.abs(heights - np.round(heights)) / np.maximum(np.hypot(slope_x, slope_y), 1e-3)
    return np.clip(width / 2 + 0.5 - away, 0, 1)


def wander(size: Size, rng: Generator, unrest: float) -> np.ndarray:
    """Return a line of points across the sheet that turns to and fro."""
    steps = 60
    headings = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, unrest, steps))
    stride = np.hypot(*size) / steps * rng.uniform(1, 2.5)
    path = np.cumsum(np.stack((np.cos(headings), np.sin(headings)), 1) * stride, 0)
    return path - path[rng.integers(steps)] + rng.random(2) * size[::-1]


def wash_regions(canvas: np.ndarray, rng: Generator) -> None:
    """Colour countries in pale washes, with stronger borders."""
    size = canvas.shape[:2]
    bend = scale(size) * rng.uniform(0, 60)
    x = along(size, 0) + bend * terrain(size, rng)
    y = along(size, np.pi / 2) + bend * terrain(size, rng)
    nearest = np.full(size, np.inf, np.float32)
    region = np.zeros(size, np.uint8)
    seeds = rng.random((rng.integers(3, 12), 2)).astype(np.float32) * size[::-1]
    for number, (seed_x, seed_y) in enumerate(seeds.astype(np.float32)):
        away = np.square(x - seed_x) + np.square(y - seed_y)
        nearer = away < nearest
        np.copyto(nearest, away, where=nearer)
        region[nearer] = number
    paints = np.array([colour(rng, 80, 255) for _ in seeds], np.float32)
    blend(canvas, paints[region], rng.uniform(0.15, 0.6))
    border = cv2.morphologyEx(region, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    canvas[border] = pick(rng, ((190, 60, 50), *INKS))


def hachures(
    canvas: np.ndarray, heights: np.ndarray, where: np.ndarray, ink: Colour, rng: Generator
) -> None:
    """Stroke the slopes downhill, denser and longer where they are steep."""
    size = heights.shape
    slope_y, slope_x = np.gradient(cv2.GaussianBlur(heights, (0, 0), 2 * scale(size)))
    steep = np.hypot(slope_x, slope_y)
    y, x = (rng.integers(n, size=1500) for n in size)
    limit = np.quantile(steep, rng.uniform(0.3, 0.7))
    kept = (steep[y, x] > limit * rng.uniform(0.5, 1.5, len(x))) & where[y, x]
    starts = np.stack((x, y), 1)[kept]
    downhill = np.stack((slope_x, slope_y), 2)[y, x][kept] / steep[y, x][kept, None]
    lengths = scale(size) * rng.uniform(2, 7) * np.minimum(steep[y, x][kept] / limit, 2)
    draw(canvas, list(np.stack((starts, starts - downhill * lengths[:, None]), 1)), ink, 1)


def graticule(canvas: np.ndarray, ink: Colour, rng: Generator) -> None:
    """Draw a net of lines, straight or bowed."""
    size = canvas.shape[:2]
    pitch, angle = scale(size) * rng.uniform(20, 70), rng.normal(0, 0.2)
    across, down = along(size, angle), along(size, angle + np.pi / 2)
    bow = rng.choice((0.0, 0.3)) / max(size)
    phase = (down + bow * np.square(across - size[1] / 2)) / pitch, across / pitch
    for lines in phase:
        away = np.abs(lines - np.round(lines)) * pitch
        blend(canvas, ink, np.clip(1 - away, 0, 1) * np.float32(0.6))


def name_places(
    canvas: np.ndarray, ink: Colour, count: int, rng: Generator, towns: bool = True
) -> None:
    """Write names of several sizes and directions, by circles where there are towns."""
    height, width = canvas.shape[:2]
    unit = scale((height, width))
    for _ in range(count):
        x, y = rng.random(2) * (width, height)
        large = rng.random() < 0.15
        letters = max(5, round(unit * (rng.uniform(12, 26) if large else rng.uniform(5, 9))))
        name = word(rng)
        if large:
            name = (" " * rng.integers(0, 4)).join(name.upper())
        angle = 0.0 if rng.random() < 0.6 else float(rng.normal(0, 30))
        mask = lettering(name, letters, rng)
        stamp(canvas, mask, (x, y), ink, angle)
        if towns and not large:
            centre = (int(x - mask.shape[1] / 2 - 4 * unit), int(y))
            cv2.circle(canvas, centre, max(1, round(1.5 * unit)), ink, 1, cv2.LINE_AA)


def cartouche(canvas: np.ndarray, ink: Colour, rng: Generator) -> None:
    """Set a title in a frame in one of the corners."""
    height, width = canvas.shape[:2]
    high, wide = round(height * rng.uniform(0.15, 0.35)), round(width * rng.uniform(0.25, 0.45))
    left, top = pick(rng, (4, width - wide - 4)), pick(rng, (4, height - high - 4))
    centre = (left + wide / 2, top + high / 2)
    if rng.random() < 0.4:
        middle, axes = (round(centre[0]), round(centre[1])), (wide // 2, high // 2)
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, pick(rng, PAPERS), -1, cv2.LINE_AA)
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, ink, 2, cv2.LINE_AA)
    else:
        corners = (left, top), (left + wide, top + high)
        cv2.rectangle(canvas, *corners, pick(rng, PAPERS), -1)
        cv2.rectangle(canvas, *corners, ink, int(rng.integers(1, 4)))
    for line, share in enumerate(rng.uniform(0.12, 0.24, 3)):
        mask = lettering(phrase(rng, int(rng.integers(1, 4))), max(5, round(high * share)), rng)
        mask = fit(mask, round(wide * 0.8))
        stamp(canvas, mask, (centre[0], top + high * (0.25 + 0.25 * line)), ink)


def degree_frame(canvas: np.ndarray, ink: Colour, rng: Generator) -> None:
    """Frame a map with a scale of light and dark degrees."""
    height, width = canvas.shape[:2]
    unit = scale((height, width))
    thick, pitch = max(2, round(unit * rng.uniform(2, 5))), unit * rng.uniform(6, 20)
    inset = round(unit * rng.uniform(0, 8))
    canvas[: inset + thick] = canvas[height - inset - thick :] = PAPERS[0]
    canvas[:, : inset + thick] = canvas[:, width - inset - thick :] = PAPERS[0]
    dark_x = np.flatnonzero(np.arange(width) / pitch % 2 < 1)
    dark_y = np.flatnonzero(np.arange(height) / pitch % 2 < 1)
    for row in (inset, height - inset - thick):
        canvas[row : row + thick, dark_x] = ink
    for left in (inset, width - inset - thick):
        canvas[dark_y, left : left + thick] = ink
    cv2.rectangle(canvas, (inset, inset), (width - inset - 1, height - inset - 1), ink, 1)


# --- plans --------------------------------------------------------------------------------------


def split(box: Box, least: float, rng: Generator) -> list[Box]:
    """Divide a box into rooms whose sides are not much shorter than `least`."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    if max(wide, high) < 2 * least or (max(wide, high) < 3 * least and rng.random() < 0.2):
        return [box]
    at = rng.uniform(0.35, 0.65)
    if wide > high:
        wall = left + round(wide * at)
        halves = (left, top, wall, bottom), (wall, top, right, bottom)
    else:
        wall = top + round(high * at)
        halves = (left, top, right, wall), (left, wall, right, bottom)
    return [room for half in halves for room in split(half, least, rng)]


def hatch(canvas: np.ndarray, box: Box, ink: Colour, pitch: float, rng: Generator) -> None:
    """Fill a box with slanting lines."""
    left, top, right, bottom = box
    place = canvas[max(top, 0) : bottom, max(left, 0) : right]
    phase = along(place.shape[:2], rng.uniform(0.5, 2.5)) / pitch
    blend(place, ink, np.clip(1 - np.abs(phase - np.round(phase)) * pitch, 0, 1))


# --- pages --------------------------------------------------------------------------------------


def set_text(
    canvas: np.ndarray, box: Box, pitch: float, script: str, ink: Colour, rng: Generator
) -> None:
    """Fill a box with lines of a script, `pitch` pixels apart."""
    left, top, right, bottom = box
    place = canvas[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if place.size:
        blend(place, ink, column(place.shape[:2], pitch, script, rng) / np.float32(255))


def fit(mask: np.ndarray, width: int) -> np.ndarray:
    """Make a mask of letters narrower if it is wider than `width` pixels."""
    if mask.shape[1] <= width:
        return mask
    return cv2.resize(mask, (max(1, width), len(mask)), interpolation=cv2.INTER_AREA)


def figure(canvas: np.ndarray, box: Box, ink: Colour, rng: Generator) -> None:
    """Set an ornament in a frame amid a column of text."""
    left, top, right, bottom = box
    high = min(bottom - top, round((right - left) * rng.uniform(0.5, 1.0)))
    start = int(rng.integers(top, max(top + 1, bottom - high)))
    corners = (left, start), (right, start + high)
    cv2.rectangle(canvas, *corners, pick(rng, PAPERS), -1)
    cv2.rectangle(canvas, *corners, ink, 1)
    ornament(canvas, ((left + right) / 2, start + high / 2), high * 0.7, ink, rng)


def frame(canvas: np.ndarray, margin: int, ink: Colour, rng: Generator) -> None:
    """Draw one to three rules around the sheet, and perhaps ornaments in its corners."""
    height, width = canvas.shape[:2]
    inset = margin
    for _ in range(rng.integers(1, 4)):
        thick = int(rng.integers(1, 4))
        corners = (inset, inset), (width - inset - 1, height - inset - 1)
        cv2.rectangle(canvas, *corners, ink, thick)
        inset += thick + int(rng.integers(2, 5))
    if rng.random() < 0.3:
        reach = min(height, width) * rng.uniform(0.08, 0.2)
        for x in (inset + reach / 2, width - inset - reach / 2):
            for y in (inset + reach / 2, height - inset - reach / 2):
                ornament(canvas, (x, y), reach, ink, rng)


def ornament(
    canvas: np.ndarray, centre: tuple[float, float], height: float, ink: Colour, rng: Generator
) -> None:
    """Draw a scroll and its mirror image."""
    turn = np.linspace(0, rng.uniform(1, 4) * np.pi, 40)
    frequencies = rng.integers(1, 6, (2, 2))
    sizes = rng.uniform(0.2, 0.5, (2, 2)) * height
    x = sizes[0] @ np.sin(frequencies[0][:, None] * turn) + turn * height * rng.uniform(0, 0.08)
    y = sizes[1] @ np.cos(frequencies[1][:, None] * turn)
    half = np.stack((x, y * 0.6), 1)
    mirrored = [half * (side, 1) + centre for side in (-1, 1)]
    if rng.random() < 0.3:
        for outline in mirrored:
            fill(canvas, outline, ink)
    draw(canvas, mirrored, ink, max(1, round(height * rng.uniform(0.01, 0.05))))


# --- cloth and repeats --------------------------------------------------------------------------


def bands(palette: Sequence[Colour], rng: Generator) -> np.ndarray:
    """Return a row (n, 3) uint8 of colour bands, wide and narrow, often mirrored."""
    widths = rng.choice((1, 2, 3, 6, 12, 20), rng.integers(2, 10))
    row = np.repeat([pick(rng, palette) for _ in widths], widths, axis=0).astype(np.uint8)
    return np.concatenate((row, row[::-1])) if rng.random() < 0.7 else row


def tiled(tile: np.ndarray, size: Size, rng: Generator, drop_chance: float = 0.5) -> np.ndarray:
    """Repeat a tile over a sheet (height, width, 3), from a random place, at times half dropped."""
    drop = len(tile) // 2 if rng.random() < drop_chance else 0
    y, x = (np.arange(n) + rng.integers(n) for n in size)
    rows = (y[:, None] + x // tile.shape[1] * drop) % len(tile)
    return tile[rows, x % tile.shape[1]]


def wrap_around(outline: np.ndarray, tile: np.ndarray) -> list[np.ndarray]:
    """Return an outline's copies that reach into a tile from its neighbours, and itself."""
    height, width = tile.shape[:2]
    return [np.add(outline, (x, y)) for x in (-width, 0, width) for y in (-height, 0, height)]


def flower(
    tile: np.ndarray, centre: np.ndarray, reach: float, palette: Sequence[Colour], rng: Generator
) -> None:
    """Draw a flower with leaves on a tile that will be repeated."""
    turn = np.linspace(0, 2 * np.pi, 48)
    petals, first = rng.integers(3, 9), rng.uniform(0, 2 * np.pi)
    stem_paint, petal_paint, heart_paint = (pick(rng, palette) for _ in range(3))
    bow = rng.normal(0, 0.5)
    t = np.linspace(0, rng.uniform(1, 3), 12)
    stem = centre + reach * np.stack((np.sin(bow * t) * t, t), 1)
    depth = rng.uniform(0.1, 0.45)
    radius = reach * (1 - depth + depth * np.cos(petals * turn + first))
    circle = np.stack((np.cos(turn), np.sin(turn)), 1)
    for line in wrap_around(stem, tile):
        draw(tile, [line], stem_paint, 1)
    for place, side in ((5, 1), (8, -1)):
        blade = np.stack(((1 - np.cos(turn)) * side * 0.35, np.sin(turn) * 0.15), 1) * reach
        for outline in wrap_around(blade + stem[place], tile):
            fill(tile, outline, stem_paint)
    for outline in wrap_around(centre + radius[:, None] * circle, tile):
        fill(tile, outline, petal_paint)
    for outline in wrap_around(centre + 0.25 * reach * circle, tile):
        fill(tile, outline, heart_paint)


# --- plants -------------------------------------------------------------------------------------


def leaf(
    canvas: np.ndarray,
    foot: np.ndarray,
    angle: float,
    length: float,
    slim: float,
    toothed: float,
    paint: Colour,
    ink: Colour | None,
) -> None:
    """Draw a leaf that is `slim` times as wide as long; with an ink it is a mere outline."""
    t = np.linspace(0, 1, 40)
    width = slim * np.sin(np.pi * t**0.8) * (1 + toothed * np.sin(60 * t))
    blade = np.concatenate((np.stack((t, width), 1), np.stack((t, -width), 1)[::-1])) * length
    turn = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
    rib = np.array(((0, 0), (length, 0))) @ turn + foot
    if ink is None:
        fill(canvas, blade @ turn + foot, paint)
        red, green, blue = paint
        draw(canvas, [rib], (0.75 * red, 0.75 * green, 0.75 * blue), 1)
        return
    along_rib = np.linspace(0.15, 0.8, 6)[:, None]
    ends = np.stack((along_rib + 0.15, slim * 0.7 * np.sin(np.pi * along_rib**0.8)), 2)[:, 0]
    veins = [
        np.stack((foot_of, end * (1, side))) * length @ turn + foot
        for side in (-1, 1)
        for foot_of, end in zip(np.hstack((along_rib, 0 * along_rib)), ends, strict=True)
    ]
    draw(canvas, [blade @ turn + foot, rib, *veins], ink, 1)
