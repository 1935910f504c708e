"""The generator that is trained here: FastGAN's, made for walking.

After Liu et al., "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
Synthesis" (ICLR 2021): a grid that is doubled until it is the image, with gated linear units, batch
normalisation and skip-layer excitation. For walks it differs: a small mapping network gives a
space of styles (Karras et al. 2019), each resolution is scaled by its own style, so that styles can
be mixed; and there is no noise at coarse resolutions, where it would compete with the latent
(Vavilala and Forsyth 2021). The grid that is doubled is made of how far a style lies from the mean
one. Of styles themselves it would have a part that is the same for all, and a short training puts
the whole layout there: all images then have their lines in the same places.

Once trained, normalisation is folded into the weights: what is kept and walked is convolutions.
"""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zograscope_server.generative.networks.layers import (
    BatchNorm,
    Excitation,
    Shape,
    convolution,
    doubled_convolution,
    doubling_kernel,
)
from zograscope_server.generative.weights.generator_file import GeneratorFile, filled

LATENT = 256
EXCITED = 4  # doublings from what excites to what is excited
LOOKS = 10_000  # latents whose mean style is taken
FOLLOWING = 0.02  # of the way from the mean style to that of a batch
KIND = "styled"


class Mapping(nn.Module):
    """Latent to style. It begins as the identity, so that a short training loses nothing to it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(LATENT, LATENT)
        self.second = nn.Linear(LATENT, LATENT)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, latents: Tensor) -> Tensor:
        """Map (n, 256) latents to (n, 256) styles."""
        latents = latents * latents.square().mean(1, keepdim=True).add(1e-8).rsqrt()
        return latents + self.second(functional.leaky_relu(self.first(latents), 0.2))


class Layer(nn.Module):
    """A convolution, its normalisation, noise, and a gated linear unit."""

    def __init__(
        self, inputs: int, outputs: int, *, doubles: bool, noisy: bool, trained: bool
    ) -> None:
        super().__init__()
        self.doubles = doubles
        self.convolution: nn.Conv2d
        self.norm: nn.Module
        if trained:
            self.convolution = convolution(inputs, 2 * outputs, 3, padding=1)
            self.norm = BatchNorm(2 * outputs)
        else:
            self.convolution = nn.Conv2d(inputs, 2 * outputs, 3, padding=1)
            self.norm = nn.Identity()
        self.noise = nn.Parameter(torch.zeros(2 * outputs)) if noisy else None
        self._kernel: Tensor | None = None

    def forward(self, x: Tensor, noise: torch.Generator | None) -> Tensor:
        """Return the features; noise is drawn anew, or for all images alike from a generator."""
        weight, bias = self.convolution.weight, self.convolution.bias
        if not self.doubles:
            x = functional.conv2d(x, weight, bias, padding=1)
        elif self._kernel is not None:
            x = functional.conv_transpose2d(x, self._kernel, bias, stride=2, padding=1)
        else:
            x = doubled_convolution(x, weight, bias)
        x = self.norm(x)
        if self.noise is not None:
            x = x + self.noise[:, None, None] * _noise(x, noise)
        return functional.glu(x, 1)

    def keep_kernel(self) -> None:
        """Make the kernel of the doubling once; for weights that no longer change."""
        if self.doubles:
            self._kernel = doubling_kernel(self.convolution.weight.detach()).contiguous(
                memory_format=torch.channels_last
            )


def _noise(x: Tensor, drawn_from: torch.Generator | None) -> Tensor:
    images, _, height, width = x.shape
    if drawn_from is None:
        return torch.randn(images, 1, height, width, device=x.device, dtype=x.dtype)
    drawn = torch.randn(1, 1, height, width, generator=drawn_from)
    return drawn.to(x.device, x.dtype)


class Stage(nn.Module):
    """One doubling of the grid, at every second resolution with one more layer."""

    def __init__(self, shape: Shape, level: int, *, trained: bool) -> None:
        super().__init__()
        inputs, outputs = shape.generator_width(level - 1), shape.generator_width(level)
        noisy = shape.resolution(level) >= shape.noisy_from
        self.layers = nn.ModuleList(
            [Layer(inputs, outputs, doubles=True, noisy=noisy, trained=trained)]
        )
        if level % 2 == 1:
            more = Layer(outputs, outputs, doubles=False, noisy=noisy, trained=trained)
            self.layers.append(more)
        self.gain = nn.Linear(LATENT, outputs)
        nn.init.normal_(self.gain.weight, 0.0, 0.02)
        nn.init.zeros_(self.gain.bias)

    def forward(self, x: Tensor, style: Tensor, noise: torch.Generator | None) -> Tensor:
        """Double (n, c, h, w) features, as (n, 256) styles have it."""
        for layer in self.layers:
            x = layer(x, noise)
        return x * (1 + self.gain(style))[:, :, None, None]


class StyledGenerator(nn.Module):
    """Makes images of styles; see the module. As a `Generator` once it is folded."""

    latent_size = style_size = LATENT
    mean_style: Tensor
    start_norm: nn.Module
    stages: Any  # lists of Stage and Excitation, which torch's stubs do not tell
    excitations: Any

    def __init__(self, shape: Shape, *, trained: bool = False) -> None:
        """Make one with weights by chance, or to be filled.

        Args:
            shape: its measures.
            trained: whether it has what only training needs: normalisation, and a small image.
        """
        super().__init__()
        self.shape = shape
        first = 2 * shape.generator_width(0)
        self.mapping = Mapping()
        self.start = nn.Linear(LATENT, first * shape.rows * shape.columns, bias=not trained)
        nn.init.normal_(self.start.weight, 0.0, 0.02)
        self.start_norm = BatchNorm(first) if trained else nn.Identity()
        self.stages = nn.ModuleList(
            Stage(shape, level, trained=trained) for level in range(1, shape.doublings + 1)
        )
        self.excitations = nn.ModuleList(
            Excitation(
                shape.generator_width(level - EXCITED), shape.generator_width(level), trained
            )
            for level in range(EXCITED, shape.doublings + 1)
        )
        last = shape.generator_width(shape.doublings)
        self.to_image = (
            convolution(last, shape.colours, 3, padding=1)
            if trained
            else nn.Conv2d(last, shape.colours, 3, padding=1, bias=False)
        )
        self.small_level = small_level(shape)
        if trained:
            self.to_small = convolution(shape.generator_width(self.small_level), shape.colours, 1)
        self.register_buffer("mean_style", torch.zeros(LATENT))
        self._centred = trained  # of a folded one, the start's bias is

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Pixels of the shorter side that each style acts at."""
        return tuple(self.shape.resolution(level) for level in range(self.shape.doublings + 1))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images in pixels."""
        return self.shape.size

    @property
    def colours(self) -> int:
        """3, or 1 for grey."""
        return self.shape.colours

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.mean_style.device

    def styles(self, latents: Tensor) -> Tensor:
        """Map (n, 256) latents to (n, 256) styles."""
        return self.mapping(latents)

    def follow_mean(self, styles: Tensor) -> None:
        """Let the mean style follow those of a batch, (n, 256), while styles are learnt."""
        with torch.no_grad():
            self.mean_style.lerp_(styles.float().mean(0), FOLLOWING)

    def images(self, styles: Tensor, noise_seed: int) -> Tensor:
        """Make (n, colours, h, w) images from -1 to 1 of (n, resolutions, 256) styles."""
        noise = torch.Generator().manual_seed(noise_seed)
        features = self.features(styles, noise)
        return torch.tanh(self.to_image(features[-1])).float()

    def features(self, styles: Tensor, noise: torch.Generator | None = None) -> list[Tensor]:
        """Return the features at each resolution, of (n, resolutions, 256) styles."""
        shape = self.shape
        first = styles[:, 0]
        if self._centred:
            first = first - self.mean_style
        x = self.start(first).view(len(styles), -1, shape.rows, shape.columns)
        x = x.contiguous(memory_format=torch.channels_last)
        features = [functional.glu(self.start_norm(x), 1)]
        for level, stage in enumerate(self.stages, start=1):
            x = stage(features[-1], styles[:, level], noise)
            if level >= EXCITED:
                x = self.excitations[level - EXCITED](features[level - EXCITED], x)
            features.append(x)
        return features

    def style_weights(self) -> list[Tensor]:
        """Return what each resolution's style is multiplied with, (m, 256) for each."""
        return [self.start.weight.detach(), *(stage.gain.weight.detach() for stage in self.stages)]

    def folded(self) -> "StyledGenerator":
        """Return the same function of styles without what only training needs.

        Normalisation by the running statistics goes into weights and biases.
        """
        folded = StyledGenerator(self.shape)
        with torch.no_grad():
            folded.mapping.load_state_dict(self.mapping.state_dict())
            scale, shift = _affine(self.start_norm)
            cells = self.shape.rows * self.shape.columns
            weight = self.start.weight * scale.repeat_interleave(cells)[:, None]
            folded.start.weight.copy_(weight)
            folded.start.bias.copy_(shift.repeat_interleave(cells) - weight @ self.mean_style)
            for ours, theirs in zip(self.stages, folded.stages, strict=True):
                theirs.gain.load_state_dict(ours.gain.state_dict())
                for layer, plain in zip(ours.layers, theirs.layers, strict=True):
                    scale, shift = _affine(layer.norm)
                    plain.convolution.weight.copy_(
                        layer.convolution.weight * scale[:, None, None, None]
                    )
                    plain.convolution.bias.copy_(shift)
                    if layer.noise is not None:
                        plain.noise.copy_(layer.noise)
            for trained, plain in zip(self.excitations, folded.excitations, strict=True):
                plain.look.weight.copy_(trained.look.weight)
                plain.weigh.weight.copy_(trained.weigh.weight)
            folded.to_image.weight.copy_(self.to_image.weight)
            folded.mean_style.copy_(self.mean_style)
        return folded.to(self.device).eval()

    def save(self, path: Path, card: dict[str, Any] | None = None) -> None:
        """Write a folded generator in half precision, with a model card.

        Raises OSError.
        """
        state = {key: value.half() for key, value in self.state_dict().items()}
        GeneratorFile(KIND, asdict(self.shape), card or {}, state).write(path)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "StyledGenerator":
        """Read what `save` wrote, in single precision and ready to be walked.

        Raises ValueError for what is none.
        """
        file = GeneratorFile.read(path, KIND)
        with torch.device("meta"):
            generator = cls(_read_shape(file.measures))
        return filled(generator, file.state).to(device).ready()

    def ready(self) -> "StyledGenerator":
        """Make once what depends on weights alone; for a folded generator that stays as it is."""
        self.to(memory_format=torch.channels_last)
        for stage in self.stages:
            for layer in stage.layers:
                layer.keep_kernel()
        return self


def small_level(shape: Shape) -> int:
    """Return the doublings of the small image that the discriminator is shown too: 128 pixels."""
    return max(1, min(shape.doublings - 1, 5))


def _affine(norm: Any) -> tuple[Tensor, Tensor]:
    """Return scale and shift that a batch normalisation is, once its statistics stand."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale


def _read_shape(measures: Any) -> Shape:
    measures = {"noisy_from": Shape.noisy_from, **measures}  # earlier files do not say it
    names = {field.name for field in fields(Shape)}
    if set(measures) != names or not all(
        type(value) is int and 0 < value <= 1024 for value in measures.values()
    ):
        raise ValueError("its measures are not those of a generator")
    shape = Shape(**measures)
    if shape.doublings > 8 or max(shape.columns, shape.rows) > 64 or shape.colours not in (1, 3):
        raise ValueError("its measures are not those of a generator")
    return shape
