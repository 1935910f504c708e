"""Flat things that fill a picture: maps, pages, tables, music, cloth, tiles, plans, posters.

    picture = flat_sheet((height, width), rng)

Archives are full of them, and a network must see that they have no depth, however much they look
like coasts, windows or leaves. Makers draw on canvases (height, width, 3) uint8.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator

from training.depth.archive_look import (
    Recipe,
    bend_tones,
    cook,
    fade,
    film_grain,
    foxing,
    paper_fibres,
    stain,
    vignette,
)
from training.depth.chance import pick
from training.depth.lettering import SCRIPTS, Colour, column, lettering, phrase, stamp, word
from training.depth.sheet_parts import (
    INKS,
    PAPERS,
    SUBPIXEL,
    Box,
    Size,
    along,
    bands,
    blend,
    cartouche,
    colour,
    degree_frame,
    draw,
    figure,
    fit,
    flower,
    frame,
    graticule,
    hachures,
    hatch,
    leaf,
    level_lines,
    name_places,
    ornament,
    paper,
    scale,
    set_text,
    split,
    terrain,
    tiled,
    wander,
    wash_regions,
)

Maker = Callable[[Size, Generator], np.ndarray]

SIDEWAYS_CHANCE, ASKEW_CHANCE, CREASE_CHANCE = 0.08, 0.3, 0.2
GOLD = (205, 170, 90)
AGE: Recipe = (
    (paper_fibres, 0.8),
    (fade, 0.2),
    (stain, 0.2),
    (foxing, 0.2),
    (vignette, 0.3),
    (bend_tones, 0.4),
    (film_grain, 0.2),
)


def flat_sheet(size: Size, rng: Generator) -> np.ndarray:
    """Make a sheet of any kind as a picture (height, width, 3), float32 sRGB in [0, 1]."""
    sideways = rng.random() < SIDEWAYS_CHANCE
    makers, chances = list(KINDS), np.array(list(KINDS.values()))
    maker = makers[rng.choice(len(makers), p=chances / chances.sum())]
    canvas = maker(size[::-1] if sideways else size, rng)
    if sideways:
        canvas = np.ascontiguousarray(np.rot90(canvas, rng.choice((1, 3))))
    if rng.random() < ASKEW_CHANCE:
        canvas = askew(canvas, rng)
    picture = canvas.astype(np.float32) / np.float32(255)
    if rng.random() < CREASE_CHANCE:
        picture = crease(picture, rng)
    return cook(picture, AGE, rng)


def askew(canvas: np.ndarray, rng: Generator) -> np.ndarray:
    """Turn and enlarge a little, as if the sheet were not laid straight under the camera."""
    height, width = canvas.shape[:2]
    middle, angle, growth = (width / 2, height / 2), rng.normal(0, 4), rng.uniform(1.05, 1.5)
    move = np.asarray(cv2.getRotationMatrix2D(middle, angle, growth), float)
    move[:, 2] += rng.normal(0, 0.04, 2) * (width, height)
    return cv2.warpAffine(canvas, move, (width, height), borderMode=cv2.BORDER_REFLECT)


def crease(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Show where a sheet was folded: thin lines, with a breath of shade at one side."""
    shade = np.ones(picture.shape[:2], np.float32)
    for axis in (0, 1):
        length = picture.shape[axis]
        away = np.arange(length, dtype=np.float32)
        profile = np.ones(length, np.float32)
        for fold in (np.arange(1, rng.integers(1, 5)) + rng.normal(0, 0.04)) / 4 * length:
            side = np.exp(-np.abs(away - fold) / (0.05 * length)) * np.sign(away - fold)
            line = np.exp(-np.square(away - fold))
            profile *= 1 + rng.uniform(-0.06, 0.06) * side + rng.uniform(-0.3, 0.15) * line
        shade *= profile[:, None] if axis == 0 else profile
    return np.clip(picture * shade[..., None], 0, 1).astype(np.float32)


# --- maps and plans -----------------------------------------------------------------------------


def land_map(size: Size, rng: Generator) -> np.ndarray:
    """Coasts, contour lines, hachured hills, rivers, roads, borders, names, a grid, a cartouche."""
    canvas, ink = paper(size, rng), pick(rng, INKS)
    heights = terrain(size, rng)
    sea = float(np.quantile(heights, rng.choice((0.0, 0.25, 0.45))))
    if rng.random() < 0.5:
        wash_regions(canvas, rng)
    draw_relief(canvas, heights, sea, ink, rng)
    draw_sea(canvas, heights, sea, ink, rng)
    for _ in range(rng.integers(0, 7)):
        river = pick(rng, ((70, 110, 160), ink))
        draw(canvas, [wander(size, rng, 0.25)], river, int(rng.integers(1, 3)))
    for _ in range(rng.integers(0, 5)):
        road, width = wander(size, rng, 0.1), int(rng.integers(2, 5))
        draw(canvas, [road], ink, width)
        if width > 2:
            draw(canvas, [road], pick(rng, (PAPERS[0], (220, 130, 80), (240, 210, 90))), width - 2)
    if rng.random() < 0.6:
        graticule(canvas, ink, rng)
    name_places(canvas, ink, int(rng.integers(3, 22)), rng)
    if rng.random() < 0.4:
        cartouche(canvas, ink, rng)
    if rng.random() < 0.35:
        degree_frame(canvas, ink, rng)
    return canvas


def draw_relief(
    canvas: np.ndarray, heights: np.ndarray, sea: float, ink: Colour, rng: Generator
) -> None:
    """Show heights (height, width) in [0, 1] above the sea by tints, contour lines, hachures."""
    land = heights >= sea
    if rng.random() < 0.4:
        tone = np.clip((heights - sea) / (1 - sea + 1e-6), 0, 1)[..., None]
        low, high = np.array((150, 190, 130)), np.array((190, 140, 90))
        blend(canvas, low + (high - low) * tone, rng.uniform(0.2, 0.8))
    if rng.random() < 0.55:
        brown = pick(rng, ((150, 95, 55), (120, 120, 110), ink))
        blend(canvas, brown, 0.7 * level_lines(heights * rng.integers(5, 16), 0.8) * land)
    if rng.random() < 0.4:
        hachures(canvas, heights, land, ink, rng)


def draw_sea(
    canvas: np.ndarray, heights: np.ndarray, sea: float, ink: Colour, rng: Generator
) -> None:
    """Draw the coast, and colour the water or line it with ripples."""
    water, unit = heights < sea, scale(heights.shape)
    if not water.any():
        return
    if rng.random() < 0.6:
        canvas[water] = pick(rng, ((170, 205, 225), (214, 226, 228), (120, 165, 190)))
    else:
        away = cv2.distanceTransform(water.astype(np.uint8), cv2.DIST_L2, 3) / unit
        ripples = np.clip(1.2 - np.abs((away + 1.5) % 3 - 1.5), 0, 1) * (away < 18)
        blend(canvas, ink, 0.6 * ripples * np.exp(-away / 10))
    blend(canvas, ink, level_lines(heights - sea, 1.3 * unit))


def town_map(size: Size, rng: Generator) -> np.ndarray:
    """Blocks of houses between streets, a river, squares and names."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS), scale(size)
    bend = rng.uniform(0, 30) * unit
    pitch = unit * rng.uniform(10, 28, 2)
    angle = rng.uniform(0, np.pi)
    u = along(size, angle) + bend * terrain(size, rng)
    v = along(size, angle + np.pi / 2) + bend * terrain(size, rng)
    street = rng.uniform(0.12, 0.35)
    column_number, row_number = np.floor(u / pitch[0]), np.floor(v / pitch[1])
    inside = (
        np.minimum(
            np.minimum(u / pitch[0] % 1, 1 - u / pitch[0] % 1) * pitch[0],
            np.minimum(v / pitch[1] % 1, 1 - v / pitch[1] % 1) * pitch[1],
        )
        - street * pitch.min() / 2
    )
    chance = np.sin(column_number * 12.9898 + row_number * 78.233) * 43758.5453 % 1  # per block
    fill = np.array(pick(rng, ((215, 150, 130), (190, 185, 180), (225, 200, 150), ink)), np.float32)
    shade = rng.uniform(0.2, 0.9) * (0.7 + 0.3 * chance) * (chance > rng.uniform(0, 0.2))
    blend(canvas, fill, np.clip(inside + 0.5, 0, 1) * shade)
    blend(canvas, (165, 195, 145), np.clip(inside + 0.5, 0, 1) * (chance < 0.08))
    blend(canvas, ink, np.clip(1 - np.abs(inside), 0, 1) * 0.9)
    if rng.random() < 0.6:
        river = wander(size, rng, 0.12)
        width = int(unit * rng.uniform(8, 22))
        draw(canvas, [river], ink, width)
        draw(canvas, [river], (180, 205, 220), max(1, width - 2))
    name_places(canvas, ink, int(rng.integers(2, 14)), rng, towns=False)
    if rng.random() < 0.4:
        cartouche(canvas, ink, rng)
    return canvas


def house_plan(size: Size, rng: Generator) -> np.ndarray:
    """Rooms, doors, windows and dimensions, in ink or white on blue."""
    canvas, ink = paper(size, rng), pick(rng, INKS)
    if rng.random() < 0.3:
        canvas[:], ink = pick(rng, ((35, 70, 130), (25, 50, 100), (60, 90, 140))), (230, 238, 245)
    unit = scale(size)
    margin = int(unit * rng.uniform(8, 28))
    whole = (margin, margin, size[1] - margin, size[0] - margin)
    wall = max(1, round(unit * rng.uniform(1, 5)))
    rooms = split(whole, unit * rng.uniform(28, 60), rng)
    poche = rng.random() < 0.4
    for left, top, right, bottom in rooms:
        cv2.rectangle(canvas, (left, top), (right, bottom), ink, wall, cv2.LINE_AA)
        if poche and rng.random() < 0.3:
            hatch(canvas, (left, top, right, bottom), ink, unit * rng.uniform(3, 6), rng)
    ground = tuple(int(value) for value in canvas[margin // 2, margin // 2])
    for left, top, right, bottom in rooms:
        door = round(min(right - left, bottom - top) * 0.3)
        x = int(rng.integers(left + wall, max(left + wall + 1, right - door - wall)))
        level = int(rng.choice((top, bottom)))
        cv2.line(canvas, (x, level), (x + door, level), ground, wall)
        if rng.random() < 0.6:
            cv2.ellipse(canvas, (x, level), (door, door), 0, 0, 90, ink, 1, cv2.LINE_AA)
        if rng.random() < 0.5:
            middle = ((left + right) / 2, (top + bottom) / 2)
            stamp(canvas, lettering(word(rng), round(7 * unit), rng), middle, ink)
        if rng.random() < 0.2:  # stairs
            treads = np.arange(left, min(right, left + door * 2), max(2, round(3 * unit)))
            draw(canvas, [np.array(((t, top), (t, top + door))) for t in treads], ink, 1)
    for level in (margin // 2, size[0] - margin // 2):
        ends = np.array(((margin, level), (size[1] - margin, level)))
        ticks = [np.array(((x, level - 3), (x, level + 3))) for x in {r[0] for r in rooms}]
        draw(canvas, [ends, *ticks], ink, 1)
    return canvas


# --- print and writing --------------------------------------------------------------------------


def text_page(size: Size, rng: Generator) -> np.ndarray:
    """Columns of print or handwriting, with headings, initials, rules and empty figures."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS[:3]), scale(size)
    script = pick(rng, SCRIPTS)
    pitch = unit * rng.uniform(4, 9) * (1.6 if script == "hand" else 1.0)
    left, right = (int(size[1] * rng.uniform(0.02, 0.12)) for _ in range(2))
    top = int(size[0] * rng.uniform(0.02, 0.1))
    if rng.random() < 0.5:
        height = round(unit * rng.uniform(8, 26))
        title = lettering(phrase(rng, int(rng.integers(1, 4))), height, rng)
        stamp(canvas, title, (size[1] / 2, top + height / 2), ink)
        top += round(height * 1.4)
    count = 1 if script == "hand" else int(rng.integers(1, 5))
    edges = np.linspace(left, size[1] - right, count + 1).astype(int)
    gap = max(2, round(4 * unit))
    for start, stop in pairwise(edges):
        place = (start + gap // 2, top, stop - gap // 2, size[0] - top // 2)
        set_text(canvas, place, pitch, script, ink, rng)
        if rng.random() < 0.25:
            figure(canvas, place, ink, rng)
    if count > 1 and rng.random() < 0.5:
        draw(canvas, [np.array(((x, top), (x, size[0] - top))) for x in edges[1:-1]], ink, 1)
    if script == "hand" and rng.random() < 0.4:
        for y in np.arange(top, size[0], pitch):
            cv2.line(canvas, (0, int(y)), (size[1], int(y)), (170, 185, 205), 1)
    return canvas


def table(size: Size, rng: Generator) -> np.ndarray:
    """Rows and columns of entries, ruled or not, or an index card."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS), scale(size)
    pitch = unit * rng.uniform(6, 14)
    widths = rng.uniform(0.5, 2, rng.integers(2, 9))
    edges = (np.cumsum(np.r_[0.1, widths]) / (widths.sum() + 0.2) * size[1]).astype(int)
    top = int(size[0] * rng.uniform(0.03, 0.2))
    script = pick(rng, SCRIPTS)
    for start, stop in pairwise(edges):
        mask = column((size[0] - top, stop - start), pitch, script, rng)
        filled = rng.uniform(0.2, 0.9)
        mask[:, int((stop - start) * filled) :] = 0
        blank = rng.random(int(len(mask) / pitch) + 1) < 0.15
        mask[blank[(np.arange(len(mask)) / pitch).astype(int)]] = 0
        blend(canvas[top:, start + 2 : stop + 2], ink, mask[:, : size[1] - start - 2] / 255)
    rules = pick(rng, (ink, (170, 120, 110), (140, 160, 190)))
    if rng.random() < 0.8:
        draw(canvas, [np.array(((x, top), (x, size[0]))) for x in edges], rules, 1)
    if rng.random() < 0.8:
        levels = np.arange(top, size[0], pitch)
        draw(canvas, [np.array(((edges[0], y), (edges[-1], y))) for y in levels], rules, 1)
    title = lettering(phrase(rng, 2), max(5, round(top * 0.6)), rng)
    stamp(canvas, title, (size[1] / 2, top / 2), ink)
    return canvas


def music(size: Size, rng: Generator) -> np.ndarray:
    """Staves, notes, beams, bars and words to sing."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS[:2]), scale(size)
    space = unit * rng.uniform(2.5, 5)
    left, right = size[1] * rng.uniform(0.02, 0.1), size[1] * rng.uniform(0.9, 0.98)
    y = space * 4
    while y < size[0]:
        lines = [np.array(((left, y + i * space), (right, y + i * space))) for i in range(5)]
        bars = [np.array(((x, y), (x, y + 4 * space))) for x in rng.uniform(left, right, 5)]
        draw(canvas, lines + bars, ink, 1)
        turn = np.linspace(0, 3 * np.pi, 24)
        clef = np.stack((np.cos(turn), 1.2 * np.sin(turn) - turn / 3), 1) * space * 0.9
        draw(canvas, [np.add(clef, (left + 2 * space, y + 4 * space))], ink, 2)
        xs = np.arange(left + 5 * space, right - space, space * rng.uniform(2, 4))
        pitches = np.clip(np.cumsum(rng.integers(-2, 3, len(xs))) + 4, -2, 10)
        for x, step in zip(xs, pitches, strict=True):
            head = (int(x * 16), int((y + step * space / 2) * 16))
            axes = (int(space * 9.5), int(space * 7))
            full = -1 if rng.random() < 0.8 else 1
            cv2.ellipse(canvas, head, axes, -20, 0, 360, ink, full, cv2.LINE_AA, SUBPIXEL)
        up = np.where(pitches > 4, -1, 1)
        feet = np.stack((xs + up * space * 0.55, y + pitches * space / 2), 1)
        tips = feet - np.stack((0 * up, up * space * 3), 1)
        draw(canvas, list(np.stack((feet, tips), 1)), ink, 1)
        beams = np.flatnonzero((np.diff(up) == 0) & (rng.random(len(xs) - 1) < 0.5))
        draw(canvas, [tips[i : i + 2] for i in beams], ink, max(1, round(space / 2)))
        y += space * rng.uniform(8, 9)
        if rng.random() < 0.5:
            place = (int(left), int(y - 2 * space), int(right), int(y))
            set_text(canvas, place, 2 * space, "upright", ink, rng)
            y += space * 2
    return canvas


def title_page(size: Size, rng: Generator) -> np.ndarray:
    """Centred lines of many sizes, a frame of rules, a scrolled ornament, an imprint."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS[:3]), scale(size)
    margin = int(unit * rng.uniform(4, 20))
    if rng.random() < 0.7:
        frame(canvas, margin, ink, rng)
    y = margin * 2.0
    second = ink if rng.random() < 0.5 else (170, 45, 35)
    while y < size[0] - margin * 2:
        height = unit * pick(rng, (5, 7, 10, 16, 28), (0.25, 0.3, 0.2, 0.15, 0.1))
        if rng.random() < 0.15:
            height = unit * rng.uniform(15, 40)
            ornament(canvas, (size[1] / 2, y + height / 2), height, ink, rng)
        else:
            mask = lettering(phrase(rng, int(rng.integers(1, 6))), round(height), rng)
            mask = fit(mask, size[1] - 4 * margin)
            stamp(canvas, mask, (size[1] / 2, y + height / 2), pick(rng, (ink, second)))
        y += height * rng.uniform(1.1, 1.6)
    return canvas


def book_cover(size: Size, rng: Generator) -> np.ndarray:
    """Cloth or leather, with a title, a frame and an ornament, at times in gold."""
    canvas = np.full((*size, 3), colour(rng, 20, 150), np.uint8)
    ink = pick(rng, (GOLD, (15, 15, 15), (240, 232, 210)))
    unit = scale(size)
    mottled = rng.uniform(0, 60) * (terrain(size, rng)[..., None] - 0.5)
    weave = rng.uniform(0, 14) * rng.standard_normal((*size, 1), dtype=np.float32)
    canvas[:] = np.clip(canvas + mottled + weave, 0, 255)
    if rng.random() < 0.5:
        spine = int(size[1] * rng.uniform(0.05, 0.2))
        canvas[:, :spine] = canvas[:, :spine] * 0.75
        cv2.line(canvas, (spine, 0), (spine, size[0]), (20, 18, 15), 2, cv2.LINE_AA)
    if rng.random() < 0.7:
        frame(canvas, int(unit * rng.uniform(6, 20)), ink, rng)
    if rng.random() < 0.3:
        middle, half = np.array(size[::-1]) / 2, np.array(size[::-1]) * (0.3, 0.15)
        start, end = np.rint((middle - half, middle + half)).astype(int).tolist()
        cv2.rectangle(canvas, start, end, pick(rng, PAPERS), -1)
        ink = INKS[0]
    for line in range(rng.integers(1, 4)):
        height = round(unit * rng.uniform(9, 30))
        place = (size[1] / 2, size[0] * (0.3 + 0.17 * line))
        stamp(canvas, lettering(phrase(rng, int(rng.integers(1, 3))), height, rng), place, ink)
    ornament(canvas, (size[1] / 2, size[0] * 0.78), unit * rng.uniform(15, 50), ink, rng)
    return canvas


def poster(size: Size, rng: Generator) -> np.ndarray:
    """Big letters and big shapes in few colours."""
    palette = [colour(rng, 0, 255) for _ in range(4)]
    canvas = np.full((*size, 3), palette[0], np.uint8)
    if rng.random() < 0.4:
        ramp = along(size, rng.uniform(0, 2 * np.pi))
        blend(canvas, palette[1], (ramp - ramp.min()) / np.ptp(ramp))
    for _ in range(rng.integers(1, 8)):
        paint = pick(rng, palette)
        centre = (rng.random(2) * size[::-1]).astype(int)
        reach = int(min(size) * rng.uniform(0.08, 0.5))
        shape = rng.integers(4)
        if shape == 0:
            cv2.circle(canvas, centre.tolist(), reach, paint, pick(rng, (-1, -1, 6)), cv2.LINE_AA)
        elif shape == 1:
            corners = centre + rng.integers(-reach, reach + 1, (rng.integers(3, 6), 2))
            cv2.fillPoly(canvas, [cv2.convexHull(corners.astype(np.int32))], paint, cv2.LINE_AA)
        elif shape == 2:
            start, end = centre - reach // 2, centre + (reach, reach // 2)
            cv2.rectangle(canvas, start.tolist(), end.tolist(), paint, -1)
        else:
            slope = rng.normal(0, 1)
            ends = np.array(((0, centre[1] - slope * centre[0]), (size[1], 0)))
            ends[1, 1] = ends[0, 1] + slope * size[1]
            draw(canvas, [ends], paint, max(1, reach // 3))
    for _ in range(rng.integers(0, 5)):
        height = round(min(size) * rng.choice((0.08, 0.15, 0.3, 0.6)))
        mask = lettering(phrase(rng, int(rng.integers(1, 3))), height, rng)
        angle = 0.0 if rng.random() < 0.7 else rng.normal(0, 20)
        place = rng.uniform(0.3, 0.7) * size[1], rng.uniform(0.05, 0.95) * size[0]
        stamp(canvas, mask, place, pick(rng, (*palette, (12, 12, 12), (250, 250, 245))), angle)
    return canvas


def diagram(size: Size, rng: Generator) -> np.ndarray:
    """Curves over axes, bars or sectors, with a legend."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS), scale(size)
    left, low = int(size[1] * rng.uniform(0.05, 0.15)), int(size[0] * rng.uniform(0.8, 0.93))
    kind = rng.choice(("curves", "bars", "sectors"))
    if kind == "sectors":
        centre, reach = (size[1] // 2, size[0] // 2), int(min(size) * rng.uniform(0.25, 0.45))
        angles = np.r_[0, np.sort(rng.uniform(0, 360, rng.integers(2, 8))), 360]
        for start, stop in pairwise(angles):
            paint = colour(rng, 60, 240)
            cv2.ellipse(canvas, centre, (reach, reach), 0, start, stop, paint, -1, cv2.LINE_AA)
        cv2.circle(canvas, centre, reach, ink, 1, cv2.LINE_AA)
    else:
        ticks = np.linspace(left, size[1], rng.integers(4, 20))
        axes = [np.array(((left, 0), (left, low))), np.array(((left, low), (size[1], low)))]
        if rng.random() < 0.6:
            axes += [np.array(((x, 0), (x, low))) for x in ticks]
            axes += [np.array(((left, y), (size[1], y))) for y in np.linspace(0, low, 9)]
        draw(canvas, axes, ink, 1)
        if kind == "bars":
            paint, width = colour(rng, 30, 220), (ticks[1] - ticks[0]) * rng.uniform(0.4, 1)
            for x, height in zip(ticks, rng.uniform(0.1, 0.95, len(ticks)), strict=True):
                corners = (int(x), int(low * (1 - height))), (int(x + width), low)
                cv2.rectangle(canvas, *corners, paint, -1)
                cv2.rectangle(canvas, *corners, ink, 1)
        else:
            for _ in range(rng.integers(1, 6)):
                walk = np.cumsum(rng.normal(0, 1, 60))
                y = low * (0.1 + 0.8 * (walk - walk.min()) / np.ptp(walk))
                line = np.stack((np.linspace(left, size[1], 60), y), 1)
                draw(canvas, [line], colour(rng, 0, 200), int(rng.integers(1, 3)))
    name_places(canvas, ink, int(rng.integers(2, 8)), rng, towns=False)
    title = lettering(phrase(rng, 3), round(9 * unit), rng)
    stamp(canvas, title, (size[1] / 2, 7 * unit), ink)
    return canvas


def stamps(size: Size, rng: Generator) -> np.ndarray:
    """Rows of postage stamps with teeth, heads, numerals and postmarks."""
    canvas, unit = paper(size, rng), scale(size)
    if rng.random() < 0.4:
        canvas[:] = colour(rng, 10, 120)
    pitch = (unit * rng.uniform(36, 90, 2)).astype(int)
    card = (pitch * rng.uniform(0.75, 0.98)).astype(int)
    kinds = [(colour(rng, 20, 170), pick(rng, (0, 1, 2))) for _ in range(rng.integers(1, 6))]
    for top in range(-int(rng.integers(pitch[0])), size[0], pitch[0]):
        for left in range(-int(rng.integers(pitch[1] // 3)), size[1], pitch[1]):
            ink, motif = pick(rng, kinds)
            one_stamp(canvas, (left, top, left + card[1], top + card[0]), ink, motif, rng)
    for _ in range(rng.integers(0, 4)):
        centre = (rng.random(2) * size[::-1]).astype(int).tolist()
        for reach in (0.18, 0.11):
            cv2.circle(canvas, centre, int(min(size) * reach), (30, 30, 40), 1, cv2.LINE_AA)
        stamp(canvas, lettering(word(rng), round(9 * unit), rng), tuple(centre), (30, 30, 40), 20)
    return canvas


def one_stamp(canvas: np.ndarray, box: Box, ink: Colour, motif: int, rng: Generator) -> None:
    """Draw one stamp: teeth, a frame and a head, a numeral or a shield in it."""
    left, top, right, bottom = box
    ground = tuple(int(v) for v in canvas[np.clip(top, 0, len(canvas) - 1), 0])
    cv2.rectangle(canvas, (left, top), (right, bottom), PAPERS[0], -1)
    tooth = max(2, (right - left) // 14)
    for x in range(left, right + 1, 2 * tooth):
        for y in (top, bottom):
            cv2.circle(canvas, (x, y), tooth // 2 + 1, ground, -1, cv2.LINE_AA)
    for y in range(top, bottom + 1, 2 * tooth):
        for x in (left, right):
            cv2.circle(canvas, (x, y), tooth // 2 + 1, ground, -1, cv2.LINE_AA)
    inset = 2 * tooth
    left, top, right, bottom = left + inset, top + inset, right - inset, bottom - inset
    cv2.rectangle(canvas, (left, top), (right, bottom), ink, -1 if motif else 2)
    middle = ((left + right) // 2, (top + bottom) // 2)
    reach = max(2, min(right - left, bottom - top) // 3)
    light = PAPERS[0] if motif else ink
    if motif == 2:
        cv2.ellipse(canvas, middle, (reach, int(reach * 1.2)), 0, 0, 360, light, -1, cv2.LINE_AA)
        neck = (middle[0], middle[1] + reach // 2)
        cv2.ellipse(canvas, neck, (reach // 2, reach // 2), 0, 0, 360, ink, -1, cv2.LINE_AA)
        head = (middle[0], middle[1] - reach // 4)
        cv2.ellipse(canvas, head, (reach // 3, reach // 2), 0, 0, 360, ink, -1, cv2.LINE_AA)
    else:
        stamp(canvas, lettering(str(rng.integers(1, 90)), reach * 2, rng), middle, light)
    height = max(4, (bottom - top) // 7)
    stamp(canvas, lettering(word(rng).upper(), height, rng), (middle[0], bottom - height), light)


# --- cloth, walls and floors --------------------------------------------------------------------


def plaid(size: Size, rng: Generator) -> np.ndarray:
    """Plaid, ticking, twill: bands of coloured threads crossing bands of threads."""
    thread = int(rng.integers(1, 4))
    palette = [colour(rng, 0, 255) for _ in range(rng.integers(2, 6))]
    warp = bands(palette, rng)
    weft = warp[:1] if rng.random() < 0.25 else warp
    x, y = np.arange(size[1]) // thread, np.arange(size[0])[:, None] // thread
    float_over = rng.integers(1, 4)
    above = (x + y) % (2 * float_over) < float_over
    cloth = np.where(above[..., None], warp[x % len(warp)], weft[y % len(weft)])
    ribs = 1 + rng.uniform(0, 0.25) * np.where(above, np.cos(x * np.pi), np.cos(y * np.pi))
    return np.clip(cloth * ribs[..., None], 0, 255).astype(np.uint8)


def stripes(size: Size, rng: Generator) -> np.ndarray:
    """Stripes, zigzags or waves, of cloth, paper or enamel."""
    palette = [colour(rng, 0, 255) for _ in range(rng.integers(2, 5))]
    sett, unit = bands(palette, rng), scale(size)
    angle = pick(rng, (0.0, np.pi / 2, np.pi / 4, rng.uniform(0, np.pi)))
    wave = along(size, angle + np.pi / 2) / (unit * rng.uniform(15, 50))
    shapes = (0 * wave, np.sin(2 * np.pi * wave), np.abs(wave % 2 - 1) * 2)
    phase = along(size, angle) + unit * rng.uniform(3, 12) * pick(rng, shapes)
    return sett[np.floor(phase / unit).astype(int) % len(sett)]


def florals(size: Size, rng: Generator) -> np.ndarray:
    """Flowers, leaves and dots, repeated straight or with a half drop."""
    unit = scale(size)
    height, width = (int(n) for n in unit * rng.uniform(26, 80, 2))
    tile = np.full((height, width, 3), colour(rng, 0, 255), np.uint8)
    palette = [colour(rng, 0, 255) for _ in range(4)]
    for _ in range(rng.integers(2, 7)):
        centre = rng.random(2) * (width, height)
        reach = min(height, width) * rng.uniform(0.08, 0.3)
        flower(tile, centre, reach, palette, rng)
    return tiled(tile, size, rng)


def damask(size: Size, rng: Generator) -> np.ndarray:
    """A mirrored ornament in two or three tones, as on wallpaper and velvet."""
    unit = scale(size)
    height, width = (int(n) for n in unit * rng.uniform(20, 60, 2))
    quarter = terrain((height, width), rng) + 0.3 * rng.standard_normal()
    half = np.concatenate((quarter, quarter[:, ::-1]), 1)
    whole = np.concatenate((half, half[::-1]), 0) if rng.random() < 0.5 else half
    ground, figure_colour, line = (np.array(colour(rng, 0, 255)) for _ in range(3))
    inside = np.clip((whole - np.quantile(whole, rng.uniform(0.4, 0.7))) * 40 + 0.5, 0, 1)
    tile = ground + (figure_colour - ground) * inside[..., None]
    if rng.random() < 0.6:
        tile += (line - tile) * level_lines(whole * rng.integers(3, 9), 0.8)[..., None]
    return tiled(np.clip(tile, 0, 255).astype(np.uint8), size, rng)


def tiles(size: Size, rng: Generator) -> np.ndarray:
    """Painted tiles with joints, chequers or parquetry."""
    side = int(scale(size) * rng.uniform(14, 48))
    palette = [colour(rng, 10, 250) for _ in range(3)]
    quarter = np.full((side, side, 3), palette[0], np.uint8)
    for _ in range(rng.integers(1, 5)):
        paint = pick(rng, palette[1:])
        corner = pick(rng, ((0, 0), (side, side), (side, 0), (0, side), (side // 2, side // 2)))
        reach = int(side * rng.uniform(0.2, 0.9))
        shape = rng.integers(3)
        if shape == 0:
            cv2.circle(quarter, corner, reach, paint, pick(rng, (-1, 2)), cv2.LINE_AA)
        elif shape == 1:
            spread = np.array(((0, -reach), (reach, 0), (0, reach), (-reach, 0)))
            cv2.fillPoly(quarter, [np.array(corner) + spread], paint, cv2.LINE_AA)
        else:
            half = reach // 2
            x, y = corner
            cv2.rectangle(quarter, (x - half, y - half), (x + half, y + half), paint, -1)
    around = [np.rot90(quarter, turns) for turns in range(4)]
    tile = np.vstack((np.hstack((around[1], around[0])), np.hstack((around[2], around[3]))))
    tile = np.ascontiguousarray(tile)
    if rng.random() < 0.7:
        joint = colour(rng, 60, 240)
        tile[:1] = tile[:, :1] = joint
        if rng.random() < 0.5:
            tile[side : side + 1] = tile[:, side : side + 1] = joint
    laid = tiled(tile, size, rng, drop_chance=0.1).astype(np.float32)
    row, column_number = (np.arange(n) // side for n in size)
    glaze = 1 + rng.uniform(0, 0.12) * np.sin(row[:, None] * 12.9898 + column_number * 78.233)
    return np.clip(laid * glaze[..., None], 0, 255).astype(np.uint8)


# --- leaves and plain paper ---------------------------------------------------------------------


def herbarium(size: Size, rng: Generator) -> np.ndarray:
    """Pressed plants on paper, taped down and labelled; or leaves in outline."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS), scale(size)
    for _ in range(rng.integers(1, 4)):
        green = np.array(colour(rng, 60, 120)) * (1.0, 1.1, 0.6)
        outline = ink if rng.random() < 0.35 else None
        root = np.array((rng.uniform(0.2, 0.8) * size[1], size[0] * rng.uniform(0.8, 1.0)))
        t = np.linspace(0, 1, 20)[:, None]
        tip = np.array((rng.uniform(0.2, 0.8) * size[1], size[0] * rng.uniform(0.02, 0.3)))
        bow = np.array((rng.normal(0, 0.2) * size[1], 0))
        stem = root + (tip - root) * t + bow * np.sin(np.pi * t)
        draw(canvas, [stem], tuple(green * 0.7), max(1, round(unit * rng.uniform(1, 2.5))))
        slim, toothed = rng.uniform(0.12, 0.4), rng.uniform(0, 0.12)
        length = min(size) * rng.uniform(0.12, 0.35)
        for place in range(2, 20, rng.integers(1, 4)):
            heading = np.arctan2(*(stem[place] - stem[place - 1])[::-1])
            for side in (-1, 1):
                angle = heading + side * rng.normal(0.9, 0.15)
                grown = length * (1.1 - 0.8 * place / 20) * rng.uniform(0.8, 1.1)
                shade = tuple(np.clip(green * rng.uniform(0.8, 1.15), 0, 255))
                leaf(canvas, stem[place], angle, grown, slim, toothed, shade, outline)
    width, height = round(size[1] * rng.uniform(0.2, 0.4)), round(size[0] * rng.uniform(0.1, 0.2))
    left = int(rng.integers(size[1] - width))
    top = size[0] - height - int(rng.integers(height))
    cv2.rectangle(canvas, (left, top), (left + width, top + height), PAPERS[0], -1)
    cv2.rectangle(canvas, (left, top), (left + width, top + height), ink, 1)
    inside = (left + 3, top + 3, left + width - 3, top + height - 3)
    set_text(canvas, inside, max(4, height / 4), pick(rng, ("hand", "upright")), ink, rng)
    return canvas


def plain_paper(size: Size, rng: Generator) -> np.ndarray:
    """Nearly empty paper: foxed, marbled, ruled or with a note in a corner."""
    canvas, ink, unit = paper(size, rng), pick(rng, INKS), scale(size)
    if rng.random() < 0.3:
        canvas[:] = colour(rng, 30, 240)
    kind = rng.integers(4)
    if kind == 0:
        veins = terrain(size, rng) * rng.uniform(4, 14)
        paints = np.array([colour(rng, 20, 250) for _ in range(5)], np.uint8)
        canvas[:] = paints[np.floor(veins).astype(int) % 5]
    elif kind == 1:
        levels = np.arange(0, size[0], unit * rng.uniform(6, 14))
        lines = [np.array(((0, y), (size[1], y))) for y in levels]
        if rng.random() < 0.5:
            columns = np.arange(0, size[1], levels[1])
            lines += [np.array(((x, 0), (x, size[0]))) for x in columns]
        draw(canvas, lines, (165, 185, 210), 1)
    elif kind == 2:
        height = round(unit * rng.uniform(8, 16))
        place = rng.uniform(0.2, 0.8, 2) * size[::-1]
        stamp(canvas, lettering(phrase(rng, 2), height, rng), tuple(place), ink, rng.normal(0, 5))
    return canvas


KINDS: dict[Maker, float] = {
    land_map: 4,
    town_map: 2,
    house_plan: 2,
    text_page: 4,
    table: 1.5,
    music: 1,
    title_page: 2,
    book_cover: 2,
    poster: 3,
    diagram: 1,
    stamps: 1,
    plaid: 1.5,
    stripes: 1,
    florals: 1.5,
    damask: 1,
    tiles: 1.5,
    herbarium: 1.5,
    plain_paper: 1.5,
}
