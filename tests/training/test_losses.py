"""What the loss rewards: the right shape at any scale, relief where there is some, flat sheets."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.depth.losses import canonical, depth_loss, depth_ratio

SEEDS = st.integers(0, 2**32)
SCALES = st.floats(0.5, 20.0)  # beyond the least deviation that a prediction is scaled up from


def scenes(seed: int = 0, count: int = 3, size: tuple[int, int] = (24, 32)) -> torch.Tensor:
    """Smooth disparity (count, h, w) in about [0, 1], with steps as at the edges of things."""
    chance = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 4, 5, generator=chance)
    smooth = torch.nn.functional.interpolate(coarse, size=size, mode="bicubic")[:, 0].clamp(min=0)
    return smooth + (coarse[:, 0, :1, :1] + 0.3) * (smooth > 0.5)


def noise(like: torch.Tensor, seed: int = 1) -> torch.Tensor:
    return torch.rand(like.shape, generator=torch.Generator().manual_seed(seed))


def everywhere(disparity: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(disparity, dtype=torch.bool)


@settings(max_examples=30)
@given(seed=SEEDS, scale=st.floats(1e-3, 1e3))
def test_the_canonical_target_is_the_best_answer(seed, scale):
    disparity = scenes(seed) * scale
    valid = everywhere(disparity)
    target, flat = canonical(disparity, valid)
    assert not flat.any()
    best = depth_loss(target, disparity, valid)
    for name in ("shape", "edges", "anchor", "anchored edges"):
        assert float(best[name]) == pytest.approx(0, abs=1e-4)
    assert float(best["total"]) < 0.05  # ratios count a floor under far things
    assert float(depth_loss(noise(target), disparity, valid)["total"]) > 10 * float(best["total"])


@settings(max_examples=30)
@given(seed=SEEDS, scale=SCALES, shift=st.floats(-5, 5))
def test_shape_and_edges_ask_for_no_scale_and_no_shift(seed, scale, shift):
    disparity = scenes(seed)
    valid = everywhere(disparity)
    predicted = disparity + 0.2 * noise(disparity, seed)
    plain = depth_loss(predicted, disparity, valid)
    moved = depth_loss(scale * predicted + shift, disparity, valid)
    for name in ("shape", "edges"):
        assert float(moved[name]) == pytest.approx(float(plain[name]), rel=1e-3)
        assert float(plain[name]) > 0.01
    upside_down = depth_loss(-predicted, disparity, valid)
    assert float(upside_down["shape"]) > 2 * float(plain["shape"])


@given(seed=SEEDS, low=st.floats(0, 10), scale=st.floats(0.01, 100))
@settings(max_examples=30)
def test_canonical_disparity_runs_from_far_to_near(seed, low, scale):
    disparity = scale * (scenes(seed) + low)
    target, flat = canonical(disparity, everywhere(disparity))
    for scene, sheet, truth in zip(target, flat, disparity, strict=True):
        if sheet:
            assert torch.equal(scene, torch.full_like(scene, 0.5))
            continue
        order = truth.flatten().argsort()
        assert (scene.flatten()[order].diff() >= -1e-3).all()
        assert torch.quantile(scene, 0.02) == pytest.approx(0, abs=2e-2)
        assert torch.quantile(scene, 0.98) == pytest.approx(1, abs=2e-2)


def test_flat_pictures_want_one_half_and_no_relief():
    disparity = torch.full((1, 24, 32), 7.0)
    valid = everywhere(disparity)
    right = depth_loss(torch.full_like(disparity, 0.5), disparity, valid)
    assert float(right["total"]) == 0
    elsewhere = depth_loss(torch.full_like(disparity, 0.8), disparity, valid)
    assert float(elsewhere["anchor"]) == pytest.approx(0.09)
    assert float(elsewhere["anchored edges"]) == 0
    rough = depth_loss(0.5 + 0.1 * (noise(disparity) - 0.5), disparity, valid)
    assert float(rough["anchored edges"]) > 0.1
    for parts in (right, elsewhere, rough):
        assert not any(float(parts[name]) for name in ("shape", "edges", "ratio"))
    for worse in (elsewhere, rough):
        assert float(worse["total"]) > 0.005


def test_freedom_is_what_lets_any_scale_be_right():
    disparity = scenes()
    valid = everywhere(disparity)
    target, _ = canonical(disparity, valid)
    half = depth_loss(0.5 * target, disparity, valid, freedom=0.0)
    free = depth_loss(0.5 * target, disparity, valid, freedom=100.0)
    assert float(half["total"]) > 0.05
    assert float(free["total"]) == pytest.approx(float(half["total"]), abs=0.6)
    wrong = depth_loss(noise(target), disparity, valid, freedom=100.0)
    assert float(wrong["total"]) > 50 * float(half["total"])


@settings(max_examples=30)
@given(seed=SEEDS, garbage=st.floats(-50, 50), flat=st.booleans())
def test_what_is_not_valid_does_not_matter(seed, garbage, flat):
    disparity = torch.ones(2, 24, 32) if flat else scenes(seed, 2)
    predicted = noise(disparity, seed)
    valid = everywhere(disparity)
    valid[:, :5] = valid[:, :, -7:] = False
    valid[1, 10:14, 6:9] = False
    spoilt = torch.where(valid, predicted, garbage)
    hidden = torch.where(valid, disparity, 0.0)
    plain, other = (
        depth_loss(predicted, disparity, valid),
        depth_loss(spoilt, hidden, valid),
    )
    for name, value in plain.items():
        assert float(other[name]) == pytest.approx(float(value), rel=1e-4, abs=1e-6), name


@settings(max_examples=30)
@given(seed=SEEDS, kind=st.sampled_from(["noise", "constant", "truth", "huge"]))
def test_gradients_are_finite(seed, kind):
    disparity = torch.cat([scenes(seed, 2), torch.ones(1, 24, 32)])
    valid = everywhere(disparity)
    valid[0, :8] = False
    predicted = {
        "noise": noise(disparity, seed),
        "constant": torch.zeros_like(disparity),
        "truth": canonical(disparity, valid)[0],
        "huge": 1e4 * noise(disparity, seed),
    }[kind].requires_grad_()
    depth_loss(predicted, disparity, valid)["total"].backward()
    assert predicted.grad is not None
    assert torch.isfinite(predicted.grad).all()
    if kind in ("noise", "huge"):
        assert (predicted.grad.abs().sum((1, 2)) > 0).all()
        assert not predicted.grad[0, :8].any()


@settings(max_examples=30)
@given(seed=SEEDS, scale=st.floats(0.5, 4), shift=st.floats(-3, 3))
def test_ratios_of_depths_are_right_for_the_truth(seed, scale, shift):
    target, _ = canonical(scenes(seed), everywhere(scenes(seed)))
    target = target.clamp(min=0.05)
    valid = everywhere(target)
    truth = depth_ratio(scale * target + shift, target, valid)
    guess = depth_ratio(noise(target, seed), target, valid)
    assert (truth < 1e-2).all()
    assert (guess > 10 * truth).all()


def test_following_the_gradient_finds_the_shape():
    disparity = scenes(count=1)
    valid = everywhere(disparity)
    predicted = noise(disparity).requires_grad_()
    optimiser = torch.optim.Adam([predicted], lr=0.03)
    totals, alike = [], []
    for _ in range(80):
        optimiser.zero_grad()
        total = depth_loss(predicted, disparity, valid)["total"]
        total.backward()
        optimiser.step()
        totals.append(float(total.detach()))
        answers = torch.stack([predicted.detach().flatten(), disparity.flatten()])
        alike.append(float(torch.corrcoef(answers)[0, 1]))
    assert totals[-1] < 0.15 * totals[0]
    assert alike[0] < 0.3
    assert alike[-1] > 0.9
