"""Pictures that nobody owns, for jobs that want some."""

import random
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 96


def draw_pictures(folder: Path, chance: random.Random, count: int) -> Path:
    """Draw some discs on coloured ground, as PNG files; return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        ground, disc = (tuple(chance.randrange(256) for _ in range(3)) for _ in range(2))
        picture = Image.new("RGB", (SIZE, SIZE), ground)
        x, y, radius = (chance.randrange(10, SIZE // 2) for _ in range(3))
        ImageDraw.Draw(picture).ellipse((x, y, x + radius, y + radius), fill=disc)
        picture.save(folder / f"{number:03d}.png")
    return folder
