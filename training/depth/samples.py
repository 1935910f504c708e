"""Batches for training: crops of rendered scenes and flat sheets, in the looks of archives."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from training.depth.archive_look import archive_look, balance, expose, paper_border
from training.depth.pool import shards
from training.depth.sheets import flat_sheet

# Heights and widths of batches: the layout of a scene is learnt on tiny pictures, which cost least.
TINY = ((96, 128), (128, 96), (96, 96), (96, 160))
SMALL = ((128, 192), (192, 128), (160, 160), (128, 160), (96, 256))
LARGE = ((192, 256), (256, 192), (192, 288), (224, 224), (160, 320))  # as in use, at first look
LARGER = ((288, 384), (384, 288), (320, 320), (256, 448))  # about as at the second
HELD_OUT = 40  # every so many shards one is kept for validation
FLAT_SHARE, BORDER_SHARE = 0.07, 0.03
CLEAN_SHARE = 0.35  # of pictures that are only exposed and balanced by chance
SMALLEST_CROP = 0.55  # of the largest that fits, in length
STRETCH = 0.1
LEAST_RELIEF = 0.03  # of the nearest disparity that a crop should have
SHARDS_AT_ONCE = 50  # batches between two looks for new shards

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
Batch = tuple[Tensor, Tensor, Tensor]


class Batches(IterableDataset[Batch]):
    """Endless batches: pictures (n, h, w, 3) uint8, disparity and validity (n, h/2, w/2)."""

    def __init__(
        self, folder: Path, batch: int, shapes: tuple[tuple[int, int], ...], seed: int, *,
        clean_share: float = CLEAN_SHARE, held_out: bool = False,
    ) -> None:  # fmt: skip
        self.folder, self.batch, self.shapes, self.seed = folder, batch, shapes, seed
        self.clean_share, self.held_out = clean_share, held_out

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        number = 0
        while True:
            if number % SHARDS_AT_ONCE == 0:
                ready = [p for p in shards(self.folder)
                         if (int(p.stem) % HELD_OUT == 0) == self.held_out]  # fmt: skip
                opened = [np.load(path, mmap_mode="r") for path in ready]
            size = self.shapes[rng.integers(len(self.shapes))]
            samples = [self._sample(opened, size, rng) for _ in range(self.batch)]
            pictures, disparities, valid = (
                torch.from_numpy(np.stack(part)) for part in zip(*samples, strict=True)
            )
            yield pictures, disparities, valid
            number += 1

    def _sample(self, opened: list[np.ndarray], size: tuple[int, int], rng: Generator) -> Sample:
        if rng.random() < FLAT_SHARE:
            picture = flat_sheet(size, rng)
            disparity: np.ndarray = np.ones((size[0] // 2, size[1] // 2), np.float32)
        else:
            shard = opened[rng.integers(len(opened))]
            scene = shard[rng.integers(len(shard))]
            picture, disparity = random_crop(scene["picture"], scene["disparity"], size, rng)
        valid = np.ones(disparity.shape, bool)
        if rng.random() < BORDER_SHARE:
            whole = cv2.resize(disparity, size[::-1], interpolation=cv2.INTER_NEAREST)
            picture, whole, inside = paper_border(picture, whole, rng)
            disparity, valid = whole[::2, ::2], inside[::2, ::2].astype(bool)
        if rng.random() < self.clean_share:
            picture = balance(expose(picture, rng), rng)
        else:
            picture = archive_look(picture, rng)
        pixels = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
        return pixels, np.ascontiguousarray(disparity, np.float32), np.ascontiguousarray(valid)


def random_crop(
    picture: np.ndarray, disparity: np.ndarray, size: tuple[int, int], rng: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut out a part of about the wanted proportions, mirrored half of the times.

    Returns:
        picture (h, w, 3) float32 in [0, 1] and disparity (h/2, w/2) float32, for size (h, w).
    """
    aspect = size[1] / size[0] * np.exp(rng.uniform(-STRETCH, STRETCH))
    rows, columns = picture.shape[:2]
    largest = min(rows, columns / aspect)
    for attempt in range(4):
        share = rng.uniform(SMALLEST_CROP, 1.0) if attempt < 3 else 1.0
        height, width = int(largest * share), int(largest * share * aspect)
        top, left = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
        window = np.s_[top : top + height, left : left + width]
        truth: np.ndarray = disparity[window].astype(np.float32)
        if truth.max() - truth.min() > LEAST_RELIEF * truth.max():
            break
    small = cv2.resize(picture[window], size[::-1], interpolation=cv2.INTER_AREA)
    truth = cv2.resize(truth, (size[1] // 2, size[0] // 2), interpolation=cv2.INTER_NEAREST_EXACT)
    if rng.random() < 0.5:
        small, truth = small[:, ::-1], truth[:, ::-1]
    return np.ascontiguousarray(small, np.float32) / 255, truth
