"""How long a dragged slider of a diorama takes to be answered in the viewport.

    .venv-blender-5.2/bin/python benchmarks/sliders.py [--output FILE.json]

A photograph of 2000 x 1333 pixels with a background, at a new diorama's resolution in viewports.
Each setting is changed and Blender's evaluation timed: whole, as it is at rest, and by the proxy
that answers while the slider is dragged. Processor time of all threads, the least of a few steps,
so that other work on the computer does not count.
"""

import statistics
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
from benchmark import argument_parser, write_figures
from installed_extension import extension_module

SIZE, TOY_SIZE = (1333, 2000), (64, 96)  # rows, columns
SLIDERS = {
    "near": 1.1,
    "far": 9.0,
    "relief_strength": 0.8,
    "cut_threshold": 0.3,
    "smoothing": 2.0,
    "lit": 0.5,
}
STEPS = 3


def main() -> None:
    parser = argument_parser(__doc__)
    arguments = parser.parse_args()
    rows, columns = TOY_SIZE if arguments.toy else SIZE
    builders, proxies = extension_module("depth.builders"), extension_module("depth.proxies")
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    diorama = build(builders, bpy.context.scene, rows, columns)
    root = diorama.root
    bpy.context.view_layer.update()

    def milliseconds(change: Callable[[int], None]) -> float:
        taken = []
        for step in range(STEPS):
            change(step)
            root.update_tag()
            before = time.process_time()
            bpy.context.view_layer.update()
            taken.append(1000 * (time.process_time() - before))
        return min(taken)

    figures: dict[str, dict[str, float]] = {}
    print(f"{columns} x {rows} pixels, milliseconds   whole   dragged")
    for name, value in SLIDERS.items():

        def move(step: int, name: str = name, value: float = value) -> None:
            root[name] = value * (1 + step / 100)

        whole = milliseconds(move)
        proxies.hold_down(root)
        bpy.context.view_layer.update()
        dragged = milliseconds(move)
        proxies.rest(root)
        bpy.context.view_layer.update()
        figures[name] = {"whole": whole, "dragged": dragged}
        print(f"{name:32} {whole:9.0f} {dragged:9.0f}", flush=True)
    gain = statistics.mean(one["whole"] / max(one["dragged"], 1e-3) for one in figures.values())
    print(f"on average {gain:.1f} times as quick")
    write_figures(figures, arguments.output)


def build(builders, scene, rows: int, columns: int):
    """Build a diorama with as many tears as a photograph of a town has."""
    random = np.random.default_rng(1)
    margin = columns // 20
    arrays = {
        "photograph": picture(rows, columns),
        "background": picture(rows + 2 * margin, columns + 2 * margin),
        "disparity": blocks(random, rows // 2, columns // 2),
        "background_disparity": blocks(random, rows // 2 + margin, columns // 2 + margin),
    }
    metadata = {
        "photograph": {"width": columns, "height": rows, "name": "benchmark"},
        "intrinsics": {"focal_length": 1.1 * columns, "cx": columns / 2, "cy": rows / 2},
        "depth": {"near": 1.0, "far": 8.0, "model": "drawn", "licence": "CC0-1.0"},
        "background": {"rectangle": [-margin, -margin, columns + margin, rows + margin]},
    }
    return builders.build_diorama(arrays, metadata, "benchmark", scene)


def picture(rows: int, columns: int) -> np.ndarray:
    """Return a grey PNG file as bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    pixels = np.full((rows, 1 + columns), 128, np.uint8)
    pixels[:, 0] = 0  # no filter
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    file += chunk(b"IDAT", zlib.compress(pixels.tobytes())) + chunk(b"IEND", b"")
    return np.frombuffer(file, np.uint8)


def blocks(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return a disparity of blocks that jump, on a slope."""
    jumps = random.random((8, 8)).repeat(-(-rows // 8), 0).repeat(-(-columns // 8), 1)
    slope = np.linspace(0, 0.5, rows)[:, None]
    return np.clip(0.5 * jumps[:rows, :columns] + slope, 0, 1).astype(np.float32)


if __name__ == "__main__":
    main()
