"""FastGAN's generator as its authors published it: for networks that were trained with their
program.

After Liu et al., "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
Synthesis" (ICLR 2021): from a latent a grid of 4 x 4 features, doubled until it is the image, with
gated linear units, batch normalisation, noise, and excitation of fine features by coarse ones.
Names of weights are those of the official program, and so is what it does: images of 1024 pixels go
through a hyperbolic tangent, smaller ones do not.

It can be trained too, as the plain reading of the paper. Once it is loaded to be looked at, `fold`
puts into the convolutions all that is linear.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import remove_spectral_norm, spectral_norm

from zograscope_server.generative.networks.layers import doubling_kernel
from zograscope_server.generative.weights.generator_file import GeneratorFile, filled

KIND = "fastgan"
SIZES = (64, 128, 256, 512, 1024)
WIDTHS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
"""Channels at each resolution, over `channels`."""

WITH_TWO_LAYERS = (8, 32, 128, 512)
EXCITED = (64, 128, 256, 512)  # each by a sixteenth of its size
SMALL = 128  # pixels of the second image, which only training looks at
SQUASHED = 1024


@dataclass(frozen=True)
class Measures:
    """The measures of a network.

    Attributes:
        side: of its images in pixels, one of `SIZES`.
        channels: at 128 pixels; the paper has 64.
        latent: numbers of a latent.
        colours: 3, or 1 for grey.
    """

    side: int
    channels: int = 64
    latent: int = 256
    colours: int = 3

    def __post_init__(self) -> None:
        """Raise ValueError for measures of no network."""
        counts = (self.side, self.channels, self.latent)
        if not all(type(count) is int and 0 < count <= 65536 for count in counts):
            raise ValueError("its measures are not those of a generator")
        if self.side not in SIZES or self.width(self.side) < 1:
            raise ValueError("its measures are not those of a generator")
        if self.colours not in (1, 3):
            raise ValueError(f"its images have {self.colours} channels; 3 and 1 can be shown")

    def width(self, resolution: int) -> int:
        """Return the channels at a resolution."""
        return int(WIDTHS[resolution] * self.channels)


class Noise(nn.Module):
    """Adds noise that all channels share, as strongly as was learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, drawn_from: torch.Generator | None) -> Tensor:
        """Return (n, c, h, w) with noise; of its own for each image, or drawn once for all."""
        if drawn_from is None:
            return x + self.weight * torch.randn_like(x[:, :1])
        return x + self.weight * torch.randn(x[:1, :1].shape, generator=drawn_from).to(x)


class Layers(nn.Sequential):
    """Layers in a row, of which some add noise."""

    def forward(self, x: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Return what the last layer gives."""
        for layer in self:
            x = layer(x, noise) if isinstance(layer, Noise) else layer(x)
        return x

    def fold(self) -> None:
        """Put spectral norms, batch norms and doublings into the convolutions beside them."""
        for place, layer in enumerate(self):
            if hasattr(layer, "weight_orig"):
                remove_spectral_norm(layer)
            if isinstance(layer, nn.BatchNorm2d):
                self._fold_norm(place, layer)
        for place, layer in enumerate(self):
            if isinstance(layer, nn.Upsample):
                self[place], self[place + 1] = nn.Identity(), _doubling(self[place + 1])

    def _fold_norm(self, place: int, norm: Any) -> None:
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        before = self[place - 1]
        if isinstance(before, Noise):
            before.weight = _fixed(before.weight * scale[:, None, None])
            before = self[place - 2]
        # A transposed convolution has its inputs first.
        shape = (1, -1, 1, 1) if isinstance(before, nn.ConvTranspose2d) else (-1, 1, 1, 1)
        before.weight = _fixed(before.weight * scale.view(shape))
        before.bias = _fixed(norm.bias - norm.running_mean * scale)
        self[place] = nn.Identity()


class Start(nn.Module):
    """The latent becomes a grid of 4 x 4 features."""

    def __init__(self, latent: int, outputs: int) -> None:
        super().__init__()
        self.init: Any
        grid = spectral_norm(nn.ConvTranspose2d(latent, 2 * outputs, 4, bias=False))
        self.init = Layers(grid, nn.BatchNorm2d(2 * outputs), nn.GLU(1))

    def forward(self, latents: Tensor) -> Tensor:
        """(n, latent) to (n, outputs, 4, 4)."""
        return self.init(latents[:, :, None, None])


class Excitation(nn.Module):
    """Scales the channels of fine features by what coarse ones show."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.main = Layers(
            nn.AdaptiveAvgPool2d(4),
            _convolution(coarse, fine, 4),
            nn.SiLU(),
            _convolution(fine, fine, 1),
            nn.Sigmoid(),
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return the fine features, each channel scaled by a number from 0 to 1."""
        return fine * self.main(coarse)


class FastGan(nn.Module):
    """FastGAN's generator; see the module. As a `Generator` once it is filled and folded.

    One style makes the whole image, and it is the latent itself. Noise is the same for all images
    of one seed.
    """

    resolutions = (1,)
    mean_style: Tensor
    init: Start
    to_128: nn.Module
    to_big: nn.Module

    def __init__(self, measures: Measures) -> None:
        """Make one with weights by chance, as for training."""
        super().__init__()
        self.measures = measures
        width = measures.width
        self.latent_size = self.style_size = measures.latent
        self.size = (measures.side, measures.side)
        self.colours = measures.colours
        self.init = Start(measures.latent, width(4))
        self.doubled = [side for side in WIDTHS if 4 < side <= measures.side]
        # In the order of the official program, whose averages are listed in it.
        middle = [side for side in self.doubled if side <= 256]
        for side in middle:
            self._add_stage(side)
        for side in middle:
            self._add_excitation(side)
        if measures.side > SMALL:
            self.to_128 = _convolution(width(SMALL), measures.colours, 1)
        self.to_big = _convolution(width(measures.side), measures.colours, 3, padding=1)
        for side in self.doubled[len(middle) :]:
            self._add_stage(side)
            self._add_excitation(side)
        self.register_buffer("mean_style", torch.zeros(measures.latent), persistent=False)

    def _add_stage(self, side: int) -> None:
        inputs, outputs = self.measures.width(side // 2), self.measures.width(side)
        two = side in WITH_TWO_LAYERS
        stage = Layers(nn.Upsample(scale_factor=2), *_layer(inputs, outputs, noisy=two))
        if two:
            stage.extend(_layer(outputs, outputs, noisy=True))
        self.add_module(f"feat_{side}", stage)

    def _add_excitation(self, side: int) -> None:
        if side in EXCITED:
            widths = self.measures.width(side // 16), self.measures.width(side)
            self.add_module(f"se_{side}", Excitation(*widths))

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.mean_style.device

    def forward(self, latents: Tensor) -> list[Tensor]:
        """Return (n, colours, side, side) of (n, latent), and of large images small ones too."""
        features = self._features(latents, None)
        images = [self._squashed(self.to_big(features[self.measures.side]))]
        if self.measures.side > SMALL:
            images.append(self._squashed(self.to_128(features[SMALL])))
        return images

    def _features(self, latents: Tensor, noise: torch.Generator | None) -> dict[int, Tensor]:
        x = self.init(latents)
        features = {4: x}
        for side in self.doubled:
            x = self.get_submodule(f"feat_{side}")(x, noise)
            if side in EXCITED:
                x = self.get_submodule(f"se_{side}")(features[side // 16], x)
            features[side] = x
        return features

    def _squashed(self, images: Tensor) -> Tensor:
        return torch.tanh(images) if self.measures.side == SQUASHED else images

    def styles(self, latents: Tensor) -> Tensor:
        """Return the latents."""
        return latents

    def images(self, styles: Tensor, noise_seed: int) -> Tensor:
        """Make (n, colours, side, side) images about from -1 to 1 of (n, 1, latent) styles."""
        noise = torch.Generator().manual_seed(noise_seed)
        features = self._features(styles[:, 0], noise)
        return self._squashed(self.to_big(features[self.measures.side]))

    def style_weights(self) -> list[Tensor]:
        """Return what the style is multiplied with, (m, latent)."""
        return [self.init.init[0].weight.detach().flatten(1).T]

    def fold(self) -> "FastGan":
        """Make it quicker without a change to what it makes, and no longer fit to be trained."""
        for module in list(self.modules()):
            if isinstance(module, Layers):
                module.fold()
        for name, module in self.named_children():
            if name.startswith("to_"):
                remove_spectral_norm(module)
        return self.requires_grad_(False).to(memory_format=torch.channels_last)

    def save(self, path: Path, card: dict[str, Any] | None = None) -> None:
        """Write the weights of one that is not folded, with a model card. Raises OSError."""
        GeneratorFile(KIND, asdict(self.measures), card or {}, self.state_dict()).write(path)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "FastGan":
        """Read what `save` wrote, ready to be walked. Raises ValueError and the like for others."""
        file = GeneratorFile.read(path, KIND)
        try:
            measures = Measures(**file.measures)
        except TypeError as error:
            raise ValueError("its measures are not those of a generator") from error
        return cls.filled(measures, file.state).fold().to(device)

    @classmethod
    def filled(cls, measures: Measures, state: dict[str, Tensor]) -> "FastGan":
        """Return a network of these weights. Raises ValueError where they do not fit."""
        with torch.device("meta"):
            network = cls(measures)
        network.mean_style = torch.zeros(measures.latent)
        return filled(network, state)


def _convolution(inputs: int, outputs: int, size: int, padding: int = 0) -> Any:
    return spectral_norm(nn.Conv2d(inputs, outputs, size, padding=padding, bias=False))


def _layer(inputs: int, outputs: int, *, noisy: bool) -> list[nn.Module]:
    return [
        _convolution(inputs, 2 * outputs, 3, padding=1),
        *([Noise()] if noisy else []),
        nn.BatchNorm2d(2 * outputs),
        nn.GLU(1),
    ]


def _doubling(layer: Any) -> nn.ConvTranspose2d:
    """Return one transposed convolution in place of a doubling and a convolution."""
    outputs, inputs = layer.weight.shape[:2]
    doubling = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, device=layer.weight.device)
    doubling.weight = _fixed(doubling_kernel(layer.weight))
    doubling.bias = layer.bias
    return doubling


def _fixed(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach(), requires_grad=False)
