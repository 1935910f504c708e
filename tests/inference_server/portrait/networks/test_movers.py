"""Movers, on networks without training and drawn pictures."""

import numpy as np
import pytest
import torch
from torch import nn
from zograscope_protocol.portrait.tasks import PortraitOptions
from zograscope_server.portrait.networks.movers import (
    FommMover,
    LivePortraitMover,
    network_mover,
)
from zograscope_server.portrait.track import DriverTrack

from .conftest import drawn_face, drawn_picture, drawn_points

ALL = PortraitOptions(regions=("pose", "eyes", "brows", "mouth"))
FACE = drawn_face((210, 150), 60)


def driver(frames: int = 3) -> tuple[DriverTrack, list[np.ndarray]]:
    """A clip whose neutral frame is its second, and in which the mouth opens."""
    pictures = [np.roll(drawn_picture(320, 240), 9 * n, axis=1) for n in range(frames)]
    points = np.stack([drawn_points((160 + 3 * n, 120), 70, 0.05 * n) for n in range(frames)])
    track = DriverTrack(
        times=np.arange(frames) / 25,
        points=points,
        expressions=np.zeros((frames, 52), np.float32),
        poses=np.tile(np.eye(4, dtype=np.float32), (frames, 1, 1)),
        heads=np.tile(np.eye(3, 4), (frames, 1, 1)),
        found=np.ones(frames, bool),
        size=(320, 240),
        neutral=1,
    )
    return track, pictures


def check(mover, source: np.ndarray, frame: np.ndarray) -> None:
    """A frame is of the source's kind, moved inside of the mask, and untouched outside."""
    assert (frame.shape, frame.dtype) == (source.shape, source.dtype)
    assert (mover.mask.shape, mover.mask.dtype) == (source.shape[:2], np.uint8)
    np.testing.assert_array_equal(frame[mover.mask == 0], source[mover.mask == 0])
    assert 0 < (mover.mask > 0).mean() < 1
    assert (frame[mover.mask == 255] != source[mover.mask == 255]).any()
    nearer = mover.nearer()
    assert (nearer.shape, nearer.dtype, nearer.any()) == (source.shape[:2], np.float32, False)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_first_order_model_moves_a_portrait(random_fomm, dtype):
    source = drawn_picture(420, 330, dtype)
    track, pictures = driver()
    mover = network_mover(random_fomm, source, FACE, track, pictures[track.neutral], ALL)
    assert isinstance(mover, FommMover)
    check(mover, source, mover.frame(2, pictures[2]))


def test_a_network_cannot_move_by_curves_alone(random_fomm):
    track, pictures = driver()
    mover = FommMover(random_fomm, drawn_picture(420, 330), FACE, track, pictures[1], ALL)
    with pytest.raises(ValueError, match="driver's frame"):
        mover.frame(0, None)


def test_strengths_and_motion_of_the_first_order_model(random_fomm):
    source = drawn_picture(420, 330)
    track, pictures = driver()
    moved = FommMover(random_fomm, source, FACE, track, pictures[track.neutral], ALL).frame(
        2, pictures[2]
    )
    rest = FommMover(random_fomm, source, FACE, track, pictures[track.neutral], ALL).frame(
        1, pictures[1]
    )
    assert (moved != rest).any()
    none = PortraitOptions(regions=("eyes",), strength_eyes=0.0)
    still = FommMover(random_fomm, source, FACE, track, pictures[track.neutral], none).frame(
        2, pictures[2]
    )
    np.testing.assert_allclose(still.astype(int), rest, atol=1)
    absolute = PortraitOptions(regions=ALL.regions, motion="absolute")
    placed = FommMover(random_fomm, source, FACE, track, pictures[track.neutral], absolute).frame(
        1, pictures[1]
    )
    assert (placed != rest).any()


class Recorder(nn.Module):
    """Stands for the slow half of LivePortrait: keeps what it is asked."""

    def __init__(self, dense: nn.Module) -> None:
        super().__init__()
        self.dense_motion_network = dense
        self.asked = []

    def forward(self, volume, summary, source, driving):
        assert volume.shape == (1, 32, 16, 64, 64)
        assert summary.shape == (1, 4, 16, 64, 64)
        self.asked.append((source[0].numpy(), driving[0].numpy()))
        return torch.zeros(1, 256, 64, 64)


class Grey(nn.Module):
    def __init__(self, like: nn.Module) -> None:
        super().__init__()
        self.fc = like.fc

    def forward(self, features):
        return torch.full((1, 3, 512, 512), 0.5)


@pytest.fixture
def recorded(random_liveportrait):
    network = random_liveportrait
    network.warping_module = Recorder(network.warping_module.dense_motion_network)
    network.spade_generator = Grey(network.spade_generator)
    return network


def asked(network, options, number: int = 2) -> tuple[np.ndarray, np.ndarray]:
    track, pictures = driver()
    source = drawn_picture(420, 330, np.uint16)
    mover = network_mover(network, source, FACE, track, pictures[track.neutral], options)
    assert isinstance(mover, LivePortraitMover)
    check(mover, source, mover.frame(number, pictures[number]))
    return network.warping_module.asked[-1]


def options(**changes) -> PortraitOptions:
    return PortraitOptions(**({"regions": ALL.regions, "stitching": False} | changes))


def test_liveportrait_stays_for_a_neutral_driver(recorded):
    source, moved = asked(recorded, options(), number=1)
    np.testing.assert_allclose(moved, source, atol=1e-6)
    source, moved = asked(recorded, options())
    assert np.abs(moved - source).max() > 1e-4
    source, moved = asked(recorded, options(regions=("eyes",), strength_eyes=0.0))
    np.testing.assert_allclose(moved, source, atol=1e-6)


def test_stitching_and_absolute_motion_of_liveportrait(recorded):
    source, moved = asked(recorded, options())
    _, stitched = asked(recorded, options(stitching=True))
    with torch.inference_mode():
        values = torch.from_numpy(np.concatenate([source.ravel(), moved.ravel()]))[None]
        answer = recorded.retarget_shoulder(values)[0].numpy()
    expected = moved + answer[:63].reshape(21, 3)
    expected[:, :2] += answer[63:]
    np.testing.assert_allclose(stitched, expected, atol=1e-5)
    _, absolute = asked(recorded, options(motion="absolute"))
    assert np.abs(absolute - moved).max() > 1e-5


def test_retargeting_adds_to_the_driver_s_motion(recorded):
    """The driver's first frame closes the mouth: its motion stays, and a change is added to it."""
    _, moved = asked(recorded, options(), number=0)
    last = recorded.retarget_mouth.mlp[-1]
    with torch.no_grad():
        last.weight.zero_()
    _, plain = asked(recorded, options(), number=0)
    assert np.abs(plain - moved).max() > 1e-6
    _, rest = asked(recorded, options(), number=1)
    assert np.abs(plain - rest).max() > 1e-5, "the driver's motion is still there"


def test_liveportrait_moves_a_portrait(random_liveportrait):
    source = drawn_picture(420, 330)
    track, pictures = driver()
    mover = network_mover(random_liveportrait, source, FACE, track, pictures[track.neutral], ALL)
    check(mover, source, mover.frame(2, pictures[2]))
