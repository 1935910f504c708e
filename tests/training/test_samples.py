"""Batches hold pictures with their truth: of one size, aligned, and the same for the same seed."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.depth import samples
from training.depth.pool import record_type, shard_path


@pytest.fixture
def pool(tmp_path):
    """Scenes whose red channel is their disparity."""
    for number in range(1, 4):
        rng = np.random.default_rng(number)
        shard = np.zeros(3, record_type((120, 160)))
        for scene in shard:
            coarse = rng.random((4, 5), dtype=np.float32)
            near = cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC).clip(0.01, 1)
            scene["disparity"] = near
            scene["picture"][..., 0] = 255 * near
        np.save(shard_path(tmp_path, number), shard)
    return tmp_path


@pytest.mark.parametrize("shape", [(64, 96), (96, 64)])
def test_batches(pool, shape):
    first, again, other = (
        next(iter(samples.Batches(pool, 30, (shape,), seed))) for seed in (0, 0, 1)
    )
    pictures, disparity, valid = first
    assert pictures.shape == (30, *shape, 3)
    assert pictures.dtype == torch.uint8
    assert disparity.shape == valid.shape == (30, shape[0] // 2, shape[1] // 2)
    assert disparity.dtype == torch.float32
    assert valid.dtype == torch.bool
    assert torch.isfinite(disparity).all()
    assert disparity.min() >= 0
    assert valid.float().mean((1, 2)).min() > 0.2
    for part, same in zip(first, again, strict=True):
        assert torch.equal(part, same)
    assert not torch.equal(pictures, other[0])


def test_there_are_flat_sheets_and_borders_among_them(pool):
    _, disparity, valid = next(iter(samples.Batches(pool, 400, ((64, 64),), 0)))
    inside = torch.where(valid, disparity, torch.nan).flatten(1)
    flat = [float(torch.nanquantile(d, 1.0) - torch.nanquantile(d, 0.0)) == 0 for d in inside]
    assert 0.03 < np.mean(flat) < 0.13
    bordered = ~valid.flatten(1).all(1)
    assert 0.005 < bordered.float().mean() < 0.08


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32), rows=st.integers(60, 200), columns=st.integers(60, 200),
    size=st.sampled_from([(64, 96), (96, 64), (64, 64), (32, 128)]),
)  # fmt: skip
def test_crops_keep_picture_and_disparity_together(seed, rows, columns, size):
    """The picture shows its disparity, so both must agree after cropping and mirroring."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((4, 5), dtype=np.float32)
    near = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR)
    picture = np.repeat((255 * near + 0.5).astype(np.uint8)[..., None], 3, axis=2)
    small, truth = samples.random_crop(picture, near.astype(np.float16), size, rng)
    assert small.shape == (*size, 3)
    assert truth.shape == (size[0] // 2, size[1] // 2)
    assert truth.dtype == small.dtype == np.float32
    assert 0 <= small.min() <= small.max() <= 1
    halved = cv2.resize(small[..., 0], truth.shape[::-1], interpolation=cv2.INTER_AREA)
    # A nearest pixel lies up to one source pixel off the middle.
    steepest = max(np.abs(np.diff(near, axis=axis)).max() for axis in (0, 1))
    assert np.abs(halved - truth).mean() < 0.01 + 1.5 * steepest
