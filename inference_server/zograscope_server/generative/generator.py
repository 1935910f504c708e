"""What makes images, whichever network it is, and how seeds become latents.

A *latent* z is drawn by chance. The generator maps it to a *style* w, in a space in which straight
ways look straight; each of its resolutions takes a style of its own. What walks, mixes and
truncates works on styles and knows nothing of networks.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch


class Generator(Protocol):
    """Makes images of styles. Nothing in it changes while it is used."""

    @property
    def latent_size(self) -> int:
        """Numbers of a latent."""
        ...

    @property
    def style_size(self) -> int:
        """Numbers of a style."""
        ...

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Pixels of the image's shorter side at which each style acts, coarse to fine.

        (1,) where one style makes the whole image.
        """
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its images in pixels."""
        ...

    @property
    def colours(self) -> int:
        """3, or 1 for grey."""
        ...

    @property
    def mean_style(self) -> "torch.Tensor":
        """(style_size,), the average of all styles; zeros where latents are styles."""
        ...

    @property
    def device(self) -> "torch.device":
        """Of torch, where it computes."""
        ...

    def styles(self, latents: "torch.Tensor") -> "torch.Tensor":
        """Map (n, latent_size) latents to (n, style_size) styles."""
        ...

    def images(self, styles: "torch.Tensor", noise_seed: int) -> "torch.Tensor":
        """Make images: (n, colours, height, width) float32, -1 is black and 1 is white.

        Each image depends on its own styles and on the seed only, not on what is made beside it.
        Gradients flow where they are asked for.

        Args:
            styles: (n, len(resolutions), style_size).
            noise_seed: of the grain that styles do not say; the same along a walk.
        """
        ...

    def style_weights(self) -> "list[torch.Tensor]":
        """Return for each resolution the (m, style_size) matrix that styles are multiplied with."""
        ...


def latents_of(seeds: Iterable[int], latent_size: int) -> np.ndarray:
    """Return (n, latent_size) float32 latents, each a function of its seed alone.

    They are those of StyleGAN's own scripts, so that an artist's known seeds show known images.
    """
    drawn = [np.random.RandomState(seed).standard_normal(latent_size) for seed in seeds]
    return np.array(drawn, np.float32).reshape(-1, latent_size)


def to_pictures(images: "torch.Tensor") -> np.ndarray:
    """Return (n, h, w, colours) uint8 of (n, colours, h, w) images from -1 to 1."""
    import torch

    bytes_ = images.detach().float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return bytes_.permute(0, 2, 3, 1).cpu().numpy()
