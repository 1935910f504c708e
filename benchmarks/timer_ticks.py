"""How long Blender's main thread is held by a running job, tick by tick.

    .venv-blender-5.2/bin/python benchmarks/timer_ticks.py [PHOTO] [--output OUT.json]

A real server makes a diorama while the extension polls it as its timer does. The building of the
scene, which an artist waited for, is told apart. The floor is another process, which knows nothing
of Zograscope and does a fifth of a millisecond's work in the same rhythm: where it comes late too,
the computer held up everybody.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmark import argument_parser, write_figures
from installed_extension import PACKAGE, REPOSITORY, extension_module

# isort: split
import bpy

SIZE, TOY_SIZE = (4000, 3000), (400, 300)
IDLE_TICKS, TOY_IDLE_TICKS = 200, 10
MOST_SECONDS = 0.010
RHYTHM = 0.02
# A tick and a bystander that stood still at once have ended it within so many seconds.
TOGETHER = 0.2

# Prints when each of its turns ended and by how many seconds it was late, until it is ended.
BYSTANDER = f"""
import json, time
text = json.dumps(list(range(4000)))
while True:
    started = time.perf_counter()
    json.loads(text)
    time.sleep({RHYTHM})
    print(time.monotonic(), time.perf_counter() - started - {RHYTHM}, flush=True)
"""


def main() -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("photograph", type=Path, nargs="?")
    parser.add_argument("--quality", default="high")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZOGRASCOPE_HOME"] = f"{folder}/home"
        size = TOY_SIZE if arguments.toy else SIZE
        photograph = arguments.photograph or make_photograph(Path(folder) / "noise.png", *size)
        idle_ticks = TOY_IDLE_TICKS if arguments.toy else IDLE_TICKS
        report = measure(photograph.resolve(), arguments.quality, idle_ticks, Path(folder))
    print(json.dumps(report, indent=2))
    write_figures(report, arguments.output)
    return 1 if report["over_10_ms_alone"] and not arguments.toy else 0


def make_photograph(path: Path, width: int, height: int) -> Path:
    """Write a picture of noise, whose result is as large as results get."""
    pixels = np.random.default_rng(0).random((height, width, 4), dtype=np.float32)
    pixels[..., 3] = 1.0
    image = bpy.data.images.new("noise", width, height)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = "PNG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


def measure(photograph: Path, quality: str, idle_ticks: int, folder: Path) -> dict[str, object]:
    """Run one job; return milliseconds for each tick while idle and while the job ran."""
    link = extension_module("server_link").link
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    preferences.server_command = str(REPOSITORY / ".venv" / "bin" / "zograscope")

    link.connect_or_start()
    while not link.connected:
        time.sleep(link.tick())
    link.ticks.clear()
    for _ in range(idle_ticks):
        link.tick()
        time.sleep(RHYTHM)
    idle = sorted(link.ticks)

    settings = bpy.context.scene.zograscope_depth
    settings.photograph, settings.quality, settings.camera = str(photograph), quality, "none"
    link.ticks.clear()
    ends = []
    with (folder / "bystander.txt").open("w+") as notes:
        bystander = subprocess.Popen([sys.executable, "-c", BYSTANDER], stdout=notes)
        started = time.perf_counter()
        bpy.ops.zograscope.build_diorama()
        submitted = time.perf_counter() - started
        while link.jobs:
            before = time.perf_counter()
            pause = link.tick()
            last = time.perf_counter() - before
            ends.append(time.monotonic())
            time.sleep(pause)
        bystander.kill()
        bystander.wait()
        notes.seek(0)
        turns = [tuple(map(float, line.split())) for line in notes if line.endswith("\n")]
    link.process.stop()
    for error in link.errors:
        sys.exit(f"{error.sentence}\n{error.details}")

    ticks = sorted(link.ticks)
    long = [end for end, tick in zip(ends, link.ticks, strict=True) if tick > MOST_SECONDS]
    stalls = [end for end, late in turns if late > MOST_SECONDS]
    alone = [end for end in long if not any(abs(end - stall) < TOGETHER for stall in stalls)]
    return {
        "photograph_bytes": photograph.stat().st_size,
        "blender": bpy.app.version_string,
        "ticks": len(ticks),
        "median_ms": milliseconds(ticks[len(ticks) // 2]),
        "percentile_99_ms": milliseconds(ticks[len(ticks) * 99 // 100]),
        "longest_ms": milliseconds(ticks[-1]),
        "bystander_latest_ms": milliseconds(max(late for _, late in turns)),
        "bystander_over_10_ms": len(stalls),
        "over_10_ms": len(long),
        "over_10_ms_alone": len(alone),
        "idle_median_ms": milliseconds(idle[len(idle) // 2]),
        "idle_longest_ms": milliseconds(idle[-1]),
        "submit_ms": milliseconds(submitted),
        "build_ms": milliseconds(last),
    }


def milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)


if __name__ == "__main__":
    sys.exit(main())
