"""The node groups that "Zograscope relief" is made of, each a function of `relief` in nodes."""

from typing import Any

import bpy

from ..node_wiring import Wiring
from .relief import HALF


def _rounded(wiring: Wiring, value: Any) -> bpy.types.NodeSocket:
    """Round as `relief.rounded`."""
    return wiring.math("FLOOR", wiring.math("ADD", value, HALF))


def corners_of_cell() -> bpy.types.NodeTree:
    """`relief.cell_minimum` and `cell_maximum`: a point field's extremes over a face's corners."""
    wiring = Wiring(
        "Zograscope corners of cell",
        {"Value": "Float"},
        {"Minimum": "Float", "Maximum": "Float"},
    )
    corners = []
    for index in range(4):
        corner = wiring.add("GeometryNodeCornersOfFace")
        corner.inputs["Sort Index"].default_value = index
        vertex = wiring.add("GeometryNodeVertexOfCorner", corner.outputs["Corner Index"])
        corners.append(wiring.value_at(wiring["Value"], vertex.outputs[0]))
    extremes = []
    for operation in ("MINIMUM", "MAXIMUM"):
        pairs = [wiring.math(operation, *corners[:2]), wiring.math(operation, *corners[2:])]
        extremes.append(wiring.math(operation, *pairs))
    return wiring.finish(*extremes)


def lattice_axis() -> bpy.types.NodeTree:
    """`relief.lattice`, for one axis."""
    wiring = Wiring(
        "Zograscope lattice axis",
        {"Size": "Float", "Resolution": "Float", "Start": "Float", "End": "Float"},
        {"Vertices": "Int", "Length": "Float", "Centre": "Float", "Step": "Float"},
    )
    padded = wiring.math("ADD", wiring["Size"], 1.0)
    cells = _rounded(wiring, wiring.math("MULTIPLY", padded, wiring["Resolution"]))
    step = wiring.math("DIVIDE", padded, wiring.math("MAXIMUM", cells, 1.0))
    first = wiring.math("ADD", wiring.math("DIVIDE", wiring["Start"], step), 1e-3)
    first = wiring.math("FLOOR", first)
    last = wiring.math("DIVIDE", wiring.math("ADD", wiring["End"], 1.0), step)
    last = wiring.math("CEIL", wiring.math("SUBTRACT", last, 1e-3))
    count = wiring.math("SUBTRACT", last, first)
    middle = wiring.math("MULTIPLY", wiring.math("ADD", first, last), 0.5)
    return wiring.finish(
        wiring.math("ADD", count, 1.0),
        wiring.math("MULTIPLY", count, step),
        wiring.math("MULTIPLY_ADD", middle, step, -0.5),
        step,
    )


def disparity_to_depth() -> bpy.types.NodeTree:
    """`relief.depth_from_disparity` and `relief.strengthen`."""
    wiring = Wiring(
        "Zograscope depth",
        {"Disparity": "Float", "Near": "Float", "Far": "Float", "Relief strength": "Float"},
        {"Depth": "Float"},
    )
    inverse_near = wiring.math("DIVIDE", 1.0, wiring["Near"])
    inverse_far = wiring.math("DIVIDE", 1.0, wiring["Far"])
    a = wiring.math("SUBTRACT", inverse_near, inverse_far)
    inverse_depth = wiring.math("MULTIPLY_ADD", wiring["Disparity"], a, inverse_far)
    depth = wiring.math("DIVIDE", 1.0, inverse_depth)
    middle = wiring.math("SQRT", wiring.math("MULTIPLY", wiring["Near"], wiring["Far"]))
    ratio = wiring.math("DIVIDE", depth, middle)
    strong = wiring.math("POWER", ratio, wiring["Relief strength"])
    return wiring.finish(wiring.math("MULTIPLY", middle, strong))


def sampled_disparity(
    depth_group: bpy.types.NodeTree, corners_group: bpy.types.NodeTree
) -> bpy.types.NodeTree:
    """`relief.sampled_disparity`: the map at the vertices, smoothed, and where depth jumps."""
    wiring = Wiring(
        "Zograscope sampled disparity",
        {
            "Mesh": "Geometry",
            "Disparity": "Image",
            "Coordinates": "Vector",
            "Near": "Float",
            "Far": "Float",
            "Relief strength": "Float",
            "Cut threshold": "Float",
            "Smoothing": "Float",
            "Step": "Float",
        },
        {"Mesh": "Geometry", "Disparity": "Float", "Cut": "Bool"},
    )
    texture = wiring.add(
        "GeometryNodeImageTexture",
        wiring["Disparity"],
        wiring["Coordinates"],
        interpolation="Linear",
        extension="EXTEND",
    )
    red = wiring.add("FunctionNodeSeparateColor", texture.outputs["Color"]).outputs[0]
    mesh, sampled = wiring.capture("POINT", wiring["Mesh"], Sampled=("FLOAT", red))

    depth = wiring.group(
        depth_group, sampled, wiring["Near"], wiring["Far"], wiring["Relief strength"]
    )
    cell = wiring.group(corners_group, depth[0])
    limit = wiring.math(
        "MULTIPLY", cell["Minimum"], wiring.math("ADD", wiring["Cut threshold"], 1.0)
    )
    jumps = wiring.compare("GREATER_THAN", "FLOAT", cell["Maximum"], limit)
    mesh, cut = wiring.capture("FACE", mesh, Cut=("BOOLEAN", jumps))

    cells = wiring.math("DIVIDE", wiring["Smoothing"], wiring["Step"])
    variance = wiring.math("MULTIPLY", cells, cells)
    iterations = _rounded(wiring, wiring.math("MULTIPLY", variance, 2.5))
    # On the vertices a face's cut becomes "touches a cut face"; weight 0 keeps those still.
    free = wiring.add("FunctionNodeBooleanMath", cut, operation="NOT").outputs[0]
    blurred = wiring.add(
        "GeometryNodeBlurAttribute", sampled, iterations, free, data_type="FLOAT"
    ).outputs[0]
    mesh, smoothed = wiring.capture("POINT", mesh, Smoothed=("FLOAT", blurred))
    return wiring.finish(mesh, smoothed, cut)
