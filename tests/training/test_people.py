"""People stand on the ground in one piece, in every pose, with a head that is theirs."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.depth import banks, bodies, people
from training.depth.poses import KINDS, pose_of
from training.depth.rendering import Scene

DIRECTIONS = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@settings(max_examples=60, deadline=None)
@given(DIRECTIONS, DIRECTIONS)
@example((1, 0, 0), (-1, 0, 0))
def test_rotations_bring_one_direction_to_another(start, end):
    start, end = np.array(start), np.array(end)
    turn = bodies.aligned(start, end)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-5)
    reached = turn @ start / np.linalg.norm(start)
    assert reached @ end / np.linalg.norm(end) > 0.999


def test_a_body_without_a_pose_is_at_rest(three_bodies):
    rest = three_bodies.rest(1)
    moved = three_bodies.posed(rest, three_bodies.frames(1, {}))
    np.testing.assert_allclose(moved, rest, atol=1e-3)  # weights are kept to three digits


def test_a_bent_elbow_moves_the_hand_and_nothing_else(three_bodies):
    rest = three_bodies.rest(1)
    frames = three_bodies.frames(1, {"lowerarm01.L": bodies.turned(40, "x")})
    moved = np.linalg.norm(three_bodies.posed(rest, frames) - rest, axis=1)
    hand = np.char.startswith(three_bodies.owner, "finger") & (three_bodies.template[:, 0] > 0)
    other = three_bodies.template[:, 0] < 0.1
    assert moved[hand].min() > 0.1
    assert moved[other].max() < 2e-3
    elbow = three_bodies.joints[1, three_bodies.number["lowerarm01.L"]]
    away = [
        np.linalg.norm(vertices[hand] - elbow, axis=1)
        for vertices in (rest, three_bodies.posed(rest, frames))
    ]
    np.testing.assert_allclose(*away, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_poses_are_rotations_of_bones_that_there_are(three_bodies, kind):
    rng = np.random.default_rng(3)
    for body in range(3):
        pose = pose_of(rng, three_bodies, body, kind)
        assert set(pose) <= set(three_bodies.bones)
        for turn in pose.values():
            np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-4)


@pytest.mark.parametrize("detail", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_everybody_is_whole(kind, detail):
    for seed in range(4):
        scene = Scene(np.random.default_rng(seed))
        someone = people.figure(scene, kind, child=False, detail=detail)
        mesh = someone.mesh
        assert np.isfinite(mesh.vertices).all()
        assert mesh.triangles.max() < len(mesh.vertices)
        assert mesh.materials.max() < len(scene.materials)
        low, high = mesh.vertices.min(0), mesh.vertices.max(0)
        assert -0.06 < low[2] < 0.03  # soles, hems and sticks are about the ground
        upright = kind in ("standing", "walking", "carrying")
        assert someone.chin > (1.1 if upright else 0.3)
        assert 0.17 < someone.crown - someone.chin < 0.75  # up to a top hat
        assert high[2] >= someone.crown - 0.15
        assert someone.chin < someone.face[2] < someone.crown
        assert (high - low).max() < 3.5


def test_who_sits_is_lower_and_on_something():
    heights = {}
    for kind in ("standing", "seated"):
        scene = Scene(np.random.default_rng(5))
        heights[kind] = people.figure(scene, kind, child=False).chin
    assert 0.2 < heights["standing"] - heights["seated"] < 0.6
    with_seat, without = (
        people.figure(Scene(np.random.default_rng(5)), "seated", seat=seat).mesh
        for seat in (True, False)
    )
    assert len(with_seat.triangles) > len(without.triangles)


def test_a_bust_has_its_chin_where_portraits_look():
    for seed in range(6):
        bust = people.bust(Scene(np.random.default_rng(seed)))
        about = np.abs(bust.vertices[:, :2]).max(1) < 0.12
        near = bust.vertices[about]
        assert ((near[:, 2] > 0.27) & (near[:, 2] < 0.5)).sum() > 100


def test_children_are_smaller_and_wear_no_beards():
    tall = [
        people.figure(Scene(np.random.default_rng(seed)), child=child).crown
        for child in (True, False) for seed in range(3)
    ]  # fmt: skip
    assert max(tall[:3]) < min(tall[3:])


def test_a_skirt_encloses_the_legs(three_bodies):
    skirt = people._Skirt(0, waist=0.2, hem=-0.7, flare=0.05, out=0.01)
    rng = np.random.default_rng(0)
    frames = three_bodies.frames(2, pose_of(rng, three_bodies, 2, "walking"))
    posed = three_bodies.posed(three_bodies.rest(2), frames)
    hung = skirt.hung(rng, three_bodies, posed, sitting=False).vertices
    shins = posed[np.char.startswith(three_bodies.owner, "lowerleg01")]
    ring = hung.reshape(people.LEVELS, people.SIDES, 3)
    for foot in shins:
        level = ring[np.abs(ring[:, 0, 2] - foot[2]).argmin()]
        middle = level[:, :2].mean(0)
        away = np.linalg.norm(level[:, :2] - middle, axis=1)
        assert np.linalg.norm(foot[:2] - middle) < away.max() + 0.01


def test_bodies_are_written_and_read(three_bodies, tmp_path):
    again = banks.kept(bodies.Bodies, tmp_path / "bank.npz", lambda: three_bodies)
    np.testing.assert_array_equal(again.places, three_bodies.places)
    assert list(again.bones) == list(three_bodies.bones)
