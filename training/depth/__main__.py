"""Train the embedded depth network: `python -m training.depth --minutes 120`."""

import argparse
import os
from pathlib import Path

import torch

from training.depth.train import LEARNING_RATE, Plan, train


def main() -> None:
    """Read the command line and train."""
    cores = os.cpu_count() or 2
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(
        prog="python -m training.depth",
        description="Render procedural scenes and train the embedded depth network on them. "
        "Started again with the same folder it goes on where it stopped.",
    )
    parser.add_argument("--minutes", type=float, default=120.0, help="of training, in all")
    parser.add_argument("--folder", type=Path, default=Path("out/training/depth"))
    parser.add_argument("--pool", type=Path, help="of rendered scenes; FOLDER/pool without")
    parser.add_argument(
        "--encoder", type=Path, help="weights of EfficientNet-Lite0; its package's without"
    )
    parser.add_argument(
        "--start", type=Path, help="weights to learn on from, without their checkpoint"
    )
    parser.add_argument("--rate", type=float, default=LEARNING_RATE, help="of learning")
    parser.add_argument("--scenes", type=int, default=24_000, help="to render")
    parser.add_argument("--batch", type=int, default=64 if cuda else 16)
    parser.add_argument("--device", default="auto", help="auto, cuda or cpu")
    parser.add_argument("--renderers", type=int, default=max(1, cores // 2))
    parser.add_argument("--loaders", type=int, default=max(1, cores // 2) if cuda else 1)
    parser.add_argument("--threads", type=int, default=max(1, cores // 2))
    parser.add_argument("--seed", type=int, default=0)
    given = vars(parser.parse_args())
    given["pool"] = given["pool"] or given["folder"] / "pool"
    print(f"Weights: {train(Plan(**given))}")


if __name__ == "__main__":
    main()
