"""Stills of a portrait's frames, side by side, as the extension lays out those of a film."""

from collections.abc import Sequence

import numpy as np

STILLS = 12
COLUMNS = 4
WIDTH, GAP = 1920, 8  # pixels


def spread(count: int) -> list[int]:
    """Return the numbers of the frames to show, spread over all of them, each once."""
    return sorted(set(np.linspace(0, count - 1, STILLS).round().astype(int).tolist()))


def contact_sheet(stills: Sequence[np.ndarray]) -> bytes:
    """Lay stills out in rows; return a PNG.

    Args:
        stills: uint8 (height, width, 3), red first, all of one size.
    """
    import cv2

    columns = min(COLUMNS, len(stills))
    rows = -(-len(stills) // columns)
    height, width = stills[0].shape[:2]
    small_width = (WIDTH - GAP * (COLUMNS + 1)) // COLUMNS
    small_height = max(1, round(small_width * height / width))
    step_x, step_y = small_width + GAP, small_height + GAP
    sheet = np.zeros((rows * step_y + GAP, columns * step_x + GAP, 3), np.uint8)
    way = cv2.INTER_AREA if small_width < width else cv2.INTER_CUBIC
    for number, still in enumerate(stills):
        row, column = divmod(number, columns)
        top, left = GAP + row * step_y, GAP + column * step_x
        small = cv2.resize(still, (small_width, small_height), interpolation=way)
        sheet[top : top + small_height, left : left + small_width] = small
    return cv2.imencode(".png", sheet[..., ::-1])[1].tobytes()
