"""Takes the points of a driver to where its pictures show them to be.

The landmarker sees each frame by itself and is off by a pixel or two. But the driver's neutral
frame, moved by what was found, should look like each other frame: optical flow between the two
tells what is missing. Flow over the hair tells how the head as a whole moved, which the points of a
talking face tell badly.
"""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np

from zograscope_server.faces import regions
from zograscope_server.portrait.mesh.matte import Segmenter
from zograscope_server.portrait.mesh.rasterizer import FAR, Window, draw_places, sample
from zograscope_server.portrait.mesh.relief import build_relief
from zograscope_server.portrait.similarity import Similarity
from zograscope_server.portrait.track import DriverTrack
from zograscope_server.portrait.transfer import face_width

FACE = 110.0  # pixels across the face at which flow is taken
STIFF = 0.05  # how far neighbouring points are corrected alike
MOST = 0.05  # face widths that a point may be off
BLUR = 1.5  # pixels over which flow is averaged
UNSURE = 0.1  # weight of points whose neighbourhood opens and closes
RIM = 0.5  # weight of the face's outline, where the background takes part
HEAD, HAIR = 0.95, 0.8  # of following and matte: less is not the head
FEWEST = 8  # places on the hair that tell the head's movement
ROUNDS = 4  # of reweighting by what is left, so that strands that flutter do not count
LEFT = 0.3  # pixels that are left without counting against a place


class Refiner:
    """Corrects a track frame by frame."""

    def __init__(self, track: DriverTrack, neutral: np.ndarray, segmenter: Segmenter) -> None:
        """Build the driver's own relief from its neutral frame, uint8 (h, w, 3)."""
        self._track = track
        self._scale = FACE / face_width(track.points[track.neutral])
        self._neutral = self._shrunk(neutral)
        height, width = self._neutral.shape[:2]
        self._window = Window(0, 0, width, height)
        self._rest = track.points[track.neutral].astype(np.float64) * self._scale
        self._relief = build_relief(self._rest.astype(np.float32), (width, height))
        self._smooth = _smoothing()
        self._hair, self._weights = self._find_hair(segmenter(self._neutral))
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def refine(self, number: int, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the corrected points (478, 3) and the head's matrix (3, 4) of a frame.

        Args:
            number: of the frame.
            picture: uint8 (h, w, 3).
        """
        points = self._track.points[number].astype(np.float64) * self._scale
        head = Similarity.nearest(self._track.heads[number] * _column(self._scale))
        expression = head.inverse.apply(points) - self._rest
        relief = self._relief
        vertices = relief.moved(head.matrix, expression[:468])
        offsets = self._offsets(vertices, self._shrunk(picture))
        most = MOST * FACE
        points[:468, :2] += self._smooth @ np.clip(offsets[:468], -most, most)
        head = self._correct(head, vertices[self._hair, :2], offsets[self._hair])
        return points / self._scale, head.matrix * _column(1.0 / self._scale)

    def _shrunk(self, picture: np.ndarray) -> np.ndarray:
        method = cv2.INTER_AREA if self._scale < 1.0 else cv2.INTER_LINEAR
        return cv2.resize(picture, None, fx=self._scale, fy=self._scale, interpolation=method)

    def _offsets(self, vertices: np.ndarray, picture: np.ndarray) -> np.ndarray:
        """What each vertex (v, 3) is away from where the picture shows it, in pixels (v, 2)."""
        relief = self._relief
        places, depth = draw_places(vertices, relief.triangles, relief.rest[:, :2], self._window)
        expected = sample(self._neutral, places, cv2.INTER_LINEAR)
        nothing = depth >= FAR
        expected[nothing] = picture[nothing]
        grey, real = (cv2.cvtColor(side, cv2.COLOR_RGB2GRAY) for side in (expected, picture))
        # Kroeger, Timofte, Dai, Van Gool, "Fast optical flow using dense inverse search", 2016.
        flow = cv2.GaussianBlur(self._flow.calc(grey, real, None), (0, 0), BLUR)  # type: ignore[call-overload]
        return sample(flow, vertices[None, :, :2].astype(np.float32), cv2.INTER_LINEAR)[0]

    def _find_hair(self, matte: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vertices on the head outside the face, and how much their neighbourhood tells."""
        grey = cv2.cvtColor(self._neutral, cv2.COLOR_RGB2GRAY).astype(np.float32)
        slope = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))
        telling = cv2.GaussianBlur(slope, (0, 0), 3.0)
        places = self._relief.rest[None, :, :2]
        size = (self._window.width, self._window.height)
        inside = ((places[0] > 2) & (places[0] < np.array(size) - 3)).all(axis=1)
        on_head = (self._relief.follow > HEAD) & (sample(matte, places, cv2.INTER_LINEAR)[0] > HAIR)
        hair = np.flatnonzero(inside & on_head & (np.arange(len(inside)) >= 468))
        return hair, sample(telling, places[:, hair], cv2.INTER_LINEAR)[0].astype(np.float64)

    def _correct(self, head: Similarity, places: np.ndarray, offsets: np.ndarray) -> Similarity:
        """Turn, scale and shift the head in the picture's plane as its hair moved."""
        if len(places) < FEWEST or self._weights.max() <= 0:
            return head
        start, end = places.astype(np.float64), places + offsets.astype(np.float64)
        weights = self._weights
        for _ in range(ROUNDS):
            change = _fit_in_plane(start, end, weights)
            left = np.linalg.norm(change.apply(_flat(start))[:, :2] - end, axis=1)
            weights = self._weights / (left + LEFT)
        return Similarity(
            change.rotation @ head.rotation,
            change.scale * head.scale,
            change.apply(head.shift[None])[0],
        )


def refine_track(
    track: DriverTrack,
    frames: Iterable[tuple[float, np.ndarray]],
    neutral: np.ndarray,
    segmenter: Segmenter,
) -> DriverTrack:
    """Return a track with corrected points and heads.

    Args:
        track: as the tracker gave it.
        frames: the driver's times and pictures, uint8 (h, w, 3).
        neutral: the picture of its neutral frame.
        segmenter: finds persons.
    """
    refiner = Refiner(track, neutral, segmenter)
    points, heads = track.points.copy(), track.heads.copy()
    for number, (_, picture) in zip(range(len(track)), frames, strict=False):
        if track.found[number] and number != track.neutral:
            points[number], heads[number] = refiner.refine(number, picture)
    return replace(track, points=points, heads=heads)


def _fit_in_plane(start: np.ndarray, end: np.ndarray, weights: np.ndarray) -> Similarity:
    """The turn, size and shift between weighted places (n, 2), in least squares."""
    share = weights[:, None] / weights.sum()
    middle, goal = (share * start).sum(axis=0), (share * end).sum(axis=0)
    start, end = start - middle, end - goal
    spread = (share * start**2).sum()
    along = (share * start * end).sum() / spread
    across = (share[:, 0] * (start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0])).sum() / spread
    scale = float(np.hypot(along, across))
    rotation = np.eye(3)
    rotation[:2, :2] = np.array([[along, -across], [across, along]]) / scale
    shift = np.zeros(3)
    shift[:2] = goal - scale * rotation[:2, :2] @ middle
    return Similarity(rotation, scale, shift)


def _flat(places: np.ndarray) -> np.ndarray:
    return np.column_stack([places, np.zeros(len(places))])


def _column(scale: float) -> np.ndarray:
    """What takes a matrix (3, 4) from one unit of length to another."""
    return np.array([1.0, 1.0, 1.0, scale])


def _smoothing() -> np.ndarray:
    """The matrix (468, 468) that takes offsets to smooth ones, by a bending energy."""
    triangles = regions.triangles()
    joined = np.zeros((468, 468))
    for one, other in ((0, 1), (1, 2), (2, 0)):
        joined[triangles[:, one], triangles[:, other]] = 1.0
    joined = np.maximum(joined, joined.T)
    laplacian = np.diag(joined.sum(axis=1)) - joined
    weights = np.ones(468)
    for row in (
        regions.RIGHT_UPPER_LID,
        regions.RIGHT_LOWER_LID,
        regions.LEFT_UPPER_LID,
        regions.LEFT_LOWER_LID,
        regions.INNER_UPPER_LIP,
        regions.INNER_LOWER_LIP,
    ):
        weights[list(row)] = UNSURE
    weights[list(regions.OVAL)] = RIM
    return np.linalg.solve(np.diag(weights) + STIFF * laplacian @ laplacian, np.diag(weights))
