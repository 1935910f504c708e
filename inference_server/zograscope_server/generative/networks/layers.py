"""What generator and discriminator are made of."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

# Channels at the base grid and after each doubling of it, over those of a network 16 times as
# narrow there (Liu et al. 2021, with the grid of 4 pixels and 64 channels).
GENERATOR_WIDTHS = (16, 8, 4, 2, 2, 1, 1 / 2, 1 / 4, 1 / 8)
DISCRIMINATOR_WIDTHS = (16, 16, 8, 4, 2, 1, 1 / 2, 1 / 4, 1 / 8)
FEWEST = 4


@dataclass(frozen=True)
class Shape:
    """The measures of a generator and its discriminator.

    Attributes:
        columns, rows: of the base grid.
        doublings: of the grid until it is the image.
        channels: of the widest layers, over 16.
        colours: 3, or 1 for grey.
        noisy_from: pixels of the shorter side from which on the generator is given noise. Coarser
            noise competes with the latent (Vavilala and Forsyth 2021).
    """

    columns: int
    rows: int
    doublings: int
    channels: int
    colours: int
    noisy_from: int = 32

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images in pixels."""
        return self.columns << self.doublings, self.rows << self.doublings

    def resolution(self, level: int) -> int:
        """Return the pixels of the shorter side after so many doublings."""
        return min(self.columns, self.rows) << level

    def generator_width(self, level: int) -> int:
        """Return the generator's channels after so many doublings."""
        return max(FEWEST, int(GENERATOR_WIDTHS[level] * self.channels))

    def discriminator_width(self, level: int) -> int:
        """Return the discriminator's channels where the image is the grid, doubled so often."""
        return max(FEWEST, int(DISCRIMINATOR_WIDTHS[level] * self.channels))


def convolution(
    inputs: int, outputs: int, size: int, stride: int = 1, padding: int = 0
) -> nn.Conv2d:
    """Return a spectrally normalised convolution without bias, as all of training's are."""
    layer = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
    nn.init.normal_(layer.weight, 0.0, 0.02)
    normalised: Any = spectral_norm(layer)
    return normalised


def doubled_convolution(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve what nearest-neighbour doubling makes of x with a 3 x 3 kernel, padded by zeros.

    Neighbouring taps see the same pixel there, so that one transposed convolution with the kernel's
    sums of 2 x 2 taps gives the same: 16 products for each pixel of x instead of 36.

    Args:
        x: (n, inputs, h, w).
        weight: (outputs, inputs, 3, 3).
        bias: (outputs,), or none.

    Returns:
        (n, outputs, 2 h, 2 w).
    """
    return functional.conv_transpose2d(x, doubling_kernel(weight), bias, stride=2, padding=1)


def doubling_kernel(weight: Tensor) -> Tensor:
    """Return the (inputs, outputs, 4, 4) kernel of `doubled_convolution`."""
    sums = (
        functional.pad(weight, (0, 1, 0, 1))
        + functional.pad(weight, (1, 0, 0, 1))
        + functional.pad(weight, (0, 1, 1, 0))
        + functional.pad(weight, (1, 0, 1, 0))
    )
    return sums.transpose(0, 1).flip(2, 3)


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation whose gradient comes in the order of its features.

    Gated units and means return gradients channel by channel; on a processor, the backward pass of
    a normalisation whose features lie pixel by pixel is then five times slower.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, c, h, w) features."""
        normalised = super().forward(x)
        if normalised.requires_grad and x.device.type == "cpu":
            normalised.register_hook(_pixel_by_pixel)
        return normalised


def _pixel_by_pixel(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)


class Excitation(nn.Module):
    """Scales the channels of fine features by what coarse ones show (Liu et al. 2021)."""

    def __init__(self, coarse: int, fine: int, trained: bool) -> None:
        super().__init__()
        kinds = convolution if trained else _plain_convolution
        self.look = kinds(coarse, fine, 4)
        self.weigh = kinds(fine, fine, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return the fine features, each channel scaled by a number from 0 to 1."""
        seen = functional.silu(self.look(functional.adaptive_avg_pool2d(coarse, 4)))
        return fine * torch.sigmoid(self.weigh(seen))


def _plain_convolution(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, bias=False)
