"""LivePortrait's networks.

Guo et al., "LivePortrait: Efficient Portrait Animation with Stitching and Retargeting Control",
2024. Only what inference needs. Pictures come in as (n, 3, 256, 256) RGB from 0 to 1 and leave as
(n, 3, 512, 512); points are (n, 21, 3), x right, y down, z away, the picture from -1 to 1.
"""

import itertools
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from zograscope_server.portrait.networks.blocks import (
    Down,
    Hourglass,
    Residual,
    Same,
    SpectralConvolution,
    coordinates,
    enlarge,
    enlarging,
    fold,
    heat,
    sample,
    with_background,
)

SIDE = 256
RESULT_SIDE = 512
POINTS = 21
CHANNELS, DEPTH = 32, 16
COMPRESSED = 4
BINS = 66


class Appearance(nn.Module):
    """What the source looks like, as a volume."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Same(2, 3, 64)
        self.down_blocks = nn.ModuleList([Down(2, 64, 128), Down(2, 128, 256)])
        self.second = nn.Conv2d(256, CHANNELS * DEPTH, 1)
        self.resblocks_3d = nn.Sequential()
        for number in range(6):
            self.resblocks_3d.add_module(f"3dr{number}", Residual(3, CHANNELS))

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, 3, 256, 256) to (n, 32, 16, 64, 64)."""
        features = self.first(pictures)
        for block in self.down_blocks:
            features = block(features)
        return self.resblocks_3d(self.second(features).unflatten(1, (CHANNELS, DEPTH)))


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (n, c, h, w)."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the same shape."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """Global response normalisation (Woo et al., "ConvNeXt V2", CVPR 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, width))

    def forward(self, features: Tensor) -> Tensor:
        """(n, h, w, c) to the same."""
        strength = torch.linalg.vector_norm(features, dim=(1, 2), keepdim=True)
        share = strength / (strength.mean(-1, keepdim=True) + 1e-6)
        return torch.addcmul(features + self.beta, self.gamma, features * share)


class NextBlock(nn.Module):
    """ConvNeXt V2's block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.grn = ResponseNorm(4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)

    def forward(self, features: Tensor) -> Tensor:
        """(n, width, h, w) to the same."""
        changed = self.norm(self.dwconv(features).permute(0, 2, 3, 1))
        changed = self.pwconv2(self.grn(functional.gelu(self.pwconv1(changed))))
        return features + changed.permute(0, 3, 1, 2)


class RawMotion(NamedTuple):
    """What the extractor answers: bins for the three angles (n, 66), the rest as it is.

    `points` and `expression` (n, 21, 3), `scale` (n, 1), `translation` (n, 3).
    """

    points: Tensor
    expression: Tensor
    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    scale: Tensor
    translation: Tensor


class _Detector(nn.Module):
    """ConvNeXt V2 tiny with heads."""

    DEPTHS, WIDTHS = (3, 3, 9, 3), (96, 192, 384, 768)

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, 96, 4, 4), ChannelNorm(96, eps=1e-6))
        halvings = [
            nn.Sequential(ChannelNorm(coarse // 2, eps=1e-6), nn.Conv2d(coarse // 2, coarse, 2, 2))
            for coarse in self.WIDTHS[1:]
        ]
        self.downsample_layers = nn.ModuleList([stem, *halvings])
        self.stages = nn.ModuleList(
            nn.Sequential(*[NextBlock(width) for _ in range(depth)])
            for depth, width in zip(self.DEPTHS, self.WIDTHS, strict=True)
        )
        self.norm = nn.LayerNorm(self.WIDTHS[-1], eps=1e-6)
        self.fc_kp = nn.Linear(self.WIDTHS[-1], 3 * POINTS)
        self.fc_scale = nn.Linear(self.WIDTHS[-1], 1)
        self.fc_pitch = nn.Linear(self.WIDTHS[-1], BINS)
        self.fc_yaw = nn.Linear(self.WIDTHS[-1], BINS)
        self.fc_roll = nn.Linear(self.WIDTHS[-1], BINS)
        self.fc_t = nn.Linear(self.WIDTHS[-1], 3)
        self.fc_exp = nn.Linear(self.WIDTHS[-1], 3 * POINTS)

    def forward(self, pictures: Tensor) -> RawMotion:
        features = pictures
        for shrink, stage in zip(self.downsample_layers, self.stages, strict=True):
            features = stage(shrink(features))
        whole = self.norm(features.mean((2, 3)))
        return RawMotion(
            points=self.fc_kp(whole).unflatten(1, (POINTS, 3)),
            expression=self.fc_exp(whole).unflatten(1, (POINTS, 3)),
            pitch=self.fc_pitch(whole),
            yaw=self.fc_yaw(whole),
            roll=self.fc_roll(whole),
            scale=self.fc_scale(whole),
            translation=self.fc_t(whole),
        )


class MotionExtractor(nn.Module):
    """How a head is turned and what it does with its face."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = _Detector()

    def forward(self, pictures: Tensor) -> RawMotion:
        """(n, 3, 256, 256) to motion."""
        return self.detector(pictures)


class Flow(NamedTuple):
    """Where each place of the volume looks in the source's, and how much of it is seen.

    `places` (n, 16, 64, 64, 3); `occlusion` (n, 1, 64, 64); `mask` (n, 22, 16, 64, 64).
    """

    places: Tensor
    occlusion: Tensor
    mask: Tensor


class DenseMotion(nn.Module):
    """Joins the motion of the points into one of every place."""

    def __init__(self) -> None:
        super().__init__()
        self.compress: nn.Module = nn.Conv3d(CHANNELS, COMPRESSED, 1)
        self.norm: nn.Module = nn.BatchNorm3d(COMPRESSED)
        self.hourglass = Hourglass(3, (POINTS + 1) * (COMPRESSED + 1), 32, closing=True)
        self.mask = nn.Conv3d(self.hourglass.outputs, POINTS + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.outputs * DEPTH, 1, 7, padding=3)

    def fold(self) -> None:
        """Put the norm into the convolution."""
        folded = Same(3, CHANNELS, COMPRESSED, 1)
        folded.conv, folded.norm = self.compress, self.norm
        folded.eval().fold()
        self.compress, self.norm = folded.conv, folded.norm

    def summary(self, volume: Tensor) -> Tensor:
        """Return (n, 4, 16, 64, 64) of (n, 32, 16, 64, 64), which depends on the source only."""
        return functional.relu(self.norm(self.compress(volume)))

    def forward(self, summary: Tensor, source: Tensor, driving: Tensor) -> Flow:
        """Return the flow that brings the source's points to the driving points."""
        places = coordinates(tuple(summary.shape[2:]), summary)
        change = with_background(heat(driving, places) - heat(source, places))
        shift = with_background(source - driving)
        looks = places + shift[:, :, None, None, None]
        copies = summary[:, None].expand(-1, POINTS + 1, -1, -1, -1, -1).flatten(0, 1)
        # The weights were trained with places and look-up of two conventions, so it stays.
        seen = sample(copies, looks.flatten(0, 1), align_corners=False)
        seen = seen.unflatten(0, (-1, POINTS + 1))
        features = self.hourglass(torch.cat([change[:, :, None], seen], 2).flatten(1, 2))
        mask = functional.softmax(self.mask(features), 1)
        moved = torch.einsum("nkdhw,nki->ndhwi", mask.float(), shift.float())
        return Flow(
            places=places + moved,
            occlusion=torch.sigmoid(self.occlusion(features.flatten(1, 2))),
            mask=mask,
        )


class Warping(nn.Module):
    """Moves the source's volume and flattens it."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotion()
        self.third = Same(2, CHANNELS * DEPTH, 256, slope=0.01)
        self.fourth = nn.Conv2d(256, 256, 1)

    def forward(self, volume: Tensor, summary: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        """Return (n, 256, 64, 64) features.

        Args:
            volume: (n, 32, 16, 64, 64) of `Appearance`.
            summary: of it (`DenseMotion.summary`).
            source, driving: (n, 21, 3) points.
        """
        flow = self.dense_motion_network(summary, source, driving)
        moved = sample(volume, flow.places, align_corners=False).flatten(1, 2)
        return self.fourth(self.third(moved)) * flow.occlusion


class SpadeNorm(nn.Module):
    """Instance norm whose scale and shift are made of other features, place by place.

    Park et al., "Semantic Image Synthesis with Spatially-Adaptive Normalization", CVPR 2019.
    `ratio` says how many times larger the normed features are.
    """

    HIDDEN = 128

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.ratio = ratio
        self.mlp_shared = nn.Sequential(nn.Conv2d(256, self.HIDDEN, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(self.HIDDEN, width, 3, padding=1)
        self.mlp_beta = nn.Conv2d(self.HIDDEN, width, 3, padding=1)

    def forward(self, features: Tensor, guide: Tensor) -> Tensor:
        """(n, width, h, w), guided by (n, 256, h / ratio, w / ratio), to the same."""
        if self.ratio > 1 and isinstance(self.mlp_shared[0], nn.Conv2d):
            guide = enlarge(guide, (self.ratio, self.ratio))
        shared = self.mlp_shared(guide)
        normed = functional.instance_norm(features)
        return torch.addcmul(normed + self.mlp_beta(shared), normed, self.mlp_gamma(shared))

    def fold(self) -> None:
        """Put the enlargement into the convolution after it."""
        if self.ratio > 1:
            self.mlp_shared[0] = enlarging(self.mlp_shared[0], (self.ratio, self.ratio))


class SpadeBlock(nn.Module):
    """Two convolutions after such norms, added to what came in."""

    SLOPE = 0.2

    def __init__(self, inputs: int, outputs: int, ratio: int = 1) -> None:
        super().__init__()
        between = min(inputs, outputs)
        self.conv_0 = SpectralConvolution(inputs, between)
        self.conv_1 = SpectralConvolution(between, outputs)
        self.norm_0 = SpadeNorm(inputs, ratio)
        self.norm_1 = SpadeNorm(between, ratio)
        self.learned = inputs != outputs
        if self.learned:
            self.conv_s = SpectralConvolution(inputs, outputs, 1, bias=False)
            self.norm_s = SpadeNorm(inputs, ratio)

    def forward(self, features: Tensor, guide: Tensor) -> Tensor:
        """(n, inputs, h, w), guided by (n, 256, h / ratio, w / ratio), to (n, outputs, h, w)."""
        kept = self.conv_s(self.norm_s(features, guide)) if self.learned else features
        changed = functional.leaky_relu(self.norm_0(features, guide), self.SLOPE)
        changed = functional.leaky_relu(self.norm_1(self.conv_0(changed), guide), self.SLOPE)
        return kept + self.conv_1(changed)


class SpadeGenerator(nn.Module):
    """Paints the picture of moved features."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(256, 512, 3, padding=1)
        self.G_middle_0 = SpadeBlock(512, 512)
        self.G_middle_1 = SpadeBlock(512, 512)
        self.G_middle_2 = SpadeBlock(512, 512)
        self.G_middle_3 = SpadeBlock(512, 512)
        self.G_middle_4 = SpadeBlock(512, 512)
        self.G_middle_5 = SpadeBlock(512, 512)
        self.up_0 = SpadeBlock(512, 256, 2)
        self.up_1 = SpadeBlock(256, 64, 4)
        self.conv_img = nn.Sequential(nn.Conv2d(64, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, guide: Tensor) -> Tensor:
        """(n, 256, 64, 64) to (n, 3, 512, 512)."""
        features = self.fc(guide)
        for number in range(6):
            features = getattr(self, f"G_middle_{number}")(features, guide)
        features = self.up_0(enlarge(features, (2, 2)), guide)
        features = self.up_1(enlarge(features, (2, 2)), guide)
        return torch.sigmoid(self.conv_img(functional.leaky_relu(features, SpadeBlock.SLOPE)))


class Retargeting(nn.Module):
    """A small network from points and openings to offsets of the points."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, values: Tensor) -> Tensor:
        """(n, first width) to (n, last width)."""
        return self.mlp(values)


class LivePortrait(nn.Module):
    """All networks of LivePortrait, under the names of their files; `fold` after loading."""

    def __init__(self) -> None:
        super().__init__()
        self.appearance_feature_extractor = Appearance()
        self.motion_extractor = MotionExtractor()
        self.warping_module = Warping()
        self.spade_generator = SpadeGenerator()
        self.retarget_shoulder = Retargeting(6 * POINTS, 128, 128, 64, 3 * POINTS + 2)
        self.retarget_mouth = Retargeting(3 * POINTS + 2, 128, 128, 64, 3 * POINTS)
        self.retarget_eye = Retargeting(3 * POINTS + 3, 256, 256, 128, 128, 64, 3 * POINTS)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.spade_generator.fc.weight.device

    def place(self, device: str) -> Self:
        """Bring it to a device, but for the smallest networks, which are quicker at home."""
        self.to(device)
        for small in (self.retarget_shoulder, self.retarget_mouth, self.retarget_eye):
            small.to("cpu")
        return self

    def fold(self) -> None:
        """Make it quicker, for good."""
        for network in self.children():
            fold(network)
