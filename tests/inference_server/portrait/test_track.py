"""A driver is followed through its clip: without lag, over gaps, from its most neutral frame."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.faces.landmarks import EXPRESSIONS, Face
from zograscope_server.portrait import track
from zograscope_server.portrait.track import (
    DriverTrack,
    Tracker,
    bone_heads,
    most_neutral,
    steady,
)

BLANK = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def follow(monkeypatch):
    """A function that follows faces which are there as it is told: a list of them each frame."""

    def run(frames: list[list[Face]], name: str = "clip", face: int = 0, **options) -> DriverTrack:
        here: list[Face] = []

        def near(picture, last: Face, landmarker) -> Face | None:
            place = last.points[:, :2].mean(axis=0)

            def way(other: Face) -> float:
                return float(np.linalg.norm(other.points[:, :2].mean(axis=0) - place))

            nearest = min(here, key=way, default=None)
            return nearest if nearest is not None and way(nearest) < 40 else None

        monkeypatch.setattr(track, "find_faces", lambda picture, model: here)
        monkeypatch.setattr(track, "look_closely", near)
        tracker = Tracker(None, None, name, face)
        for number, faces in enumerate(frames):
            here[:] = faces
            tracker.add(number / 25, BLANK)
        return tracker.track(**options)

    return run


def smooth_points(points: np.ndarray) -> np.ndarray:
    neutral = len(points) // 2
    return steady(points, bone_heads(points, neutral), neutral)[0]


def made_face(points: np.ndarray, tension: float = 0.0) -> Face:
    return Face(
        points.astype(np.float32),
        np.full(52, tension, np.float32),
        np.eye(4, dtype=np.float32),
    )


@given(st.integers(6, 20), st.floats(6, 15))  # pixels: what moves by less may tremble
@settings(max_examples=15)
def test_a_symmetric_pulse_stays_where_it_is(middle, height):
    count = 2 * middle + 1
    points = np.tile(np.random.default_rng(1).normal(0, 60, (478, 3)) + 300, (count, 1, 1))
    away = np.abs(np.arange(count) - middle)
    lips = [13, 14, 78, 308]
    pulse = height * np.exp(-((away / 2.5) ** 2))
    points[:, lips, 1] += pulse[:, None]
    smooth = smooth_points(points.astype(np.float32))
    found = smooth[:, 13, 1] - smooth[0, 13, 1]
    np.testing.assert_allclose(found, found[::-1], atol=2e-3 * height + 1e-3)
    assert found.argmax() == middle
    assert found.max() > 0.8 * height


def test_a_head_that_turns_evenly_does_not_lag():
    count = 40
    points = np.tile(np.random.default_rng(2).normal(0, 60, (478, 3)), (count, 1, 1))
    points += np.linspace(0, 200, count)[:, None, None] * np.array([1.0, 0.5, 0.0])
    smooth = smooth_points(points.astype(np.float32))
    np.testing.assert_allclose(smooth, points, atol=0.01)


def test_jitter_goes_and_stillness_stays():
    random = np.random.default_rng(3)
    still = np.tile(random.normal(0, 60, (478, 3)) + 300, (60, 1, 1))
    trembling = still + random.normal(0, 0.1, still.shape)
    smooth = smooth_points(trembling.astype(np.float32))
    assert np.diff(smooth, axis=0).std() < 0.6 * np.diff(trembling, axis=0).std()
    np.testing.assert_allclose(smooth_points(still.astype(np.float32)), still, atol=2e-3)


@pytest.mark.parametrize("count", range(1, 12))
def test_a_clip_of_any_length_keeps_its_length(count):
    points = np.random.default_rng(4).normal(0, 60, (count, 478, 3)).astype(np.float32)
    assert smooth_points(points).shape == points.shape


def test_the_most_neutral_frame_has_the_least_expression_and_was_found():
    expressions = np.full((6, 52), 0.3, np.float32)
    expressions[4], expressions[2] = 0.01, 0.1
    poses = np.tile(np.eye(4, dtype=np.float32), (6, 1, 1))
    found = np.ones(6, bool)
    assert most_neutral(expressions, poses, found) == 4
    found[4] = False
    assert most_neutral(expressions, poses, found) == 2


def test_a_head_that_is_turned_away_is_less_neutral():
    expressions = np.full((5, 52), 0.02, np.float32)
    poses = np.tile(np.eye(4, dtype=np.float32), (5, 1, 1))
    poses[1, :3, :3] = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    expressions[1] = 0.01
    assert most_neutral(expressions, poses, np.ones(5, bool)) != 1


def test_looking_aside_counts_less_than_frowning():
    poses = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    expressions = np.zeros((2, 52), np.float32)
    expressions[0, EXPRESSIONS.index("eyeLookDownLeft")] = 0.5
    expressions[1, EXPRESSIONS.index("browDownLeft")] = 0.5
    assert most_neutral(expressions, poses, np.ones(2, bool)) == 0


@given(st.lists(st.booleans(), min_size=2, max_size=30).filter(any))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_between_found_frames_all_goes_on_evenly(follow, seen):
    points = np.random.default_rng(5).normal(0, 20, (478, 3)) + 200
    found = [
        [made_face(points + np.array([2.0 * k, 0, 0]))] if seen[k] else [] for k in range(len(seen))
    ]
    track = follow(found)
    np.testing.assert_array_equal(track.found, seen)
    known = np.flatnonzero(seen)
    inner = slice(known[0], known[-1] + 1)
    moved = track.points[inner, 0, 0] - points[0, 0]
    if len(known) > 1 and known[0] == 0 and known[-1] == len(seen) - 1:
        np.testing.assert_allclose(moved, 2.0 * np.arange(len(seen)), atol=0.02)
    assert (np.diff(track.points[:, 0, 0]) > -0.75).all(), "beyond them it stands still"
    assert seen[track.neutral]


def test_of_several_the_face_that_was_chosen_is_followed(follow):
    points = np.random.default_rng(6).normal(0, 10, (478, 3))
    left = [made_face(points + np.array([100 + 3 * k, 100, 0])) for k in range(9)]
    right = [made_face(points + np.array([300 - 3 * k, 100, 0])) for k in range(9)]
    found = [[a, b] for a, b in zip(left, right, strict=True)]
    found[4] = [left[4]]  # the other is hidden
    for number, middle in ((0, 100 + 12), (1, 300 - 12)):
        track = follow(found, face=number)
        assert track.points[4, :, 0].mean() == pytest.approx(middle, abs=2)
        assert track.found[4] == (number == 0)


def test_errors_are_told(follow):
    with pytest.raises(ZograscopeError, match=r"'La Duse\.mp4'") as caught:
        follow([[]] * 3, "La Duse.mp4")
    assert caught.value.code == "driver-without-face"
    face = made_face(np.random.default_rng(8).normal(0, 10, (478, 3)))
    with pytest.raises(ZograscopeError, match="only 3 frames") as caught:
        follow([[face]] * 3, neutral=3)
    assert caught.value.code == "neutral-frame-missing"
    assert follow([[face]] * 3, neutral=2).neutral == 2


def test_what_is_saved_is_loaded(follow, tmp_path):
    points = np.random.default_rng(9).normal(0, 10, (478, 3))
    found = [[made_face(points + k, 0.1 * k)] if k != 2 else [] for k in range(7)]
    track = follow(found)
    track.save(tmp_path / "track.npz")
    back = DriverTrack.load(tmp_path / "track.npz")
    assert (back.size, back.neutral) == (track.size, track.neutral) == ((64, 48), 0)
    for name in ("times", "points", "expressions", "poses", "heads", "found"):
        np.testing.assert_array_equal(getattr(back, name), getattr(track, name))
    (tmp_path / "other").write_bytes(b"no track")
    with pytest.raises((OSError, ValueError, KeyError)):
        DriverTrack.load(tmp_path / "other")
