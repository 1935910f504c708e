"""A face that the project draws, for where no clip of a person may be shown: it turns, opens its
mouth and blinks, and both MediaPipe and dlib find it.
"""

from pathlib import Path

import cv2
import numpy as np

_DRAWN = 512  # pixels a side, before it is brought to the wanted size
_SKIN = np.array((214, 170, 140))
_HAIR, _WALL, _CLOTH = (60, 42, 32), (96, 110, 120), (70, 60, 90)
_NECK = (256, 300)  # what the head turns about
RATE = 25


def draw_face(side: int, mouth: float = 0, eyes: float = 1, turn: float = 0) -> np.ndarray:
    """Draw a head and shoulders.

    Args:
        side: of the square, in pixels.
        mouth: how far open, from 0 to 1.
        eyes: how far open, from 0 to 1.
        turn: of the head towards a shoulder, in degrees.

    Returns:
        (side, side, 3) uint8, red first.
    """
    picture = np.full((_DRAWN, _DRAWN, 3), _WALL, np.uint8)
    _ellipse(picture, (256, 230), (150, 185), _HAIR)
    cv2.rectangle(picture, (205, 380), (307, 512), (0.8 * _SKIN).tolist(), -1)
    _ellipse(picture, (256, 520), (200, 80), _CLOTH)
    _ellipse(picture, (256, 262), (118, 158), _SKIN)
    _ellipse(picture, (256, 120), (112, 52), _HAIR)
    for side_of_face in (-1, 1):
        _draw_eye(picture, 256 + 50 * side_of_face, eyes)
    cv2.line(picture, (247, 235), (240, 290), (0.8 * _SKIN).tolist(), 4, cv2.LINE_AA)
    _ellipse(picture, (256, 298), (24, 12), 0.85 * _SKIN)
    for nostril in (247, 265):
        _ellipse(picture, (nostril, 303), (5, 3), (90, 50, 45))
    gap = 34 * mouth
    _ellipse(picture, (256, 346 + gap / 2), (42, 12 + 0.6 * gap), (170, 80, 80))
    _ellipse(picture, (256, 346 + gap / 2), (32, 2 + 0.5 * gap), (60, 20, 25))

    rows, columns = np.mgrid[:_DRAWN, :_DRAWN] / 256
    light = 1.08 - 0.35 * np.abs(columns - 0.9) ** 1.5 - 0.12 * (rows - 1)
    picture = np.clip(cv2.GaussianBlur(picture, (0, 0), 1.5) * light[..., None], 0, 255)
    turned = cv2.getRotationMatrix2D(_NECK, turn, 1)
    picture = cv2.warpAffine(
        picture.astype(np.uint8), turned, (_DRAWN, _DRAWN), borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def draw_clip(side: int, frames: int) -> list[np.ndarray]:
    """Draw frames of a face that begins at rest, speaks, blinks once and sways."""
    times = np.arange(frames) / max(1, frames - 1)
    return [
        draw_face(
            side,
            mouth=float(np.sin(2 * np.pi * time) ** 2),
            eyes=float(1 - np.exp(-(((time - 0.6) / 0.08) ** 2))),
            turn=float(8 * np.sin(np.pi * time)),
        )
        for time in times
    ]


def write_clip(path: Path, frames: list[np.ndarray]) -> Path:
    """Write frames as a film at `RATE` and return its path."""
    import av

    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=RATE, options={"qscale": "2"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        film.mux(stream.encode())
    return path


def _draw_eye(picture: np.ndarray, column: int, opened: float) -> None:
    centre, half = (column, 234), max(1.0, 13 * opened)
    _ellipse(picture, (column, 232), (30, 17), 0.82 * _SKIN)
    _ellipse(picture, centre, (23, half), (245, 240, 235))
    within = np.zeros(picture.shape[:2], np.uint8)
    _ellipse(within, centre, (23, half), 255)
    iris = picture.copy()
    cv2.circle(iris, centre, 11, (70, 60, 40), -1, cv2.LINE_AA)
    cv2.circle(iris, centre, 5, (10, 10, 10), -1, cv2.LINE_AA)
    picture[within > 127] = iris[within > 127]
    _ellipse(picture, centre, (24, half), (50, 30, 25), 180, 360, 3)
    _ellipse(picture, (column, 206), (32, 10), _HAIR, 195, 345, 7)


def _ellipse(
    picture: np.ndarray,
    centre: tuple[float, float],
    axes: tuple[float, float],
    colour: object,
    begin: int = 0,
    end: int = 360,
    thickness: int = -1,
) -> None:
    place, halves = (tuple(round(value) for value in pair) for pair in (centre, axes))
    shade = np.asarray(colour, float).tolist()
    cv2.ellipse(picture, place, halves, 0, begin, end, shade, thickness, cv2.LINE_AA)
