"""How much memory does the depth of a 24-megapixel photograph take, and do its edges stay?

A picture of 6000 x 4000 pixels with a known depth edge goes through reading, the embedded estimate,
refinement to full size and the layers, each in a process of its own whose peak memory the system
reports. The floor is a process that only imports the same libraries and decodes the file; the naive
way to full size is to enlarge the estimate without looking at the photograph.

    python benchmarks/depth_memory.py [--output OUT.json]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from benchmark import argument_parser, write_figures
from drawn_picture import EDGE, write_picture

SIZE, TOY_SIZE = (6000, 4000), (600, 400)
MOST_BYTES = 4 << 30
LEAST_SHARPNESS = 0.75  # share of a depth step that is taken at the photograph's edge
STAGES = ("read", "depth", "diorama")


def run_stage(stage: str, path: Path) -> dict[str, float]:
    """Do one stage's work in this process; return its peak memory and the sharpness of the edge."""
    from zograscope_server.depth.classical import ClassicalDepth
    from zograscope_server.depth.diorama import make_diorama
    from zograscope_server.depth.estimate import estimate_depth
    from zograscope_server.images import read_photograph

    photograph = read_photograph(path.read_bytes(), path.name)
    result: dict[str, float] = {}
    if stage == "depth":
        disparity = estimate_depth(photograph, long_side=None).disparity
        assert disparity.shape == photograph.pixels.shape[:2]
        result["sharpness"] = sharpness(disparity)
    elif stage == "diorama":
        parts = make_diorama(photograph, lambda picture: estimate_depth(picture, long_side=None))
        result["sharpness"] = sharpness(parts.disparity)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["peak_bytes"] = peak * (1 if sys.platform == "darwin" else 1024)
    if "sharpness" in result:
        small = ClassicalDepth().estimate(photograph.pixels).disparity
        result["naive_sharpness"] = sharpness(cv2.resize(small, photograph.pixels.shape[1::-1]))
    return result


def sharpness(disparity: np.ndarray) -> float:
    """Share of the step at EDGE taken within 3 pixels of it: median over rows of the tower."""
    height, width = disparity.shape
    edge, reach = int(EDGE * width), width // 20
    rows = disparity[height // 4 : int(0.4 * height) : 20, edge - reach : edge + reach]
    step = rows[:, -reach // 2 :].mean(axis=1) - rows[:, : reach // 2].mean(axis=1)
    return float(np.median((rows[:, reach + 3] - rows[:, reach - 4]) / step))


def main() -> int:
    """Run every stage and compare with the limits."""
    parser = argument_parser(__doc__)
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        stage, path = arguments.stage
        print(json.dumps(run_stage(stage, Path(path))))
        return 0

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        size = TOY_SIZE if arguments.toy else SIZE
        picture = write_picture(Path(folder) / "tower.jpg", *size)
        for stage in STAGES:
            command = [sys.executable, __file__, "--stage", stage, str(picture)]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            results[stage] = json.loads(output)
    floor = results["read"]["peak_bytes"]
    for stage, result in results.items():
        result["ratio_to_reading"] = result["peak_bytes"] / floor
        line = (
            f"{stage:8s} peak {result['peak_bytes'] / 2**30:.2f} GiB, "
            f"{result['ratio_to_reading']:.2f} x reading the file"
        )
        if "sharpness" in result:
            line += f"; sharpness of the edge {result['sharpness']:.2f}"
            line += f" (naive: {result['naive_sharpness']:.2f})"
        print(line)
    write_figures(results, arguments.output)
    kept = all(
        result["peak_bytes"] <= MOST_BYTES and result.get("sharpness", 1.0) >= LEAST_SHARPNESS
        for result in results.values()
    )
    limits = f"at most {MOST_BYTES >> 30} GiB, sharpness at least {LEAST_SHARPNESS}"
    print(f"{limits}: {'kept' if kept else 'BROKEN'}")
    return 0 if kept or arguments.toy else 1


if __name__ == "__main__":
    sys.exit(main())
