"""Words and scripts that say nothing: titles, labels, columns of print, handwriting.

Letters are masks, (height, width) uint8 with 255 where there is ink; `stamp` lays them on a canvas.
"""

from functools import cache

import cv2
import numpy as np
from numpy.random import Generator

Colour = tuple[float, float, float]  # RGB, 0 to 255

ONSETS = ("", *"bdfghklmnprstv", "br", "gr", "st")
NUCLEI = ("a", "e", "i", "o", "u", "ae", "ei", "ou")
CODAS = ("", "n", "r", "s", "l", "nd", "rt", "m", "ck")
SCRIPTS = ("upright", "bold", "slanted", "broken", "square", "hand")
LINE, LINES, LINE_LENGTH = 24, 64, 1600  # pixels from line to line; lines and pixels of a bank
SCRIPT_SEED = 1455


def word(rng: Generator) -> str:
    """Make up a word of one to four syllables, at times capitalised or a number."""
    if rng.random() < 0.1:
        return str(rng.integers(1, 2000))
    parts = [
        ONSETS[rng.integers(len(ONSETS))]
        + NUCLEI[rng.integers(len(NUCLEI))]
        + CODAS[rng.integers(len(CODAS))]
        for _ in range(rng.choice(4, p=(0.2, 0.45, 0.25, 0.1)) + 1)
    ]
    made = "".join(parts)
    return made.capitalize() if rng.random() < 0.25 else made


def phrase(rng: Generator, words: int) -> str:
    """Make up some words, with one kind of capitals throughout."""
    said = " ".join(word(rng) for _ in range(words))
    return (said.upper(), said.title(), said)[rng.choice(3, p=(0.4, 0.4, 0.2))]


def lettering(text: str, height: int, rng: Generator) -> np.ndarray:
    """Return a mask with a line of letters: any weight, width and slant, `height` pixels high."""
    drawn = max(height, 12)
    slanted = rng.random() < 0.25
    mask = _set_line(text, round(drawn * 0.72), int(rng.integers(250, 900)), slanted)
    stretch = rng.uniform(0.65, 1.3)
    size = (max(1, round(mask.shape[1] * stretch * height / len(mask))), max(1, height))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA)


def stamp(
    canvas: np.ndarray,
    mask: np.ndarray,
    centre: tuple[float, float],
    ink: Colour,
    angle: float = 0.0,
) -> None:
    """Lay ink through a mask on a canvas (height, width, 3) uint8; centre is (x, y), in pixels."""
    if angle:
        mask = _turned(mask, angle)
    left, top = round(centre[0] - mask.shape[1] / 2), round(centre[1] - mask.shape[0] / 2)
    rows = slice(max(top, 0), max(min(top + mask.shape[0], canvas.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + mask.shape[1], canvas.shape[1]), 0))
    place = canvas[rows, columns]
    if place.size == 0:
        return
    cover = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    cover = cover[..., None].astype(np.float32) / np.float32(255)
    place[...] = place + (np.array(ink, np.float32) - place) * cover


def column(size: tuple[int, int], pitch: float, script: str, rng: Generator) -> np.ndarray:
    """Return a mask (height, width) with lines of a script, `pitch` pixels apart, in paragraphs."""
    height, width = size
    count, length = max(1, int(height / pitch)), max(1, round(width * LINE / pitch))
    rows = (rng.integers(LINES) * LINE + np.arange(count * LINE)) % (LINES * LINE)
    columns = (rng.integers(LINE_LENGTH) + np.arange(length)) % LINE_LENGTH
    lines = _script(script)[rows][:, columns]
    ends = np.flatnonzero(rng.random(count) < rng.choice((0.05, 0.2)))
    for end in ends:
        lines[end * LINE : (end + 1) * LINE, int(length * rng.uniform(0.2, 0.9)) :] = 0
        lines[(end + 1) * LINE : (end + 2) * LINE, : 2 * LINE] = 0  # the next one's indent
    mask = np.zeros(size, np.uint8)
    shown = min(height, round(count * pitch))
    if shown > 0:
        mask[:shown] = cv2.resize(lines, (width, shown), interpolation=cv2.INTER_AREA)
    return mask


def _set_line(text: str, height: int, weight: int, slanted: bool) -> np.ndarray:
    face = _face("italic" if slanted else "sans")
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1, 1)
    mask = np.zeros((round(height * 1.4), round((width / 18 + 1) * height), 3), np.uint8)
    start = (height // 6, round(height * 1.05))
    end, _ = cv2.putText(mask, text, start, (255, 255, 255), face, height, weight)
    return mask[:, : max(1, min(mask.shape[1], end[0] + height // 6)), 0]


@cache
def _face(name: str) -> cv2.FontFace:
    return cv2.FontFace(name)


def _turned(mask: np.ndarray, angle: float) -> np.ndarray:
    """Turn a mask by an angle in degrees, on a canvas large enough for it."""
    height, width = mask.shape
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1), float)
    across = np.abs(turn[:, :2]) @ (width, height)
    turn[:, 2] += across / 2 - np.array((width, height)) / 2
    return cv2.warpAffine(mask, turn, tuple(int(n) for n in np.ceil(across)))


# --- scripts: pages of text, made once per process ----------------------------------------------


@cache
def _script(name: str) -> np.ndarray:
    """Return (LINES * LINE, LINE_LENGTH) uint8 of text, the same in any process."""
    rng = np.random.default_rng((SCRIPT_SEED, *name.encode()))
    page = np.zeros((LINES * LINE, LINE_LENGTH), np.uint8)
    for number in range(LINES):
        write = {"broken": _broken_line, "square": _square_line, "hand": _hand_line}.get(name)
        line = page[number * LINE : (number + 1) * LINE]
        if write:
            write(line, rng)
        else:
            text = " ".join(word(rng) for _ in range(40))
            mask = _set_line(text, LINE - 7, 800 if name == "bold" else 400, name == "slanted")
            mask = mask[:LINE, :LINE_LENGTH]
            line[: mask.shape[0], : mask.shape[1]] = mask
    return page


def _strokes(line: np.ndarray, strokes: list[np.ndarray], thickness: int) -> None:
    points = [(stroke * 16).astype(np.int32) for stroke in strokes]
    cv2.polylines(line, points, False, 255, thickness, cv2.LINE_AA, 4)


def _broken_line(line: np.ndarray, rng: Generator) -> None:
    """Blackletter from afar: thick uprights with slanting feet."""
    strokes, x = [], 4.0
    while x < LINE_LENGTH:
        for _ in range(rng.integers(3, 16)):
            top, foot = rng.choice((3, 8, 8, 8)), rng.choice((18, 18, 18, 22))
            strokes.append(np.array(((x - 2, top + 2), (x, top), (x, foot - 2), (x + 2, foot))))
            x += rng.choice((4.0, 4.0, 5.5))
        x += 6
    _strokes(line, strokes, 2)


def _square_line(line: np.ndarray, rng: Generator) -> None:
    """Signs that each fill a square with a few strokes, as from East Asia."""
    strokes = []
    for x in np.arange(2, LINE_LENGTH, 22):
        for _ in range(rng.integers(4, 10)):
            start, level = rng.uniform(0, 9, 2)
            span = rng.uniform(5, 18 - start)
            across = np.array(((start, level * 2), (start + span, level * 2 - 1)))
            across = across[:, ::-1] if rng.random() < 0.45 else across
            strokes.append(np.clip(across, 0, 18) + (x, 2))
    _strokes(line, strokes, 2)


def _hand_line(line: np.ndarray, rng: Generator) -> None:
    """Running handwriting: loops that lean forward, some of them long."""
    turn = np.arange(0, LINE_LENGTH / 7 * 2 * np.pi, 0.5)
    loop = (turn / (2 * np.pi)).astype(int)
    reach = rng.choice((3.0, 4.0, 9.0), p=(0.5, 0.3, 0.2), size=loop.max() + 1)[loop]
    y = 14 - reach * np.sin(turn) - (reach > 8) * rng.choice((-3, 3), loop.max() + 1)[loop]
    x = turn / (2 * np.pi) * 7 + 2.5 * np.cos(turn) + 0.3 * (14 - y)
    pen = np.flatnonzero(np.diff(loop) * (rng.random(len(loop) - 1) < 0.15)) + 1
    words = [part[: max(2, len(part) - 9)] for part in np.split(np.stack((x, y), 1), pen)]
    _strokes(line, words, 1)
