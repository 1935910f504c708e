"""Draws a collection of pictures to try mosaics on: eight families of prints that never were.

The same count and seed draw the same pictures; metadata.csv tells title, date, creator and family.

    python tools/make_sample_collection.py FOLDER [--count 640] [--seed 0]

The extension's example collection, which is small since every zip brings it:

    python tools/make_sample_collection.py blender_addon/examples/collection \
        --count 144 --side 160 --quality 78
"""

import argparse
import colorsys
import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

Random = np.random.Generator
LONG_SIDE = 320
QUALITY = 92  # of JPEG, 0 to 100
ASPECTS = (1.5, 1.33, 1.0, 0.75, 0.66)
PAPER = (226, 238, 244)  # colours here are blue, green, red, as OpenCV has them


def colour(random: Random, hue: float, spread: float, saturation: float, value: float) -> tuple:
    """Return a colour near a hue."""
    hue = (hue + random.normal(0, spread)) % 1.0
    saturation = np.clip(saturation + random.normal(0, 0.08), 0, 1)
    value = np.clip(value + random.normal(0, 0.06), 0, 1)
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return int(blue * 255), int(green * 255), int(red * 255)


def blank(size: tuple[int, int], tint: tuple) -> np.ndarray:
    width, height = size
    return np.full((height, width, 3), tint, np.uint8)


def gradient(size: tuple[int, int], top: tuple, bottom: tuple) -> np.ndarray:
    width, height = size
    share = np.linspace(0, 1, height)[:, None, None]
    column = np.array(top) * (1 - share) + np.array(bottom) * share
    return np.broadcast_to(column, (height, width, 3)).astype(np.uint8).copy()


def ridge(random: Random, width: int, rough: float) -> np.ndarray:
    """Return heights (width,) about 0, like a line of hills."""
    x = np.linspace(0, 1, width)
    waves = [
        np.sin(2 * np.pi * (frequency * x + random.random())) / frequency**rough
        for frequency in (1, 2, 3, 5, 8, 13)
    ]
    return np.sum(waves, axis=0)


def star_chart(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    picture = gradient(
        size, colour(random, 0.63, 0.02, 0.7, 0.22), colour(random, 0.65, 0.02, 0.6, 0.12)
    )
    centre = width // 2, height // 2
    for ring in range(1, 5):
        cv2.circle(picture, centre, ring * min(size) // 8, (120, 105, 90), 1, cv2.LINE_AA)
    stars = random.integers(8, min(size) - 8, (60, 2)) * [width / min(size), height / min(size)]
    for star in stars.astype(int).tolist():
        cv2.circle(picture, star, int(random.integers(1, 4)), (215, 238, 250), -1, cv2.LINE_AA)
    for first in random.choice(55, 7, replace=False):
        figure = stars[first : first + 5].astype(np.int32)
        cv2.polylines(picture, [figure], False, (170, 190, 205), 1, cv2.LINE_AA)
    return picture


def textile(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    hue = random.choice([0.02, 0.33, 0.58, 0.85])
    colours = [colour(random, hue, 0.03, 0.65, value) for value in (0.35, 0.6, 0.85)]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    pitch = int(random.integers(10, 26))
    pattern = (x // pitch + (y // pitch) * int(random.integers(0, 2))) % 3
    if random.random() < 0.4:
        pattern = (pattern + y // (pitch * 2)) % 3
    return np.array(colours, np.uint8)[pattern]


def landscape(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    sky = random.choice([0.57, 0.09, 0.95])
    picture = gradient(
        size, colour(random, sky, 0.02, 0.45, 0.8), colour(random, sky, 0.02, 0.15, 0.97)
    )
    sun = int(random.uniform(0.2, 0.8) * width), int(random.uniform(0.15, 0.4) * height)
    cv2.circle(picture, sun, height // 14, (190, 235, 252), -1, cv2.LINE_AA)
    ground = random.uniform(0.25, 0.4)
    for layer in range(5):
        base = height * (0.45 + 0.12 * layer)
        line = base + ridge(random, width, 1.1) * height * 0.05
        tint = colour(random, ground - 0.03 * layer, 0.02, 0.25 + 0.1 * layer, 0.75 - 0.12 * layer)
        outline = np.column_stack([np.arange(width), line]).astype(np.int32)
        outline = np.vstack([outline, [[width, height], [0, height]]]).astype(np.int32)
        cv2.fillPoly(picture, [outline], tint, cv2.LINE_AA)
    return picture


def map_sheet(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    picture = blank(size, colour(random, 0.12, 0.01, 0.12, 0.93))
    noise = random.random((7, 9)).astype(np.float32)
    heights = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    for level in np.arange(0.1, 1.0, 0.09):
        lines, _ = cv2.findContours(
            (heights > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(picture, lines, -1, (90, 130, 175), 1, cv2.LINE_AA)
    river = np.column_stack(
        [np.arange(width), height / 2 + ridge(random, width, 0.9) * height * 0.12]
    )
    cv2.polylines(picture, [river.astype(np.int32)], False, (190, 140, 70), 2, cv2.LINE_AA)
    for place in random.integers(10, min(size) - 10, (6, 2)).tolist():
        cv2.rectangle(picture, place, [side + 5 for side in place], (60, 60, 70), -1)
    cv2.rectangle(picture, (6, 6), (width - 7, height - 7), (70, 80, 90), 1)
    return picture


def flower(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    picture = blank(size, PAPER)
    hue, petals = random.choice([0.93, 0.78, 0.13, 0.03]), int(random.integers(5, 13))
    for _ in range(int(random.integers(1, 4))):
        centre = (int(random.uniform(0.3, 0.7) * width), int(random.uniform(0.25, 0.5) * height))
        length = min(size) * random.uniform(0.12, 0.22)
        foot = (width // 2, height - 4)
        cv2.line(picture, centre, foot, colour(random, 0.32, 0.02, 0.5, 0.4), 3, cv2.LINE_AA)
        for petal in range(petals):
            angle = 360 * petal / petals
            place = (
                int(centre[0] + length * 0.6 * np.cos(np.radians(angle))),
                int(centre[1] + length * 0.6 * np.sin(np.radians(angle))),
            )
            axes = (int(length * 0.55), int(length * 0.22))
            tint = colour(random, hue, 0.02, 0.6, 0.8)
            cv2.ellipse(picture, place, axes, angle, 0, 360, tint, -1, cv2.LINE_AA)
        cv2.circle(picture, centre, int(length * 0.25), (70, 170, 215), -1, cv2.LINE_AA)
    return picture


def sea(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    picture = gradient(
        size, colour(random, 0.12, 0.02, 0.12, 0.95), colour(random, 0.55, 0.02, 0.1, 0.85)
    )
    for row in range(9):
        base = height * (0.3 + 0.09 * row)
        crest = base - np.abs(ridge(random, width, 0.8)) * height * 0.05
        outline = np.column_stack([np.arange(width), crest])
        outline = np.vstack([outline, [[width, height], [0, height]]]).astype(np.int32)
        tint = colour(random, 0.57, 0.015, 0.35 + 0.05 * row, 0.8 - 0.06 * row)
        cv2.fillPoly(picture, [outline], tint, cv2.LINE_AA)
        cv2.polylines(picture, [outline[:-2]], False, (248, 248, 244), 1, cv2.LINE_AA)
    return picture


def ornament(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    ground = colour(random, random.choice([0.08, 0.5, 0.98]), 0.02, 0.5, 0.3)
    picture = blank(size, ground)
    line = colour(random, 0.12, 0.02, 0.4, 0.92)
    step = int(random.integers(28, 50))
    for left in range(0, width, step):
        for top in range(0, height, step):
            if random.random() < 0.5:
                corners, turns = ((left, top), (left + step, top + step)), (0, 180)
            else:
                corners, turns = ((left + step, top), (left, top + step)), (90, 270)
            for corner, turn in zip(corners, turns, strict=True):
                axes = (step // 2, step // 2)
                cv2.ellipse(picture, corner, axes, turn, 0, 90, line, 3, cv2.LINE_AA)
    return picture


def silhouette(random: Random, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    picture = blank(size, colour(random, 0.1, 0.02, 0.3, 0.82))
    middle, ink = width // 2, colour(random, 0.07, 0.02, 0.4, 0.16)
    oval = (int(width * 0.42), int(height * 0.44))
    backdrop = colour(random, 0.11, 0.02, 0.15, 0.93)
    cv2.ellipse(picture, (middle, height // 2), oval, 0, 0, 360, backdrop, -1, cv2.LINE_AA)
    head = (middle + int(random.normal(0, width * 0.03)), int(height * random.uniform(0.34, 0.42)))
    axes = (int(min(size) * 0.14), int(min(size) * 0.18))
    cv2.ellipse(picture, head, axes, random.normal(0, 8), 0, 360, ink, -1, cv2.LINE_AA)
    shoulders = (int(width * random.uniform(0.24, 0.32)), int(height * 0.26))
    cv2.ellipse(picture, (middle, int(height * 0.84)), shoulders, 0, 180, 360, ink, -1, cv2.LINE_AA)
    neck = min(size) * 0.06
    top, bottom = (int(head[0] - neck), head[1]), (int(head[0] + neck), int(height * 0.7))
    cv2.rectangle(picture, top, bottom, ink, -1)
    return picture


Draw = Callable[[Random, tuple[int, int]], np.ndarray]
FAMILIES: dict[str, tuple[Draw, str, int]] = {
    "star chart": (star_chart, "Observatory", 1790),
    "textile": (textile, "Weavers' guild", 1850),
    "landscape": (landscape, "A. Painter", 1880),
    "map sheet": (map_sheet, "Survey", 1905),
    "flower": (flower, "Botanical garden", 1820),
    "sea": (sea, "B. Printmaker", 1830),
    "ornament": (ornament, "Tile works", 1910),
    "silhouette": (silhouette, "Portrait cutter", 1770),
}


def draw(number: int, seed: int) -> tuple[str, np.ndarray]:
    """Return the family and the picture, (h, w, 3) uint8, of a number."""
    random = np.random.default_rng((seed, number))
    family = list(FAMILIES)[number % len(FAMILIES)]
    aspect = float(random.choice(ASPECTS))
    size = (LONG_SIDE, round(LONG_SIDE / aspect))
    if aspect < 1:
        size = (round(LONG_SIDE * aspect), LONG_SIDE)
    picture = FAMILIES[family][0](random, size).astype(np.float32)
    grain = cv2.GaussianBlur(random.normal(0, 9, picture.shape[:2]).astype(np.float32), (0, 0), 0.8)
    picture += grain[..., None]
    faded = random.uniform(0.0, 0.35)
    picture = picture * (1 - faded) + np.array(PAPER) * faded
    return family, np.clip(picture, 0, 255).astype(np.uint8)


def make_collection(
    folder: Path, count: int, seed: int = 0, side: int = LONG_SIDE, quality: int = QUALITY
) -> None:
    """Write the pictures, a folder for each family, and what is known of them.

    Pictures are made smaller where their long side is to be less than it was drawn.
    """
    rows = []
    for number in range(count):
        family, picture = draw(number, seed)
        name = f"{family.replace(' ', '_')}/{number:05d}.jpg"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if side < LONG_SIDE:
            share = side / LONG_SIDE
            picture = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        _, creator, year = FAMILIES[family]
        year += int(np.random.default_rng((seed, number, 1)).integers(0, 60))
        rows.append((name, f"{family.capitalize()} {number}", year, creator, family))
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "title", "date", "creator", "family"), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=640)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=LONG_SIDE, help="long side, in pixels")
    parser.add_argument("--quality", type=int, default=QUALITY, help="of JPEG, 0 to 100")
    arguments = parser.parse_args()
    make_collection(
        arguments.folder, arguments.count, arguments.seed, arguments.side, arguments.quality
    )
    print(f"{arguments.count} pictures and metadata.csv in {arguments.folder}")


if __name__ == "__main__":
    main()
