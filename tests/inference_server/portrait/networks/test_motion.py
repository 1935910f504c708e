"""The arithmetic by which a driver's motion becomes a source's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from zograscope_protocol.portrait.tasks import PortraitOptions
from zograscope_server.portrait.networks import motion
from zograscope_server.portrait.networks.motion import Head, Local, Openings, Strengths

from .conftest import drawn_points

ALL = Strengths()
STRENGTHS = st.builds(Strengths, *[st.floats(0, 3)] * 4)
SEEDS = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def fixtures(parity):
    return np.load(parity / "liveportrait_math.npz")


def head_of(fixtures, name) -> Head:
    return Head(
        fixtures["source_kp"][0],
        fixtures[f"{name}_exp"][0],
        fixtures[f"{name}_R"][0],
        fixtures[f"{name}_scale"].item(),
        fixtures[f"{name}_t"][0],
    )


def near(found, expected, tolerance=1e-5):
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=0)


def test_angles_and_rotations(fixtures):
    near(motion.degrees_of_bins(fixtures["bins_logits"]), fixtures["bins_degrees"], 1e-4)
    for name in ("source", "driving0", "driving1"):
        angles = fixtures[f"{name}_euler_pitch_yaw_roll"]
        near(motion.rotation_of(*angles), fixtures[f"{name}_R"][0])


def test_heads_are_moved_as_the_authors_do(fixtures):
    source, neutral, now = (head_of(fixtures, name) for name in ("source", "driving0", "driving1"))
    near(source.placed(), fixtures["x_s"][0])
    moved = motion.transfer_head(source, neutral, now, ALL)
    near(moved.rotation, fixtures["R_new"][0])
    near(moved.placed(), fixtures["x_d_relative_all"][0])
    first = fixtures["x_d0_for_multiplier"][0]
    ratio = motion.size_ratio(source.placed(), first)
    assert ratio == pytest.approx(float(fixtures["motion_multiplier"]), abs=1e-5)
    friendly = motion.expression_friendly(source.placed(), first, moved.placed())
    near(friendly, fixtures["x_d_expression_friendly"][0])
    absolute = motion.transfer_head_absolutely(source, now, ALL)
    near(absolute.placed(), fixtures["x_d_absolute_all"][0])


def test_openings_are_ratios(fixtures):
    points = fixtures["lmk203"]
    eyes = [motion.ratio(points, 6, 18, 0, 12), motion.ratio(points, 30, 42, 24, 36)]
    near([eyes], fixtures["eye_ratio"])
    near([[motion.ratio(points, 90, 102, 48, 66)]], fixtures["lip_ratio"])


def test_openings_of_mediapipes_points():
    openings = Openings.of(drawn_points((300, 200), 120, mouth=0.06))
    near(openings.eyes, [0.06 / 0.22] * 2)
    assert openings.lips == pytest.approx(0.06 / 0.3, abs=1e-5)


def random_head(random: np.random.Generator) -> Head:
    return Head(
        random.normal(0, 0.3, (21, 3)),
        random.normal(0, 0.05, (21, 3)),
        Rotation.from_euler("xyz", random.normal(0, 0.3, 3)).as_matrix(),
        float(random.uniform(1, 1.6)),
        random.normal(0, 0.1, 3),
    )


def random_local(random: np.random.Generator) -> Local:
    return Local(random.uniform(-1, 1, (10, 2)), np.eye(2) + random.normal(0, 0.2, (10, 2, 2)))


@settings(max_examples=40)
@given(seed=SEEDS, strengths=STRENGTHS)
def test_a_neutral_driver_leaves_the_source(seed, strengths):
    random = np.random.default_rng(seed)
    source, neutral = random_head(random), random_head(random)
    moved = motion.transfer_head(source, neutral, neutral, strengths)
    near(moved.placed(), source.placed(), 1e-9)
    ours, theirs = random_local(random), random_local(random)
    still = motion.transfer_local(ours, theirs, theirs, scale=1.3, strengths=2.0, pose=0.5)
    near(still.points, ours.points, 1e-9)
    near(still.jacobians, ours.jacobians, 1e-9)


@settings(max_examples=40)
@given(seed=SEEDS)
def test_without_strength_nothing_moves(seed):
    random = np.random.default_rng(seed)
    source, neutral, now = (random_head(random) for _ in range(3))
    none = Strengths(0, 0, 0, 0)
    near(motion.transfer_head(source, neutral, now, none).placed(), source.placed(), 1e-9)
    near(motion.transfer_head_absolutely(source, now, none).placed(), source.placed(), 1e-9)
    ours, rest, then = (random_local(random) for _ in range(3))
    head = motion.Similarity(1.1, 0.2, np.array([0.1, 0.0]))
    still = motion.transfer_local(ours, rest, then, strengths=0.0, pose=0.0, head=head)
    near(still.points, ours.points, 1e-9)
    near(still.jacobians, ours.jacobians, 1e-9)


@settings(max_examples=40)
@given(seed=SEEDS, angle=st.floats(-0.6, 0.6), scale=st.floats(0.7, 1.4))
def test_how_motion_is_split_does_not_matter_at_full_strength(seed, angle, scale):
    random = np.random.default_rng(seed)
    source, neutral, now = (random_local(random) for _ in range(3))
    head = motion.Similarity(scale, angle, random.normal(0, 0.2, 2))
    split = motion.transfer_local(source, neutral, now, head=head)
    whole = motion.transfer_local(source, neutral, now)
    near(split.points, whole.points, 1e-9)
    near(split.jacobians, whole.jacobians, 1e-9)


def test_the_pose_alone_carries_points_as_the_head_moves():
    random = np.random.default_rng(0)
    source, neutral, now = (random_local(random) for _ in range(3))
    head = motion.Similarity(1.2, 0.3, np.array([0.1, -0.2]))
    moved = motion.transfer_local(source, neutral, now, strengths=0.0, head=head)
    near(moved.points - source.points, head.moved(neutral.points) - neutral.points)
    near(moved.jacobians, head.linear() @ source.jacobians)


@pytest.mark.parametrize(
    ("region", "points"),
    [("eyes", motion.EYE_POINTS), ("brows", motion.BROW_POINTS), ("mouth", (6, 12, 14, 17, 3))],
)
def test_a_region_moves_its_own_points(region, points):
    random = np.random.default_rng(1)
    source, neutral, now = (random_head(random) for _ in range(3))
    only = Strengths.of(PortraitOptions(regions=(region,), **{f"strength_{region}": 2.0}))
    moved = motion.transfer_head(source, neutral, now, only)
    near(moved.rotation, source.rotation, 1e-12)
    change = moved.expression - source.expression
    near(change[list(points)], 2 * (now.expression - neutral.expression)[list(points)])
    others = [n for n in range(21) if n not in points and np.abs(change[n]).max() > 0]
    assert not (set(others) & {*motion.EYE_POINTS, *motion.BROW_POINTS} - set(points))
    if region != "mouth":
        assert not others


def test_half_a_pose_is_half_the_angle():
    still = Head(np.zeros((21, 3)), np.zeros((21, 3)), np.eye(3), 1.0, np.zeros(3))
    turned = Head(still.points, still.expression, motion.rotation_of(0, 30, 0), 1.44, np.ones(3))
    moved = motion.transfer_head(still, still, turned, Strengths(pose=0.5))
    near(moved.rotation, motion.rotation_of(0, 15, 0))
    assert moved.scale == pytest.approx(1.2)
    near(moved.translation, np.full(3, 0.5))


def test_points_of_the_first_order_model_belong_to_what_is_near():
    face = drawn_points((0, 0), 1.0)[:, :2]
    near_eye, near_mouth, far = face[33], face[[61, 291]].mean(axis=0), np.array([3.0, 3.0])
    strengths = Strengths(pose=0.0, eyes=1.0, brows=1.0, mouth=2.0)
    found = motion.local_strengths(np.array([near_eye, near_mouth, far]), face, strengths)
    assert 0.7 < found[0] < 1.3
    assert 1.6 < found[1] <= 2
    assert found[2] == pytest.approx(0, abs=1e-6)
    alike = motion.local_strengths(face, face, Strengths(0.5, 0.5, 0.5, 0.5))
    near(alike, np.full(len(face), 0.5))


@settings(max_examples=40)
@given(seed=SEEDS, angle=st.floats(-1, 1), scale=st.floats(0.5, 2), shift=st.floats(-100, 100))
def test_a_head_s_movement_is_found(seed, angle, scale, shift):
    points = np.random.default_rng(seed).normal(0, 50, (478, 2))
    moved = motion.Similarity(scale, angle, np.array([shift, 2 * shift]))
    found = motion.head_movement(points, moved.moved(points))
    assert found.scale == pytest.approx(scale, abs=1e-6)
    assert found.angle == pytest.approx(angle, abs=1e-6)
    near(found.shift, moved.shift, 1e-5)


def test_a_head_without_size_does_not_turn():
    points = np.ones((478, 2))
    found = motion.head_movement(points, points + 3)
    assert (found.scale, found.angle) == (1.0, 0.0)
    near(found.shift, [3, 3])


@settings(max_examples=60)
@given(entries=st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_inverses_are_finite_and_right_where_there_are_any(entries):
    matrix = np.array(entries).reshape(1, 2, 2)
    found = motion.inverse(matrix)
    assert np.isfinite(found).all()
    size = np.abs(matrix).max() ** 2
    if abs(np.linalg.det(matrix[0])) > 1e-3 * size:
        near(found @ matrix, [np.eye(2)], 1e-6)


def test_what_has_no_inverse_is_left():
    near(motion.inverse(np.array([[[1.0, 2.0], [2.0, 4.0]], np.zeros((2, 2))])), [np.eye(2)] * 2)


def test_flat_hulls_change_no_size():
    assert motion.hull_size(np.zeros((10, 2))) == 0
    assert motion.size_ratio(np.zeros((10, 2)), np.random.default_rng(0).normal(size=(10, 2))) == 1


OPENING = st.floats(0.06, 0.6)


@given(source=OPENING, neutral=OPENING, share=st.floats(0, 1))
def test_what_the_driver_closes_is_closed(source, neutral, share):
    """The driver's own change and what is missing bring the source's opening into proportion."""
    now = neutral * share
    reached = source + (now - neutral) + motion.missing_opening(source, neutral, now)
    assert reached == pytest.approx(source * share, abs=1e-9)


@given(source=OPENING, neutral=OPENING, more=st.floats(0, 1))
def test_what_opens_further_opens_as_the_driver_does(source, neutral, more):
    assert motion.missing_opening(source, neutral, neutral + more) == 0


def test_lips_that_are_closed_at_rest_do_not_tremble():
    """A thousandth between lips that lie on one another closes no open mouth."""
    assert abs(motion.missing_opening(np.array(0.2), np.array(0.002), np.array(0.001))) < 0.01


def test_retargeting_asks_for_a_change_only():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(63, 66))
    head = random_head(random)
    asked = []

    def retarget(values):
        asked.append(values)
        return matrix @ values + 5.0

    none = motion.eye_offsets(retarget, head, np.array([0.3, 0.4]), np.zeros(2))
    assert not none.any()
    assert not asked
    offsets = motion.eye_offsets(retarget, head, np.array([0.3, 0.4]), np.array([-0.1, 0.0]))
    near(asked[0][63:], [0.3, 0.4, 0.2])
    near(asked[1][63:], [0.3, 0.4, 0.3])
    whole = (matrix[:, 65] * -0.1).reshape(21, 3)
    left_of_picture = head.points[:, 0] < -np.abs(head.points[list(motion.EYE_POINTS), 0]).max() / 2
    near(offsets[left_of_picture], whole[left_of_picture])
    both = motion.eye_offsets(retarget, head, np.array([0.3, 0.4]), np.array([-0.1, -0.1]))
    near(both, whole)


def test_lips_are_retargeted_by_what_is_missing():
    matrix = np.random.default_rng(0).normal(size=(63, 65))
    head = random_head(np.random.default_rng(1))
    offsets = motion.lip_offsets(lambda values: matrix @ values, head, 0.2, 0.1)
    near(offsets, (matrix[:, 64] * 0.1).reshape(21, 3))
    assert not motion.lip_offsets(lambda values: matrix @ values, head, 0.2, 0.0).any()
