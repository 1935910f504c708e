"""The stereograph card: two views of one place on a drawn mount, as parlours knew them.

The proportions are those of the usual American card of about 1900, 7 by 3.5 inches, whose prints
have curved tops. The mount grows with the pictures, which are neither scaled nor toned.
"""

import numpy as np

MOUNT = np.array((214, 188, 142), np.float32)  # buff board, of 255
TABLE = np.array((28, 25, 22), np.float32)  # behind its rounded corners
RIM = np.array((96, 78, 52), np.float32)  # where a print ends
SIDE, TOP, BOTTOM, BETWEEN = 0.14, 0.10, 0.15, 0.025  # of a print's width
RISE = 0.12  # of a print's top, in the middle above the corners
CORNER = 0.06  # radius of the mount's corners
RIM_WIDTH = 0.006
SEED = 1900
FIBRES = 5.0  # standard deviation of the board's grain, of 255
WEAR = 26.0  # by how much its edges are darker


def stereograph_card(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mount two views of one size on a card.

    Args:
        left, right: (h, w, 3) in [0, 1], row 0 at the top.

    Returns:
        (height, width, 3) in [0, 1], both even, as films want them. Beneath the curve of its top
        and within its rim each view is as it was given.
    """
    height, width, _ = left.shape
    side, top, bottom, between = (round(share * width) for share in (SIDE, TOP, BOTTOM, BETWEEN))
    card_width = 2 * (side + width) + between
    card_height = top + height + bottom
    card = _mount(card_height + card_height % 2, card_width + card_width % 2)
    for picture, start in ((left, side), (right, side + width + between)):
        _paste(card, picture, top, start)
    return card


def card_of_pair(pair: np.ndarray) -> np.ndarray:
    """Mount a picture whose halves are the two views, (h, 2 w, 4), bottom row first, as Blender's.

    Returns the card in the same form.
    """
    upright = pair[::-1, :, :3]
    left, right = np.split(upright, 2, axis=1)
    card = stereograph_card(left, right)
    return np.concatenate([card, np.ones_like(card[..., :1])], axis=-1)[::-1]


def _paste(card: np.ndarray, picture: np.ndarray, top: int, left: int) -> None:
    """Lay a print with a curved top on the card, and a thin rim around it."""
    height, width, _ = picture.shape
    rim = max(1.0, RIM_WIDTH * width)
    margin = int(np.ceil(rim)) + 1
    inside = _depth_in_print(height, width, margin)
    around = card[top - margin : top + height + margin, left - margin : left + width + margin]
    _blend(around, RIM / 255, inside + rim)
    middle = (slice(margin, -margin), slice(margin, -margin))
    _blend(around[middle], picture, inside[middle])


def _depth_in_print(height: int, width: int, margin: int) -> np.ndarray:
    """Return how far each pixel lies within a print with a curved top, in pixels; outside < 0."""
    y = np.arange(-margin, height + margin, dtype=np.float32)[:, None] + 0.5
    x = np.arange(-margin, width + margin, dtype=np.float32) + 0.5
    rise = RISE * width
    radius = (width**2 / 4 + rise**2) / (2 * rise)
    arc = radius - np.hypot(x - width / 2, np.minimum(y - radius, 0.0))
    # Above the circle's middle only the arc bounds the print; its foot is as wide as the print.
    return np.minimum(np.minimum(np.minimum(x, width - x), height - y), arc)


def _mount(height: int, width: int) -> np.ndarray:
    """Draw an empty card: buff board with a grain, darker where hands held it, on a dark table."""
    random = np.random.default_rng(SEED)
    y = np.arange(height, dtype=np.float32)[:, None] + 0.5
    x = np.arange(width, dtype=np.float32) + 0.5
    radius = CORNER * width / 2
    across = np.maximum(radius - np.minimum(x, width - x), 0.0)
    down = np.maximum(radius - np.minimum(y, height - y), 0.0)
    inside = radius - np.hypot(across, down)
    fibres = random.normal(0.0, 1.0, (height, width)).astype(np.float32)
    fibres = (fibres + np.roll(fibres, 1, 1) + np.roll(fibres, 2, 1)) / np.float32(3**0.5)
    edge = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y))
    wear = WEAR * np.exp(-edge / np.float32(0.015 * width))
    board = MOUNT + (FIBRES * fibres - wear)[..., None]
    card = np.broadcast_to(TABLE / 255, (height, width, 3)).copy()
    _blend(card, np.clip(board, 0, 255) / 255, inside)
    return card


def _blend(below: np.ndarray, above: np.ndarray, inside: np.ndarray) -> None:
    """Lay something over a picture where it is inside, with a smooth edge one pixel wide."""
    share = np.clip(inside + 0.5, 0, 1)[..., None]
    below += share * (above - below)
