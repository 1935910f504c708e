"""What both networks are built of, in two and in three dimensions.

Names of attributes are those of the official weights. `fold` makes a loaded network quicker without
changing what it answers: batch norms go into the convolutions before them, spectral norms into
their weights, and an enlargement and the convolution after it become one transposed convolution.
"""

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

CONVOLUTIONS: dict[int, type[nn.Conv2d | nn.Conv3d]] = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED: dict[int, Any] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORMS: dict[int, type[nn.BatchNorm2d | nn.BatchNorm3d]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
HALVES = {2: (2, 2), 3: (1, 2, 2)}
"""By which height and width, but never depth, are divided and multiplied."""


class Same(nn.Module):
    """Convolution, batch norm, (leaky) ReLU."""

    def __init__(
        self, dimensions: int, inputs: int, outputs: int, kernel: int = 3, slope: float = 0.0
    ) -> None:
        super().__init__()
        self.conv: nn.Module = CONVOLUTIONS[dimensions](
            inputs, outputs, kernel, padding=kernel // 2
        )
        self.norm: nn.Module = NORMS[dimensions](outputs)
        self.dimensions, self.slope = dimensions, slope

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, ...) to (n, outputs, ...)."""
        features = self.norm(self.conv(features))
        if self.slope:
            return functional.leaky_relu(features, self.slope)
        return functional.relu(features)

    def fold(self) -> None:
        """Put the norm into the convolution."""
        self.conv, self.norm = _joined(self.conv, self.norm), nn.Identity()


class Down(Same):
    """As `Same`, then the mean of 2 x 2."""

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, ..., h, w) to (n, outputs, ..., h / 2, w / 2)."""
        features = super().forward(features)
        pool = functional.avg_pool2d if self.dimensions == 2 else functional.avg_pool3d
        return pool(features, HALVES[self.dimensions])


class Up(Same):
    """Each value 2 x 2 times, then as `Same`."""

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, ..., h, w) to (n, outputs, ..., 2 h, 2 w)."""
        if isinstance(self.conv, CONVOLUTIONS[self.dimensions]):
            features = enlarge(features, HALVES[self.dimensions])
        return super().forward(features)

    def fold(self) -> None:
        """Put norm and enlargement into the convolution."""
        super().fold()
        self.conv = enlarging(self.conv, HALVES[self.dimensions])


class Residual(nn.Module):
    """Two convolutions, each after norm and ReLU, added to what came in."""

    def __init__(self, dimensions: int, width: int) -> None:
        super().__init__()
        convolution, norm = CONVOLUTIONS[dimensions], NORMS[dimensions]
        self.norm1: nn.Module = norm(width)
        self.conv1: nn.Module = convolution(width, width, 3, padding=1)
        self.norm2: nn.Module = norm(width)
        self.conv2: nn.Module = convolution(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(n, width, ...) to the same."""
        changed = self.conv1(functional.relu(self.norm1(features)))
        return features + self.conv2(functional.relu(self.norm2(changed)))

    def fold(self) -> None:
        """Put the second norm into the convolution before it; before the first there is none."""
        self.conv1, self.norm2 = _joined(self.conv1, self.norm2), nn.Identity()


class _Encoder(nn.Module):
    def __init__(self, dimensions: int, widths: list[int]) -> None:
        super().__init__()
        pairs = itertools.pairwise(widths)
        self.down_blocks = nn.ModuleList(Down(dimensions, *pair) for pair in pairs)

    def forward(self, features: Tensor) -> list[Tensor]:
        levels = [features]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class _Decoder(nn.Module):
    def __init__(self, dimensions: int, widths: list[int]) -> None:
        super().__init__()
        # All but the coarsest level come twice: enlarged, and as the encoder left them.
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up_blocks = nn.ModuleList(
            Up(dimensions, inputs if level == 0 else 2 * inputs, outputs)
            for level, (inputs, outputs) in enumerate(pairs)
        )

    def forward(self, levels: list[Tensor]) -> Tensor:
        features = levels[-1]
        for block, same_size in zip(self.up_blocks, levels[-2::-1], strict=True):
            features = torch.cat([block(features), same_size], 1)
        return features


class _ClosingDecoder(_Decoder):
    """With one more convolution at the end."""

    def __init__(self, dimensions: int, widths: list[int], outputs: int) -> None:
        super().__init__(dimensions, widths)
        self.conv: nn.Module = CONVOLUTIONS[dimensions](outputs, outputs, 3, padding=1)
        self.norm: nn.Module = NORMS[dimensions](outputs)

    def forward(self, levels: list[Tensor]) -> Tensor:
        return functional.relu(self.norm(self.conv(super().forward(levels))))

    def fold(self) -> None:
        self.conv, self.norm = _joined(self.conv, self.norm), nn.Identity()


class Hourglass(nn.Module):
    """Down by five levels and up again; each level also sees what its size was on the way down.

    Args:
        dimensions: 2 or 3.
        inputs: channels that come in.
        width: of the first level; `outputs` is this and the inputs.
        closing: whether one more convolution ends it.
    """

    LEVELS = 5
    WIDEST = 1024

    def __init__(self, dimensions: int, inputs: int, width: int, *, closing: bool = False) -> None:
        super().__init__()
        self.outputs = width + inputs
        deeper = [min(self.WIDEST, width << level) for level in range(1, self.LEVELS + 1)]
        self.encoder = _Encoder(dimensions, [inputs, *deeper])
        self.decoder = (
            _ClosingDecoder(dimensions, [width, *deeper], self.outputs)
            if closing
            else _Decoder(dimensions, [width, *deeper])
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, ..., h, w) to (n, outputs, ..., h, w); h and w are multiples of 32."""
        return self.decoder(self.encoder(features))


class SpectralConvolution(nn.Conv2d):
    """A convolution whose weights are divided by an estimate of their largest stretch.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018. The
    estimate is not refined here: the two vectors stay as training left them.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
        self.weight_orig = nn.Parameter(self.weight.detach())
        del self.weight
        left = functional.normalize(torch.randn(outputs), dim=0)
        right = self.weight_orig.detach().flatten(1).T @ left
        self.register_buffer("weight_u", left)
        self.register_buffer("weight_v", functional.normalize(right, dim=0))

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w)."""
        weight = self._divided() if hasattr(self, "weight_orig") else self.weight
        return functional.conv2d(features, weight, self.bias, padding=self.padding)

    def _divided(self) -> Tensor:
        stretch = self.weight_u @ (self.weight_orig.flatten(1) @ self.weight_v)
        return self.weight_orig / stretch

    def fold(self) -> None:
        """Divide once."""
        self.weight = nn.Parameter(self._divided(), requires_grad=False)
        del self.weight_orig, self.weight_u, self.weight_v


def fold(network: nn.Module) -> None:
    """Fold every block of a loaded network, for good; see the module."""
    network.eval().requires_grad_(False)
    for module in list(network.modules()):
        own: Callable[[], None] | None = getattr(module, "fold", None)
        if own is not None:
            own()


def _joined(convolution: Any, norm: Any) -> nn.Module:
    """Return one convolution for a convolution and the batch norm after it."""
    return fuse_conv_bn_eval(convolution, norm)


def enlarge(features: Tensor, ratios: tuple[int, ...]) -> Tensor:
    """Repeat each value of (n, channels, ...) along each axis of space."""
    return functional.interpolate(features, scale_factor=[float(ratio) for ratio in ratios])


def enlarging(convolution: nn.Module, ratios: tuple[int, ...]) -> nn.Module:
    """Return one transposed convolution for `enlarge` and then a convolution of 3 taps an axis.

    It multiplies 2.25 times less for an enlargement of 2 x 2, 4 times less for 4 x 4.
    """
    assert isinstance(convolution, nn.Conv2d | nn.Conv3d)
    axes = range(2, 2 + len(ratios))
    weight = convolution.weight.detach().transpose(0, 1).flip(*axes)
    for axis, ratio in zip(axes, ratios, strict=True):
        after = [0, 0] * (axes[-1] - axis)  # torch counts the axes to pad from the last
        shifted = [
            functional.pad(weight, [*after, step, ratio - 1 - step]) for step in range(ratio)
        ]
        weight = torch.stack(shifted).sum(0)
    made = TRANSPOSED[len(ratios)](
        convolution.in_channels,
        convolution.out_channels,
        tuple(weight.shape[2:]),
        stride=ratios,
        padding=1,
        device=weight.device,
    ).requires_grad_(False)
    made.weight.copy_(weight)
    made.bias.copy_(convolution.bias)
    return made


def coordinates(size: tuple[int, ...], like: Tensor) -> Tensor:
    """Return (*size, dimensions) places, x first, from -1 at the first to 1 at the last."""
    axes = [torch.linspace(-1, 1, length, device=like.device) for length in size]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], -1)


def heat(points: Tensor, places: Tensor, variance: float = 0.01) -> Tensor:
    """Return (n, k, ...) bells about (n, k, d) points over (..., d) places."""
    n, count, dimensions = points.shape
    about = points.view(n, count, *[1] * (places.dim() - 1), dimensions)
    return torch.exp((places - about).square().sum(-1) / (-2 * variance))


def with_background(maps: Tensor) -> Tensor:
    """Put a first one of zeros, which stands for what does not move, before (n, k, ...) maps."""
    return torch.cat([torch.zeros_like(maps[:, :1]), maps], 1)


def sample(features: Tensor, places: Tensor, *, align_corners: bool) -> Tensor:
    """Look up (n, c, ...) features at (n, ..., d) places from -1 to 1; zero outside."""
    if features.device.type == "mps" and features.dim() == 5:  # which torch has not for volumes
        looked_up = sample(features.cpu(), places.cpu(), align_corners=align_corners)
        return looked_up.to(features.device)
    return functional.grid_sample(
        features, places.to(features.dtype), padding_mode="zeros", align_corners=align_corners
    )
