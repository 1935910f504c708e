"""A generator's styles as arrays: those of seeds, and images of any.

The last bits of what a network computes depend on how much it computes at once. So seeds are mapped
one by one, and whoever wants the very same image twice makes it beside the same others.
"""

from collections.abc import Iterable

import numpy as np

from zograscope_server.generative.generator import Generator, latents_of, to_pictures

BATCH_PIXELS = 1 << 18  # of images that are made at once
MOST_AT_ONCE = 8


def batch_size(generator: Generator) -> int:
    """Return how many images are made at once: as many as help, and as fit a small card."""
    width, height = generator.size
    return max(1, min(MOST_AT_ONCE, BATCH_PIXELS // (width * height)))


def styles_of(generator: Generator, seeds: Iterable[int]) -> np.ndarray:
    """Return the (n, 1, style_size) float32 styles of seeds, one for all resolutions."""
    return map_latents(generator, latents_of(seeds, generator.latent_size))


def map_latents(generator: Generator, latents: np.ndarray) -> np.ndarray:
    """Return the (n, 1, style_size) float32 styles of (n, latent_size) latents, each by itself."""
    import torch

    rows = [torch.from_numpy(latents[i : i + 1]).to(generator.device) for i in range(len(latents))]
    with torch.inference_mode():
        mapped = [generator.styles(row).cpu().numpy() for row in rows]
    return np.stack(mapped) if mapped else np.empty((0, 1, generator.style_size), np.float32)


def centre_of(generator: Generator) -> np.ndarray:
    """Return the (style_size,) float32 mean style."""
    return generator.mean_style.detach().cpu().numpy().astype(np.float32)


def make_pictures(generator: Generator, styles: np.ndarray, noise_seed: int) -> np.ndarray:
    """Return (n, h, w, colours) uint8 pictures of styles.

    Args:
        generator: makes them, `batch_size` at once.
        styles: (n, resolutions, style_size), or (n, 1, style_size) for all resolutions alike.
        noise_seed: of the grain.
    """
    import torch

    size, made = batch_size(generator), []
    with torch.inference_mode():
        for begin in range(0, len(styles), size):
            batch = torch.from_numpy(wide(generator, styles[begin : begin + size]))
            made.append(to_pictures(generator.images(batch.to(generator.device), noise_seed)))
    return np.concatenate(made)


def wide(generator: Generator, styles: np.ndarray) -> np.ndarray:
    """Return (n, resolutions, style_size) of styles that may have one row for all resolutions."""
    rows = len(generator.resolutions)
    return np.array(np.broadcast_to(styles, (len(styles), rows, styles.shape[2])))


def in_colour(pictures: np.ndarray) -> np.ndarray:
    """Return (n, h, w, 3) of (n, h, w, colours)."""
    return np.broadcast_to(pictures, (*pictures.shape[:3], 3))
