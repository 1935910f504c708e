"""Writes a visible credit into a picture's corner."""

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SHARE = 1 / 36
"""Height of the letters over the picture's shorter side: small, and legible in a film."""

SMALLEST = 9
SHADE = 0.6
"""How far the box behind the words darkens the picture."""


def draw_credit(picture: np.ndarray, words: str) -> np.ndarray:
    """Return the picture with words on a dark box in its lower right corner; the rest is the same.

    Args:
        picture: uint8 or uint16, (h, w) or (h, w, c) with c 1 to 4, of any order of colours; a
            second or fourth channel is opacity, and is full in the box.
        words: white; smaller where they would be wider than the picture. None gives a copy.
    """
    drawn = picture.copy()
    words = " ".join(words.split())
    if not words:
        return drawn
    height, width = picture.shape[:2]
    letters = _letters(words, height, width)
    box = drawn[height - letters.shape[0] :, width - letters.shape[1] :]
    full = np.iinfo(picture.dtype).max
    # In float32: 16 bits times a share would not fit the picture's own type.
    cover = letters if picture.ndim == 2 else letters[..., None]
    dark = box.astype(np.float32) * (1 - SHADE)
    colours = dark + (full - dark) * cover
    opaque = picture.ndim == 3 and picture.shape[2] in (2, 4)
    if opaque:
        colours[..., -1] = full
    box[...] = np.round(colours)
    return drawn


@lru_cache(maxsize=8)
def _letters(words: str, height: int, width: int) -> np.ndarray:
    """Return the words' cover from 0 to 1, float32, as large as the box, no larger than h x w."""
    size = max(SMALLEST, round(min(height, width) * SHARE))
    room = width - size
    wide = _font(size).getlength(words)
    if wide > room:
        size = max(1, int(size * room / wide))
    font = _font(size)
    margin = max(1, size // 2)
    ascent, descent = font.getmetrics()
    shape = (int(np.ceil(font.getlength(words))) + 2 * margin, ascent + descent + margin)
    canvas = Image.new("L", shape)
    ImageDraw.Draw(canvas).text((margin, margin // 2), words, fill=255, font=font)
    return np.asarray(canvas, np.float32)[-height:, -width:] / 255


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which Matplotlib brings, or Pillow's own font, which has no accents."""
    matplotlib = importlib.util.find_spec("matplotlib")  # is not imported: only its file is wanted
    if matplotlib and matplotlib.origin:
        folder = Path(matplotlib.origin).parent
        file = folder / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.is_file():
            return ImageFont.truetype(file, size)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType
    return font
