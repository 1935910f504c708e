"""The node group "Zograscope dream relief": a grid that rises where an image sequence is light.

The heights are an image sequence that Blender reads without a colour space: the frames themselves,
or what the depth model saw in them. Once it is built it needs no extension.
"""

from typing import Any

import bpy

from ..node_wiring import Wiring

GROUP_NAME = "Zograscope dream relief 1"
"""The number rises with every change of geometry: an old .blend keeps the group it came with."""

MODIFIER = "Zograscope dream relief"
INPUTS = {
    "Mesh": "Geometry",
    "Heights": "Image",
    "Frames": "Int",
    "First frame": "Int",
    "Loop": "Bool",
    "Aspect": "Float",
    "Strength": "Float",
    "Detail": "Int",
    "Smoothing": "Int",
    "Material": "Material",
}
LUMA = (0.2126, 0.7152, 0.0722)  # of red, green and blue, as Rec. 709 has it


def relief_group() -> bpy.types.NodeTree:
    """Return the node group of this version, building it where the file has none yet."""
    return bpy.data.node_groups.get((GROUP_NAME, None)) or _build()


def _build() -> bpy.types.NodeTree:
    wiring = Wiring(GROUP_NAME, INPUTS, {"Mesh": "Geometry"})
    with wiring.frame("A grid of the picture's shape, a unit high"):
        long_side = wiring.math("MAXIMUM", wiring["Aspect"], 1.0)
        step = wiring.math("DIVIDE", long_side, wiring["Detail"])
        across = wiring.math("CEIL", wiring.math("DIVIDE", wiring["Aspect"], step))
        up = wiring.math("CEIL", wiring.math("DIVIDE", 1.0, step))
        grid = wiring.add(
            "GeometryNodeMeshGrid",
            wiring["Aspect"],
            1.0,
            wiring.math("ADD", across, 1.0),
            wiring.math("ADD", up, 1.0),
        )
        mesh, coordinates = wiring.capture(
            "POINT", grid.outputs["Mesh"], Coordinates=("VECTOR", grid.outputs["UV Map"])
        )

    with wiring.frame("The frame of the sequence"):
        now = wiring.add("GeometryNodeInputSceneTime").outputs["Frame"]
        number = wiring.math("SUBTRACT", wiring.math("FLOOR", now), wiring["First frame"])
        last = wiring.math("SUBTRACT", wiring["Frames"], 1.0)
        held = wiring.math("MINIMUM", wiring.math("MAXIMUM", number, 0.0), last)
        again = wiring.math("FLOORED_MODULO", number, wiring["Frames"])
        number = wiring.switch("FLOAT", wiring["Loop"], held, again)
        frame = wiring.math("ADD", number, 1.0)

    with wiring.frame("Height about a middle grey, made smooth"):
        texture = wiring.add(
            "GeometryNodeImageTexture",
            wiring["Heights"],
            coordinates,
            frame,
            interpolation="Linear",
            extension="EXTEND",
        )
        parts = wiring.add("FunctionNodeSeparateColor", texture.outputs["Color"]).outputs
        height: Any = 0.0
        for part, share in zip(parts, LUMA, strict=False):
            height = wiring.math("MULTIPLY_ADD", part, share, height)
        height = wiring.math("SUBTRACT", height, 0.5)
        smooth = wiring.add(
            "GeometryNodeBlurAttribute", height, wiring["Smoothing"], data_type="FLOAT"
        ).outputs[0]

    with wiring.frame("The landscape"):
        rise = wiring.vector(0.0, 0.0, wiring.math("MULTIPLY", smooth, wiring["Strength"]))
        raised = wiring.add("GeometryNodeSetPosition", mesh, None, None, rise).outputs[0]
        mapped = wiring.store(raised, "UVMap", "FLOAT2", "CORNER", coordinates)
        rounded = wiring.add("GeometryNodeSetShadeSmooth", mapped).outputs[0]
        shown = wiring.add("GeometryNodeSetMaterial", rounded, None, wiring["Material"]).outputs[0]
    wiring.tree.is_modifier = True
    return wiring.finish(shown)
