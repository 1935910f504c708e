"""How long Blender's main thread is held by a running job, tick by tick.

    .venv-blender-5.2/bin/python benchmarks/timer_ticks.py [PHOTO] [--output FILE.json]

A real server makes a diorama while the extension polls it as its timer does. The building of the
scene, which an artist waited for, is told apart. The floor: between ticks, a loop that only looks
at the clock notes its longest gap, which is what this computer does to any program meanwhile.
"""

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
IDLE_TICKS = 200
MOST_SECONDS = 0.010


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("photograph", type=Path, nargs="?")
    parser.add_argument("--quality", default="high")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # Before bpy and the server's client look for their folders.
        os.environ["BLENDER_USER_RESOURCES"] = f"{folder}/blender"
        os.environ["ZOGRASCOPE_HOME"] = f"{folder}/home"
        photograph = arguments.photograph or make_photograph(Path(folder) / "noise.png")
        report = measure(photograph.resolve(), arguments.quality, Path(folder))
    print(json.dumps(report, indent=2))
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(report, indent=2))
    return 0 if report["longest_ms"] <= max(1000 * MOST_SECONDS, report["floor_longest_ms"]) else 1


def make_photograph(path: Path) -> Path:
    """Write a picture of 12 megapixels of noise, whose result is as large as results get."""
    import bpy
    import numpy as np

    pixels = np.random.default_rng(0).random((3000, 4000, 4), dtype=np.float32)
    pixels[..., 3] = 1.0
    image = bpy.data.images.new("noise", 4000, 3000)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = "PNG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


def measure(photograph: Path, quality: str, folder: Path) -> dict[str, object]:
    """Run one job; return milliseconds for each tick while idle and while the job ran."""
    import bpy

    zograscope = install(folder)
    server_link = importlib.import_module(zograscope + ".server_link")
    link = server_link.link
    preferences = bpy.context.preferences.addons[zograscope].preferences
    preferences.server_command = str(REPOSITORY / ".venv" / "bin" / "zograscope")

    link.connect_or_start()
    while not link.connected:
        time.sleep(link.tick())
    link.ticks.clear()
    for _ in range(IDLE_TICKS):
        link.tick()
        time.sleep(0.005)
    idle = sorted(1000 * seconds for seconds in link.ticks)

    settings = bpy.context.scene.zograscope_depth
    settings.photograph, settings.quality, settings.camera = str(photograph), quality, "none"
    link.ticks.clear()
    started = time.perf_counter()
    bpy.ops.zograscope.build_diorama()
    submitted = time.perf_counter() - started
    last, computing, floor = 0.0, [], []
    while link.jobs:
        before, computed = time.perf_counter(), time.thread_time()
        pause = link.tick()
        last = time.perf_counter() - before
        computing.append(1000 * (time.thread_time() - computed))
        floor.append(1000 * longest_gap(server_link.BUDGET))
        time.sleep(pause)
    computing.pop()  # with it came the building of the scene
    busy = sorted(1000 * seconds for seconds in link.ticks)
    link.process.stop()
    if link.error is not None:
        sys.exit(f"{link.error.sentence}\n{link.error.details}")
    return {
        "photograph_bytes": photograph.stat().st_size,
        "blender": bpy.app.version_string,
        "ticks": len(busy),
        "median_ms": round(busy[len(busy) // 2], 3),
        "longest_ms": round(busy[-1], 3),
        "floor_longest_ms": round(max(floor), 3),
        "ratio_to_floor": round(busy[-1] / max(floor), 1),
        "over_10_ms": sum(tick > 1000 * MOST_SECONDS for tick in busy),
        "floor_over_10_ms": sum(gap > 1000 * MOST_SECONDS for gap in floor),
        # Without the times at which other processes had the processor.
        "longest_own_ms": round(max(computing), 3),
        "idle_median_ms": round(idle[len(idle) // 2], 3),
        "idle_longest_ms": round(idle[-1], 3),
        "submit_ms": round(1000 * submitted, 3),
        "build_ms": round(1000 * last, 1),
    }


def longest_gap(seconds: float) -> float:
    """Look at the clock for so long; return the longest time between two looks."""
    begin = last = time.perf_counter()
    longest = 0.0
    while last - begin < seconds:
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


def install(folder: Path) -> str:
    """Install the extension as built from this folder; return its package's name."""
    import bpy

    sys.path.insert(0, str(REPOSITORY / "tools"))
    import build_extension

    variant = build_extension.VARIANTS[bpy.app.version >= (5, 1, 0)]
    path = build_extension.build(variant, build_extension.current_platform(), folder)
    bpy.ops.extensions.package_install_files(
        filepath=str(path), repo="user_default", enable_on_install=True
    )
    return "bl_ext.user_default.zograscope"


if __name__ == "__main__":
    sys.exit(main())
