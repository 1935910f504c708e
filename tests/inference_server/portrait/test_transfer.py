"""A driver's movement is put onto the portrait: all of it onto itself, in parts onto others."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zograscope_protocol.portrait.tasks import REGIONS, PortraitOptions
from zograscope_server.faces import regions
from zograscope_server.faces.landmarks import EXPRESSIONS, Face
from zograscope_server.faces.regions import face_width
from zograscope_server.portrait.transfer import (
    follow_curves,
    head_rotation,
    region_shares,
    relative_curves,
    relative_poses,
    transfer,
)

from .conftest import expression

few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
FRAMES = 4
STRENGTHS = tuple(f"strength_{name}" for name in REGIONS)


def drawn_driver(make_driver, seed: int, **options):
    """A head that does anything, from rest on."""
    random = np.random.default_rng(seed)
    expressions = random.uniform(0, 0.4, (FRAMES, len(EXPRESSIONS)))
    lids = [name.startswith(("eyeBlink", "eyeSquint", "cheekSquint")) for name in EXPRESSIONS]
    expressions[:, lids] = 0  # lids that all but close are closed, which is not the driver's own
    turns, shifts = random.normal(0, 0.15, (FRAMES, 3)), random.normal(0, 20, (FRAMES, 3))
    expressions[0] = turns[0] = shifts[0] = 0
    return make_driver(expressions, turns, shifts, **options)


def itself(track) -> Face:
    return Face(track.points[0], track.expressions[0], track.poses[0])


def placed(motion, rest: np.ndarray) -> np.ndarray:
    moved = [
        head.apply(rest + offsets)
        for head, offsets in zip(motion.heads, motion.expression, strict=True)
    ]
    return np.stack(moved)


@few
@given(seed=st.integers(0, 999), size=st.floats(300, 4000))
def test_a_driver_that_is_its_own_portrait_gives_its_own_points(make_driver, seed, size):
    track = drawn_driver(make_driver, seed, size=size, rest=np.array([0.05, 0.3, -0.1]))
    motion = transfer(track, itself(track), PortraitOptions())
    away = np.abs(placed(motion, track.points[0]) - track.points)[:, :468]
    assert away.max() < 2e-3 * face_width(track.points[0])


@few
@given(seed=st.integers(0, 999))
def test_strength_0_is_rest_and_so_is_the_neutral_frame(make_driver, face, seed):
    track = drawn_driver(make_driver, seed)
    still = transfer(track, face, PortraitOptions(**dict.fromkeys(STRENGTHS, 0.0)))
    np.testing.assert_allclose(placed(still, face.points), [face.points] * FRAMES, atol=1e-3)
    assert not still.gaze.any()
    motion = transfer(track, face, PortraitOptions())
    np.testing.assert_allclose(placed(motion, face.points)[0], face.points, atol=0.02)
    np.testing.assert_allclose(motion.gaze[0], 0, atol=1e-3)


@few
@given(seed=st.integers(0, 999))
def test_regions_are_parts_of_one_whole(make_driver, face, seed):
    track = drawn_driver(make_driver, seed)
    whole = transfer(track, face, PortraitOptions())
    parts = {name: transfer(track, face, PortraitOptions(regions=(name,))) for name in REGIONS}
    assert not parts["pose"].expression.any() and not parts["pose"].gaze.any()
    for head, other in zip(parts["pose"].heads, whole.heads, strict=True):
        np.testing.assert_allclose(head.matrix, other.matrix)
    np.testing.assert_allclose(
        sum(part.expression for part in parts.values()), whole.expression, atol=1e-3
    )
    for name in ("eyes", "brows", "mouth"):
        for head in parts[name].heads:
            np.testing.assert_allclose(head.apply(face.points), face.points, atol=1e-3)
    lips, brow = list(regions.OUTER_LIPS), list(regions.RIGHT_BROW[:4])
    assert not parts["mouth"].expression[:, brow].any()
    assert not parts["brows"].expression[:, lips].any()
    assert parts["mouth"].expression[:, lips].any() and parts["brows"].expression[:, brow].any()


@pytest.mark.parametrize(
    ("region", "name"), [("mouth", "jawOpen"), ("eyes", "eyeBlinkLeft"), ("brows", "browInnerUp")]
)
def test_a_strength_scales_its_own_region(make_driver, face, region, name):
    expressions = np.stack([expression(), expression(**{name: 0.3})])
    track = make_driver(expressions, np.zeros((2, 3)), np.zeros((2, 3)))
    once = transfer(track, face, PortraitOptions()).expression[1]
    twice = transfer(track, face, PortraitOptions(**{f"strength_{region}": 2.0})).expression[1]
    own = region_shares(face.points)[region] > 0.999
    others = region_shares(face.points)[region] == 0
    np.testing.assert_allclose(twice[own], 2 * once[own], atol=1e-3)
    np.testing.assert_allclose(twice[others], once[others], atol=1e-3)
    assert np.abs(once[own]).max() > 0.005 * face_width(face.points)


def test_the_mouth_opens_by_as_much_as_the_face_is_large(make_driver, face):
    expressions = np.stack([expression(), expression(jawOpen=0.4)])
    openings = []
    for size in (600.0, 2400.0):
        track = make_driver(expressions, np.zeros((2, 3)), np.zeros((2, 3)), size=size)
        openings.append(transfer(track, face, PortraitOptions()).expression[1, 14, 1])
    assert openings[0] == pytest.approx(openings[1], rel=0.01)
    assert openings[0] > 0


@few
@given(seed=st.integers(0, 999))
def test_poses_that_were_taken_of_a_driver_move_a_head_as_it_moved(make_driver, head, face, seed):
    """What `track_driver` gives and `portrait` takes: curves and poses, there and back."""
    random = np.random.default_rng(seed)
    turns, shifts = random.normal(0, 0.2, (FRAMES, 3)), random.normal(0, 30, (FRAMES, 3))
    turns[0] = shifts[0] = 0
    track = make_driver(np.zeros((FRAMES, 52)), turns, shifts)
    curves, poses = relative_curves(track), relative_poses(track)
    assert not curves.any()
    np.testing.assert_allclose(poses[0], np.eye(4), atol=1e-5)
    own = Face(track.points[0], face.expressions, face.pose)
    motion = follow_curves(curves, poses, head, own, PortraitOptions())
    away = np.abs(placed(motion, own.points) - track.points).max()
    assert away < 2e-3 * face_width(own.points)


def test_poses_have_y_up_and_z_to_the_viewer_in_face_widths(make_driver):
    shifts = np.array([[0, 0, 0], [30, 0, 0], [0, 30, 0], [0, 0, 30]])
    track = make_driver(np.zeros((4, 52)), np.zeros((4, 3)), shifts)
    found = relative_poses(track)[:, :3, 3] * face_width(track.points[0])
    np.testing.assert_allclose(found, [[0, 0, 0], [30, 0, 0], [0, -30, 0], [0, 0, -30]], atol=0.05)


def test_curves_are_what_goes_beyond_the_neutral_frame(make_driver):
    expressions = np.stack([expression(jawOpen=0.2, browInnerUp=0.5), expression(jawOpen=0.7)])
    curves = relative_curves(make_driver(expressions, np.zeros((2, 3)), np.zeros((2, 3))))
    assert not curves[0].any()
    np.testing.assert_allclose(curves[1], expression(jawOpen=0.5), atol=1e-6)


def test_curves_open_mouths_and_close_eyes_by_their_names(head, face):
    curves = np.stack([expression(jawOpen=0.6), expression(eyeBlinkLeft=1), expression()])
    still = np.tile(np.eye(4), (3, 1, 1))
    motion = follow_curves(curves, still, head, face, PortraitOptions())
    moved = placed(motion, face.points)

    def gap(points: np.ndarray, upper: int, lower: int) -> float:
        return float(points[lower, 1] - points[upper, 1])

    assert gap(moved[0], 13, 14) > gap(face.points, 13, 14) + 0.1 * face_width(face.points)
    left, right = (386, 374), (159, 145)
    assert abs(gap(moved[1], *left)) < 0.1 * gap(face.points, *left)
    assert gap(moved[1], *right) == pytest.approx(gap(face.points, *right), rel=0.05)
    np.testing.assert_allclose(moved[2], face.points, atol=1e-3)


def test_shares_of_regions_sum_to_one(face):
    shares = region_shares(face.points)
    np.testing.assert_allclose(sum(shares.values()), 1)
    assert all((share >= 0).all() and (share <= 1).all() for share in shares.values())


def test_a_face_that_looks_at_us_is_not_turned(face):
    forwards = head_rotation(face)[:, 2]
    assert forwards[2] > np.cos(np.radians(12))
