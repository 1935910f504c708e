"""Sheets of samples: what an artist sees of a training, and what a model may know by heart."""

import math

import cv2
import numpy as np

from zograscope_server.generative.pictures import side_by_side

MOST_SIDE = 2048  # pixels of a sheet: some megabytes as a PNG
SHOWN_SIDE = 96  # pixels that small pictures are enlarged to beside each other, in whole times
BOARD = 244  # what pictures are mounted on
FRAME = (24, 24, 24)
SAMPLE_FRAME = (196, 60, 36)  # samples stand out from what they are compared with
LINE = 2  # pixels of a frame
GAP = 10


def sample_grid(pictures: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lay pictures out row by row, edge to edge, so that any of them can be picked.

    Args:
        pictures: (n, h, w, 3 or 1) uint8, at least one.
        columns: of the grid; None makes it about square. What is left of the last row is black.

    Returns:
        (k,) uint8, a PNG file of at most 2048 pixels a side: all pictures are reduced alike.
    """
    count, height, width, _ = pictures.shape
    columns = min(count, columns or columns_of(count, width, height))
    rows = -(-count // columns)
    scale = min(1.0, MOST_SIDE / (columns * width), MOST_SIDE / (rows * height))
    pictures = _scaled(pictures, scale)
    return _as_png(side_by_side(pictures, columns))


def columns_of(count: int, width: int, height: int) -> int:
    """Return how many columns make a sheet of so many pictures of a size about square."""
    return max(1, min(count, round(math.sqrt(count * height / width))))


def memorisation_sheet(samples: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Mount each sample, in a red frame, above the images of the collection nearest to it.

    Args:
        samples: (n, h, w, 3 or 1) uint8, at least one.
        originals: (n, k, h, w, 3 or 1) uint8, the nearest first.

    Returns:
        (m,) uint8, a PNG file.
    """
    count, near, height, width, colours = originals.shape
    times = max(1, round(SHOWN_SIDE / min(height, width)))
    columns = count if count <= 6 else -(-count // 2)  # two rows of sets look better than one
    rows = -(-count // columns)
    step_x, step_y = width * times + GAP, (height * times + GAP) * (near + 1) + GAP
    # Sheets are reduced picture by picture, so that frames stay lines.
    scale = times * min(1.0, MOST_SIDE / (columns * step_x), MOST_SIDE / (rows * step_y))
    samples = _scaled(samples, scale)
    flat = _scaled(originals.reshape(-1, height, width, colours), scale)
    height, width = samples.shape[1:3]
    set_height = (near + 1) * (height + GAP) + GAP
    board = (rows * set_height + GAP, columns * (width + GAP) + GAP, 3)
    sheet = np.full(board, BOARD, np.uint8)
    for number, sample in enumerate(samples):
        row, column = divmod(number, columns)
        left, top = GAP + column * (width + GAP), GAP + row * set_height
        _mount(sheet, sample, left, top, SAMPLE_FRAME)
        for place, original in enumerate(flat[number * near : (number + 1) * near], start=1):
            _mount(sheet, original, left, top + place * (height + GAP), FRAME)
    return _as_png(sheet)


def _mount(
    sheet: np.ndarray, picture: np.ndarray, left: int, top: int, frame: tuple[int, int, int]
) -> None:
    """Put a picture into a sheet, with a frame around it."""
    height, width = picture.shape[:2]
    sheet[top - LINE : top + height + LINE, left - LINE : left + width + LINE] = frame
    sheet[top : top + height, left : left + width] = picture


def _scaled(pictures: np.ndarray, scale: float) -> np.ndarray:
    """Scale (n, h, w, c) pictures; enlarged ones keep their pixels as squares."""
    if scale == 1:
        return pictures
    height, width = (max(1, int(scale * side)) for side in pictures.shape[1:3])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    scaled = [cv2.resize(picture, (width, height), interpolation=way) for picture in pictures]
    return np.stack(scaled).reshape(len(pictures), height, width, pictures.shape[3])


def _as_png(sheet: np.ndarray) -> np.ndarray:
    """Return a PNG file of (h, w, 3 or 1) uint8 pixels, red first."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(sheet[..., ::-1]))
    return data.ravel()
