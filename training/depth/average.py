"""Average the weights of one training at two of its ends.

Each end lies in the same valley, where the middle is often better than either (Wortsman et al.,
"Model soups", ICML 2022; Izmailov et al., "Averaging weights leads to wider optima", UAI 2018).
"""

import argparse
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file


def average(first: Path, second: Path, output: Path, share: float = 0.5) -> None:
    """Write the mean of two files of weights, of which the second counts by a share in [0, 1].

    Raises:
        ValueError: where they are of two networks.
    """
    former, latter = load_file(first), load_file(second)
    shapes = [{name: value.shape for name, value in one.items()} for one in (former, latter)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"{first} and {second} are weights of different networks")
    mean = {
        name: value.float().lerp(latter[name].float(), share).to(value.dtype)
        for name, value in former.items()
    }
    told = [_facts(path) for path in (first, second)]
    later = max(told, key=lambda facts: int(facts.get("pictures", 0)))
    save_file(mean, output, metadata={**later, "mean_of": "two ends of training, this the later"})


def _facts(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata() or {})


def main() -> None:
    """Read the command line and average."""
    parser = argparse.ArgumentParser(prog="python -m training.depth.average")
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the second")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    average(given.first, given.second, given.output, given.share)


if __name__ == "__main__":
    main()
