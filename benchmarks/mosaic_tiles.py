"""How long, how much memory and how large a file do 10,000 to 1,000,000 tiles take in Blender?

Against the naive way, one object for each image, at 10,000. Every size is built in its own process,
by a Python with bpy; the atlas has plain colours, so that it is Blender that is measured:

    .venv-blender-5.2/bin/python benchmarks/mosaic_tiles.py [--output OUT.json] [--counts 10000]
"""

import argparse
import json
import math
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from benchmark import argument_parser, write_figures
from installed_extension import extension_module

# isort: split
import bpy

COUNTS, TOY_COUNTS = (10_000, 100_000, 1_000_000), (100,)
NAIVE_COUNT, TOY_NAIVE_COUNT = 10_000, 100
PAGE_PIXELS = 8192
CELLS = ((20_000, 128), (200_000, 64), (10_000_000, 32))
MEBIBYTE = 1 << 20


def png(side: int, colour: int) -> np.ndarray:
    """Return the file of a square picture of one colour, quickly."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    row = b"\0" + bytes([colour % 256, colour // 3 % 256, 128]) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * side, 1))
    return np.frombuffer(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""), np.uint8)


def made_up_result(count: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return what the server would answer: two layouts, an atlas, metadata."""
    cell = next(cell for most, cell in CELLS if count <= most)
    columns = PAGE_PIXELS // cell
    pages = math.ceil(count / columns**2)
    across = math.ceil(math.sqrt(count))
    number = np.arange(count)
    grid = np.stack([number % across, -(number // across), np.zeros(count)], axis=1)
    random = np.random.default_rng(0)
    line = json.dumps({"name": "folder/picture.jpg", "title": "A title", "digest": "0" * 64})
    arrays = {
        "layout.0": random.normal(0, across / 3, (count, 3)).astype(np.float32),
        "layout.1": grid.astype(np.float32),
        "extent": random.uniform(0.5, 1.0, (count, 2)).astype(np.float32),
        "value.date": random.uniform(1850, 1950, count).astype(np.float32),
        "tiles": np.frombuffer(f"{line}\n".encode() * count, np.uint8),
        "problems": np.empty(0, np.uint8),
        **{f"atlas.{page}": png(PAGE_PIXELS, 40 * page) for page in range(pages)},
    }
    atlas = {"columns": columns, "page_pixels": PAGE_PIXELS, "pages": pages, "suffix": ".png"}
    layouts = [{"title": "Cloud"}, {"title": "Grid"}]
    return arrays, {"layouts": layouts, "clusters": [], "atlas": atlas}


def peak_memory() -> float:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE


def measure_mosaic(count: int) -> dict[str, float]:
    """Build, evaluate, save and render one mosaic."""
    builders, cameras = extension_module("mosaic.builders"), extension_module("mosaic.cameras")
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    arrays, metadata = made_up_result(count)
    before = peak_memory()
    started = time.perf_counter()
    mosaic = builders.build_mosaic(arrays, metadata, "mosaic", scene)
    bpy.context.view_layer.update()
    built = time.perf_counter() - started
    builders.prepare_scene(scene, mosaic, (960, 540))
    cameras.apply_journey(mosaic, "overview", 24, (), scene)
    after = peak_memory()
    return {
        "build_s": built,
        "build_MiB": after - before,
        "process_MiB": after,
        **save_and_render(),
    }


def measure_naive(count: int) -> dict[str, float]:
    """Build one object with a material and an image for each tile, as tutorials do."""
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    across = math.ceil(math.sqrt(count))
    before = peak_memory()
    started = time.perf_counter()
    corners = [(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)]
    for number in range(count):
        mesh = bpy.data.meshes.new("tile")
        mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
        mesh.uv_layers.new()
        material = bpy.data.materials.new("tile")
        if material.node_tree is None:
            material.use_nodes = True
        texture = material.node_tree.nodes.new("ShaderNodeTexImage")
        texture.image = bpy.data.images.new("tile", 4, 4)
        shader = material.node_tree.nodes["Principled BSDF"]
        material.node_tree.links.new(texture.outputs[0], shader.inputs[0])
        mesh.materials.append(material)
        item = bpy.data.objects.new("tile", mesh)
        item.location = (number % across, 0, -(number // across))
        scene.collection.objects.link(item)
    bpy.context.view_layer.update()
    built = time.perf_counter() - started
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.location = (across / 2, -across * 1.5, -across / 2)
    camera.rotation_euler = (math.pi / 2, 0, 0)
    after = peak_memory()
    return {
        "build_s": built,
        "build_MiB": after - before,
        "process_MiB": after,
        **save_and_render(),
    }


def save_and_render() -> dict[str, float]:
    """Save the file and render its first frame with Cycles, four samples."""
    scene = bpy.context.scene
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.blend"
        started = time.perf_counter()
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
        saved = time.perf_counter() - started
        size = path.stat().st_size / MEBIBYTE
        scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.cycles.use_denoising = 4, False
        scene.render.resolution_x, scene.render.resolution_y = 960, 540
        scene.render.filepath = str(Path(folder) / "frame.png")
        started = time.perf_counter()
        bpy.ops.render.render(write_still=True)
        first = time.perf_counter() - started
    return {
        "save_s": saved,
        "blend_MiB": size,
        "first_frame_s": first,
        "with_render_MiB": peak_memory(),
    }


def measure_apart(kind: str, count: int) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--one", kind, str(count)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1])


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--counts", type=int, nargs="+", help="numbers of tiles")
    parser.add_argument("--naive", type=int, help="how many objects, 0 for none")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure = {"mosaic": measure_mosaic, "naive": measure_naive}[arguments.one[0]]
        print("\n" + json.dumps(measure(int(arguments.one[1]))))
        return
    counts = arguments.counts or (TOY_COUNTS if arguments.toy else COUNTS)
    naive_count = arguments.naive
    if naive_count is None:
        naive_count = TOY_NAIVE_COUNT if arguments.toy else NAIVE_COUNT
    rows = {f"mosaic of {count}": measure_apart("mosaic", count) for count in counts}
    if naive_count:
        rows[f"{naive_count} objects"] = measure_apart("naive", naive_count)
    columns = list(next(iter(rows.values())))
    print(f"{'':20}" + "".join(f"{column:>17}" for column in columns))
    for name, row in rows.items():
        print(f"{name:20}" + "".join(f"{row[column]:17.2f}" for column in columns))
    same = f"mosaic of {naive_count}"
    if same in rows:
        naive = rows[f"{naive_count} objects"]
        for column in ("build_s", "process_MiB", "blend_MiB", "first_frame_s"):
            ratio = naive[column] / rows[same][column]
            print(f"one object for each image, {column}: {ratio:.1f} x the mosaic's")
    write_figures(rows, arguments.output)


if __name__ == "__main__":
    main()
