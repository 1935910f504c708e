"""A generator's styles as arrays: those of seeds, and images of any.

Whatever is asked for, an image comes out the same to the bit. Numbers of a matrix product depend on
how many are computed at once, so seeds are mapped one by one, and whoever wants the very same image
twice makes it in the same company.
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
        generator: makes them, `batch_size` at once, the last batch filled up with the last style.
        styles: (n, resolutions, style_size), or (n, 1, style_size) for all resolutions alike.
        noise_seed: of the grain.
    """
    import torch

    count, size = len(styles), batch_size(generator)
    made = []
    with torch.inference_mode():
        for begin in range(0, count, size):
            batch = wide(generator, styles[begin : begin + size])
            filled = np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)])
            images = generator.images(torch.from_numpy(filled).to(generator.device), noise_seed)
            made.append(to_pictures(images)[: len(batch)])
    return np.concatenate(made)


def wide(generator: Generator, styles: np.ndarray) -> np.ndarray:
    """Return (n, resolutions, style_size) of styles that may have one row for all resolutions."""
    rows = len(generator.resolutions)
    return np.ascontiguousarray(np.broadcast_to(styles, (len(styles), rows, styles.shape[2])))


def in_colour(pictures: np.ndarray) -> np.ndarray:
    """Return (n, h, w, 3) of (n, h, w, colours)."""
    return np.broadcast_to(pictures, (*pictures.shape[:3], 3))
