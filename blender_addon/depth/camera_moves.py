"""Where the camera is at each frame of a move: plain functions over arrays, without Blender.

All poses are relative to the place where the photograph was taken: x to the right, y up, -z ahead,
rotations as Blender's XYZ Euler angles. Every move passes through rest exactly, on a whole frame:
there the film shows the photograph itself.

*Reach* says how far a move goes: a share of the subject's distance for most, radians for the orbit,
the share of its route for the fly-through.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .flight_route import Route

HAND_HELD_SEED = 7
HAND_HELD_RATES = (0.23, 0.61, 1.27)  # hertz: the body sways, the arms drift, the hands tremble
HAND_HELD_STRENGTHS = (1.0, 0.4, 0.1)
HAND_HELD_TURN = 0.5  # radians for each unit of reach
HAND_HELD_SETTLING = 1.0  # seconds from rest to its full sway, and back at the end
HAND_HELD_KEYS = 5  # for each second
GAZE = 0.5  # share of the way by which a camera in flight turns to where it flies
TANGENT_STEP = 1e-4  # of a move, to measure its speed


class Pose(NamedTuple):
    """One moment of a camera.

    Attributes:
        position: (3,).
        rotation: (3, 3) from camera axes to rest-camera axes.
        zoom: factor of the rest pose's focal length.
    """

    position: np.ndarray
    rotation: np.ndarray
    zoom: float

    def seen(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where points (n, 3) are seen, and how far ahead they lie (n,).

        The places (n, 2) are x to the right and y up, at a focal length of 1; what lies behind the
        camera is nowhere.
        """
        x, y, z = ((points - self.position) @ self.rotation).T
        places = self.zoom * np.stack([x, y], axis=-1) / np.maximum(-z, 1e-9)[:, None]
        return places, -z


@dataclass(frozen=True)
class CameraPath:
    """Poses of n moments.

    Attributes:
        positions: (n, 3).
        rotations: (n, 3) Euler angles in radians.
        zooms: (n,) factors of the rest pose's focal length.
    """

    positions: np.ndarray
    rotations: np.ndarray
    zooms: np.ndarray

    def matrices(self) -> np.ndarray:
        """Return (n, 3, 3) rotations from camera axes to rest-camera axes."""
        return np.array([_euler_matrix(*angles) for angles in self.rotations])

    def poses(self) -> Iterator[Pose]:
        """Yield the pose of each moment."""
        for pose in zip(self.positions, self.matrices(), self.zooms, strict=True):
            yield Pose(*pose)


@dataclass(frozen=True)
class Surroundings:
    """What a move needs to know of the diorama.

    Attributes:
        subject: distance of what the camera looks at, along its axis.
        aim: x and y, at a depth of 1, of what a push goes towards; it keeps its place in the view.
        seconds: duration of the move.
        route: where a fly-through leads.
    """

    subject: float
    aim: tuple[float, float] = (0.0, 0.0)
    seconds: float = 4.0
    route: Route | None = None


Course = Callable[[np.ndarray], np.ndarray]
Column = np.ndarray | float


@dataclass(frozen=True)
class Move:
    """A preset.

    Attributes:
        course: from moments in [0, 1] to progress: 0 is rest, 1 the whole reach.
        pose: from progress, reach and surroundings to positions, rotations and zooms.
        most: the reach it never exceeds.
        least: the reach below which it is hardly seen to move: no picture stands still.
        keys: how many key frames write it down; 2 where it is straight.
        flaws: share of a view that may be stretched or invented; a flight has to show what lies
            behind.
        worst_part: share of a part of the view that may be so: what a camera comes up to grows, and
            stands in the middle, where an orbit has it at its sides.
        both_ways: whether it may as well go the other way, by a reach below 0.
    """

    course: Course
    pose: Callable[[np.ndarray, float, Surroundings], CameraPath]
    most: float
    least: float
    keys: int
    flaws: float = 0.15
    worst_part: float = 0.5
    both_ways: bool = False


def camera_path(
    preset: str, moments: np.ndarray, reach: float, surroundings: Surroundings
) -> CameraPath:
    """Return a preset's poses at moments in [0, 1], see `frame_moments`."""
    move = MOVES[preset]
    return move.pose(move.course(np.clip(moments, 0.0, 1.0)), reach, surroundings)


def camera_speed(
    preset: str, moments: np.ndarray, reach: float, surroundings: Surroundings
) -> CameraPath:
    """Return how fast positions, rotations and zooms change, for each unit of moment."""
    before, after = (
        camera_path(preset, moments + step, reach, surroundings)
        for step in (-TANGENT_STEP, TANGENT_STEP)
    )
    return CameraPath(
        *(
            (getattr(after, part) - getattr(before, part)) / (2 * TANGENT_STEP)
            for part in ("positions", "rotations", "zooms")
        )
    )


def frame_moments(preset: str, frames: int) -> np.ndarray:
    """Return the moment of each frame, (frames,), from 0 to 1.

    A sweep through rest has rest in its middle, which must be a frame: with an even number of
    frames it arrives one frame early and holds.
    """
    last = frames - 1
    if MOVES[preset].course is _sweep:
        last -= last % 2
    if last < 1:
        return np.full(frames, _rest_moment(preset))
    return np.minimum(np.arange(frames) / last, 1.0)


def key_frames(preset: str, frames: int, seconds: float) -> np.ndarray:
    """Return the frames, counted from 0, at which key frames describe the move."""
    moments = frame_moments(preset, frames)
    last = int(np.argmax(moments))
    keys = MOVES[preset].keys
    if preset == "hand_held":
        keys = max(2, round(seconds * HAND_HELD_KEYS) + 1)
    return np.unique(np.linspace(0, last, keys).round().astype(int))


def rest_frame(preset: str, frames: int) -> int:
    """Return the frame, counted from 0, at which the film shows the photograph itself."""
    away = np.abs(frame_moments(preset, frames) - _rest_moment(preset))
    return int(np.argmin(away))


def _rest_moment(preset: str) -> float:
    rests: dict[Course, float] = {_sweep: 0.5, _homewards: 1.0}
    return rests.get(MOVES[preset].course, 0.0)


def _ease(moments: np.ndarray) -> np.ndarray:
    """Start and end gently: the very curve of two key frames with flat handles."""
    return moments * moments * (3.0 - 2.0 * moments)


def _outwards(moments: np.ndarray) -> np.ndarray:
    return _ease(moments)


def _homewards(moments: np.ndarray) -> np.ndarray:
    return 1.0 - _ease(moments)


def _sweep(moments: np.ndarray) -> np.ndarray:
    return 2.0 * _ease(moments) - 1.0


def _as_time(moments: np.ndarray) -> np.ndarray:
    return moments


def _path(
    progress: np.ndarray,
    *,
    position: tuple[Column, Column, Column] = (0.0, 0.0, 0.0),
    rotation: tuple[Column, Column, Column] = (0.0, 0.0, 0.0),
    zoom: Column = 1.0,
) -> CameraPath:
    def columns(values: tuple[Column, ...]) -> np.ndarray:
        return np.stack([np.broadcast_to(value, progress.shape) for value in values], axis=-1)

    zooms = np.broadcast_to(zoom, progress.shape).astype(float)
    return CameraPath(columns(position), columns(rotation), zooms)


def _push(progress: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    """Go towards what the camera aims at, without turning."""
    distance = reach * around.subject * progress
    across, up = around.aim
    return _path(progress, position=(across * distance, up * distance, -distance))


def _orbit(progress: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    """Turn about the subject's place on the optical axis, which stays in the middle."""
    angle, radius = reach * progress, around.subject
    position = (radius * np.sin(angle), 0.0, radius * (np.cos(angle) - 1.0))
    return _path(progress, position=position, rotation=(0.0, angle, 0.0))


def _truck(progress: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    return _path(progress, position=(reach * around.subject * progress, 0.0, 0.0))


def _crane(progress: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    """Rise, and bow to the subject."""
    height = reach * around.subject * progress
    tilt = -np.arctan2(height, around.subject)
    return _path(progress, position=(0.0, height, 0.0), rotation=(tilt, 0.0, 0.0))


def _dolly_zoom(progress: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    """Step back and zoom in, so that the subject keeps its size while all behind it swells.

    Its size is zoom / distance. Both are straight lines of one progress, and so they stay in step
    between key frames too.
    """
    step = reach * progress
    return _path(progress, position=(0.0, 0.0, around.subject * step), zoom=1.0 + step)


def _hand_held(moments: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    """Sway as a sum of sines whose rates share no period: smooth, and never twice the same."""
    random = np.random.default_rng(HAND_HELD_SEED)
    seconds = moments * around.seconds
    axes, waves = 6, len(HAND_HELD_RATES)
    rates = np.array(HAND_HELD_RATES) * random.uniform(0.85, 1.15, (axes, waves))
    phases = random.uniform(0.0, 2.0 * math.pi, (axes, waves))
    sines = np.sin(2.0 * math.pi * rates * seconds[:, None, None] + phases)
    sway = sines @ np.array(HAND_HELD_STRENGTHS) / sum(HAND_HELD_STRENGTHS)
    settling = min(HAND_HELD_SETTLING, around.seconds / 2)
    sway *= _ease(np.clip(seconds / settling, 0.0, 1.0))[:, None]
    sway *= _ease(np.clip((around.seconds - seconds) / settling, 0.0, 1.0))[:, None]
    return CameraPath(
        positions=sway[:, :3] * reach * around.subject,
        rotations=sway[:, 3:] * reach * HAND_HELD_TURN,
        zooms=np.ones(len(moments)),
    )


def _fly_through(progress: np.ndarray, reach: float, around: Surroundings) -> CameraPath:
    """Follow the route, and look half-way towards where it leads."""
    assert around.route is not None, "a fly-through needs a route"
    positions, ahead = around.route.upto(reach).at(progress)
    rotations = np.zeros_like(positions)
    rotations[:, 0] = GAZE * np.arctan2(ahead[:, 1], -ahead[:, 2])
    rotations[:, 1] = GAZE * np.arctan2(-ahead[:, 0], -ahead[:, 2])
    return CameraPath(positions, rotations, np.ones(len(progress)))


def _euler_matrix(x: float, y: float, z: float) -> np.ndarray:
    """Return the rotation about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([x, y, z]), np.sin([x, y, z])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


MOVES = {
    "push_in": Move(
        _outwards, _push, most=0.35, least=0.06, keys=2, worst_part=0.35, both_ways=True
    ),
    "pull_out": Move(
        _homewards, _push, most=0.35, least=0.06, keys=2, worst_part=0.35, both_ways=True
    ),
    "orbit": Move(_sweep, _orbit, most=math.radians(15), least=math.radians(2), keys=9),
    "truck": Move(_sweep, _truck, most=0.25, least=0.035, keys=3),
    "crane": Move(_sweep, _crane, most=0.25, least=0.035, keys=9),
    "dolly_zoom": Move(_outwards, _dolly_zoom, most=0.6, least=0.08, keys=2, worst_part=0.35),
    "hand_held": Move(_as_time, _hand_held, most=0.03, least=0.006, keys=2),
    "fly_through": Move(_outwards, _fly_through, most=1.0, least=0.05, keys=9, flaws=0.22),
}
