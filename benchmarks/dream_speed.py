"""How many images a second do our networks learn and make, and how many would they, read plainly?

The plain reading is FastGAN as its paper has it (Liu et al., ICLR 2021), in eager single precision:
doubling and convolution one after the other, normalisation as in training, a discriminator that
begins at the image's full size and has excitations of its own, weights averaged tensor by tensor.
Two things are left out of it that would only make it slower: the perceptual network in the loss of
its decoders, and margins of chance. Ours has a mapping network, styles and the
mixing of them on top. Both have the same widths, batch and augmentation; they take turns, and each
figure is the median of its turns (processor time, where there is no graphics card).

    python benchmarks/dream_speed.py [--output OUT.json] [--device cuda] [--sides 64 128]
        [--channels 16] [--turns 5]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import copy
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from benchmark import argument_parser, write_figures
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import spectral_norm
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_server.generative.generator import to_pictures
from zograscope_server.generative.networks.fastgan import Excitation, FastGan, Measures
from zograscope_server.generative.networks.layers import DISCRIMINATOR_WIDTHS
from zograscope_server.generative.training.augmentation import augment, draw_changes
from zograscope_server.generative.training.trainer import Recipe, Trainer

WANTED = 1.3  # times as fast as the plain reading
BATCH = 8
FRAMES = 20  # of a walk, one at a time
LATENT = 256
RATE, BETAS, KEPT = 2e-4, (0.5, 0.999), 0.999
SMALL = 128  # pixels of the second image that is judged


class Pictures:
    """Noise to learn, which takes the same time."""

    def __init__(self, side: int) -> None:
        self._all = (
            np.random.default_rng(0).integers(0, 256, (BATCH, side, side, 3)).astype(np.uint8)
        )

    def batch(self, step: int, size: int, seed: int) -> np.ndarray:
        return self._all


# The plain reading


def convolution(inputs: int, outputs: int, size: int, stride: int = 1, padding: int = 0) -> Any:
    return spectral_norm(nn.Conv2d(inputs, outputs, size, stride, padding, bias=False))


class Halving(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            convolution(inputs, outputs, 4, 2, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
            convolution(outputs, outputs, 3, 1, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        )
        self.direct = nn.Sequential(
            nn.AvgPool2d(2),
            convolution(inputs, outputs, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        )

    def forward(self, x: Tensor) -> Tensor:
        return (self.main(x) + self.direct(x)) / 2


class Judge(nn.Module):
    """From an image to 8 x 8 features, which 5 x 5 logits are of."""

    def __init__(self, side: int, channels: int) -> None:
        super().__init__()
        levels = (side // 8).bit_length() - 1  # halvings
        widths = [
            max(4, int(DISCRIMINATOR_WIDTHS[level + 1] * channels))
            for level in range(levels, -1, -1)
        ]
        self.start = nn.Sequential(convolution(3, widths[0], 3, 1, 1), nn.LeakyReLU(0.2))
        self.halvings = nn.ModuleList(Halving(*pair) for pair in pairwise(widths))
        self.excitations = nn.ModuleList(
            Excitation(widths[place], widths[place + 3]) for place in range(1, levels - 2)
        )
        self.end = nn.Sequential(
            convolution(widths[-1], widths[-1], 1),
            nn.BatchNorm2d(widths[-1]),
            nn.LeakyReLU(0.2),
            convolution(widths[-1], 1, 4),
        )
        self.widths = widths

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = [self.start(x)]
        for place, halving in enumerate(self.halvings):
            x = halving(features[-1])
            if 0 <= place - 3 < len(self.excitations):
                x = self.excitations[place - 3](features[place - 2], x)
            features.append(x)
        return self.end(features[-1]).flatten(1), features


def decoder(inputs: int) -> nn.Module:
    steps: list[nn.Module] = []
    for outputs in (32, 16):
        steps += [
            nn.Upsample(scale_factor=2),
            convolution(inputs, 2 * outputs, 3, 1, 1),
            nn.BatchNorm2d(2 * outputs),
            nn.GLU(1),
        ]
        inputs = outputs
    return nn.Sequential(*steps, convolution(inputs, 3, 3, 1, 1), nn.Tanh())


class PlainTraining:
    """Both networks and their game, in eager single precision."""

    def __init__(self, side: int, channels: int, device: str) -> None:
        self.device, self._side = torch.device(device), side
        self.generator = FastGan(Measures(side, channels)).to(device).train()
        self.averaged = copy.deepcopy(self.generator).requires_grad_(False)
        self._small = min(side // 2, SMALL)
        judges = [Judge(side, channels), Judge(self._small, channels)]
        widths = [judges[0].widths[-1], judges[1].widths[-1], judges[0].widths[-2]]
        self.discriminator = nn.ModuleList([*judges, *map(decoder, widths)]).to(device)
        self._optimisers = [
            torch.optim.Adam(network.parameters(), RATE, BETAS)
            for network in (self.discriminator, self.generator)
        ]

    def step(self, data: Pictures) -> None:
        shown = torch.from_numpy(data.batch(0, BATCH, 0)).to(self.device)
        real = shown.permute(0, 3, 1, 2).float() / 127.5 - 1
        made = self.generator(torch.randn(BATCH, LATENT, device=self.device))[0]
        for optimiser in self._optimisers:
            optimiser.zero_grad()
        of_discriminator, of_generator = self._optimisers
        self._teach_with_real(real).backward()
        fooled = torch.cat(self._judge(self._changed(made.detach()))[0], 1)
        functional.relu(1 + fooled).mean().backward()
        of_discriminator.step()
        (-torch.cat(self._judge(self._changed(made))[0], 1).mean()).backward()
        of_generator.step()
        pairs = zip(self.averaged.parameters(), self.generator.parameters(), strict=True)
        for average, now in pairs:
            average.data.mul_(KEPT).add_((1 - KEPT) * now.data)

    def _teach_with_real(self, real: Tensor) -> Tensor:
        real = self._changed(real)
        logits, (large, small) = self._judge(real)
        quarter = [x[..., : x.shape[-2] // 2, : x.shape[-1] // 2] for x in (large[-2], real)]
        wanted = [real, real, quarter[1]]
        loss = functional.relu(1 - torch.cat(logits, 1)).mean()
        seen = (large[-1], small[-1], quarter[0])
        for number, (features, image) in enumerate(zip(seen, wanted, strict=True)):
            restored = self.discriminator[2 + number](features)
            target = functional.interpolate(image, restored.shape[2:], mode="area")
            loss = loss + functional.l1_loss(restored, target)
        return loss

    def _judge(self, images: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        small = functional.interpolate(images, (self._small, self._small), mode="area")
        judged = [self.discriminator[0](images), self.discriminator[1](small)]
        return [logits for logits, _ in judged], [features for _, features in judged]

    def _changed(self, images: Tensor) -> Tensor:
        return augment(images, draw_changes(len(images), self.device))


# Measuring


def medians(ways: dict[str, Callable[[], Any]], turns: int, device: str) -> dict[str, float]:
    """Return seconds of each way, which take turns after one that warms up."""
    on_card = device.startswith("cuda")
    clock = time.perf_counter if on_card else time.process_time
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        for name, way in ways.items():
            begin = clock()
            way()
            if on_card:
                torch.cuda.synchronize()
            if turn:
                seconds[name].append(clock() - begin)
    return {name: statistics.median(all_) for name, all_ in seconds.items()}


def several(way: Callable[[], Any], times: int) -> Callable[[], None]:
    def repeat() -> None:
        for _ in range(times):
            way()

    return repeat


def compare(
    side: int, channels: int, turns: int, device: str, *, often: int, frames: int
) -> dict[str, float]:
    """Return images a second of training, and frames a second of a walk, ours and read plainly."""
    torch.manual_seed(0)
    data = Pictures(side)
    options = TrainOptions(width=side, height=side, channels=channels, batch=BATCH)
    ours, plain = Trainer(Recipe.of(options, device), device), PlainTraining(side, channels, device)
    learning = medians(
        {
            "ours": several(lambda: ours.step(data), often),
            "plain": several(lambda: plain.step(data), often),
        },
        turns,
        device,
    )
    generator, averaged = ours.snapshot(), plain.averaged.eval()
    latents = torch.randn(1, LATENT, device=device)
    styles = generator.styles(latents)[:, None].expand(-1, len(generator.resolutions), -1)

    @torch.no_grad()
    def make_ours() -> None:
        to_pictures(generator.images(styles, 0))

    @torch.no_grad()
    def make_plainly() -> None:
        to_pictures(averaged(latents)[0])

    making = medians(
        {"ours": several(make_ours, frames), "plain": several(make_plainly, frames)},
        turns,
        device,
    )
    return {
        "images_per_second": often * BATCH / learning["ours"],
        "plain_images_per_second": often * BATCH / learning["plain"],
        "training_times_faster": learning["plain"] / learning["ours"],
        "frames_per_second": frames / making["ours"],
        "plain_frames_per_second": frames / making["plain"],
        "frames_times_faster": making["plain"] / making["ours"],
    }


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--device", default="cpu", help="of torch")
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128], help="pixels")
    parser.add_argument("--channels", type=int, help="of the widest layers, over 16")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    channels = arguments.channels or (16 if arguments.device == "cpu" else 64)
    sides, turns = ([64], 1) if arguments.toy else (arguments.sides, arguments.turns)
    channels = 8 if arguments.toy else channels
    # Every fourth of our steps also mixes styles, so that a turn has a multiple of four.
    often = 4 if arguments.device == "cpu" else 20
    often, frames = (1, 1) if arguments.toy else (often, FRAMES)
    figures: dict[str, Any] = {}
    for side in sides:
        row = compare(side, channels, turns, arguments.device, often=often, frames=frames)
        figures[str(side)] = row
        told = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in row.items())
        print(f"{side} pixels, {channels} channels, {arguments.device}: {told}", flush=True)
        for what in ("training", "frames"):
            if row[f"{what}_times_faster"] < WANTED and not arguments.toy:
                print(f"  {what}: less than the {WANTED} times that are wanted")
    write_figures(figures, arguments.output)


if __name__ == "__main__":
    main()
