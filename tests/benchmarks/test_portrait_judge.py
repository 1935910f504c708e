"""What is told of moved portraits is what was done to them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    """Import a script of the benchmarks that needs no other; they are no package."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


judge = load("portrait_judge")
drawn = load("drawn_face")

amounts = st.floats(-20, 20)


def ring(count: int) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return 128 + 60 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def drawn_points() -> np.ndarray:
    """Where the 68 points lie in the drawn face of 256 pixels, roughly: enough for its regions."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.stack([128 + 58 * np.cos(angles), 118 + 88 * np.sin(angles)], axis=1)
    brows = np.array([(column, 102) for column in (88, 95, 103, 110, 117, 139, 146, 153, 161, 168)])
    nose = np.array(
        [(128, row) for row in (116, 125, 134, 143)] + [(x, 150) for x in range(118, 139, 5)]
    )
    eye = np.array([(-12, 0), (-5, -6), (5, -6), (12, 0), (5, 6), (-5, 6)])
    turn = np.linspace(np.pi, 3 * np.pi, 20, endpoint=False)
    mouth = np.stack([128 + 21 * np.cos(turn), 174 + 8 * np.sin(turn)], axis=1)
    eyes = [eye + np.array(centre) for centre in ((103, 117), (153, 117))]
    return np.concatenate([jaw, brows, nose, *eyes, mouth]).astype(float)


@given(amounts, amounts)
def test_a_shift_is_its_own_length_as_keypoint_distance(across, down):
    driver = np.stack([ring(68)] * 3)
    found = judge.keypoint_distance(driver + np.array([across, down]), driver)
    assert set(found) == {"all", *judge.PARTS}
    assert np.allclose(list(found.values()), np.hypot(across, down))


def test_only_the_part_that_moves_is_told():
    driver = np.stack([ring(68)] * 3)
    made = driver.copy()
    made[:, judge.PARTS["mouth"]] += (3, 4)
    found = judge.keypoint_distance(made, driver)
    assert found["mouth"] == pytest.approx(5)
    assert found["all"] == pytest.approx(5 * 20 / 68)
    assert found["jaw"] == found["eyes"] == 0


def test_every_point_belongs_to_one_part():
    counted = np.zeros(68, int)
    for part in judge.PARTS.values():
        counted[part] += 1
    assert (counted == 1).all()


def test_l1_is_of_values_from_0_to_1():
    black = np.zeros((4, 4, 3), np.uint8)
    assert judge.l1(black, black) == 0
    assert judge.l1(black, black + 255) == 1
    assert judge.l1(black + 51, black) == pytest.approx(0.2)


@given(st.floats(0.2, 3), st.floats(-1, 1), st.floats(0.01, 1))
def test_a_gain_is_recovered_from_any_neutral(gain, neutral, reach):
    driver = reach * np.sin(np.linspace(0, 20, 200))
    found = judge.follow(neutral + gain * driver, driver, noise=0.0)
    assert found["gain"] == pytest.approx(gain)
    assert found["correlation"] == pytest.approx(1)


def test_a_driver_that_hardly_moves_says_nothing():
    driver = 0.01 * np.sin(np.linspace(0, 20, 200))
    assert not judge.follow(driver, driver, noise=0.01)["meaningful"]
    assert judge.follow(driver, driver, noise=0.001)["meaningful"]


def test_noise_of_the_driver_lowers_the_gain_by_what_is_told():
    random = np.random.default_rng(0)
    moves = np.sin(np.linspace(0, 200, 20_000))
    driver = moves + random.normal(0, 0.4, moves.size)
    found = judge.follow(moves, driver, noise=0.4)
    assert found["gain"] == pytest.approx(found["attenuation"], abs=0.02)
    assert found["gain"] < 0.8


def test_what_stands_still_follows_nothing():
    driver = np.sin(np.linspace(0, 20, 200))
    found = judge.follow(np.full(200, 0.3), driver, noise=0.0)
    assert np.isnan(found["correlation"])
    assert found["gain"] == pytest.approx(0)


@pytest.mark.parametrize("name", ["IBUG_68", "MEDIAPIPE_478"])
@given(gap=st.floats(0, 30), scale=st.floats(0.5, 4))
def test_an_opening_is_its_gap_over_its_width_at_any_size(name, gap, scale):
    scheme = getattr(judge, name)
    points = np.zeros((1, 478, 2))
    for opening in (scheme.mouth, *scheme.eyes):
        _, left = opening.corners
        points[0, left, 0] = 40
        for above, below in opening.pairs:
            points[0, above, 0] = points[0, below, 0] = 20
            points[0, below, 1] = gap
    found = scheme.openings(scale * points)
    assert found["mouth"][0] == pytest.approx(gap / 40)
    assert found["eyes"][0] == pytest.approx(gap / 40)


def test_jitter_is_that_of_the_noise_and_not_of_smooth_movement():
    random = np.random.default_rng(0)
    times = np.linspace(0, 1, 400)[:, None, None]
    smooth = ring(68) + 30 * np.concatenate([np.sin(3 * times), times], axis=2)
    trembling = smooth + random.normal(0, 0.5, smooth.shape)
    size = judge.face_size(smooth)
    assert size == pytest.approx(60)
    assert judge.jitter(smooth) < 1e-4
    # the third difference of white noise has 1 + 9 + 9 + 1 times its variance, in x and in y
    assert judge.jitter(trembling) == pytest.approx(0.5 * np.sqrt(2 * 20) / size, rel=0.03)
    assert judge.jitter(2 * trembling) == pytest.approx(judge.jitter(trembling))
    assert np.isnan(judge.jitter(smooth[:3]))


def test_cosines_are_of_angles():
    found = judge.cosine(np.array([1.0, 0]), np.array([[2.0, 0], [0, 3], [1, 1]]))
    assert found == pytest.approx([1, 0, np.sqrt(0.5)])


@given(st.floats(-180, 180), st.floats(0.3, 3), amounts, amounts)
def test_a_similarity_is_found_again(degrees, scale, across, down):
    cosine, sine = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    wanted = np.array([[cosine, -sine, across], [sine, cosine, down], [0, 0, 1]])
    points = ring(9) + np.arange(18).reshape(9, 2)
    moved = points @ wanted[:2, :2].T + wanted[:2, 2]
    assert np.allclose(judge.similarity(points, moved), wanted, atol=1e-6)


def test_a_tear_is_seen_and_what_is_whole_is_not():
    source, points = drawn.draw_face(256), drawn_points()
    whole = judge.share_of_new(judge.new_edges(source, source, points, points))
    cut = judge.torn(source, points)
    assert not np.array_equal(cut, source)
    assert whole == 0
    assert judge.share_of_new(judge.new_edges(cut, source, points, points)) > 0.3


@pytest.mark.parametrize("degrees", [-10, 6])
def test_a_turned_head_has_no_new_edges(degrees):
    import cv2

    source, points = drawn.draw_face(256), drawn_points()
    made = drawn.draw_face(256, turn=degrees)
    turn = cv2.getRotationMatrix2D((128, 150), degrees, 1)
    moved = points @ turn[:, :2].T + turn[:, 2]
    assert judge.share_of_new(judge.new_edges(made, source, moved, points)) < 0.05


def test_an_open_mouth_and_a_blink_are_no_tears():
    source, points = drawn.draw_face(256), drawn_points()
    speaking = drawn.draw_face(256, mouth=0.6, eyes=0.2)
    lips = points.copy()
    lips[48:][lips[48:, 1] > 175] += (0, 12)
    found = judge.new_edges(speaking, source, lips, points)
    assert judge.share_of_new(found) < 0.1


def test_what_is_stored_again_stays_where_it_is():
    source = drawn.draw_face(256)
    again = judge.reencoded(source)
    assert not np.array_equal(again, source)
    assert judge.l1(again, source) < 0.01


def test_a_drawn_clip_begins_at_rest_and_is_read_back(tmp_path):
    import av

    frames = drawn.draw_clip(128, 12)
    assert np.array_equal(frames[0], drawn.draw_face(128))
    path = drawn.write_clip(tmp_path / "drawn.mp4", frames)
    with av.open(str(path)) as film:
        read = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(read) == 12
    assert max(map(judge.l1, read, frames)) < 0.03
