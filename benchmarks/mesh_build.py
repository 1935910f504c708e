"""How much slower than the bare `foreach_set` calls is building a mesh of quads with UVs?

Also against `from_pydata`, the naive way. Both sides in turn, in one run of a Python with bpy:

    .venv-blender-5.2/bin/python benchmarks/mesh_build.py [--output OUT.json] [--rounds 5]
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmark import argument_parser, write_figures
from installed_extension import extension_module

# isort: split
import bpy

SIDES, TOY_SIDES = (1024, 2048), (64,)
ROUNDS, TOY_ROUNDS = 5, 1

Relief = Any  # of the extension's module `depth.relief`


def grid(side: int) -> Relief:
    """Return a relief of side x side vertices, wavy and uncut."""
    relief = extension_module("depth.relief")
    y, x = np.mgrid[:side, :side] / side
    disparity = (0.5 + 0.4 * np.sin(5 * x) * np.cos(4 * y)).astype(np.float32)
    intrinsics = relief.Intrinsics(float(side), side / 2, side / 2, side, side)
    settings = relief.Settings(near=2.0, far=4.0, cut_threshold=1e6)
    return relief.build_relief(disparity[2:, 2:], intrinsics, settings)


def bare(shape: Relief) -> bpy.types.Mesh:
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


def naive(shape: Relief) -> bpy.types.Mesh:
    """Build the way that tutorials show, UVs included."""
    mesh = bpy.data.meshes.new("naive")
    mesh.from_pydata(shape.vertices.tolist(), [], shape.faces.tolist())
    uv = mesh.uv_layers.new(name="UVMap")
    for loop, vertex in enumerate(shape.faces.ravel().tolist()):
        uv.data[loop].uv = shape.uv[vertex]
    mesh.update()
    return mesh


def from_pydata_alone(shape: Relief) -> bpy.types.Mesh:
    """Call from_pydata without UVs: the comparison that is kindest to it."""
    mesh = bpy.data.meshes.new("from_pydata")
    mesh.from_pydata(shape.vertices.tolist(), [], shape.faces.tolist())
    mesh.update(calc_edges=True)
    return mesh


def ours(shape: Relief) -> bpy.types.Mesh:
    """Build as the extension does: with UVs and the projection attribute."""
    return extension_module("depth.builders").mesh_from_arrays("ours", shape)


def seconds(build: Callable[[Relief], bpy.types.Mesh], shape: Relief) -> float:
    """Return how long a build takes."""
    started = time.perf_counter()
    mesh = build(shape)
    taken = time.perf_counter() - started
    assert len(mesh.polygons) == len(shape.faces)
    bpy.data.meshes.remove(mesh)
    return taken


def measure(side: int, rounds: int, *, naive_too: bool) -> dict[str, float]:
    """Time the ways in turn; return medians in seconds, and ratios."""
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
    if naive_too:
        figures["naive_with_uv_s"] = seconds(naive, shape)
    return figures


def main() -> None:
    """Measure both sizes, print the figures, and write them where asked."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} if not said")
    arguments = parser.parse_args()
    sides = TOY_SIDES if arguments.toy else SIDES
    rounds = arguments.rounds or (TOY_ROUNDS if arguments.toy else ROUNDS)
    # The naive way is slow, so once at the smallest size is enough of it.
    results = {str(side): measure(side, rounds, naive_too=side == sides[0]) for side in sides}
    for side, figures in results.items():
        print(
            f"{side} x {side}: ours {figures['ours_s'] * 1e3:.0f} ms, "
            f"{figures['ours_over_bare']:.2f} x bare foreach_set (limit 1.5), "
            f"from_pydata {figures['from_pydata_over_ours']:.1f} x ours (at least 5)"
        )
    write_figures(results, arguments.output)


if __name__ == "__main__":
    main()
