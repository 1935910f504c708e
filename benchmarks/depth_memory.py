"""How much memory does a 24-megapixel photograph take on its way to a diorama?

Each quality runs in a process of its own, whose peak the operating system tells. The floor is the
same process with everything imported and the photograph decoded.

    python benchmarks/depth_memory.py [out.json]
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SHAPE = (4000, 6000, 3)
QUALITIES = {"floor": None, "standard": 1024, "full": 0}
LIMIT = 4 << 30


def photograph() -> bytes:
    """Return a JPEG of 24 megapixels: hills under a sky, with grain."""
    from PIL import Image

    y, x = np.mgrid[: SHAPE[0] : 8, : SHAPE[1] : 8].astype(np.float32)
    hills = 1800 + 300 * np.sin(x / 700) + 200 * np.sin(x / 130)
    small = np.where(y < hills, 210, 90 + 40 * np.sin(y / 40) * np.cos(x / 60))
    picture = np.asarray(Image.fromarray(small.astype(np.uint8)).resize(SHAPE[1::-1]))
    grain = np.random.default_rng(0).integers(0, 12, SHAPE[:2], np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture + grain).convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def run(quality: str, path: Path) -> None:
    """Make the diorama in this process and print its seconds and peak."""
    from functools import partial

    from zograscope_server.depth.diorama import make_diorama, pack_diorama
    from zograscope_server.depth.estimate import estimate_depth
    from zograscope_server.images import read_photograph

    started = time.perf_counter()
    picture = read_photograph(path.read_bytes(), path.name)
    long_side = QUALITIES[quality]
    if long_side is not None:
        estimate = partial(estimate_depth, long_side=long_side or None)
        pack_diorama(make_diorama(picture, estimate), path.name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": time.perf_counter() - started, "peak_bytes": peak}))


def main() -> None:
    """Measure each quality, print the figures, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("output", nargs="?", type=Path, help="JSON file to write")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run(arguments.run[0], Path(arguments.run[1]))
        return
    import tempfile

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hills.jpg"
        path.write_bytes(photograph())
        for quality in QUALITIES:
            command = [sys.executable, __file__, "--run", quality, str(path)]
            results[quality] = json.loads(subprocess.check_output(command))
            figures = results[quality]
            print(
                f"{quality}: {figures['peak_bytes'] / 2**30:.2f} GiB (limit {LIMIT >> 30}), "
                f"{figures['peak_bytes'] / results['floor']['peak_bytes']:.1f} x the floor, "
                f"{figures['seconds']:.1f} s"
            )
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
