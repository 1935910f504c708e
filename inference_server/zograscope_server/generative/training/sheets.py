"""Pictures of pictures: a grid of samples, and samples beside what they are nearest to."""

import numpy as np

GAP = 2  # pixels between pictures
WIDE_GAP = 12  # between a sample and the images of the collection below it
PAPER, FRAME = 255, 40


def sample_grid(pictures: np.ndarray, columns: int) -> np.ndarray:
    """Lay pictures out row by row, without gaps.

    Args:
        pictures: (n, h, w, 3 or 1) uint8.
        columns: of the grid.

    Returns:
        (rows h, columns w, 3) uint8; places that stay empty are white.
    """
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    grid = np.full((rows * columns, height, width, 3), PAPER, np.uint8)
    grid[:count] = pictures
    return (
        grid.reshape(rows, columns, height, width, 3)
        .transpose(0, 2, 1, 3, 4)
        .reshape(rows * height, columns * width, 3)
    )


def memorisation_sheet(samples: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """Show each sample above those images of the collection that it is nearest to.

    Args:
        samples: (n, h, w, 3 or 1) uint8, shown in a row, in a dark frame.
        nearest: (n, k, h, w, 3 or 1) uint8, below each of them.

    Returns:
        (height, width, 3) uint8.
    """
    count, below, height, width, _ = nearest.shape
    step_x, step_y = width + 2 * GAP, height + 2 * GAP
    sheet = np.full((step_y + WIDE_GAP + below * step_y, count * step_x, 3), PAPER, np.uint8)
    sheet[:step_y] = FRAME
    for column in range(count):
        left = column * step_x + GAP
        sheet[GAP : GAP + height, left : left + width] = samples[column]
        for row in range(below):
            top = step_y + WIDE_GAP + row * step_y + GAP
            sheet[top : top + height, left : left + width] = nearest[column, row]
    return sheet
