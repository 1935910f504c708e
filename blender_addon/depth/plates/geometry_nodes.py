"""The node group "Zograscope plate": it moves a plate along the rays through the rest camera.

It stands behind the group that makes the plate's relief, or on the baked mesh. What moves along
these rays looks the same from there, so the photograph at rest stays exact at any depth. What is
flat stands upright at its nearest depth, as a figure does above its feet: an estimate that leans or
bends does so no longer. Once it is built it needs no extension.
"""

from typing import Any

import bpy

from ...node_wiring import Wiring

GROUP_NAME = "Zograscope plate 1"
"""The number rises with every change of geometry: an old .blend keeps the group it came with."""

MODIFIER = "Zograscope plate"
DEPTH_OFFSET = "Depth offset"
FLATNESS = "Flatness"
NEARNESS = "Nearness"
ORIGIN = "Origin"


def plate_group() -> bpy.types.NodeTree:
    """Return the node group of this version, building it where the file has none yet."""
    return bpy.data.node_groups.get((GROUP_NAME, None)) or _build()


def _build() -> bpy.types.NodeTree:
    inputs = {
        "Mesh": "Geometry",
        DEPTH_OFFSET: "Float",
        FLATNESS: "Float",
        NEARNESS: "Float",
        ORIGIN: "Vector",
    }
    wiring = Wiring(GROUP_NAME, inputs, {"Mesh": "Geometry"})
    with wiring.frame("How far along its ray each vertex goes to stand at the nearest depth"):
        position = wiring.add("GeometryNodeInputPosition").outputs[0]
        _, _, height = wiring.split(position)
        depth = wiring.math("MULTIPLY", height, -1.0)
        nearest = wiring.statistic(wiring["Mesh"], depth)["Min"]
        upright = wiring.math("DIVIDE", nearest, depth)
        upright = wiring.mix("FLOAT", wiring[FLATNESS], 1.0, upright)
    with wiring.frame("Along the rays of the rest camera, then about the plate's own origin"):
        factor = wiring.math("ADD", wiring[DEPTH_OFFSET], 1.0)
        factor = wiring.math("MULTIPLY", factor, wiring[NEARNESS])
        factor = wiring.math("MULTIPLY", factor, upright)
        position = wiring.add("GeometryNodeInputPosition").outputs[0]
        scaled = wiring.add("ShaderNodeVectorMath", operation="SCALE")
        wiring.connect(position, scaled.inputs["Vector"])
        wiring.connect(factor, scaled.inputs["Scale"])
        moved = wiring.vectors("SUBTRACT", scaled.outputs[0], wiring[ORIGIN])
    mesh: Any = wiring.add("GeometryNodeSetPosition", wiring["Mesh"], None, moved).outputs[0]
    wiring.tree.is_modifier = True
    return wiring.finish(mesh)
