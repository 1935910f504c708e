"""Does the camera at rest show exactly the photograph, at the photograph's full size?

Sends photographs the whole way (`zograscope diorama`, server, Blender, Cycles with one sample) and
compares the rendered frame with the file, pixel by pixel, but for the outermost ring.

    .venv/bin/python benchmarks/rest_pose.py [PHOTO ...] [--output OUT.json]

Without photographs of your own, one is drawn.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmark import argument_parser, write_figures
from drawn_picture import write_picture
from installed_extension import BLENDER_PYTHON, built_zips
from PIL import Image
from zograscope_server.images import read_photograph

SIZE, TOY_SIZE = (1800, 1200), (180, 120)


def measure(photographs: list[Path], engine: str, folder: Path) -> dict[str, dict[str, float]]:
    """Return what differs, for each photograph: largest difference of 255, share of pixels off."""
    results = {}
    command = [sys.executable, "-m", "zograscope_server.command_line", "diorama"]
    command += [*map(str, photographs), "--output", str(folder), "--camera", "none"]
    command += ["--crop", "none", "--frames", "1", "--render", str(folder / "{name}")]
    command += ["--engine", engine, "--samples", "1"]
    command += ["--blender", str(BLENDER_PYTHON), "--extension", str(built_zips())]
    home = os.environ | {"ZOGRASCOPE_HOME": str(folder / "home")}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=home)
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
    parser = argument_parser(__doc__)
    parser.add_argument("photographs", nargs="*", type=Path)
    parser.add_argument("--engine", choices=("workbench", "cycles"), default="cycles")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        size = TOY_SIZE if arguments.toy else SIZE
        drawn = write_picture(Path(name) / "tower.png", *size)
        results = measure(arguments.photographs or [drawn], arguments.engine, Path(name))
    for name, figures in results.items():
        print(
            f"{name} ({figures['megapixels']:.1f} MP): largest difference "
            f"{figures['largest_difference']} of 255 (limit 1), "
            f"{figures['share_of_pixels_off_by_more_than_1']:.6%} of pixels off by more"
        )
    write_figures(results, arguments.output)


if __name__ == "__main__":
    main()
