"""`python -m training.generative SHEETS --minutes N`: the embedded model `maps`, made anew.

It learns from tiles of three map sheets: two of the Ordnance Survey's six-inch maps of 1920, at
half their scanned size, and one of the United States Geological Survey of 1902, without its margin.
All are in the public domain by age; the sheets themselves are not part of this repository. What is
there already is gone on with.
"""

import argparse
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from zograscope_server.generative.networks.layers import Shape
from zograscope_server.generative.training.card import ModelCard
from zograscope_server.generative.training.trainer import NOISY_FROM, STATE, Recipe, Trainer

SIDE = 128
RECIPE = Recipe(Shape(4, 4, doublings=5, channels=8, colours=3, noisy_from=NOISY_FROM), rate=6e-4)
HALVED = ("1920-1.jpg", "1920-6.jpg")
WHOLE = "USGS-15-CA-hesperia-e1902-s1898-rp1912.jpg"
INSIDE = (slice(30, 980), slice(30, 800))  # of the whole sheet: without its margin
SHARES = (0.36, 0.36, 0.28)  # of tiles from each
KEPT_EVERY = 240.0  # seconds
OUTPUT = Path("inference_server/zograscope_server/generative/maps.safetensors")


class Sheets:
    """Tiles of the three sheets, anywhere in them."""

    def __init__(self, folder: Path) -> None:
        halved = [Image.open(folder / name).convert("RGB") for name in HALVED]
        self.sheets = [
            np.asarray(sheet.resize((512, 512), Image.Resampling.LANCZOS)) for sheet in halved
        ]
        self.sheets.append(np.asarray(Image.open(folder / WHOLE).convert("RGB"))[INSIDE])

    def batch(self, step: int, size: int, seed: int) -> np.ndarray:
        """Return (size, 128, 128, 3) uint8, a function of its arguments alone."""
        random = np.random.default_rng([seed, step])
        tiles = []
        for number in random.choice(len(self.sheets), size, p=SHARES):
            sheet = self.sheets[number]
            top = random.integers(0, sheet.shape[0] - SIDE + 1)
            left = random.integers(0, sheet.shape[1] - SIDE + 1)
            tiles.append(sheet[top : top + SIDE, left : left + SIDE])
        return np.stack(tiles)


def card(trainer: Trainer, minutes: float) -> ModelCard:
    """Return what is told of the model."""
    return ModelCard(
        name="maps",
        collection="Maps of 1902 and 1920",
        rights="public domain by age",
        images=3,
        size=(SIDE, SIDE),
        crop="tiles",
        kind=f"FastGAN with styles, {RECIPE.shape.channels} channels",
        shown=trainer.images,
        minutes=minutes,
        date=datetime.now(UTC).date().isoformat(),
        version=version("zograscope_server"),
        finished=True,
    )


def main() -> None:
    """Train for some minutes of processor time, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheets", type=Path, help="folder of the three sheets")
    parser.add_argument("--minutes", type=float, default=45.0, help="of processor time, from here")
    parser.add_argument("--before", type=float, default=0.0, help="minutes that went before")
    parser.add_argument("--work", type=Path, default=Path("out/maps"), help="for what is kept")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    trainer, data = Trainer(RECIPE), Sheets(arguments.sheets)
    if (arguments.work / STATE).is_file():
        trainer.load(arguments.work)
    begin = kept = time.process_time()
    while (now := time.process_time()) - begin < 60 * arguments.minutes:
        losses = trainer.step(data)
        if now - kept > KEPT_EVERY:
            kept = now
            trainer.save(arguments.work)
            print(trainer.steps, {name: round(loss, 3) for name, loss in losses.items()})
    trainer.save(arguments.work)
    minutes = arguments.before + arguments.minutes
    trainer.snapshot().save(arguments.output, card(trainer, minutes).to_json())


if __name__ == "__main__":
    main()
