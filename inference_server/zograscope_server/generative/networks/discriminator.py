"""The discriminator of training: FastGAN's, which also learns to draw what it saw.

After Liu et al. (ICLR 2021): residual halvings down to a small grid of logits, a second judge of a
smaller image, and three small decoders that have to restore the real image from the judge's
features, which keeps it from learning the images by heart. Three additions can be switched on:

- it guesses how its image was changed before it saw it (Hou et al., AugSelf-GAN, 2023);
- its normalisation neither subtracts the mean nor lets a layer grow (Ni and Koniusz, CHAIN, 2024).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zograscope_server.generative.networks.layers import Shape, convolution
from zograscope_server.generative.networks.styled import small_level
from zograscope_server.generative.training.augmentation import CHANGES

JUDGED_LEVEL = 1  # doublings of the base grid at which the logits are taken
FORGETTING = 0.1  # of the running size of a layer


class Judgement:
    """What the discriminator says of images.

    Attributes:
        logits: (n, k), each of one place of the image; above zero is real.
        guesses: (n, changes), of how the images were changed; None where it does not guess.
        restored: (n, colours, h, w) for each decoder, whole and two parts; where it was asked.
        spread: how far its normalisations are from needing no shift.
    """

    def __init__(self) -> None:
        self.logits: list[Tensor] = []
        self.guesses: Tensor | None = None
        self.restored: list[Tensor] = []
        self.spread: list[Tensor] = []


class SizeNorm(nn.Module):
    """Keeps the size of each channel at one at most, and leaves its mean to a penalty.

    Normalisation by the root mean square, whose Lipschitz constant is bounded since it never makes a
    channel larger than its largest, mixed in by how far the layer needs it (Ni and Koniusz 2024).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("size", torch.ones(channels))
        self.last_mean: Tensor | None = None
        self.size: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, c, h, w) features of bounded size."""
        found = x.float().square().mean((0, 2, 3)).add(1e-5).sqrt()
        if self.training:
            with torch.no_grad():
                self.size.lerp_(found, FORGETTING)
            self.last_mean = x.float().mean((0, 2, 3)).square().mean()
        size = found if self.training else self.size
        bounded = x * (size.min() / size)[None, :, None, None]
        needed = torch.sigmoid(size.max() - 1).detach()
        return torch.lerp(x, bounded, needed)


class _Halving(nn.Module):
    """Halves the features by two ways that are averaged: two convolutions, and a mean."""

    def __init__(self, inputs: int, outputs: int, *, sized: bool) -> None:
        super().__init__()
        self.main = nn.Sequential(
            convolution(inputs, outputs, 4, stride=2, padding=1),
            _norm(outputs, sized),
            nn.LeakyReLU(0.2),
            convolution(outputs, outputs, 3, padding=1),
            _norm(outputs, sized),
            nn.LeakyReLU(0.2),
        )
        self.direct = nn.Sequential(
            nn.AvgPool2d(2),
            convolution(inputs, outputs, 1),
            _norm(outputs, sized),
            nn.LeakyReLU(0.2),
        )

    def forward(self, x: Tensor) -> Tensor:
        return (self.main(x) + self.direct(x)) / 2


class _Judge(nn.Module):
    """Halves an image down to twice the base grid, and says of each place whether it is real."""

    def __init__(self, shape: Shape, level: int, *, sized: bool) -> None:
        super().__init__()
        first = shape.discriminator_width(level)
        self.start = nn.Sequential(
            convolution(shape.colours, first, 3, padding=1), nn.LeakyReLU(0.2)
        )
        self.halvings = nn.ModuleList(
            _Halving(
                shape.discriminator_width(finer), shape.discriminator_width(finer - 1), sized=sized
            )
            for finer in range(level, JUDGED_LEVEL, -1)
        )
        width = shape.discriminator_width(JUDGED_LEVEL)
        self.end = nn.Sequential(
            convolution(width, width, 1),
            _norm(width, sized),
            nn.LeakyReLU(0.2),
            convolution(width, 1, 4),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return (n, k) logits, and the features after each halving."""
        x, features = self.start(images), []
        for halving in self.halvings:
            x = halving(x)
            features.append(x)
        return self.end(x).flatten(1), features


class _Decoder(nn.Module):
    """Restores a small image from features, by doublings with gated linear units."""

    def __init__(self, inputs: int, colours: int, doublings: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for number in range(doublings):
            outputs = max(8, min(inputs, 64) >> number)
            steps += [
                nn.Upsample(scale_factor=2),
                convolution(inputs, 2 * outputs, 3, padding=1),
                nn.BatchNorm2d(2 * outputs),
                nn.GLU(1),
            ]
            inputs = outputs
        self.steps = nn.Sequential(*steps, convolution(inputs, colours, 3, padding=1), nn.Tanh())

    def forward(self, features: Tensor) -> Tensor:
        return self.steps(features)


class Discriminator(nn.Module):
    """Judges images at two sizes; see the module."""

    def __init__(self, shape: Shape, *, guesses: bool = False, sized: bool = False) -> None:
        super().__init__()
        self.shape = shape
        self.large = _Judge(shape, shape.doublings, sized=sized)
        self.small = _Judge(shape, small_level(shape), sized=sized)
        last = shape.discriminator_width(JUDGED_LEVEL)
        finer = shape.discriminator_width(JUDGED_LEVEL + 1)
        # An eighth of the image's pixels in the middle range are enough to have learnt what it is.
        self.restored_level = min(shape.doublings, JUDGED_LEVEL + 3)
        doublings = self.restored_level - JUDGED_LEVEL
        self.decoders = nn.ModuleList(
            [
                _Decoder(last, shape.colours, doublings),
                _Decoder(last, shape.colours, doublings),
                _Decoder(finer, shape.colours, doublings),
            ]
        )
        self.guess = nn.Linear(last, CHANGES) if guesses else None

    def forward(self, images: Tensor, small: Tensor) -> Judgement:
        """Judge (n, colours, h, w) images, and small ones of them."""
        return self._judge(images, small)[0]

    def restore(self, images: Tensor, small: Tensor, part: tuple[int, int]) -> Judgement:
        """Judge real images, and restore them: whole, whole from the small one, and a quarter.

        Args:
            images, small: as for `forward`.
            part: which quarter, row and column of 0 and 1.
        """
        judgement, large, little = self._judge(images, small)
        middle = quarter(large[-2], part)
        for decoder, features in zip(self.decoders, (large[-1], little[-1], middle), strict=True):
            judgement.restored.append(decoder(features))
        return judgement

    def _judge(
        self, images: Tensor, small: Tensor
    ) -> tuple[Judgement, list[Tensor], list[Tensor]]:
        judgement = Judgement()
        logits, large = self.large(images)
        few, little = self.small(small)
        judgement.logits = [torch.cat([logits, few], 1)]
        if self.guess is not None:
            judgement.guesses = self.guess(large[-1].mean((2, 3)))
        judgement.spread = [
            norm.last_mean
            for norm in self.modules()
            if isinstance(norm, SizeNorm) and norm.last_mean is not None
        ]
        return judgement, large, little


def quarter(images: Tensor, part: tuple[int, int]) -> Tensor:
    """Return a quarter of (n, c, h, w) images: row and column of 0 and 1."""
    height, width = images.shape[2] // 2, images.shape[3] // 2
    row, column = part
    return images[:, :, row * height :, column * width :][:, :, :height, :width]


def _norm(channels: int, sized: bool) -> nn.Module:
    return SizeNorm(channels) if sized else nn.BatchNorm2d(channels)


def reduced(images: Tensor, shape: Shape, level: int) -> Tensor:
    """Return (n, c, h, w) images as the base grid doubled so often has them."""
    times = 1 << (shape.doublings - level)
    return F.avg_pool2d(images, times) if times > 1 else images
