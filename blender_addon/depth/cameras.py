"""Camera moves that an artist can take apart: key frames on the camera, below an empty to grab.

Each move starts from the place where the photograph was taken. The empty's own transform is the
artist's and is never touched. How far a move goes is limited by what the scene shows there
(`holes.py`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import bpy
import numpy as np
from bpy_extras import anim_utils
from mathutils import Euler

from .builders import Diorama, disparity_of, set_rest_lens
from .holes import Pose, Scene, limit_reach

PATH_NAME = "camera path"
PATH_CONSTRAINT = "Camera path"
LENS = "lens"
CHANNELS = ("location", "rotation_euler")
NEAREST_CLEARANCE = 0.35  # of the near distance: how close a camera comes to a surface
HAND_HELD_SEED = 7
HAND_HELD_INTERVAL = 8  # frames between two key frames


@dataclass(frozen=True)
class Move:
    """A preset: where the camera is at each moment of the move.

    Attributes:
        most: the reach it never exceeds: a share of the subject's distance, or radians.
        at: (moment in [0, 1], reach, distance of the subject) -> position (3), rotation (Euler x,
            y, z) and zoom.
        keys: how many key frames, ends included, it takes to write the move down.
    """

    most: float
    at: Callable[[float, float, float], tuple[tuple[float, ...], tuple[float, ...], float]]
    keys: int = 2


STILL = (0.0, 0.0, 0.0)


def _push_in(moment: float, reach: float, distance: float):
    return (0.0, 0.0, -reach * distance * moment), STILL, 1.0


def _pull_out(moment: float, reach: float, distance: float):
    return _push_in(1.0 - moment, reach, distance)


def _orbit(moment: float, reach: float, distance: float):
    angle = reach * math.sin(2 * math.pi * moment)
    x, z = distance * math.sin(angle), distance * (math.cos(angle) - 1.0)
    return (x, 0.0, z), (0.0, angle, 0.0), 1.0


def _truck(moment: float, reach: float, distance: float):
    return (reach * distance * math.sin(2 * math.pi * moment), 0.0, 0.0), STILL, 1.0


def _crane(moment: float, reach: float, distance: float):
    height = reach * distance * moment
    return (0.0, height, 0.0), (-math.atan2(height, distance), 0.0, 0.0), 1.0


def _dolly_zoom(moment: float, reach: float, distance: float):
    # Position and lens change in step, so the subject keeps its size between key frames too.
    return (0.0, 0.0, -reach * distance * moment), STILL, 1.0 - reach * moment


def _hand_held(moment: float, reach: float, distance: float):
    # Sums of incommensurable sines: never the same, always smooth, and at rest at first.
    phases = np.random.default_rng(HAND_HELD_SEED).uniform(0.0, 2 * math.pi, (5, 3))
    speeds = np.array([2.0, 3.1, 5.3])
    waves = np.sin(2 * math.pi * speeds * moment + phases) - np.sin(phases)
    x, y, z, tilt, pan = waves @ np.array([0.5, 0.3, 0.2])
    step = reach * distance
    return (step * x, step * y, step * z), (0.15 * reach * tilt, 0.15 * reach * pan, 0.0), 1.0


def _fly_through(moment: float, reach: float, distance: float):
    forward = -reach * distance * moment
    sway = 0.18 * reach * distance * math.sin(2 * math.pi * moment)
    rise = 0.06 * reach * distance * math.sin(math.pi * moment)
    return (sway, rise, forward), STILL, 1.0


MOVES = {
    "push_in": Move(0.45, _push_in),
    "pull_out": Move(0.45, _pull_out),
    "orbit": Move(math.radians(14), _orbit, keys=9),
    "truck": Move(0.22, _truck, keys=9),
    "crane": Move(0.22, _crane, keys=5),
    "dolly_zoom": Move(0.40, _dolly_zoom),
    "hand_held": Move(0.02, _hand_held),
    "fly_through": Move(0.75, _fly_through, keys=5),
}


def apply_preset(
    diorama: Diorama, preset: str, frames: int, fps: int, reach: float | None = None
) -> float:
    """Give the diorama's camera a move, in place of an earlier one.

    Args:
        diorama: whose camera moves.
        preset: a key of `MOVES`.
        frames: length of the move, from frame 1.
        fps: of the scene, for the pace of a held camera.
        reach: how far it goes (see `Move.most`); None measures how far it may.

    Returns:
        The reach.
    """
    move = MOVES[preset]
    distance = subject_distance(diorama)
    if reach is None:
        reach = measured_reach(diorama, preset)
    clear_move(diorama)
    if preset == "fly_through":
        _follow_path(diorama, move, reach, distance, frames)
    else:
        keys = max(2, frames // HAND_HELD_INTERVAL) if preset == "hand_held" else move.keys
        _write_keys(diorama, move, reach, distance, frames, keys)
    return reach


def measured_reach(diorama: Diorama, preset: str) -> float:
    """Return how far a preset may go before holes, smears or a surface come too close."""
    move, distance = MOVES[preset], subject_distance(diorama)

    def poses(reach: float) -> list[Pose]:
        moments = np.linspace(0.0, 1.0, 5)[1:]
        return [pose_at(move, moment, reach, distance) for moment in (*moments, 0.0)]

    clearance = NEAREST_CLEARANCE * diorama.root["near"]
    return limit_reach(Scene.of(diorama), poses, move.most, clearance=clearance)


def pose_at(move: Move, moment: float, reach: float, distance: float) -> Pose:
    """Return the pose of a move at a moment in [0, 1]."""
    position, rotation, zoom = move.at(moment, reach, distance)
    return Pose(np.array(position), np.array(Euler(rotation).to_matrix()), zoom)


def subject_distance(diorama: Diorama) -> float:
    """Return the depth of what is near in the middle of the picture: what a camera turns about."""
    disparity = disparity_of(diorama.photograph)
    rows, columns = disparity.shape
    middle = disparity[rows // 4 : rows - rows // 8, columns // 4 : columns - columns // 4]
    near, far = diorama.root["near"], diorama.root["far"]
    share = float(np.percentile(middle, 60))
    return 1.0 / ((1.0 / near - 1.0 / far) * share + 1.0 / far)


def clear_move(diorama: Diorama) -> None:
    """Take the camera's move away and put it back to rest; the rig is left as it is."""
    camera = diorama.camera
    for constraint in [c for c in camera.constraints if c.name == PATH_CONSTRAINT]:
        path = constraint.target
        camera.constraints.remove(constraint)
        if path is not None:
            bpy.data.objects.remove(path)
    for owner, channels in ((camera, CHANNELS), (camera.data, (LENS,))):
        for channel in channels:
            for curve in list(_curves(owner)):
                if curve.data_path == channel:
                    _channelbag_curves(owner).remove(curve)
    camera.location = camera.rotation_euler = STILL
    set_rest_lens(camera.data, diorama.intrinsics)


def _write_keys(
    diorama: Diorama, move: Move, reach: float, distance: float, frames: int, keys: int
) -> None:
    camera = diorama.camera
    rest_lens = camera.data.lens
    for moment in np.linspace(0.0, 1.0, keys):
        frame = 1 + moment * (frames - 1)
        position, rotation, zoom = move.at(float(moment), reach, distance)
        camera.location, camera.rotation_euler = position, rotation
        camera.data.lens = rest_lens * zoom
        for channel in CHANNELS:
            camera.keyframe_insert(channel, frame=frame)
        camera.data.keyframe_insert(LENS, frame=frame)
    for owner in (camera, camera.data):
        _ease(owner)


def _follow_path(diorama: Diorama, move: Move, reach: float, distance: float, frames: int) -> None:
    """Let the camera follow a curve that the artist can edit."""
    name = f"{diorama.root.name} {PATH_NAME}"
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions = "3D"
    spline = curve.splines.new("BEZIER")
    spline.bezier_points.add(move.keys - 1)
    for point, moment in zip(spline.bezier_points, np.linspace(0.0, 1.0, move.keys), strict=True):
        point.co = move.at(float(moment), reach, distance)[0]
        point.handle_left_type = point.handle_right_type = "AUTO"
    path = bpy.data.objects.new(name, curve)
    path.parent = diorama.camera_rig
    diorama.collection.objects.link(path)

    constraint = diorama.camera.constraints.new("FOLLOW_PATH")
    constraint.name, constraint.target = PATH_CONSTRAINT, path
    constraint.use_fixed_location = True
    for frame, offset in ((1, 0.0), (frames, 1.0)):
        constraint.offset_factor = offset
        constraint.keyframe_insert("offset_factor", frame=frame)
    _ease(diorama.camera)


def _ease(owner: bpy.types.ID) -> None:
    """Let the F-curves start and end gently, and never overshoot."""
    for curve in _curves(owner):
        for key in curve.keyframe_points:
            key.interpolation = "BEZIER"
            key.handle_left_type = key.handle_right_type = "AUTO_CLAMPED"
        curve.update()


def _curves(owner: bpy.types.ID):
    """Return the F-curves of an object or camera; Blender 5 keeps them in the slot's bag."""
    if owner.animation_data is None or owner.animation_data.action is None:
        return ()
    bag = _channelbag(owner)
    return () if bag is None else bag.fcurves


def _channelbag(owner: bpy.types.ID):
    data = owner.animation_data
    return anim_utils.action_get_channelbag_for_slot(data.action, data.action_slot)


def _channelbag_curves(owner: bpy.types.ID):
    return _channelbag(owner).fcurves
