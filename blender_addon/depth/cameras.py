"""Camera moves that an artist can take apart: key frames on the camera, below an empty to grab.

`camera_moves` says where the camera is; here that becomes F-curves, and for the fly-through a curve
to bend. The rig empty's own transform and animation are the artist's and are never touched. How far
a move goes is limited by what a person would see there (`limits`), and where there are people it
turns about them and goes towards them.
"""

import bpy
import numpy as np

from ..animation import curves_of, write_curves
from . import camera_moves
from .attention import attention_of, main_faces
from .builders import set_rest_lens
from .camera_moves import MOVES, Surroundings
from .diorama import Diorama, disparity_of
from .flight_route import Route, plan_route
from .holes import Surfaces, rest_surface
from .limits import Limits, limit_reach
from .relief import depth_from_disparity, strengthen

FIRST_FRAME = 1
PATH_MARK = "zograscope_camera_path"
MOVE = "zograscope_move"
"""On the root: the preset of its camera, its frames and their rate, and the reach of share 1."""
CURVE_RESOLUTION = 48
MEASURED_MOMENTS = np.array([1.0, 0.0, 0.75, 0.6, 0.45, 0.3])
CLEARANCE = 0.4  # of the near distance: what is closer is 2.5 times as large as at rest
SKY_DISPARITY = 0.05
SUBJECT_PERCENTILE = 60  # of the disparity in the middle of the picture
ROUTE_COLUMNS = 64


def apply_preset(
    diorama: Diorama,
    preset: str,
    frames: int,
    fps: float,
    reach: float | None = None,
    share: float = 1.0,
) -> float:
    """Give the diorama's camera a move, in place of the preset it had.

    Args:
        diorama: whose camera moves.
        preset: a key of `camera_moves.MOVES`.
        frames: length of the move, from frame 1.
        fps: frames a second; a hand-held camera sways at its own pace.
        reach: how far it goes (see `camera_moves`); None measures how far it may and should.
        share: of the reach that it goes: 0 stands still, above 1 a person may see what is wrong.

    Returns:
        The reach as a whole, of which it goes the share.
    """
    around = survey(diorama, preset, frames / fps)
    if reach is None:
        reach = measured_reach(diorama, preset, around)
    diorama.root[MOVE] = {"preset": preset, "frames": frames, "fps": fps, "reach": reach}
    _write_move(diorama, preset, frames, _share_of(reach, preset, share), around)
    return reach


def scale_move(diorama: Diorama, share: float) -> None:
    """Let a diorama's camera go another share of the reach that was measured for its move."""
    if MOVE in diorama.root:
        apply_preset(diorama, **dict(diorama.root[MOVE]), share=share)


def _share_of(reach: float, preset: str, share: float) -> float:
    """Return a share of a reach; a flight's route has an end."""
    return min(reach * share, 1.0) if preset == "fly_through" else reach * share


def _write_move(
    diorama: Diorama, preset: str, frames: int, reach: float, around: Surroundings
) -> None:
    """Write a move's key frames, in place of those that the camera had."""
    clear_move(diorama)
    moments = camera_moves.frame_moments(preset, frames)
    keys = camera_moves.key_frames(preset, frames, around.seconds)
    path = camera_moves.camera_path(preset, moments[keys], reach, around)
    speed = camera_moves.camera_speed(preset, moments[keys], reach, around)
    # Speeds are for each moment, slopes of F-curves for each frame.
    pace = moments[1] - moments[0] if frames > 1 else 0.0
    camera, lens, key_frames = diorama.camera, diorama.camera.data.lens, keys + FIRST_FRAME
    if around.route is None:
        write_curves(camera, "location", key_frames, path.positions, pace * speed.positions)
    write_curves(camera, "rotation_euler", key_frames, path.rotations, pace * speed.rotations)
    write_curves(camera.data, "lens", key_frames, lens * path.zooms, lens * pace * speed.zooms)
    if around.route is not None:
        _lay_path(diorama, around.route.upto(reach), frames)


def survey(diorama: Diorama, preset: str, seconds: float) -> Surroundings:
    """Find what a move needs to know: subject and aim, and a route for a flight."""
    route = None
    if preset == "fly_through":
        route = plan_route(_coarse_depth(diorama), diorama.intrinsics, _clearance(diorama))
    return Surroundings(subject_distance(diorama), aim(diorama), seconds, route)


def aim(diorama: Diorama) -> tuple[float, float]:
    """Return what a push goes towards, x and y at a depth of 1: the middle of faces, or ahead."""
    faces, camera = attention_of(diorama.root).faces, diorama.intrinsics
    if not len(faces):
        return 0.0, 0.0
    places = faces[..., :2].reshape(-1, 2)
    u, v = ((places.min(axis=0) + places.max(axis=0)) / 2).clip(0, (camera.width, camera.height))
    return (u - camera.cx) / camera.focal_length, (camera.cy - v) / camera.focal_length


def subject_distance(diorama: Diorama) -> float:
    """Return the depth of what a camera turns about: people, or what stands in the middle."""
    faces = main_faces(attention_of(diorama.root).faces)
    if len(faces):
        return float(np.median(rest_surface(diorama).depth(faces[..., :2].reshape(-1, 2))))
    disparity = disparity_of(diorama.photograph)
    rows, columns = disparity.shape
    middle = disparity[rows // 4 : rows - rows // 8, columns // 4 : columns - columns // 4]
    solid = middle[middle > SKY_DISPARITY] if middle.max() > SKY_DISPARITY else middle
    return float(_depth(diorama, np.asarray(np.percentile(solid, SUBJECT_PERCENTILE), np.float32)))


def measured_reach(diorama: Diorama, preset: str, around: Surroundings) -> float:
    """Return how far a preset may go before a person would see what is wrong.

    Where that is less than the least that is seen as a move, it goes the other way, if it may go
    farther there; and no picture stands still: it goes the least, whatever is wrong with that.
    """
    move, surfaces = MOVES[preset], Surfaces.of(diorama)
    limits = Limits(move.flaws, _clearance(diorama), worst_part=move.worst_part)

    def path(reach: float) -> camera_moves.CameraPath:
        return camera_moves.camera_path(preset, MEASURED_MOMENTS, reach, around)

    reach = limit_reach(surfaces, path, move.most, limits)
    if reach < move.least and move.both_ways:
        backwards = limit_reach(surfaces, path, -move.most, limits)
        reach = min(reach, backwards, key=lambda either: -abs(either))
    return float(np.copysign(max(abs(reach), move.least), reach))


def clear_move(diorama: Diorama) -> None:
    """Take the camera's move away and put it back to rest; the rig is left as it is."""
    camera = diorama.camera
    for child in diorama.camera_rig.children:
        if PATH_MARK in child:
            _set_parent(camera, diorama.camera_rig)
            bpy.data.curves.remove(child.data)  # and the object with it
    for owner, channels in ((camera, ("location", "rotation_euler")), (camera.data, ("lens",))):
        curves = curves_of(owner)
        for curve in [curve for curve in curves if curve.data_path in channels]:
            curves.remove(curve)
    camera.location = camera.rotation_euler = (0.0, 0.0, 0.0)
    set_rest_lens(camera.data, diorama.intrinsics)


def _clearance(diorama: Diorama) -> float:
    """Return how near the camera may come to a surface."""
    return CLEARANCE * float(_depth(diorama, np.array(1.0, np.float32)))


def _depth(diorama: Diorama, disparity: np.ndarray) -> np.ndarray:
    settings = diorama.settings()
    return strengthen(depth_from_disparity(disparity, settings.near, settings.far), settings)


def _coarse_depth(diorama: Diorama) -> np.ndarray:
    """Return the photograph's depth, coarse: in each cell the depth of what is nearest there."""
    disparity = disparity_of(diorama.photograph)
    for axis, size in enumerate(disparity.shape):
        cells = max(2, round(ROUTE_COLUMNS * size / disparity.shape[1]))
        starts = np.unique(np.linspace(0, size, cells, endpoint=False).astype(int))
        disparity = np.maximum.reduceat(disparity, starts, axis=axis)
    return _depth(diorama, disparity)


def _lay_path(diorama: Diorama, route: Route, frames: int) -> None:
    """Lay a curve that the artist can bend, and let the camera ride on it."""
    name = f"{diorama.root.name} camera path"
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions = "3D"
    spline = curve.splines.new("BEZIER")
    spline.resolution_u = CURVE_RESOLUTION
    spline.bezier_points.add(len(route.points) - 1)
    for bezier, point, tangent in zip(
        spline.bezier_points, route.points, route.tangents, strict=True
    ):
        bezier.handle_left_type = bezier.handle_right_type = "ALIGNED"
        bezier.co = point
        bezier.handle_left, bezier.handle_right = point - tangent / 3, point + tangent / 3
    curve.use_path, curve.use_path_follow = True, False
    ride = np.array([0.0, curve.path_duration])
    write_curves(curve, "eval_time", np.array([1, max(frames, 2)]), ride, np.zeros(2))

    path = bpy.data.objects.new(name, curve)
    path[PATH_MARK] = True
    diorama.collection.objects.link(path)
    path.parent = diorama.camera_rig
    _set_parent(diorama.camera, path)


def _set_parent(camera: bpy.types.Object, parent: bpy.types.Object) -> None:
    """Put the camera below a parent whose place is its own.

    A child of a curve with `use_path` moves along it. A Follow Path constraint cannot do this below
    a rig: it would apply the rig's transform twice.
    """
    camera.parent = parent
    camera.matrix_parent_inverse.identity()
