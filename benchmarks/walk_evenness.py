"""How evenly does a walk change, and how much does it tremble?

Loops of a model are judged by a network that takes no part in making them: SqueezeNet's features
of unit length, as LPIPS takes them (Zhang et al., CVPR 2018), of pictures brought to 256 pixels.
Told are, of its distances between neighbouring frames, the variation (deviation over mean), the
largest over the median, and the step that closes the loop over the largest; and of the pixels
themselves second differences over first ones: 2 is mere flicker, 0 one straight way. That is told
of pixels before they are rounded, since rounding flickers by one of 255, which nobody sees, and
outweighs all else where a picture changes slowly.

    python benchmarks/walk_evenness.py [--model FILE.safetensors] [--frames 120] [--keyframes 4]
        [--loops 3] [--output OUT.json]

Without the network's weights the product's own measure judges, which says little.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmark import argument_parser, write_figures
from squeezenet import SQUEEZENET, as_it_learnt, squeezenet_layers
from torch.nn import functional
from zograscope_server.generative.generator import Generator
from zograscope_server.generative.loading import EMBEDDED
from zograscope_server.generative.networks.styled import StyledGenerator
from zograscope_server.generative.walks import paths
from zograscope_server.generative.walks.sight import seen
from zograscope_server.generative.walks.space import (
    centre_of,
    in_colour,
    make_pictures,
    styles_of,
    wide,
)
from zograscope_server.generative.walks.speed import UNEVEN, constant_speed

JUDGED_LAYERS = (1, 4, 7, 9, 10, 11, 12)  # of SqueezeNet, as LPIPS takes them
JUDGED_SIDE = 256  # its first layer skips every second pixel: small pictures are shown larger
NOISE_SEED = 0

Judge = Callable[[np.ndarray], np.ndarray]
"""Makes (n, d) vectors of (n, h, w, 3) uint8 pictures; their distances are visual differences."""


def squeezenet_judge(weights: Path) -> Judge:
    """Return the judgement of torchvision's SqueezeNet 1.1, trained on ImageNet."""
    layers = squeezenet_layers(weights)

    @torch.inference_mode()
    def look(pictures: np.ndarray) -> np.ndarray:
        return np.array([of_one(picture) for picture in pictures])

    def of_one(picture: np.ndarray) -> np.ndarray:
        values = as_it_learnt(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255)
        size = (JUDGED_SIDE, JUDGED_SIDE)
        values = functional.interpolate(values, size=size, mode="bicubic")
        parts = []
        for number, layer in enumerate(layers):
            values = layer(values)
            if number in JUDGED_LAYERS:
                unit = functional.normalize(values).flatten()
                parts.append(unit / (values.shape[2] * values.shape[3]) ** 0.5)
        return torch.cat(parts).numpy()

    return look


def walk(generator: Generator, path: paths.Path, frames: int, *, even: bool) -> np.ndarray:
    """Return the (frames, h, w, 3) float32 pictures of a loop, 0 to 255, not yet rounded."""

    def see(styles: np.ndarray) -> np.ndarray:
        return seen(in_colour(make_pictures(generator, styles, NOISE_SEED)))

    pace = constant_speed(path, see, frames, loop=True) if even else UNEVEN
    styles = path(pace.at(np.arange(frames) / frames))
    with torch.inference_mode():
        pictures = [
            generator.images(torch.from_numpy(wide(generator, styles[i : i + 1])), NOISE_SEED)
            for i in range(frames)
        ]
    return in_colour((torch.cat(pictures).permute(0, 2, 3, 1).numpy() + 1) * 127.5)


def evenness(pictures: np.ndarray, judge: Judge) -> dict[str, float]:
    """Measure a loop of (n, h, w, 3) pictures, 0 to 255; see the head of this file."""
    looks = judge(np.rint(pictures).astype(np.uint8))
    steps = np.linalg.norm(np.roll(looks, -1, axis=0) - looks, axis=1)
    pixels = pictures.astype(np.float32)
    first = np.roll(pixels, -1, axis=0) - pixels
    second = np.roll(first, -1, axis=0) - first
    return {
        "variation": float(steps.std() / steps.mean()),
        "largest over median": float(steps.max() / np.median(steps)),
        "closing over largest": float(steps[-1] / steps[:-1].max()),
        "second over first": float(np.abs(second).mean() / np.abs(first).mean()),
    }


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--model", type=Path, default=EMBEDDED)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--keyframes", type=int, default=4)
    parser.add_argument("--loops", type=int, default=3, help="of other keyframes, averaged")
    arguments = parser.parse_args()
    frames, loops = (12, 1) if arguments.toy else (arguments.frames, arguments.loops)
    keyframes = arguments.keyframes
    generator = StyledGenerator.load(arguments.model)
    judge = squeezenet_judge(SQUEEZENET) if SQUEEZENET.is_file() else seen
    kinds: dict[str, Callable[[int], paths.Path]] = {
        "smooth": lambda seed: paths.smooth(
            styles_of(generator, range(seed * keyframes, (seed + 1) * keyframes)),
            centre_of(generator),
            loop=True,
        ),
        "noise": lambda seed: paths.noise(generator, seed, keyframes // 2, loop=True),
    }
    figures: dict[str, Any] = {"frames": frames, "keyframes": keyframes}
    for kind, path_of in kinds.items():
        for even in (False, True):
            name = f"{kind}, {'constant speed' if even else 'plain'}"
            measured = [
                evenness(walk(generator, path_of(seed), frames, even=even), judge)
                for seed in range(loops)
            ]
            figures[name] = {
                key: float(np.mean([one[key] for one in measured])) for key in measured[0]
            }
            print(f"{name:24}", {key: round(value, 3) for key, value in figures[name].items()})
    write_figures(figures, arguments.output)


if __name__ == "__main__":
    main()
