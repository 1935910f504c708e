"""The camera's paths as numbers: rest is exact, subjects keep their place, flights miss walls."""

import importlib
import math

import numpy as np
import pytest

CAMERA_PRESETS = (
    "push_in",
    "pull_out",
    "orbit",
    "truck",
    "crane",
    "dolly_zoom",
    "hand_held",
    "fly_through",
)
SUBJECT = 5.0
SUBJECT_POINT = np.array([0.0, 0.0, -SUBJECT])


@pytest.fixture(scope="session")
def flights(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.flight_route")


@pytest.fixture
def around(moves, flights):
    route = flights.Route.through(
        np.array([(0, 0, 0), (0.2, 0.1, -1), (0.1, 0.3, -2), (-0.1, 0.2, -3.0)])
    )
    return moves.Surroundings(SUBJECT, seconds=4.0, route=route)


def project(path, points: np.ndarray, focal_length: float = 1000.0) -> np.ndarray:
    """Where each pose of a path sees a point (3,) or points (k, 3): pixels, (n, [k,] 2)."""
    seen = [
        (points - position) @ rotation * (zoom, zoom, 1.0)
        for position, rotation, zoom in zip(
            path.positions, path.matrices(), path.zooms, strict=True
        )
    ]
    seen = np.array(seen)
    return focal_length * seen[..., :2] / -seen[..., 2:]


def test_every_preset_of_the_command_line_is_a_move(moves):
    from zograscope_protocol.depth import command as commands

    assert tuple(moves.MOVES) == CAMERA_PRESETS == commands.CAMERA_PRESETS


@pytest.mark.parametrize("frames", [1, 2, 3, 24, 97])
@pytest.mark.parametrize("preset", CAMERA_PRESETS)
def test_one_whole_frame_is_exactly_at_rest(moves, around, preset, frames):
    moments = moves.frame_moments(preset, frames)
    path = moves.camera_path(preset, moments, moves.MOVES[preset].most, around)
    at_rest = (
        (np.abs(path.positions).max(axis=1) < 1e-12)
        & (np.abs(path.rotations).max(axis=1) < 1e-12)
        & (np.abs(path.zooms - 1) < 1e-12)
    )
    assert len(moments) == frames
    assert at_rest.any()
    assert frames < 3 or not at_rest.all()


@pytest.mark.parametrize("preset", CAMERA_PRESETS)
def test_moves_are_smooth_and_ease_in_and_out(moves, around, preset):
    path = moves.camera_path(preset, np.linspace(0, 1, 193), moves.MOVES[preset].most, around)
    for values in (path.positions, path.rotations, path.zooms[:, None]):
        steps = np.abs(np.diff(values, axis=0)).max(axis=1)
        assert steps[[0, -1]].max() <= 0.1 * steps.max()
        jolts = np.abs(np.diff(values, 2, axis=0)).max()
        assert jolts <= 0.15 * steps.max()


def test_orbit_keeps_the_subject_in_the_middle(moves, around):
    path = moves.camera_path("orbit", np.linspace(0, 1, 11), math.radians(15), around)
    assert np.abs(project(path, SUBJECT_POINT)).max() < 1e-9
    distances = np.linalg.norm(path.positions - SUBJECT_POINT, axis=1)
    assert np.allclose(distances, SUBJECT)
    assert math.degrees(np.ptp(path.rotations[:, 1])) == pytest.approx(30)


def test_crane_keeps_the_subject_in_the_middle(moves, around):
    path = moves.camera_path("crane", np.linspace(0, 1, 11), 0.2, around)
    assert np.abs(project(path, SUBJECT_POINT)).max() < 1e-9


@pytest.mark.parametrize("preset", ["push_in", "pull_out"])
def test_a_push_keeps_what_it_goes_towards_in_its_place(moves, preset):
    towards = (0.2, -0.15)
    around = moves.Surroundings(SUBJECT, towards)
    path = moves.camera_path(preset, np.linspace(0, 1, 11), 0.3, around)
    point = 2 * SUBJECT * np.array([*towards, -1.0])
    assert np.ptp(project(path, point), axis=0).max() < 1e-9
    assert np.abs(path.rotations).max() == 0


def test_a_pose_sees_as_its_path_does(moves, around):
    path = moves.camera_path("orbit", np.linspace(0, 1, 5), 0.2, around)
    points = np.array([(0.5, 0.2, -3.0), (-1.0, 0.4, -6.0)])
    for pose, expected in zip(path.poses(), project(path, points, 1.0), strict=True):
        places, ahead = pose.seen(points)
        assert places == pytest.approx(expected)
        assert (ahead > 0).all()


def test_dolly_zoom_keeps_the_subject_plane_and_changes_the_rest(moves, around):
    path = moves.camera_path("dolly_zoom", np.linspace(0, 1, 11), 0.6, around)
    plane = SUBJECT_POINT + np.array([(1.0, 0.5, 0), (-1.3, 0.2, 0)])
    assert np.ptp(project(path, plane), axis=0).max() < 1e-9
    assert np.ptp(project(path, plane * 2), axis=0).max() > 20


def test_speed_is_the_derivative_of_the_path(moves, around):
    moments = np.linspace(0, 1, 401)
    for preset in CAMERA_PRESETS:
        reach = moves.MOVES[preset].most
        path = moves.camera_path(preset, moments, reach, around)
        speed = moves.camera_speed(preset, moments, reach, around)
        numeric = np.gradient(path.positions, moments, axis=0)
        assert np.abs(speed.positions - numeric)[1:-1].max() < 2e-3 * SUBJECT, preset


def test_hand_held_is_the_same_each_time_and_small(moves, around):
    paths = [moves.camera_path("hand_held", np.linspace(0, 1, 97), 0.03, around) for _ in range(2)]
    assert np.array_equal(paths[0].positions, paths[1].positions)
    assert np.abs(paths[0].positions).max() < 0.03 * SUBJECT
    assert np.degrees(np.abs(paths[0].rotations)).max() < 1.5


def test_a_route_is_measured_by_its_length(flights):
    route = flights.Route.through(np.array([(0, 0, 0), (1, 0.5, -1), (1, 0, -4), (0, 0, -5.0)]))
    positions, ahead = route.at(np.linspace(0, 1, 51))
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    assert np.ptp(steps) < 0.02 * steps.mean()
    assert ahead[0] == pytest.approx((0, 0, -1))
    assert np.linalg.norm(ahead, axis=1) == pytest.approx(1)
    assert positions[-1] == pytest.approx((0, 0, -5), abs=1e-6)


def test_the_beginning_of_a_route_follows_the_route(flights):
    points = np.array([(0, 0, 0), (0.3, 0.2, -1), (0.2, 0, -2), (0, 0, -3), (0.1, 0.1, -4.0)])
    route = flights.Route.through(points)
    shares = np.linspace(0, 1, 21)
    whole, part = route.at(0.6 * shares)[0], route.upto(0.6).at(shares)[0]
    assert np.abs(whole - part).max() < 0.02


def wall_with_a_gap(columns: slice) -> np.ndarray:
    """A wall at depth 3 with a gap in it, through which one sees something at 20."""
    depth = np.full((40, 60), 3.0)
    depth[8:32, columns] = 20.0
    return depth


@pytest.mark.parametrize("columns", [slice(24, 36), slice(8, 22), slice(40, 52)])
def test_a_flight_finds_the_gap(relief, flights, columns):
    intrinsics = relief.Intrinsics(600.0, 300.0, 200.0, 600, 400)
    depth = wall_with_a_gap(columns)
    route = flights.plan_route(depth, intrinsics, clearance=0.2)
    positions, _ = route.at(np.linspace(0, 1, 200))
    # The surface stands where the rays of the rest pose end, so in front of it is where one sees.
    ahead = positions[positions[:, 2] < -1e-3]
    u = 300 + 600 * ahead[:, 0] / -ahead[:, 2]
    v = 200 - 600 * ahead[:, 1] / -ahead[:, 2]
    seen = depth[(v / 10).astype(int), (u / 10).astype(int)]
    assert (-ahead[:, 2] < seen).all()
    assert -ahead[-1, 2] > 5.0
