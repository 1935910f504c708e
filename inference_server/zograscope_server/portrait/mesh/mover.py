"""Moves a portrait as a relief of its own picture: no network, nothing learnt."""

from collections.abc import Callable

import cv2
import numpy as np

from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.regions import face_width
from zograscope_server.portrait.mesh import mouth
from zograscope_server.portrait.mesh.eyes import Eye, cut_eye, eye_opening
from zograscope_server.portrait.mesh.layers import take_apart
from zograscope_server.portrait.mesh.matte import Segmenter
from zograscope_server.portrait.mesh.mouth import Mouth
from zograscope_server.portrait.mesh.rasterizer import (
    FAR,
    Window,
    draw_places,
    draw_polygon,
    sample,
)
from zograscope_server.portrait.mesh.skin import complete_skin
from zograscope_server.portrait.transfer import EYES, Motion, lid_opening

CLOSED = 0.06  # of an eye's width: less open shows less of the eyeball
LIDS, GAZE = 0.4, 0.5
"""Change of an eye's opening, and of its gaze in radii of the iris, after which nothing is left of
what the picture has between lids and eyeball but the lashes."""

MARGIN = 3  # pixels around lids and lips that are painted with them
STILL = 1e-3  # pixels: a picture whose points move less is at rest


class MeshMover:
    """Makes the frames of one portrait, one by one, in any order."""

    def __init__(
        self,
        source: np.ndarray,
        face: Face,
        motion: Motion,
        make_mouth: Callable[[np.ndarray], Mouth],
        segmenter: Segmenter,
    ) -> None:
        """Take the portrait apart: relief, matte, background, skin, eyes.

        Args:
            source: uint8 or uint16 (h, w, 3), red first.
            face: the one that is moved.
            motion: of its points.
            make_mouth: takes the tone of the portrait's skin, float (3,), from 0 to 1.
            segmenter: finds persons.
        """
        self._source, self._motion = source, motion
        self._points = points = face.points
        layers = take_apart(source, points, segmenter)
        self.mask, self._white, self._window = layers.mask, layers.white, layers.window
        self._inside = self.mask[self._window.slices][..., None] > 0
        self._relief, self._background = layers.relief, layers.background
        self._front = layers.front()
        picture = source.astype(np.float32) / np.float32(self._white)
        self._skin = complete_skin(picture, face)
        self._eyes = [cut_eye(picture, points, number) for number in range(len(EYES))]
        self._openings = [max(lid_opening(points, eye.number), 1e-3) for eye in self._eyes]
        self._mouth = make_mouth(mouth.skin_tone(picture, points))
        self._mouth_width = float(np.linalg.norm(points[61] - points[291]))
        self._rest_opening = mouth.opening_of(mouth.lips_of(points), self._mouth_width)
        self._depth = self._rest_depth = self._draw(
            self._relief.moved(np.eye(3, 4), np.zeros((468, 3)))
        )[1]

    def frame(self, number: int, picture: np.ndarray | None) -> np.ndarray:
        """Return the portrait as it looks in a frame, like the source.

        Args:
            number: of the frame.
            picture: uint8 (h, w, 3), the driver's frame, where there is a driver.
        """
        head, expression = self._motion.heads[number], self._motion.expression[number]
        points = head.apply(self._points + expression)
        gaze = self._motion.gaze[number]
        if max(np.abs(points - self._points).max(), np.abs(gaze).max()) < STILL:
            self._depth = self._rest_depth
            return self._source.copy()
        vertices = self._relief.moved(head.matrix, expression[:468])
        window = self._window
        places, depth = self._draw(vertices)
        self._depth = depth
        places -= (window.left, window.top)
        seen = sample(self._front, places)
        nothing = depth >= FAR
        if nothing.any():
            seen[nothing] = 0.0
        self._skin.uncover(seen, vertices, depth, head.rotation, window)
        image = cv2.multiply(self._background, _thrice(1.0 - np.clip(seen[..., 3], 0.0, 1.0)))
        image += seen[..., :3]
        for eye in self._eyes:
            self._look(image, places, eye, points, gaze[eye.number])
        self._speak(image, points, number, picture)
        return self._finish(image)

    def nearer(self) -> np.ndarray:
        """Return how far the head came nearer in the frame made last, float32 (h, w).

        In face widths, 0 where nothing is or moves.
        """
        change = np.zeros(self._source.shape[:2], np.float32)
        there = (self._depth < FAR) & (self._rest_depth < FAR)
        ahead = (self._rest_depth - self._depth) / face_width(self._points)
        change[self._window.slices] = np.where(there, ahead, 0.0)
        return np.where(self.mask > 0, change, 0.0)

    def _draw(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        relief = self._relief
        return draw_places(vertices, relief.triangles, relief.rest[:, :2], self._window)

    def _look(
        self, image: np.ndarray, places: np.ndarray, eye: Eye, points: np.ndarray, gaze: np.ndarray
    ) -> None:
        """Put an eyeball between its lids, and the lashes along them."""
        opening = eye_opening(points[:, :2], eye.number)
        window = Window.around(opening, self._window, MARGIN)
        if window.empty:
            return
        slices = window.within(self._window).slices
        upper = EYES[eye.number][0]
        open_ = lid_opening(points, eye.number)
        # The line of closed lids has no width.
        inside = min(open_ / CLOSED, 1.0) * draw_polygon(opening, window)[..., None]
        ball = eye.see(window, points[[upper[0], upper[-1]], :2], gaze)
        layer = eye.window.within(self._window)
        moved = abs(open_ / self._openings[eye.number] - 1.0)
        calm = 1.0 - moved / LIDS - float(np.linalg.norm(gaze)) / (GAZE * eye.radius)
        there = places[slices] - np.array([layer.left + 0.5, layer.top + 0.5], np.float32)
        lashes, rest = (
            cv2.remap(line, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            for line in (eye.lashes, eye.rest)
        )
        part = image[slices]
        part += inside * (ball * lashes - part) + float(np.clip(calm, 0.0, 1.0)) * rest

    def _speak(
        self, image: np.ndarray, points: np.ndarray, number: int, picture: np.ndarray | None
    ) -> None:
        """Put the inside of the mouth between the lips."""
        lips = mouth.lips_of(points)
        opening = mouth.opening_of(lips, self._mouth_width)
        share = mouth.seen_share(opening, self._rest_opening)
        window = Window.around(lips, self._window, MARGIN)
        if share == 0.0 or window.empty:
            return
        inside = self._mouth.see(number, picture, window, lips, self._motion.heads[number])
        part = image[window.within(self._window).slices]
        part += share * mouth.mask_of(lips, window)[..., None] * (inside - part)

    def _finish(self, image: np.ndarray) -> np.ndarray:
        np.clip(image, 0.0, 1.0, out=image)
        if self._source.dtype == np.uint8:
            made = cv2.convertScaleAbs(image, alpha=self._white)
        else:
            made = (image * self._white + 0.5).astype(self._source.dtype)
        result = self._source.copy()
        part = result[self._window.slices]
        np.copyto(part, made, where=self._inside)
        return result


def _thrice(channel: np.ndarray) -> np.ndarray:
    return cv2.merge([channel, channel, channel])
