"""How much slower than the bare `foreach_set` calls is building a mesh of quads with UVs?

Also against `from_pydata`, the naive way. Both sides in turn, in one run of a Python with bpy:

    .venv-blender-5.2/bin/python benchmarks/mesh_build.py [out.json] [--rounds 5]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "protocol")]

from blender_addon.depth import builders, relief  # noqa: E402

SIDES = (1024, 2048)


def grid(side: int) -> relief.Relief:
    """Return a relief of side x side vertices, wavy and uncut."""
    y, x = np.mgrid[:side, :side] / side
    disparity = (0.5 + 0.4 * np.sin(5 * x) * np.cos(4 * y)).astype(np.float32)
    intrinsics = relief.Intrinsics(float(side), side / 2, side / 2, side, side)
    settings = relief.Settings(near=2.0, far=4.0, cut_threshold=1e6)
    return relief.build_relief(disparity[2:, 2:], intrinsics, settings)


def bare(shape: relief.Relief) -> bpy.types.Mesh:
    """Call foreach_set and nothing else: what Blender itself needs for these arrays."""
    mesh = bpy.data.meshes.new("bare")
    count = len(shape.faces)
    mesh.vertices.add(len(shape.vertices))
    mesh.loops.add(4 * count)
    mesh.polygons.add(count)
    mesh.vertices.foreach_set("co", shape.vertices.ravel())
    mesh.loops.foreach_set("vertex_index", shape.faces.ravel())
    mesh.polygons.foreach_set("loop_start", np.arange(0, 4 * count, 4, dtype=np.int32))
    uv = mesh.uv_layers.new(name="UVMap")
    uv.uv.foreach_set("vector", shape.uv[shape.faces.ravel()].ravel())
    mesh.update(calc_edges=True)
    return mesh


def naive(shape: relief.Relief) -> bpy.types.Mesh:
    """Build the way that tutorials show, UVs included."""
    mesh = bpy.data.meshes.new("naive")
    mesh.from_pydata(shape.vertices.tolist(), [], shape.faces.tolist())
    uv = mesh.uv_layers.new(name="UVMap")
    for loop, vertex in enumerate(shape.faces.ravel().tolist()):
        uv.data[loop].uv = shape.uv[vertex]
    mesh.update()
    return mesh


def from_pydata_alone(shape: relief.Relief) -> bpy.types.Mesh:
    """Call from_pydata without UVs: the comparison that is kindest to it."""
    mesh = bpy.data.meshes.new("from_pydata")
    mesh.from_pydata(shape.vertices.tolist(), [], shape.faces.tolist())
    mesh.update(calc_edges=True)
    return mesh


def ours(shape: relief.Relief) -> bpy.types.Mesh:
    """Build as the extension does: with UVs and the projection attribute."""
    return builders.mesh_from_arrays("ours", shape)


def seconds(build: Callable[[relief.Relief], bpy.types.Mesh], shape: relief.Relief) -> float:
    """Return how long a build takes."""
    started = time.perf_counter()
    mesh = build(shape)
    taken = time.perf_counter() - started
    assert len(mesh.polygons) == len(shape.faces)
    bpy.data.meshes.remove(mesh)
    return taken


def measure(side: int, rounds: int) -> dict[str, float]:
    """Time all ways in turn; return medians in seconds, and ratios."""
    shape = grid(side)
    times: dict[str, list[float]] = {"bare": [], "ours": [], "from_pydata": []}
    ways = {"bare": bare, "ours": ours, "from_pydata": from_pydata_alone}
    for _ in range(rounds + 1):
        for name, build in ways.items():
            times[name].append(seconds(build, shape))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    figures = {
        **{f"{name}_s": median for name, median in medians.items()},
        "ours_over_bare": statistics.median(
            a / b for a, b in zip(times["ours"][1:], times["bare"][1:], strict=True)
        ),
        "from_pydata_over_ours": medians["from_pydata"] / medians["ours"],
    }
    if side == min(SIDES):
        figures["naive_with_uv_s"] = seconds(naive, shape)
    return figures


def main() -> None:
    """Measure both sizes, print the figures, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("output", nargs="?", type=Path, help="JSON file to write")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    results = {str(side): measure(side, arguments.rounds) for side in SIDES}
    for side, figures in results.items():
        print(
            f"{side} x {side}: ours {figures['ours_s'] * 1e3:.0f} ms, "
            f"{figures['ours_over_bare']:.2f} x bare foreach_set (limit 1.5), "
            f"from_pydata {figures['from_pydata_over_ours']:.1f} x ours (at least 5)"
        )
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
