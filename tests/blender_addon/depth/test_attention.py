"""Faces and lines on reliefs whose shape is known: heads that turn, lines that stay straight."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import make_result, noise_photograph, wild_disparity

bpy = pytest.importorskip("bpy", reason="a diorama keeps them in a .blend")

WIDTH, HEIGHT = 240, 200
NEAR, FAR = 2.0, 8.0
FOCAL_LENGTH = 260.0
HEAD_AT = 4.0  # scene units
MIDDLE, RADIUS = np.array([120.0, 90.0]), 40.0


@pytest.fixture(scope="session")
def camera(relief):
    return relief.Intrinsics(FOCAL_LENGTH, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT)


@pytest.fixture
def surface(attention, relief, camera):
    """surface(depth) -> the surface of a map of depths (h, w)."""

    def build(depth: np.ndarray):
        disparity = (1 / depth - 1 / FAR) / (1 / NEAR - 1 / FAR)
        chosen = relief.Settings(near=NEAR, far=FAR)
        return attention.RestSurface(disparity.astype(np.float32), camera, chosen)

    return build


def ball(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """How far a head's front comes towards the viewer, in pixels."""
    apart = np.square((u - MIDDLE[0]) / RADIUS) + np.square((v - MIDDLE[1]) / RADIUS)
    return RADIUS * np.sqrt(np.maximum(1.6 - apart, 0.6))


def face_on_ball() -> np.ndarray:
    """478 points on the front of the head."""
    random = np.random.default_rng(0)
    angle, reach = random.uniform(0, 2 * math.pi, 478), np.sqrt(random.uniform(0, 0.9, 478))
    angle[[468, 473]], reach[[468, 473]] = (math.pi, 0.0), 0.4
    offsets = RADIUS * reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    u, v = (MIDDLE + offsets).T
    return np.stack([u, v, ball(u, v)], axis=1)


def head_depth() -> np.ndarray:
    """The depth of a scene with that head, at the points' own scale, in front of a wall."""
    face = face_on_ball()
    v, u = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    towards = ball(u, v) - face[:468, 2].mean()
    head = HEAD_AT * (1 - towards / FOCAL_LENGTH)
    return np.where(np.hypot(u - MIDDLE[0], v - MIDDLE[1]) < 1.5 * RADIUS, head, FAR)


def orbit(moves, degrees: float):
    around = moves.Surroundings(HEAD_AT)
    (pose,) = moves.camera_path("orbit", np.ones(1), math.radians(degrees), around).poses()
    return pose


@pytest.mark.parametrize("degrees", [-15, 0, 15])
def test_a_head_with_its_own_relief_keeps_its_shape(attention, moves, surface, degrees):
    face = attention.LiftedFace.of(face_on_ball(), surface(head_depth()))
    _, distortion = face.expected(orbit(moves, degrees))
    assert distortion < 0.01


def test_a_face_that_leans_into_the_wall_becomes_a_hatchet(attention, moves, surface):
    depth = np.minimum(head_depth() + np.linspace(0, 4, WIDTH), FAR)
    face = attention.LiftedFace.of(face_on_ball(), surface(depth))
    distortions = [face.expected(orbit(moves, degrees))[1] for degrees in (0, 5, 10, 15)]
    assert distortions == sorted(distortions)
    assert distortions[0] < 1e-6
    assert distortions[-1] > 0.03


@pytest.fixture
def surfaces(relief, holes, attention, camera, surface):
    """surfaces(depth, **what there is to look at) -> Surfaces."""

    def build(depth: np.ndarray, **looked_at: np.ndarray):
        at_rest = surface(depth)
        front = relief.build_relief(at_rest.disparity, camera, at_rest.settings)
        seen = attention.Attention(**{**vars(attention.NOTHING), **looked_at})
        return holes.Surfaces(front, camera, attention=seen, surface=at_rest)

    return build


def test_faces_are_seen_whole_at_rest_and_lost_beyond_the_frame(moves, surfaces):
    looked_at = surfaces(head_depth(), faces=face_on_ball()[None])
    ahead, aside = (
        looked_at.measure(*pose).faces[0]
        for pose in moves.CameraPath(
            np.array([(0, 0, 0), (2.0, 0, 0)]), np.zeros((2, 3)), np.ones(2)
        ).poses()
    )
    assert ahead.lost == 0
    assert ahead.distortion < 1e-6
    assert ahead.stretched == 0
    assert aside.lost > 0.5


def test_a_face_behind_a_post_is_hidden(moves, surfaces):
    depth = head_depth()
    depth[:, 176:200] = NEAR  # a post beside the head
    looked_at = surfaces(depth, faces=face_on_ball()[None])
    step = moves.CameraPath(np.array([(0, 0, 0), (0.8, 0, 0)]), np.zeros((2, 3)), np.ones(2))
    rest, hidden = (view.faces[0] for view in looked_at.measure_path(step))
    assert rest.lost == 0
    assert 0.1 < hidden.lost < 1


def test_lines_bend_with_the_relief_and_on_a_plane_they_do_not(moves, surfaces):
    line = np.array([[30.0, 150.0, 210.0, 150.0]])
    slope = 1 / np.tile(np.linspace(1 / 3, 1 / 5, WIDTH), (HEIGHT, 1))  # a plane
    bowed = slope + 1.8 * np.sin(np.linspace(0, math.pi, WIDTH))
    up = moves.CameraPath(np.array([(0, 0, 0), (0, 0.6, 0)]), np.zeros((2, 3)), np.ones(2))
    straight = [view.bend for view in surfaces(slope, lines=line).measure_path(up)]
    bent = [view.bend for view in surfaces(bowed, lines=line).measure_path(up)]
    assert max(straight) < 1e-3
    assert bent[0] < 1e-3
    assert bent[1] > 0.015


def test_a_tower_whose_depth_slopes_leans_and_one_that_stands_does_not(moves, surfaces):
    tower = np.array([[150.0, 30.0, 150.0, 170.0]])
    stands = np.full((HEIGHT, WIDTH), 3.0)
    slopes = 1 / np.tile(np.linspace(1 / 5, 1 / 3, HEIGHT)[:, None], (1, WIDTH))
    turn = moves.Surroundings(subject=3.0)
    orbit = moves.camera_path("orbit", np.array([0.5, 1.0]), 0.2, turn)
    upright = [view.lean for view in surfaces(stands, lines=tower).measure_path(orbit)]
    falling = [view.lean for view in surfaces(slopes, lines=tower).measure_path(orbit)]
    assert max(upright) < 1e-3
    assert falling[0] < 1e-3
    assert falling[1] > 0.05


@given(turned=st.floats(0, 1.2), tilt=st.floats(-0.25, 0.25))
@settings(max_examples=20)
def test_lean_is_the_angle_by_which_an_upright_line_turns(attention, turned, tilt):
    def line(angle):
        return np.linspace(-1, 1, 17)[:, None] * (math.sin(angle), math.cos(angle))

    assert attention.lean(line(tilt + turned), line(tilt)) == pytest.approx(turned, abs=1e-6)
    assert attention.lean(line(turned), line(1.0)) == 0, "a line that does not stand upright"


def test_a_line_is_torn_where_the_surface_is_and_belongs_to_what_is_nearer(attention, surface):
    depth = np.full((HEIGHT, WIDTH), FAR)
    depth[:, 100:] = NEAR
    pieces = attention.lift_lines(np.array([[10.0, 50.0, 230.0, 50.0]]), surface(depth))
    assert [round(float(-piece[:, 2].mean()), 1) for piece in pieces] == [FAR, NEAR]
    (rim,) = attention.lift_lines(np.array([[100.0, 20.0, 100.0, 180.0]]), surface(depth))
    assert -rim[:, 2] == pytest.approx(NEAR, rel=1e-3)


@given(angle=st.floats(0, math.pi), sagitta=st.floats(0, 0.3), size=st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_bend_grows_with_the_height_of_an_arc_whatever_its_direction(
    attention, angle, sagitta, size
):
    x = (np.arange(2000) + 0.5) / 1000 - 1
    y = 2 * sagitta * (1 - x**2)  # an arc of this height on a chord of 1
    turn = np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    seen = size * np.stack([x, y], axis=1) @ turn.T
    # What a parabola leaves of its height above the mean, without its ends.
    expected = ((1 - attention.ASTRAY) ** 2 - 1 / 3) * sagitta
    assert attention.bend(seen, 0.0) == pytest.approx(expected, rel=5e-3, abs=1e-9)
    assert attention.bend(seen, 20 * size) == pytest.approx(expected / 10, rel=5e-3, abs=1e-9)


def test_what_is_astray_does_not_bend_a_line(attention):
    seen = np.stack([np.linspace(0, 1, 17), np.zeros(17)], axis=1)
    seen[8, 1] = 0.01
    assert attention.bend(seen, 0.0) < 0.001


@given(data=st.data())
@settings(max_examples=20)
def test_sampling_at_places_is_sampling_on_a_lattice(relief, data):
    values = wild_disparity(7, 9)
    u = np.array(data.draw(st.lists(st.floats(-5, 30), min_size=1, max_size=5)))
    v = np.array(data.draw(st.lists(st.floats(-5, 30), min_size=1, max_size=5)))
    rectangle = (0.0, 0.0, 18.0, 14.0)
    columns, rows = np.meshgrid(u, v)
    lattice = relief.sample(values, u, v, rectangle)
    places = relief.sample_at(values, columns.ravel(), rows.ravel(), rectangle)
    assert places.reshape(lattice.shape) == pytest.approx(lattice, abs=1e-5)


def test_what_is_looked_at_survives_saving_and_new_depth_replaces_it(
    attention, builders, found, scene, tmp_path
):
    arrays, metadata = make_result(noise_photograph(40, 60), wild_disparity(20, 30))
    plain = builders.build_diorama(arrays, metadata, "Plain", scene)
    assert attention.attention_of(plain.root).faces.shape == (0, 478, 3)
    random = np.random.default_rng(1)
    kept = {
        "faces": random.random((2, 478, 3)).astype(np.float32),
        "lines": random.random((5, 4)).astype(np.float32),
        "detail": random.random((8, 12)).astype(np.float32),
    }
    builders.build_diorama({**arrays, **kept}, metadata, "Kept", scene)
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    diorama = found.find_diorama(bpy.data.objects["Kept"])
    for name, values in kept.items():
        np.testing.assert_array_equal(getattr(attention.attention_of(diorama.root), name), values)
    nobody = {**kept, "faces": np.zeros((0, 478, 3), np.float32), "lines": kept["lines"][:3]}
    builders.update_depth(diorama, {**arrays, **nobody}, metadata)
    again = attention.attention_of(diorama.root)
    assert again.faces.shape == (0, 478, 3)
    assert again.lines.shape == (3, 4)
