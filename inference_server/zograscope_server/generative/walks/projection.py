"""Seeks a picture in a generator: which styles make an image that comes nearest to it.

After Abdal et al., "Image2StyleGAN" (ICCV 2019): each resolution gets a style of its own (W+), and
all are moved down the slope of a difference of images. What is compared are pixels and their
differences to their neighbours, at several scales; styles are pulled to their mean, so that the
image stays one that the generator could have made, and can be walked from.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zograscope_server.generative.generator import Generator
from zograscope_server.generative.walks.sight import seen
from zograscope_server.generative.walks.space import (
    centre_of,
    in_colour,
    make_pictures,
    styles_of,
    wide,
)
from zograscope_server.progress import OnProgress, no_progress

if TYPE_CHECKING:
    from torch import Tensor

MOST_SEEDS, FEWEST_SEEDS = 1000, 64
SEED_PIXELS = 1 << 24  # of all images that the beginning is chosen from
SEEDS_AT_ONCE = 32
SEEN_SIDE = 32  # pixels by which they are compared
RATE = 0.08  # of Adam, in spreads of the styles
PULL = 0.01  # towards the mean style, in spreads, beside differences of images from 0 to 1
SLOPES = 4.0  # weight of differences to neighbours beside those of pixels
LEAST_SIDE = 8  # of the coarsest scale
BEGINNING, SEEKING = "Choosing where to begin", "Seeking the picture"


@dataclass(frozen=True)
class Projection:
    """What was found.

    Attributes:
        latent: (resolutions, style_size) float32 styles.
        picture: (h, w, colours) uint8, what they make.
        wanted: (h, w, colours) uint8, the picture that was sought.
        difference: root of the mean square of the difference of both, 0 to 1.
    """

    latent: np.ndarray
    picture: np.ndarray
    wanted: np.ndarray
    difference: float


def project(
    generator: Generator,
    picture: np.ndarray,
    *,
    steps: int = 200,
    seed: int = 0,
    on_progress: OnProgress = no_progress,
) -> Projection:
    """Seek a picture; the same each time.

    Args:
        generator: in which it is sought.
        picture: (h, w, 3) uint8; of another aspect, its middle.
        steps: of the search.
        seed: of the images that the beginning is chosen from, and of the noise.
        on_progress: told of each step; may raise to cancel.
    """
    import torch

    wanted = cut_to_size(picture, generator.size, generator.colours)
    aim = torch.from_numpy(wanted).permute(2, 0, 1)[None].to(generator.device).float() / 127.5 - 1
    begin, spread = _beginning(generator, wanted, seed, on_progress)
    mean = torch.from_numpy(centre_of(generator)).to(generator.device)
    moved = torch.zeros(wide(generator, begin).shape, device=generator.device, requires_grad=True)
    started = torch.from_numpy(wide(generator, begin)).to(generator.device)
    optimiser = torch.optim.Adam([moved], RATE)
    best, found = np.inf, started
    for step in range(steps):
        on_progress(0.2 + 0.8 * step / steps, SEEKING, f"step {step + 1} of {steps}")
        for group in optimiser.param_groups:  # ends slowly, to settle
            group["lr"] = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        styles = started + spread * moved
        image = generator.images(styles, seed)
        away = ((styles - mean) / spread).square().mean()
        loss = _difference(image, aim) + PULL * away
        if float(loss.detach()) < best:
            best, found = float(loss.detach()), styles.detach()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    latent = found.cpu().numpy().astype(np.float32)
    made = make_pictures(generator, latent, seed)[0]
    error = (made.astype(np.float64) - wanted) / 255
    return Projection(latent[0], made, wanted, float(np.sqrt((error**2).mean())))


def cut_to_size(picture: np.ndarray, size: tuple[int, int], colours: int) -> np.ndarray:
    """Return the middle of an (h, w, 3) uint8 picture as (h', w', colours) of a size."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(width / size[0], height / size[1])
    across, down = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    left, top = (width - across) // 2, (height - down) // 2
    middle = np.ascontiguousarray(picture[top : top + down, left : left + across])
    cut = cv2.resize(middle, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC)
    return cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)[..., None] if colours == 1 else cut


def _beginning(
    generator: Generator, wanted: np.ndarray, seed: int, on_progress: OnProgress
) -> tuple[np.ndarray, float]:
    """Return the (1, 1, style_size) style whose image looks most like it, and styles' spread."""
    width, height = generator.size
    count = int(np.clip(SEED_PIXELS // (width * height), FEWEST_SEEDS, MOST_SEEDS))
    seeds = np.random.default_rng(seed).integers(0, 2**31, count).tolist()
    mean = centre_of(generator)[None, None]
    styles = np.concatenate([mean, styles_of(generator, seeds)])
    aim = seen(in_colour(wanted[None]), SEEN_SIDE)
    distances: list[float] = []
    for begin in range(0, len(styles), SEEDS_AT_ONCE):
        on_progress(0.2 * begin / len(styles), BEGINNING, f"{begin} of {count} images")
        made = make_pictures(generator, styles[begin : begin + SEEDS_AT_ONCE], seed)
        distances += np.linalg.norm(seen(in_colour(made), SEEN_SIDE) - aim, axis=1).tolist()
    spread = float(np.sqrt(((styles[1:] - mean) ** 2).mean()))
    return styles[int(np.argmin(distances))][None], max(spread, 1e-6)


def _difference(image: "Tensor", aim: "Tensor") -> "Tensor":
    """Return how different (1, c, h, w) images from -1 to 1 are, of about 0 to 1."""
    import torch
    from torch.nn import functional

    total = torch.zeros((), device=image.device)
    scales = 0
    while True:
        total = total + (image - aim).abs().mean() / 2
        for axis in (2, 3):
            slopes = image.diff(dim=axis) - aim.diff(dim=axis)
            total = total + SLOPES * slopes.abs().mean() / 8
        scales += 1
        if min(image.shape[2:]) < 2 * LEAST_SIDE:
            return total / scales
        image, aim = functional.avg_pool2d(image, 2), functional.avg_pool2d(aim, 2)
