"""Frames of a portrait: at rest they are the source, and outside the mask they always are."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from zograscope_protocol.portrait.tasks import PortraitOptions
from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.search import find_faces
from zograscope_server.media.clips import Clip
from zograscope_server.portrait.animation import (
    Driver,
    fit,
    make_curve_mover,
    make_mover,
    track_driver,
)
from zograscope_server.portrait.mesh.mouth import OwnMouth
from zograscope_server.portrait.mesh.mover import MeshMover
from zograscope_server.portrait.mover import MeshModel
from zograscope_server.portrait.similarity import Similarity
from zograscope_server.portrait.transfer import Motion, lid_opening, lip_gap

from ..conftest import expression

STILL = np.eye(4, dtype=np.float32)
PORTRAITS = ("lp_s10.jpg", "lp_s3.jpg", "lp_s4.jpg", "lp_s8.jpg", "lp_s9.jpg")


def turned(degrees: float, axis: str = "y") -> np.ndarray:
    from scipy.spatial.transform import Rotation

    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    return pose


@pytest.fixture(scope="module")
def picture(drawn) -> np.ndarray:
    """A drawn sitter before a wide wall, of which the ends never move."""
    wall = np.full((280, 620, 3), (96, 110, 120), np.uint8)
    wall[24:, 170:426] = drawn.draw_face(256)
    return wall


@pytest.fixture(scope="module")
def face(picture, look) -> Face:
    return look(picture)


@pytest.fixture(scope="module")
def by_curves(picture, face, tools) -> Callable[..., MeshMover]:
    def make(curves, poses, source=picture, **options) -> MeshMover:
        asked = PortraitOptions(**options)
        values = np.array(curves, np.float32)
        return make_curve_mover(source, face, values, np.stack(poses), asked, tools)

    return make


SPEAKING = expression(jawOpen=0.6, mouthSmileLeft=0.5, mouthSmileRight=0.5)
BLINKING = expression(eyeBlinkLeft=1, eyeBlinkRight=1)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_outside_the_mask_nothing_changes_and_at_rest_nothing_at_all(by_curves, picture, depth):
    source = picture if depth == np.uint8 else picture.astype(np.uint16) * 257 + 3
    poses = [STILL, STILL, turned(15), turned(-10, "x")]
    mover = by_curves([expression(), SPEAKING, SPEAKING, BLINKING], poses, source)
    assert mover.mask.shape == picture.shape[:2] and mover.mask.dtype == np.uint8
    assert 0.1 < (mover.mask > 0).mean() < 1
    for number in range(4):
        frame = mover.frame(number, None)
        assert (frame.dtype, frame.shape) == (source.dtype, source.shape)
        np.testing.assert_array_equal(frame[mover.mask == 0], source[mover.mask == 0])
        assert np.array_equal(frame, source) == (number == 0)


def test_a_hairs_breadth_of_motion_is_hardly_seen(picture, face, tools):
    """All layers are put together, and give the picture back: nothing jumps as motion begins."""
    motion = Motion(
        (Similarity(np.eye(3), 1.0, np.zeros(3)),),
        np.full((1, 478, 3), 0.002, np.float32),
        np.zeros((1, 2, 2), np.float32),
    )
    head = fit(face)

    def make_mouth(tone):
        return OwnMouth(head, np.zeros((1, 52), np.float32), tone)

    frame = MeshMover(picture, face, motion, make_mouth, tools.segmenter).frame(0, None)
    away = np.abs(frame.astype(int) - picture)
    assert (away > 1).mean() < 1e-4 and away.max() < 20


def test_frames_come_in_any_order_and_are_the_same(by_curves):
    poses = [STILL, turned(8), turned(-8)]
    one, other = (by_curves([SPEAKING, BLINKING, SPEAKING], poses) for _ in range(2))
    forwards = [one.frame(number, None) for number in range(3)]
    for number in (2, 0, 1):
        np.testing.assert_array_equal(other.frame(number, None), forwards[number])


@pytest.fixture(scope="module")
def look(tools):
    def find(frame: np.ndarray) -> Face:
        (found,) = find_faces(frame, tools.faces)
        return found

    return find


def test_a_mouth_that_opens_is_seen_to_open_and_lids_to_close(by_curves, face, look):
    mover = by_curves([SPEAKING, BLINKING], [STILL, STILL])
    speaking, blinking = (look(mover.frame(number, None)) for number in range(2))
    assert lip_gap(speaking.points) > lip_gap(face.points) + 0.1
    assert lip_gap(blinking.points) < lip_gap(face.points) + 0.05
    for eye in (0, 1):
        assert lid_opening(blinking.points, eye) < 0.75 * lid_opening(face.points, eye)
        assert lid_opening(speaking.points, eye) > 0.8 * lid_opening(face.points, eye)


def test_a_head_that_turns_is_seen_to_turn_and_told_as_relief(by_curves, face, look):
    from zograscope_server.portrait.examination import yaw_of

    mover = by_curves([expression()] * 3, [turned(12), STILL, turned(-12)])
    angles, reliefs = [], []
    for number in range(3):
        angles.append(yaw_of(look(mover.frame(number, None))))
        reliefs.append(mover.nearer())
    assert angles[1] - angles[0] > 4 and angles[2] - angles[1] > 4
    assert not reliefs[1].any()
    for relief in reliefs:
        assert np.isfinite(relief).all() and not relief[mover.mask == 0].any()
    # Yaw turns the nose to the right in the picture: there the cheek goes back, left it comes.
    left, top, width, height = (int(value) for value in face.box)
    rows = slice(top + height // 3, top + 2 * height // 3)
    right_cheek = slice(left + int(0.75 * width), left + int(0.9 * width))
    left_cheek = slice(left + int(0.1 * width), left + int(0.25 * width))
    for relief, sign in ((reliefs[0], 1), (reliefs[2], -1)):
        assert sign * relief[rows, left_cheek].mean() > 0.02
        assert sign * relief[rows, right_cheek].mean() < -0.02


@pytest.fixture(scope="module")
def drawn_driver(drawn, tools, tmp_path_factory):
    file = drawn.write_clip(tmp_path_factory.mktemp("clip") / "drawn.mp4", drawn.draw_clip(256, 8))
    driver = Driver(Clip(file, "drawn.mp4"), 0.0, None, 25.0)
    return driver, track_driver(driver, tools)


def assert_holds(source, face, driver, track, tools, numbers) -> None:
    mover = make_mover(MeshModel(), source, face, driver, track, PortraitOptions(), tools)
    for number in numbers:
        frame = mover.frame(number, driver.picture(number))
        np.testing.assert_array_equal(frame[mover.mask == 0], source[mover.mask == 0])
        away = np.abs(frame.astype(int) - source)
        if number == track.neutral:
            assert away.max() <= 1
        else:
            assert away.max() > 30, "something moves"


def test_a_drawn_driver_moves_a_drawn_portrait(picture, face, drawn_driver, tools):
    driver, track = drawn_driver
    assert track.found.all()
    assert_holds(picture, face, driver, track, tools, range(len(track)))


@pytest.mark.parametrize("name", PORTRAITS)
def test_portraits_hold_too(shared, drawn_driver, tools, name):
    file = shared / "portraits" / name
    if not file.is_file():
        pytest.skip(f"there is no portrait at {file}")
    source = np.ascontiguousarray(cv2.imread(str(file))[..., ::-1])
    face = find_faces(source, tools.faces)[0]
    driver, track = drawn_driver
    farthest = int(np.abs(track.points - track.points[track.neutral]).sum(axis=(1, 2)).argmax())
    assert_holds(source, face, driver, track, tools, (track.neutral, farthest))
