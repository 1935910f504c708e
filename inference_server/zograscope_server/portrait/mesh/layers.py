"""A portrait taken apart: the sitter as a relief with a soft rim, and what is behind."""

from dataclasses import dataclass

import cv2
import numpy as np

from zograscope_server.filling import continue_picture
from zograscope_server.portrait.mesh.matte import Segmenter, make_matte
from zograscope_server.portrait.mesh.rasterizer import Window
from zograscope_server.portrait.mesh.relief import AROUND, HeadFrame, Relief, build_relief

FAINT = 0.02  # of the matte: less is background
RIM = 0.02  # of the face's width, around the matte, that is filled too


@dataclass(frozen=True)
class Layers:
    """The layers of a portrait.

    Attributes:
        picture: uint8 or uint16 (h, w, 3), the portrait.
        white: its largest value.
        window: the part of it that can change.
        relief: of the sitter.
        matte: float32 of the window, 1 for the sitter.
        background: float32 (h, w, 3) of the window, from 0 to 1, complete behind the sitter's head.
        mask: uint8 of the portrait's size, 0 where no frame differs from it.
    """

    picture: np.ndarray
    white: float
    window: Window
    relief: Relief
    matte: np.ndarray
    background: np.ndarray
    mask: np.ndarray

    def front(self) -> np.ndarray:
        """Return float32 (h, w, 4) of the window: colour times matte, and the matte.

        Over the background it gives the picture itself, exactly, where nothing moves.
        """
        part = self._part()
        return np.dstack([part - (1.0 - self.matte[..., None]) * self.background, self.matte])

    def foreground(self) -> np.ndarray:
        """Return the picture with the matte as its opacity, (h, w, 4); outside it is clear."""
        whole = np.zeros((*self.picture.shape[:2], 4), self.picture.dtype)
        whole[..., :3] = self.picture
        front = self.front()
        matte = np.maximum(self.matte[..., None], 1e-6)
        colour = np.where(self.matte[..., None] > FAINT, front[..., :3] / matte, self._part())
        part = np.dstack([np.clip(colour, 0.0, 1.0), self.matte])
        whole[self.window.slices] = np.clip(part, 0.0, 1.0) * self.white + 0.5
        return whole

    def whole_background(self) -> np.ndarray:
        """Return the picture with the head taken out of it, (h, w, 3)."""
        whole = self.picture.copy()
        whole[self.window.slices] = np.clip(self.background, 0.0, 1.0) * self.white + 0.5
        return whole

    def _part(self) -> np.ndarray:
        return self.picture[self.window.slices].astype(np.float32) / np.float32(self.white)


def take_apart(picture: np.ndarray, points: np.ndarray, segmenter: Segmenter) -> Layers:
    """Return the layers of a portrait.

    Args:
        picture: uint8 or uint16 (h, w, 3), red first.
        points: float32 (478, 3), of the face.
        segmenter: finds persons.
    """
    white = float(np.iinfo(picture.dtype).max)
    height, width = picture.shape[:2]
    relief = build_relief(points, (width, height))
    window = _window_of(points, (width, height))
    part = picture[window.slices].astype(np.float32) / np.float32(white)
    matte = make_matte((part * 255.0 + 0.5).astype(np.uint8), points, window, segmenter)
    moving = matte * HeadFrame.of(points).follow(_places(window)).reshape(matte.shape)
    # Soft rims hold colours of the sitter: they would stay behind as a ghost.
    rim = 2 * max(2, round(RIM * float(np.ptp(points[:468, 0])))) + 1
    left = cv2.dilate((moving > FAINT).astype(np.uint8), np.ones((rim, rim)))
    background = continue_picture(part, 1.0 - left.astype(np.float32))
    mask = _mask_of(relief, window, (width, height))
    return Layers(picture, white, window, relief, matte, background, mask)


def _window_of(points: np.ndarray, size: tuple[int, int]) -> Window:
    """The part of the picture that can change."""
    frame = HeadFrame.of(points)
    left, right, up, down = AROUND
    corners = np.array([(x, y) for x in (left, right) for y in (up, down)])
    places = (
        frame.middle
        + corners[:, :1] * frame.width * frame.right
        + corners[:, 1:] * frame.height * frame.down
    )
    return Window.around(places, Window(0, 0, *size))


def _mask_of(relief: Relief, window: Window, size: tuple[int, int]) -> np.ndarray:
    """Where frames may differ: below the triangles of which any corner can move."""
    felt = np.asarray(np.abs(relief.spread).sum(axis=1)).ravel() > 1e-3
    moves = (relief.follow > 0) | felt
    mask = np.zeros(size[::-1], np.uint8)
    for triangle in relief.triangles[moves[relief.triangles].any(axis=1)]:
        cv2.fillConvexPoly(mask, np.round(relief.rest[triangle, :2]).astype(np.int32), 255)
    inside = np.zeros_like(mask)
    inside[window.slices] = mask[window.slices]
    return inside


def _places(window: Window) -> np.ndarray:
    rows, columns = np.mgrid[0 : window.height, 0 : window.width]
    return np.column_stack([columns.ravel() + window.left, rows.ravel() + window.top]) + 0.5
