"""The first-order motion model, as it was trained on talking faces ("vox-256", "vox-adv-256").

Siarohin et al., "First Order Motion Model for Image Animation", NeurIPS 2019. Only what inference
needs. Pictures are (n, 3, 256, 256) RGB from 0 to 1; points are from -1 to 1, x first.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from zograscope_server.portrait.networks.blocks import (
    Down,
    Hourglass,
    Residual,
    Same,
    Up,
    coordinates,
    fold,
    heat,
    sample,
    with_background,
)
from zograscope_server.portrait.networks.motion import LEAST_DETERMINANT

SIDE = 256
POINTS = 10
TEMPERATURE = 0.1


class LocalMotion(NamedTuple):
    """Points (n, 10, 2), and how the picture about each is turned and stretched, (n, 10, 2, 2)."""

    points: Tensor
    jacobians: Tensor


class EncodedSource(NamedTuple):
    """What depends on the source only: features (n, 256, 64, 64), and it, small, (n, 3, 64, 64)."""

    features: Tensor
    small: Tensor


class Flow(NamedTuple):
    """Where each of 64 x 64 places looks in the source, and how much of it is seen.

    `places` (n, 64, 64, 2); `occlusion` (n, 1, 64, 64); `mask` (n, 11, 64, 64), the share that the
    background and each point have; `looks` (n, 11, 64, 64, 2), where each of these would look.
    """

    places: Tensor
    occlusion: Tensor
    mask: Tensor
    looks: Tensor


class Shrink(nn.Module):
    """A quarter of the size, smoothed before by a bell of a deviation of 1.5 pixels."""

    REACH, DEVIATION, STEP = 6, 1.5, 4
    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        bell = torch.exp(torch.arange(-6.0, 7.0).square() / (-2 * self.DEVIATION**2))
        kernel = torch.outer(bell, bell)
        self.register_buffer("weight", (kernel / kernel.sum()).repeat(3, 1, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, 3, 256, 256) to (n, 3, 64, 64)."""
        return functional.conv2d(
            pictures, self.weight, stride=self.STEP, padding=self.REACH, groups=3
        )


class PointDetector(nn.Module):
    """Finds the points, and how the picture lies about each."""

    def __init__(self) -> None:
        super().__init__()
        self.predictor = Hourglass(2, 3, 32)
        self.kp = nn.Conv2d(self.predictor.outputs, POINTS, 7)
        self.jacobian = nn.Conv2d(self.predictor.outputs, 4 * POINTS, 7)
        self.down = Shrink()

    def forward(self, pictures: Tensor) -> LocalMotion:
        """(n, 3, 256, 256) to motion."""
        features = self.predictor(self.down(pictures))
        seen = self.kp(features)
        likely = functional.softmax(seen.flatten(2) / TEMPERATURE, 2).view_as(seen)
        places = coordinates(tuple(seen.shape[2:]), seen)
        points = torch.einsum("nkhw,hwd->nkd", likely, places)
        lies = self.jacobian(features).unflatten(1, (POINTS, 4))
        jacobians = torch.einsum("nkhw,nkjhw->nkj", likely, lies)
        return LocalMotion(points, jacobians.unflatten(2, (2, 2)))


class DenseMotion(nn.Module):
    """Joins the motion of the points into one of every place."""

    def __init__(self) -> None:
        super().__init__()
        self.hourglass = Hourglass(2, (POINTS + 1) * 4, 64)
        self.mask = nn.Conv2d(self.hourglass.outputs, POINTS + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.outputs, 1, 7, padding=3)
        self.down = Shrink()

    def forward(
        self, small: Tensor, source: LocalMotion, driving: LocalMotion, *, align_corners: bool
    ) -> Flow:
        """Return the flow of the small source (n, 3, 64, 64)."""
        height, width = small.shape[2:]
        places = coordinates((height, width), small)
        change = heat(driving.points, places) - heat(source.points, places)
        looks = _looks(places, source, driving)
        seen = self.look(small, looks, align_corners=align_corners)
        joined = torch.cat([with_background(change)[:, :, None], seen], 2).flatten(1, 2)
        features = self.hourglass(joined)
        mask = functional.softmax(self.mask(features), 1)
        return Flow(
            places=torch.einsum("nkhw,nkhwd->nhwd", mask.float(), looks),
            occlusion=torch.sigmoid(self.occlusion(features)),
            mask=mask,
            looks=looks,
        )

    @staticmethod
    def look(small: Tensor, looks: Tensor, *, align_corners: bool) -> Tensor:
        """Return what each of (n, k, h, w, 2) looks sees of (n, c, h, w), as (n, k, c, h, w)."""
        count = looks.shape[1]
        copies = small[:, None].expand(-1, count, -1, -1, -1).flatten(0, 1)
        seen = sample(copies, looks.flatten(0, 1), align_corners=align_corners)
        return seen.unflatten(0, (-1, count))


def _looks(places: Tensor, source: LocalMotion, driving: LocalMotion) -> Tensor:
    """Where each place would look in the source if it moved with one point, (n, 11, h, w, 2)."""
    size = driving.jacobians.abs().amax((-2, -1)).square()
    sound = torch.linalg.det(driving.jacobians).abs() > LEAST_DETERMINANT * size
    upright = torch.eye(2, device=places.device)
    sane = torch.where(sound[..., None, None], driving.jacobians, upright)
    turned = source.jacobians @ torch.linalg.inv_ex(sane).inverse
    offset = places - driving.points[:, :, None, None]
    moved = torch.einsum("nkij,nkhwj->nkhwi", turned, offset) + source.points[:, :, None, None]
    return torch.cat([places.expand(len(moved), 1, -1, -1, -1), moved], 1)


class Generator(nn.Module):
    """Moves the source's features, and paints what was hidden.

    Args:
        align_corners: how places are looked up. True as torch did when the weights were trained,
            so that a source that does not move stays where it is; later torch made it False.
    """

    def __init__(self, *, align_corners: bool = True) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.dense_motion_network = DenseMotion()
        self.first = Same(2, 3, 64, 7)
        self.down_blocks = nn.ModuleList([Down(2, 64, 128), Down(2, 128, 256)])
        self.bottleneck = nn.Sequential()
        for number in range(6):
            self.bottleneck.add_module(f"r{number}", Residual(2, 256))
        self.up_blocks = nn.ModuleList([Up(2, 256, 128), Up(2, 128, 64)])
        self.final = nn.Conv2d(64, 3, 7, padding=3)

    def encode(self, pictures: Tensor) -> EncodedSource:
        """Return what depends on the source only."""
        features = self.first(pictures)
        for block in self.down_blocks:
            features = block(features)
        return EncodedSource(features, self.dense_motion_network.down(pictures))

    def flow(self, encoded: EncodedSource, source: LocalMotion, driving: LocalMotion) -> Flow:
        """Return where the source's features go."""
        return self.dense_motion_network(
            encoded.small, source, driving, align_corners=self.align_corners
        )

    def forward(self, encoded: EncodedSource, source: LocalMotion, driving: LocalMotion) -> Tensor:
        """Return (n, 3, 256, 256) pictures of the source as the driving points have it."""
        flow = self.flow(encoded, source, driving)
        features = sample(encoded.features, flow.places, align_corners=self.align_corners)
        features = self.bottleneck(features * flow.occlusion)
        for block in self.up_blocks:
            features = block(features)
        return torch.sigmoid(self.final(features))


class Fomm(nn.Module):
    """Both networks of the first-order motion model; `fold` after loading."""

    def __init__(self, *, align_corners: bool = True) -> None:
        super().__init__()
        self.generator = Generator(align_corners=align_corners)
        self.kp_detector = PointDetector()

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.generator.final.weight.device

    def place(self, device: str) -> Self:
        """Bring it to a device."""
        return self.to(device)

    def fold(self) -> None:
        """Make it quicker, for good."""
        fold(self.generator)
        fold(self.kp_detector)
