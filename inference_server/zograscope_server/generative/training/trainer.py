"""Trains a generator and its discriminator, one step at a time.

Each step draws all its chance from its own number, so that a training is a function of its recipe
and its data: what goes on from a checkpoint ends where one without a break does. On several
graphics cards each process takes its share of a batch, and gradients are averaged.
"""

import copy
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, distributed, nn
from zograscope_protocol.generative.tasks import TrainOptions, base_grid

from zograscope_server.generative.networks.discriminator import (
    Discriminator,
    Judgement,
    quarter,
    reduced,
)
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.networks.styled import LATENT, LOOKS, StyledGenerator, small_level
from zograscope_server.generative.training import losses
from zograscope_server.generative.training.augmentation import CHANGES, augment, draw_changes

BETAS = (0.5, 0.999)
AVERAGED = 0.999  # of the averaged weights that stays in a step
FIRST_STEPS = 10  # the average forgets sooner in the beginning
MAPPING_RATE = 0.1  # of the rate: styles move with all images
MIXED_EVERY, MIXED = 4, 2  # steps between two looks at mixed styles, and how many then
CALIBRATION = 16  # batches by which the averaged weights' statistics are taken
STATE = "training.pt"
LARGE_PRIME = 1_000_003
# Channels: the paper's; and on a processor, where more steps are worth more than width.
WIDE, NARROW = 64, 8
# Pixels. Of noise at 32 and 64 a short training makes a rough paper, and no lines (see
# docs/measurements.md).
NOISY_FROM = 128


class Data(Protocol):
    """What is learnt from."""

    def batch(self, step: int, size: int, seed: int) -> np.ndarray:
        """Return (size, h, w, colours) uint8 images, a function of its arguments alone."""
        ...


@dataclass(frozen=True)
class Recipe:
    """What a training is determined by, beside its data.

    Attributes:
        shape: of both networks.
        batch: images of one step, of all processes together.
        rate: of learning.
        seed: of all chance.
        loss: `hinge` or `relativistic`.
        guesses, sized: additions to the discriminator, see there.
    """

    shape: Shape
    batch: int = 8
    rate: float = 2e-4
    seed: int = 0
    loss: str = "hinge"
    guesses: bool = False
    sized: bool = False

    @classmethod
    def of(cls, options: TrainOptions, device: str) -> "Recipe":
        """Return what options ask for; what they leave open suits size and device."""
        grid = base_grid(options.width, options.height)
        assert grid is not None  # checked by the options
        side = min(options.width, options.height)
        channels = options.channels or (NARROW if device == "cpu" else WIDE)
        shape = Shape(*grid, channels, 3 if options.colours == "colour" else 1, NOISY_FROM)
        rate = options.rate or 2e-4 * min(4.0, max(1.0, 256 / side))
        return cls(
            shape,
            options.batch,
            rate,
            options.seed,
            options.loss,
            options.guess_augmentation,
            options.normalise,
        )


class Trainer:
    """Both networks with all that training keeps of them.

    Attributes:
        steps: that were made.
        averaged: the generator whose weights are the average of the latest (EMA).
    """

    def __init__(self, recipe: Recipe, device: str = "cpu") -> None:
        self.recipe, self.device = recipe, torch.device(device)
        self.steps = 0
        self._shared, self._rank, self._processes = _processes()
        torch.manual_seed(recipe.seed)
        generator = StyledGenerator(recipe.shape, trained=True)
        discriminator = Discriminator(
            recipe.shape, guesses=CHANGES if recipe.guesses else 0, sized=recipe.sized
        )
        self.generator = self._placed(generator)
        self.discriminator = self._placed(discriminator)
        self.averaged = copy.deepcopy(self.generator).requires_grad_(False)
        mapping = list(self.generator.mapping.parameters())
        others = [p for name, p in self.generator.named_parameters() if "mapping." not in name]
        groups: list[dict[str, Any]] = [
            {"params": others},
            {"params": mapping, "lr": recipe.rate * MAPPING_RATE},
        ]
        self._generator_optimiser = torch.optim.Adam(groups, recipe.rate, BETAS)
        self._discriminator_optimiser = torch.optim.Adam(
            self.discriminator.parameters(), recipe.rate, BETAS
        )
        self._features: Callable[..., list[Tensor]] = self._quick(self.generator.features)
        self._judge: Callable[..., Judgement] = self._quick(self.discriminator.judge)

    @property
    def images(self) -> int:
        """How many images the discriminator was shown."""
        return self.steps * self.recipe.batch

    def step(self, data: Data) -> dict[str, float]:
        """Learn from one batch; return the losses, not finite where training came apart."""
        recipe = self.recipe
        mine = recipe.batch // self._processes
        torch.manual_seed((recipe.seed * LARGE_PRIME + self.steps) * 64 + self._rank)
        rows = slice(self._rank * mine, (self._rank + 1) * mine)
        batch = data.batch(self.steps, recipe.batch, recipe.seed)[rows]
        real = to_images(batch, self.device)
        with self._precision():
            made, small, mixing = self._make(mine)
        judged = self._teach_discriminator(real, made.detach(), small.detach())
        played = self._teach_generator(real, made, small, mixing)
        self.steps += 1
        self._average()
        return judged | played

    def snapshot(self) -> StyledGenerator:
        """Return the averaged generator as it would be kept, folded.

        Its normalisations take their statistics from what it makes itself; training goes on as if
        nothing had been asked.
        """
        averaged = self.averaged
        for ours, theirs in zip(self.generator.buffers(), averaged.buffers(), strict=True):
            theirs.copy_(ours)
        norms = [module for module in averaged.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean of all batches
        torch.manual_seed(self.recipe.seed)
        with torch.no_grad():
            looks = torch.cat([averaged.styles(self._latents(LOOKS // 10)) for _ in range(10)])
            averaged.mean_style.copy_(looks.mean(0))
            for _ in range(CALIBRATION):
                averaged.features(self._wide(averaged.styles(self._latents(self.recipe.batch))))
            averaged.eval()
            folded = averaged.folded().requires_grad_(False)
            averaged.train()
        return folded.ready()

    # What is kept

    def save(self, folder: Path) -> None:
        """Write all that it takes to go on, into a folder. Raises OSError."""
        torch.save(self._state(), folder / STATE)

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote. Raises ValueError for what is of another recipe."""
        state = torch.load(folder / STATE, map_location=self.device, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.steps = int(state["steps"])

    def _state(self) -> dict[str, Any]:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {**parts, "steps": self.steps}

    def _parts(self) -> dict[str, Any]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "averaged": self.averaged,
            "generator_optimiser": self._generator_optimiser,
            "discriminator_optimiser": self._discriminator_optimiser,
        }

    # The game

    def _make(self, count: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Make images, the first of them for the game; return also the loss of mixed styles."""
        generator, levels = self.generator, self.recipe.shape.doublings + 1
        styles = generator.styles(self._latents(count))
        generator.follow_mean(styles)
        wide = self._wide(styles)
        crossing = int(torch.randint(1, 2 * levels, ()))  # half of all batches are crossed
        if crossing < levels:
            wide = torch.cat([wide[:, :crossing], wide.roll(1, 0)[:, crossing:]], 1)
        shares = None
        if self.steps % MIXED_EVERY == 0:
            shares = torch.distributions.Dirichlet(torch.ones(count)).sample((MIXED,))
            shares = shares.to(self.device)
            mixed = torch.einsum("mn,nls->mls", shares.to(wide.dtype), wide)
            wide = torch.cat([wide, mixed])
        features = self._features(wide)
        made = torch.tanh(generator.to_image(features[-1]))
        small = torch.tanh(generator.to_small(features[generator.small_level]))
        mixing = None
        if shares is not None:
            middle = features[2 : self.recipe.shape.doublings]
            mixing = losses.distance_preserving(middle, count, shares)
        return made, small, mixing

    def _teach_discriminator(self, real: Tensor, made: Tensor, small: Tensor) -> dict[str, float]:
        recipe, relative = self.recipe, self.recipe.loss == "relativistic"
        self._discriminator_optimiser.zero_grad(set_to_none=True)
        of_real, of_made = (draw_changes(len(x), self.device) for x in (real, made))
        part = (int(torch.randint(0, 2, ())), int(torch.randint(0, 2, ())))
        real_shown = augment(real, of_real)
        shown_small = reduced(real_shown, recipe.shape, small_level(recipe.shape))
        pictures = [real_shown, shown_small, augment(made, of_made), augment(small, of_made)]
        if relative:
            pictures = [picture.detach().requires_grad_() for picture in pictures]
        with self._precision() if not relative else nullcontext():
            judged_real = self._judge(pictures[0], pictures[1], part)
            judged_made = self._judge(pictures[2], pictures[3])
            if relative:
                count = min(len(real), len(made))
                game = losses.relativistic(judged_real.logits[:count], judged_made.logits[:count])
                penalty = losses.gradient_penalty(
                    judged_real.logits, pictures[:2]
                ) + losses.gradient_penalty(judged_made.logits, pictures[2:])
                game = game + losses.PENALTY * penalty
            else:
                game = losses.hinge_of_real(judged_real.logits)
                game = game + losses.hinge_of_made(judged_made.logits)
            wanted = [real_shown, real_shown, quarter(real_shown, part)]
            pairs = zip(judged_real.restored, wanted, strict=True)
            restoring = torch.stack([losses.restoring(*pair) for pair in pairs]).sum()
            loss = game + restoring + self._additions(judged_real, of_real)
            loss = loss + self._additions(judged_made, of_made)
        loss.backward()
        self._share_gradients(self.discriminator.parameters())
        self._discriminator_optimiser.step()
        return {"discriminator": float(game.detach()), "restoring": float(restoring.detach())}

    def _additions(self, judged: Judgement, changes: Tensor) -> Tensor:
        total = torch.zeros((), device=self.device)
        if judged.guesses is not None:
            error = (judged.guesses - changes).square().mean()
            total = total + losses.GUESSING * error
        for shift in judged.shifts:
            total = total + losses.STANDING * shift
        return total

    def _teach_generator(
        self, real: Tensor, made: Tensor, small: Tensor, mixing: Tensor | None
    ) -> dict[str, float]:
        self._generator_optimiser.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        changes = draw_changes(len(made), self.device)
        with self._precision():
            judged = self._judge(augment(made, changes), augment(small, changes))
            if self.recipe.loss == "relativistic":
                shown = augment(real, draw_changes(len(real), self.device))
                level = small_level(self.recipe.shape)
                of_real = self._judge(shown, reduced(shown, self.recipe.shape, level))
                loss = losses.relativistic(judged.logits[: len(real)], of_real.logits)
            else:
                loss = -judged.logits.mean()
            if judged.guesses is not None:
                error = (judged.guesses - changes).square().mean()
                loss = loss + losses.GUESSING * error
            total = loss if mixing is None else loss + losses.SAMENESS * mixing
        total.backward()
        self.discriminator.requires_grad_(True)
        self._share_gradients(self.generator.parameters())
        self._generator_optimiser.step()
        return {"generator": float(loss.detach())}

    def _average(self) -> None:
        """Let the averaged weights follow; sooner in the beginning."""
        keep = min(AVERAGED, (1 + self.steps) / (FIRST_STEPS + self.steps))
        with torch.no_grad():
            averaged, now = list(self.averaged.parameters()), list(self.generator.parameters())
            torch._foreach_lerp_(averaged, now, 1 - keep)

    # How it computes

    def _latents(self, count: int) -> Tensor:
        return torch.randn(count, LATENT).to(self.device)

    def _wide(self, styles: Tensor) -> Tensor:
        return styles[:, None].expand(-1, self.recipe.shape.doublings + 1, -1)

    def _placed(self, network: Any) -> Any:
        return network.to(self.device, memory_format=torch.channels_last).train()

    def _precision(self) -> AbstractContextManager[Any]:
        """Bfloat16 where graphics cards have it; most processors are slower with it."""
        if self.device.type == "cuda" and torch.cuda.is_bf16_supported():
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()

    def _quick(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile for graphics cards; on processors, compiling takes longer than it saves."""
        return torch.compile(function) if self.device.type == "cuda" else function

    def _share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average gradients over all processes."""
        if not self._shared:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self._processes
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, mean in zip(gradients, flat.split(sizes), strict=True):
            gradient.copy_(mean.view_as(gradient))


def to_images(pictures: np.ndarray, device: torch.device) -> Tensor:
    """Return (n, colours, h, w) images from -1 to 1 of (n, h, w, colours) uint8."""
    images = torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2)
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def _processes() -> tuple[bool, int, int]:
    """Whether several processes train together, which of them this is, and how many they are."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return False, 0, 1
    return True, distributed.get_rank(), distributed.get_world_size()
