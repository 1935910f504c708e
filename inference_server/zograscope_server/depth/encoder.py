"""The encoder of the embedded depth network: EfficientNet-Lite0 without its classifier.

Tan and Le, "EfficientNet", ICML 2019, in the form that Google published for small devices: inverted
residuals (Sandler et al., "MobileNetV2", CVPR 2018) with ReLU6 and no squeezing. Modules stand in
the order of the published weights, so that those fit one after another.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

STEM = 32  # channels after the first convolution
# Expansion, kernel, stride of the first block, channels and blocks of each stage.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
WIDTHS = (16, 24, 40, 112, 320)  # channels at 1/2, 1/4, 1/8, 1/16 and 1/32
NORM_EPSILON = 1e-3


class SameConvolution(nn.Conv2d):
    """A convolution whose stride begins where TensorFlow's does.

    Of an even side with stride 2, the odd zero is behind the picture and not before it.
    """

    def __init__(self, inputs: int, outputs: int, size: int, stride: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, size, stride, groups=groups, bias=False)
        self.padding = (size // 2, size // 2) if stride == 1 else (0, 0)

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride), both rounded up."""
        if self.stride[0] > 1:
            paddings: list[int] = []
            for side in (features.shape[-1], features.shape[-2]):
                size, stride = self.kernel_size[0], self.stride[0]
                missing = max((-(-side // stride) - 1) * stride + size - side, 0)
                paddings += [missing // 2, missing - missing // 2]
            features = functional.pad(features, paddings)
        return super().forward(features)


def convolution(
    inputs: int, outputs: int, size: int = 1, stride: int = 1, *, groups: int = 1, bend: bool = True
) -> nn.Sequential:
    """Convolve and normalise, and bend unless told otherwise."""
    layers: list[nn.Module] = [
        SameConvolution(inputs, outputs, size, stride, groups),
        nn.BatchNorm2d(outputs, eps=NORM_EPSILON),
    ]
    return nn.Sequential(*layers, *([nn.ReLU6()] if bend else []))


class InvertedResidual(nn.Module):
    """Widen, look about in each channel, and narrow again, beside an identity where that fits."""

    def __init__(self, inputs: int, outputs: int, expansion: int, size: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        widen = [convolution(inputs, wide)] if expansion > 1 else []
        look = convolution(wide, wide, size, stride, groups=wide)
        self.layers = nn.Sequential(*widen, look, convolution(wide, outputs, bend=False))
        self.identity = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        made: Tensor = self.layers(features)
        return made + features if self.identity else made


class Encoder(nn.Module):
    """Features of a picture at five sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(3, STEM, 3, 2)
        stages, inputs = [], STEM
        for expansion, size, stride, outputs, blocks in STAGES:
            stage = [InvertedResidual(inputs, outputs, expansion, size, stride)]
            stage += [
                InvertedResidual(outputs, outputs, expansion, size, 1) for _ in range(blocks - 1)
            ]
            stages.append(nn.Sequential(*stage))
            inputs = outputs
        self.stages = nn.ModuleList(stages)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Look at pictures.

        Args:
            pictures: (n, 3, h, w) float in [-1, 1]; h and w are multiples of 32.

        Returns:
            Features of `WIDTHS` channels, from 1/2 of the picture's size to 1/32.
        """
        features = self.stem(pictures)
        pyramid: list[Tensor] = []
        for stage in self.stages:
            made = stage(features)
            if pyramid and made.shape[-1] == pyramid[-1].shape[-1]:
                pyramid.pop()  # of two stages of one size, the later knows more
            pyramid.append(made)
            features = made
        return pyramid


def take_published(encoder: Encoder, published: Iterable[Tensor]) -> None:
    """Put the weights of a published EfficientNet-Lite0 into the encoder.

    Args:
        encoder: is changed.
        published: the tensors of its state in order, those of the classifier last.

    Raises:
        ValueError: where a shape is another one.
    """
    state = encoder.state_dict()
    with torch.no_grad():
        for (name, ours), theirs in zip(state.items(), published, strict=False):
            if ours.shape != theirs.shape:
                raise ValueError(
                    f"These are not the weights of EfficientNet-Lite0: {name} would be "
                    f"{tuple(theirs.shape)} and not {tuple(ours.shape)}."
                )
            ours.copy_(theirs)
