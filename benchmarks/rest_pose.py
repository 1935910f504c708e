"""Does the camera at rest show exactly the photograph, at the photograph's full size?

Sends photographs the whole way (`zograscope diorama`, server, Blender, Cycles with one sample) and
compares the rendered frame with the file, pixel by pixel, but for the outermost ring.

    .venv/bin/python benchmarks/rest_pose.py PHOTO ... [--output out.json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from zograscope_server.images import read_photograph


def measure(photographs: list[Path], engine: str) -> dict[str, dict[str, float]]:
    """Return what differs, for each photograph: largest difference of 255, share of pixels off."""
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "zograscope_server.command_line", "diorama"]
        command += [*map(str, photographs), "--output", name, "--camera", "none", "--crop", "none"]
        command += ["--frames", "1", "--render", str(folder / "{name}")]
        command += ["--engine", engine, "--samples", "1"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for path in photographs:
            expected = read_photograph(path.read_bytes(), path.name).pixels.astype(int)
            (frame,) = (folder / path.stem).iterdir()
            seen = np.asarray(Image.open(frame).convert("RGB")).astype(int)
            difference = np.abs(seen - expected)[1:-1, 1:-1].max(axis=2)
            results[path.stem] = {
                "megapixels": expected.shape[0] * expected.shape[1] / 1e6,
                "largest_difference": int(difference.max()),
                "share_of_pixels_off_by_more_than_1": float((difference > 1).mean()),
            }
    return results


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("photographs", nargs="+", type=Path)
    parser.add_argument("--engine", choices=("workbench", "cycles"), default="cycles")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    results = measure(arguments.photographs, arguments.engine)
    for name, figures in results.items():
        print(
            f"{name} ({figures['megapixels']:.1f} MP): largest difference "
            f"{figures['largest_difference']} of 255 (limit 1), "
            f"{figures['share_of_pixels_off_by_more_than_1']:.6%} of pixels off by more"
        )
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
