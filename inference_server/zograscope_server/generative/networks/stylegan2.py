"""StyleGAN2, to look at networks that artists already have. Training is left to their own programs.

After Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (CVPR 2020) and
"Training Generative Adversarial Networks with Limited Data" (NeurIPS 2020). A mapping network makes
styles of latents. From a learnt constant of 4 x 4 pixels, convolutions whose weights each style
scales double the features until they are the image; the colours of all resolutions are added up
("skip"). All is computed in single precision, where the original may take half precision for the
finest layers.

Names and values of weights are those of the official files, so that what is kept is what was
trained.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zograscope_server.generative.weights.generator_file import GeneratorFile, filled

KIND = "stylegan2"
SLOPE = 0.2  # of the leaky rectifier below zero
GAIN = math.sqrt(2)  # which makes up for what it takes away
SMALL = 1e-8
MOST_SIDE, MOST_CHANNELS, MOST_LAYERS = 4096, 65536, 64


@dataclass(frozen=True)
class Measures:
    """The measures of a network.

    Attributes:
        latent, style: numbers of each.
        labels: classes of a network that was trained on classes; else 0.
        embedding: numbers that stand for a class; else 0.
        hidden: numbers between the layers of the mapping.
        layers: of the mapping.
        learning: how much slower the mapping learnt than the rest; its weights are scaled by that.
        widths: channels at 4 x 4 pixels, at 8 x 8 and so on.
        colours: 3, or 1 for grey.
        clamp: most that a feature can be, or None.
    """

    latent: int
    style: int
    labels: int
    embedding: int
    hidden: int
    layers: int
    learning: float
    widths: tuple[int, ...]
    colours: int
    clamp: float | None

    def __post_init__(self) -> None:
        """Raise ValueError for measures of no network."""
        counts = (self.latent, self.style, self.hidden, self.layers, *self.widths)
        may_be_none = (self.labels, self.embedding)
        numbers = (self.learning, *(() if self.clamp is None else (self.clamp,)))
        if not (
            all(type(count) is int and 0 < count <= MOST_CHANNELS for count in counts)
            and all(type(count) is int and 0 <= count <= MOST_CHANNELS for count in may_be_none)
            and all(type(number) in (int, float) and 0 < number < 1e6 for number in numbers)
            and self.layers <= MOST_LAYERS
            and self.resolutions[-1:] <= (MOST_SIDE,)
            and self.widths
        ):
            raise ValueError("its measures are not those of a generator")
        if self.colours not in (1, 3):
            raise ValueError(f"its images have {self.colours} channels; 3 and 1 can be shown")

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Pixels of the side, coarse to fine."""
        return tuple(4 << doublings for doublings in range(len(self.widths)))


class Linear(nn.Module):
    """A linear layer that was trained at equalised learning rate: it is scaled when used."""

    def __init__(self, inputs: int, outputs: int, learning: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.learning = learning

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs) to (n, outputs)."""
        weight = self.weight * (self.learning / math.sqrt(self.weight.shape[1]))
        return functional.linear(x, weight, self.bias * self.learning)


class Mapping(nn.Module):
    """Latents to styles. Of a network that was trained on classes, the class none is shown."""

    def __init__(self, measures: Measures) -> None:
        super().__init__()
        self.layers = measures.layers
        self.embed: Linear | None = None
        if measures.labels:
            self.embed = Linear(measures.labels, measures.embedding)
        inputs = measures.latent + measures.embedding
        for layer in range(measures.layers):
            last = layer == measures.layers - 1
            outputs = measures.style if last else measures.hidden
            self.add_module(f"fc{layer}", Linear(inputs, outputs, measures.learning))
            inputs = outputs
        self.register_buffer("w_avg", torch.empty(measures.style))

    def forward(self, latents: Tensor) -> Tensor:
        """Map (n, latent) to (n, style), without truncation."""
        x = _of_unit_size(latents)
        if self.embed is not None:
            none = _of_unit_size(self.embed(x.new_zeros(1, self.embed.weight.shape[1])))
            x = torch.cat([x, none.expand(len(x), -1)], 1)
        for layer in range(self.layers):
            x = _activated(self.get_submodule(f"fc{layer}")(x))
        return x


class Convolution(nn.Module):
    """A convolution whose weights a style scales, brought to unit size; noise, bias."""

    noise_const: Tensor

    def __init__(
        self, inputs: int, outputs: int, resolution: int, measures: Measures, *, doubles: bool
    ) -> None:
        super().__init__()
        self.affine = Linear(measures.style, inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.noise_strength = nn.Parameter(torch.empty(()))
        self.register_buffer("noise_const", torch.empty(resolution, resolution))
        self.doubles, self.clamp = doubles, measures.clamp

    def forward(self, x: Tensor, style: Tensor, noise: torch.Generator | None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w), or to twice the size.

        Args:
            x: features.
            style: (n, style).
            noise: draws it; None takes the noise that the file has.
        """
        scales = self.affine(style)
        # Scaling inputs is scaling weights; dividing by the size of those weights is demodulation.
        sizes = scales.square() @ self.weight.square().sum((2, 3)).T
        x = x * scales[:, :, None, None]
        if self.doubles:
            x = _smoothed(functional.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2))
        else:
            x = functional.conv2d(x, self.weight, padding=1)
        x = x * (sizes + SMALL).rsqrt()[:, :, None, None]
        x = x + self._noise(noise) * self.noise_strength
        return _clamped(_activated(x + self.bias[:, None, None]), self.clamp)

    def _noise(self, drawn_from: torch.Generator | None) -> Tensor:
        if drawn_from is None:
            return self.noise_const
        return torch.randn(self.noise_const.shape, generator=drawn_from).to(self.noise_const)


class ToColours(nn.Module):
    """Features to colours, as a style weighs them."""

    def __init__(self, inputs: int, measures: Measures) -> None:
        super().__init__()
        self.affine = Linear(measures.style, inputs)
        self.weight = nn.Parameter(torch.empty(measures.colours, inputs, 1, 1))
        self.bias = nn.Parameter(torch.empty(measures.colours))
        self.clamp = measures.clamp

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, colours, h, w)."""
        scales = self.affine(style) / math.sqrt(self.weight.shape[1])
        x = functional.conv2d(x * scales[:, :, None, None], self.weight, self.bias)
        return _clamped(x, self.clamp)


class Block(nn.Module):
    """All that happens at one resolution."""

    def __init__(self, inputs: int, outputs: int, resolution: int, measures: Measures) -> None:
        super().__init__()
        self.const: nn.Parameter | None = None
        self.conv0: Convolution | None = None
        if resolution == 4:
            self.const = nn.Parameter(torch.empty(outputs, 4, 4))
        else:
            self.conv0 = Convolution(inputs, outputs, resolution, measures, doubles=True)
        self.conv1 = Convolution(outputs, outputs, resolution, measures, doubles=False)
        self.torgb = ToColours(outputs, measures)

    def forward(
        self, x: Tensor, image: Tensor | None, style: Tensor, noise: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Return features and image at this resolution, of those at half of it.

        Args:
            x: (n, inputs, h / 2, w / 2); not looked at by the first block.
            image: (n, colours, h / 2, w / 2), or None for the first block.
            style: (n, style).
            noise: draws it, or None.
        """
        if self.const is not None:
            x = self.const.expand(len(style), -1, -1, -1)
        if self.conv0 is not None:
            x = self.conv0(x, style, noise)
        x = self.conv1(x, style, noise)
        colours = self.torgb(x, style)
        return x, colours if image is None else _doubled(image) + colours

    def style_weights(self) -> Tensor:
        """Return what styles are multiplied with in the convolutions, (m, style)."""
        layers = [layer for layer in (self.conv0, self.conv1) if layer is not None]
        return torch.cat([layer.affine.weight.detach() for layer in layers])


class Synthesis(nn.Module):
    """Styles to images."""

    def __init__(self, measures: Measures) -> None:
        super().__init__()
        self.resolutions = measures.resolutions
        inputs = 0
        for resolution, outputs in zip(self.resolutions, measures.widths, strict=True):
            self.add_module(f"b{resolution}", Block(inputs, outputs, resolution, measures))
            inputs = outputs

    @property
    def blocks(self) -> list[Any]:
        """The blocks, coarse to fine."""
        return [self.get_submodule(f"b{resolution}") for resolution in self.resolutions]

    def forward(self, styles: Tensor, noise: torch.Generator | None) -> Tensor:
        """(n, resolutions, style) to (n, colours, side, side)."""
        x, image = styles, None
        for block, style in zip(self.blocks, styles.unbind(1), strict=True):
            x, image = block(x, image, style, noise)
        assert image is not None
        return image


class StyleGan2(nn.Module):
    """A StyleGAN2 network as a `Generator`.

    There is one style for each resolution: it scales the convolutions and the colours there. Of
    the original's w+ those with the numbers 2 k - 1 and 2 k are for the convolutions of the
    resolution k (0 at 4 pixels, where there is one), and 2 k + 1 is for its colours, though it is
    the first of the next resolution too. Where all styles are the same, so are the images; where
    they are mixed, the colours of the coarser resolution follow the coarser style here.

    Noise of the seed 0 is the constant noise of the file, with which its known images were made;
    other seeds draw it.
    """

    def __init__(self, measures: Measures) -> None:
        """Make one that is to be filled with weights."""
        super().__init__()
        self.measures = measures
        self.mapping = Mapping(measures)
        self.synthesis = Synthesis(measures)
        self.latent_size, self.style_size = measures.latent, measures.style
        self.resolutions, self.colours = measures.resolutions, measures.colours
        self.size = (self.resolutions[-1], self.resolutions[-1])

    @property
    def mean_style(self) -> Tensor:
        """(style,), the average that was kept in training."""
        return self.get_buffer("mapping.w_avg")

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.mean_style.device

    def styles(self, latents: Tensor) -> Tensor:
        """Map (n, latent) latents to (n, style) styles."""
        return self.mapping(latents)

    def images(self, styles: Tensor, noise_seed: int) -> Tensor:
        """Make (n, colours, side, side) images, about -1 to 1, of (n, resolutions, style)."""
        noise = torch.Generator().manual_seed(noise_seed) if noise_seed else None
        return self.synthesis(styles, noise)

    def style_weights(self) -> list[Tensor]:
        """Return what each resolution's style is multiplied with, (m, style) for each."""
        return [block.style_weights() for block in self.synthesis.blocks]

    def save(self, path: Path, card: dict[str, Any] | None = None) -> None:
        """Write its weights, with a model card. Raises OSError."""
        GeneratorFile(KIND, asdict(self.measures), card or {}, self.state_dict()).write(path)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "StyleGan2":
        """Read what `save` wrote, ready to be walked. Raises ValueError and the like for others."""
        file = GeneratorFile.read(path, KIND)
        try:
            measures = Measures(**{**file.measures, "widths": tuple(file.measures["widths"])})
        except (KeyError, TypeError) as error:
            raise ValueError("its measures are not those of a generator") from error
        return cls.filled(measures, file.state).to(device)

    @classmethod
    def filled(cls, measures: Measures, state: dict[str, Tensor]) -> "StyleGan2":
        """Return a network of these weights. Raises ValueError where they do not fit."""
        with torch.device("meta"):
            network = cls(measures)
        return filled(network, state)


def _of_unit_size(x: Tensor) -> Tensor:
    return x * (x.square().mean(1, keepdim=True) + SMALL).rsqrt()


def _activated(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE) * GAIN


def _clamped(x: Tensor, most: float | None) -> Tensor:
    return x if most is None else x.clamp(-most, most)


def _smoothed(x: Tensor) -> Tensor:
    """Smooth features that were doubled: (n, c, 2 h + 1, 2 w + 1) to (n, c, 2 h, 2 w)."""
    channels = x.shape[1]
    return functional.conv2d(x, _doubling_filter(x), padding=1, groups=channels)


def _doubled(image: Tensor) -> Tensor:
    """Double (n, c, h, w)."""
    channels = image.shape[1]
    return functional.conv_transpose2d(
        image, _doubling_filter(image), stride=2, padding=1, groups=channels
    )


def _doubling_filter(x: Tensor) -> Tensor:
    """Return (c, 1, 4, 4), [1, 3, 3, 1] each way; its sum makes up for places that are empty."""
    line = x.new_tensor([1.0, 3.0, 3.0, 1.0]) / 4
    return torch.outer(line, line).expand(x.shape[1], 1, 4, 4)
