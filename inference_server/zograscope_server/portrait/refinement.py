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
from zograscope_server.faces.regions import face_width
from zograscope_server.portrait.mesh.matte import Segmenter
from zograscope_server.portrait.mesh.rasterizer import FAR, Window, draw_places, sample
from zograscope_server.portrait.mesh.relief import build_relief
from zograscope_server.portrait.similarity import Similarity
from zograscope_server.portrait.track import DriverTrack, steady

FACE = 110.0  # pixels across the face at which flow is taken
PASSES = 2  # the second finds what the first left, at edges above all
STIFF = 0.04  # how far neighbouring points are corrected alike
MOST = 0.04  # face widths that a point may be off
BLUR = 1.5  # pixels over which flow is averaged
UNSURE = 0.1  # weight of points whose neighbourhood opens and closes
RIM = 0.5  # weight of the face's outline, where the background takes part
HEAD, HAIR = 0.95, 0.8  # of following and matte: less is not the head
FEWEST = 8  # places on the hair that tell the head's movement
ROUNDS = 4  # of reweighting by what is left, so that strands that flutter do not count
BONES = 0.5  # weight of the face's bones against that of the hair
TURN = 0.05  # how much a turn must explain
LEFT = 0.3  # pixels that are left without counting against a place


OPENINGS = (
    regions.INNER_UPPER_LIP + regions.INNER_LOWER_LIP[-2:0:-1],
    regions.RIGHT_UPPER_LID + regions.RIGHT_LOWER_LID[-2:0:-1],
    regions.LEFT_UPPER_LID + regions.LEFT_LOWER_LID[-2:0:-1],
)


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
        relief, small, most = self._relief, self._shrunk(picture), MOST * FACE
        for _ in range(PASSES):
            expression = head.inverse.apply(points) - self._rest
            vertices = relief.moved(head.matrix, expression[:468])
            offsets = self._offsets(vertices, small)
            points[:468, :2] += self._smooth @ np.clip(offsets[:468], -most, most)
            head = self._correct(head, points, offsets[self._hair])
        return points / self._scale, head.matrix * _column(1.0 / self._scale)

    def _shrunk(self, picture: np.ndarray) -> np.ndarray:
        method = cv2.INTER_AREA if self._scale < 1.0 else cv2.INTER_LINEAR
        return cv2.resize(picture, None, fx=self._scale, fy=self._scale, interpolation=method)

    def _offsets(self, vertices: np.ndarray, picture: np.ndarray) -> np.ndarray:
        """What each vertex (v, 3) is away from where the picture shows it, in pixels (v, 2)."""
        relief = self._relief
        places, depth = draw_places(vertices, relief.triangles, relief.rest[:, :2], self._window)
        expected = sample(self._neutral, places, cv2.INTER_LINEAR)
        # What opens shows what the neutral frame cannot have: nothing is learnt there.
        unknown = (depth >= FAR).astype(np.uint8)
        for opening in OPENINGS:
            outline = np.round(vertices[list(opening), :2] * 16.0 - 8.0).astype(np.int32)
            cv2.fillPoly(unknown, [outline], 1, cv2.LINE_8, 4)
        around = cv2.dilate(unknown, np.ones((3, 3), np.uint8)) > 0
        expected[around] = picture[around]
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

    def _correct(self, head: Similarity, points: np.ndarray, offsets: np.ndarray) -> Similarity:
        """Place the head where its hair moved, and where the face's bones are."""
        if len(self._hair) < FEWEST or self._weights.max() <= 0:
            return head
        rigid = list(regions.RIGID)
        hair = head.apply(self._relief.rest[self._hair].astype(np.float64))
        bones = head.apply(self._rest[rigid])
        middle = bones.mean(axis=0)
        start = np.concatenate([hair, bones]) - middle
        goal = np.concatenate([offsets.astype(np.float64), (points[rigid] - bones)[:, :2]])
        own = np.full(len(rigid), BONES / len(rigid))
        share = np.concatenate([self._weights / self._weights.sum(), own])
        weights = share
        for _ in range(ROUNDS):
            change = _fit_small(start, goal, weights)
            left = np.linalg.norm((change.apply(start) - start)[:, :2] - goal, axis=1)
            weights = share / (left + LEFT)
        about = Similarity(np.eye(3), 1.0, middle)
        return about.after(change).after(about.inverse).after(head)


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
    points, heads = steady(points, heads, track.neutral)
    return replace(track, points=points, heads=heads)


def _fit_small(start: np.ndarray, offsets: np.ndarray, weights: np.ndarray) -> Similarity:
    """The small turn, growth and shift that move places (n, 3) by offsets (n, 2), as is seen."""
    from scipy.spatial.transform import Rotation

    x, y, z = start.T
    one, none = np.ones(len(start)), np.zeros(len(start))
    system = np.concatenate(
        [
            np.stack([one, none, x, none, z, -y], axis=1),
            np.stack([none, one, y, -z, none, x], axis=1),
        ]
    )
    root = np.sqrt(np.tile(weights / weights.sum(), 2))[:, None]
    # Turns out of the picture's plane are seen by little, so they must be worth it.
    prior = np.diag([0.0, 0.0, 0.0, TURN * FACE, TURN * FACE, 0.0])
    found, *_ = np.linalg.lstsq(
        np.concatenate([system * root, prior]),
        np.concatenate([offsets.T.reshape(-1, 1) * root, np.zeros((6, 1))])[:, 0],
        rcond=None,
    )
    shift = np.array([found[0], found[1], 0.0])
    return Similarity(Rotation.from_rotvec(found[3:]).as_matrix(), 1.0 + found[2], shift)


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
    weights[list(regions.LIDS + regions.INNER_LIPS)] = UNSURE
    weights[list(regions.OVAL)] = RIM
    return np.linalg.solve(np.diag(weights) + STIFF * laplacian @ laplacian, np.diag(weights))
