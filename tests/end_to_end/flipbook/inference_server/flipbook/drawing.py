"""Draws the pages of a flip book: plain functions that know nothing of jobs."""

import cv2
import numpy as np

INK = (40, 30, 20)  # blue, green, red
PAPER = (215, 235, 245)


def draw_page(word: str, size: int, share: float) -> np.ndarray:
    """Return a page (size, size, 3) uint8, blue first, with the word at a share 0..1 of its way."""
    page = np.full((size, size, 3), PAPER, np.uint8)
    scale = size / 256
    (width, height), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    place = (round((size - width) * share), round((size + height) / 2))
    cv2.putText(page, word, place, cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 1, cv2.LINE_AA)
    return page
