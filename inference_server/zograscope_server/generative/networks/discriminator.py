"""The discriminator of training: FastGAN's, which also learns to draw what it saw.

After Liu et al. (ICLR 2021): residual halvings down to a small grid of logits, a second judge of a
smaller image, and three small decoders that have to restore the real image from the judge's
features, which keeps it from learning the images by heart. Three additions can be switched on:

- it guesses how its image was changed before it saw it (Hou et al., AugSelf-GAN, 2023);
- its normalisation neither subtracts the mean nor lets a layer grow (Ni and Koniusz, CHAIN, 2024).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from zograscope_server.generative.networks.layers import BatchNorm, Shape, convolution
from zograscope_server.generative.networks.styled import small_level

JUDGED_LEVEL = 1  # doublings of the base grid at which the logits are taken
DECODED = (32, 16)  # channels of a decoder after each of its doublings
FORGETTING = 0.1  # of the running size of a layer


@dataclass(frozen=True)
class Judgement:
    """What the discriminator says of images.

    Attributes:
        logits: (n, k), each of one place of the image; above zero is real.
        guesses: (n, changes), of how the images were changed; None where it does not guess.
        shifts: how far from zero the features of each `SizeNorm` lie.
        restored: (n, colours, h, w) for each decoder: the whole twice, and a part; where asked.
    """

    logits: Tensor
    guesses: Tensor | None
    shifts: list[Tensor]
    restored: list[Tensor]


class SizeNorm(nn.Module):
    """Keeps the size of each channel at one at most, and leaves its mean to a penalty.

    Normalisation by the root mean square, whose Lipschitz constant is bounded since it makes no
    channel larger, mixed in by how far the layer needs it (Ni and Koniusz 2024).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("size", torch.ones(channels))
        self.shift: Tensor | None = None
        self.size: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, c, h, w) features of bounded size."""
        found = x.float().square().mean((0, 2, 3)).add(1e-5).sqrt()
        if self.training:
            with torch.no_grad():
                self.size.lerp_(found, FORGETTING)
            self.shift = x.float().mean((0, 2, 3)).square().mean()
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
        first = shape.discriminator_width(level - 1)
        # Halves the image at once, as the paper does from 512 pixels on: nothing costs as much as
        # features of the whole size, and a third more steps in the same time teach more.
        self.start = nn.Sequential(
            convolution(shape.colours, first, 4, stride=2, padding=1), nn.LeakyReLU(0.2)
        )
        self.halvings = nn.ModuleList(
            _Halving(
                shape.discriminator_width(finer), shape.discriminator_width(finer - 1), sized=sized
            )
            for finer in range(level - 1, JUDGED_LEVEL, -1)
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

    def __init__(self, inputs: int, colours: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for outputs in DECODED:
            steps += [
                nn.Upsample(scale_factor=2),
                convolution(inputs, 2 * outputs, 3, padding=1),
                BatchNorm(2 * outputs),
                nn.GLU(1),
            ]
            inputs = outputs
        self.steps = nn.Sequential(*steps, convolution(inputs, colours, 3, padding=1), nn.Tanh())

    def forward(self, features: Tensor) -> Tensor:
        return self.steps(features)


class Discriminator(nn.Module):
    """Judges images at two sizes; see the module."""

    def __init__(self, shape: Shape, *, guesses: int = 0, sized: bool = False) -> None:
        """Make one with weights by chance.

        Args:
            shape: of the generator that it judges.
            guesses: numbers that say how an image was changed, which it guesses; 0 for none.
            sized: whether its layers are kept from growing, in place of batch normalisation.
        """
        super().__init__()
        self.shape = shape
        self.large = _Judge(shape, shape.doublings, sized=sized)
        self.small = _Judge(shape, small_level(shape), sized=sized)
        last = shape.discriminator_width(JUDGED_LEVEL)
        finer = shape.discriminator_width(JUDGED_LEVEL + 1)
        self.decoders = nn.ModuleList(
            _Decoder(inputs, shape.colours) for inputs in (last, last, finer)
        )
        self.guess = nn.Linear(last, guesses) if guesses else None

    def judge(
        self, images: Tensor, small: Tensor, part: tuple[int, int] | None = None
    ) -> Judgement:
        """Judge images; with `part` also restore them: whole, from the small one, and a quarter.

        Args:
            images: (n, colours, h, w), -1 to 1.
            small: the same, reduced (see `small_level`).
            part: which quarter is restored, row and column of 0 and 1.
        """
        logits, large = self.large(images)
        few, little = self.small(small)
        shifts = [
            norm.shift
            for norm in self.modules()
            if isinstance(norm, SizeNorm) and norm.shift is not None
        ]
        restored = []
        if part is not None:
            seen = (large[-1], little[-1], quarter(large[-2], part))
            restored = [
                decoder(features) for decoder, features in zip(self.decoders, seen, strict=True)
            ]
        return Judgement(
            torch.cat([logits, few], 1),
            None if self.guess is None else self.guess(large[-1].mean((2, 3))),
            shifts,
            restored,
        )


def quarter(images: Tensor, part: tuple[int, int]) -> Tensor:
    """Return a quarter of (n, c, h, w) images: row and column of 0 and 1."""
    height, width = images.shape[2] // 2, images.shape[3] // 2
    row, column = part
    return images[:, :, row * height :, column * width :][:, :, :height, :width]


def _norm(channels: int, sized: bool) -> nn.Module:
    return SizeNorm(channels) if sized else BatchNorm(channels)


def reduced(images: Tensor, shape: Shape, level: int) -> Tensor:
    """Return (n, c, h, w) images as the base grid doubled so often has them."""
    times = 1 << (shape.doublings - level)
    return functional.avg_pool2d(images, times) if times > 1 else images
