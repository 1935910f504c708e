"""Training learns, writes weights that the network loads, and goes on where it stopped."""

import json
from dataclasses import replace
from itertools import count

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from zograscope_server.depth.encoder import Encoder
from zograscope_server.depth.network import DepthNetwork

from training.depth import train as training
from training.depth.pool import record_type, shard_path
from training.depth.samples import Batches

SHAPES = ((64, 64),)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan with a ready pool of gradients, and batches small enough for one core."""
    monkeypatch.setattr(training, "PHASES", ((0.5, SHAPES, 1.0), (1.0, SHAPES, 0.5)))
    monkeypatch.setattr(training, "SMALL", SHAPES)
    monkeypatch.setattr(training, "VALIDATION_BATCHES", 2)
    monkeypatch.setattr(training, "LOG_SECONDS", 0.0)
    # Each look at the clock is a step later, however busy the machine is.
    ticks = count()
    monkeypatch.setattr(training, "_processor_clock", lambda threads: lambda: 0.1 * next(ticks))
    pool = tmp_path / "pool"
    pool.mkdir()
    for number in range(2):
        write_shard(pool, number)
    published = tmp_path / "encoder.pth"
    torch.save(Encoder().state_dict(), published)
    threads = torch.get_num_threads()
    yield training.Plan(
        folder=tmp_path / "run", pool=pool, scenes=24, minutes=0.6 / 60, batch=2,
        renderers=0, loaders=0, threads=1, device="cpu",
        encoder=published,
    )  # fmt: skip
    torch.set_num_threads(threads)


def write_shard(pool, number: int) -> None:
    """Write scenes that are the brighter the nearer."""
    rng = np.random.default_rng(number)
    shard = np.zeros(4, record_type((96, 96)))
    for scene in shard:
        coarse = rng.random((4, 4), dtype=np.float32)
        near = cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC).clip(0.01, 1)
        scene["disparity"] = near / near.max()
        scene["picture"] = (255 * scene["disparity"][..., None]).astype(np.uint8)
    np.save(shard_path(pool, number), shard)


def log_of(plan) -> list[dict[str, float]]:
    return [json.loads(line) for line in (plan.folder / "log.jsonl").read_text().splitlines()]


def test_training_writes_weights_and_goes_on(plan):
    path = training.train(plan)
    first = torch.load(plan.folder / "checkpoint.pt", weights_only=True)
    assert sorted(file.name for file in plan.folder.iterdir()) == [
        "checkpoint.pt", "depth_network.safetensors", "log.jsonl",
    ]  # fmt: skip
    assert first["progress"]["steps"] == 6
    assert first["progress"]["pictures"] == 12
    assert first["progress"]["seconds"] == pytest.approx(0.6)
    log = log_of(plan)
    assert np.isfinite([line["total"] for line in log[:-1]]).all()
    assert np.isfinite(log[-1]["validation"])
    assert log[-1]["shards"] == 2
    assert_is_average(path, first)

    # With the same time it has nothing to do; with more it goes on.
    training.train(plan)
    again = torch.load(plan.folder / "checkpoint.pt", weights_only=True)
    assert again["progress"] == first["progress"]
    training.train(replace(plan, minutes=2 * plan.minutes))
    second = torch.load(plan.folder / "checkpoint.pt", weights_only=True)
    assert second["progress"]["steps"] == 12
    assert second["progress"]["seconds"] == pytest.approx(1.2)
    steps = [line["steps"] for line in log_of(plan)]
    assert steps == [*range(1, 7), 6, 6, *range(7, 13), 12]
    assert_is_average(path, second)
    changed = [name for name, value in first["network"].items()
               if not torch.equal(value, second["network"][name])]  # fmt: skip
    assert len(changed) > 0.9 * len(first["network"])


def assert_is_average(path, state) -> None:
    """The weights are float16, hold what the checkpoint averaged, and fit the network."""
    weights = load_file(path)
    assert {value.dtype for value in weights.values()} == {torch.float16}
    for name, value in weights.items():
        assert torch.equal(value, state["average"][f"module.{name}"].half()), name
    with safe_open(path, "pt") as file:
        assert file.metadata()["steps"] == str(state["progress"]["steps"])
    network = DepthNetwork().eval()
    missing, unexpected = network.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    with torch.no_grad():
        disparity = network(torch.rand(1, 3, 64, 96))
    assert disparity.shape == (1, 32, 48)
    assert torch.isfinite(disparity).all()


def test_steps_lower_the_loss(plan, monkeypatch):
    monkeypatch.setattr(training, "WARM_UP_STEPS", 20)
    torch.manual_seed(0)
    trainer = training._Trainer(replace(plan, minutes=60.0), torch.device("cpu"))
    batch = next(iter(Batches(plan.pool, 4, SHAPES, 0, clean_share=1.0)))
    losses = [float(trainer.step(*batch)["total"].detach()) for _ in range(15)]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    warm = training.LEARNING_RATE * 15 / training.WARM_UP_STEPS
    rates = [group["lr"] for group in trainer.optimiser.param_groups]
    assert rates == pytest.approx([warm * training.ENCODER_SHARE] * 2 + [warm] * 2)


def test_the_rate_is_constant_and_then_falls():
    rates = [training.learning_rate(done) for done in np.linspace(0, 1, 41)]
    assert rates[:31] == pytest.approx([1.0] * 31)
    assert (np.diff(rates[30:]) < 0).all()
    assert rates[-1] == pytest.approx(training.LAST_SHARE)


def test_training_begins_with_the_published_encoder(plan):
    network = training._Trainer(plan, torch.device("cpu")).network
    published = torch.load(plan.encoder, weights_only=True)
    for name, value in network.encoder.state_dict().items():
        assert torch.equal(value, published[name]), name


def test_training_learns_on_from_weights(plan, tmp_path):
    earlier = training.train(plan)
    later = replace(plan, folder=tmp_path / "later", start=earlier, rate=1e-4)
    trainer = training._Trainer(later, torch.device("cpu"))
    state = trainer.network.state_dict()
    for name, value in load_file(earlier).items():
        assert torch.equal(state[name], value.float()), name
    training.train(later)
    changed = load_file(later.folder / "depth_network.safetensors")
    assert any(not torch.equal(value, changed[name]) for name, value in load_file(earlier).items())


def test_validation_sees_only_scenes_that_training_does_not(plan):
    """Shard 0 is dark and shard 1 bright; only one of both is ever trained upon."""
    for number, tone in ((0, 20), (1, 200)):
        shard = np.load(shard_path(plan.pool, number))
        shard["picture"] = tone
        np.save(shard_path(plan.pool, number), shard)
    kept, seen = (
        next(iter(Batches(plan.pool, 24, SHAPES, 0, clean_share=1.0, held_out=held_out)))[0]
        for held_out in (True, False)
    )
    assert kept.float().mean((1, 2, 3)).median() < 60
    assert seen.float().mean((1, 2, 3)).median() > 120


class Renderer:
    """Stands in for a process."""

    def __init__(self, *, alive: bool) -> None:
        self.alive = alive

    def is_alive(self) -> bool:
        return self.alive


def test_the_last_scene_may_come_between_two_looks(plan, monkeypatch):
    """A renderer that has made everything and ended is no failure."""
    renderer = Renderer(alive=True)
    shard_path(plan.pool, 1).unlink()

    def meanwhile(seconds: float) -> None:
        write_shard(plan.pool, 1)
        renderer.alive = False

    monkeypatch.setattr(training.time, "sleep", meanwhile)
    training.wait_for_scenes(plan, [renderer])


def test_renderers_that_end_without_scenes_are_told_of(plan):
    shard_path(plan.pool, 1).unlink()
    with pytest.raises(RuntimeError, match="No scenes"):
        training.wait_for_scenes(plan, [Renderer(alive=False)])
