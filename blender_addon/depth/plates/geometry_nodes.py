"""The node group "Zograscope plate": it moves a plate along the rays through the rest camera.

It stands behind the group that makes the plate's relief, or on the baked mesh. What is scaled about
the rest camera looks the same from there, so the photograph at rest stays exact at any depth. Once
it is built it needs no extension.
"""

from typing import Any

import bpy

from ...node_wiring import Wiring

GROUP_NAME = "Zograscope plate 1"
"""The number rises with every change of geometry: an old .blend keeps the group it came with."""

MODIFIER = "Zograscope plate"
DEPTH_OFFSET = "Depth offset"
NEARNESS = "Nearness"
ORIGIN = "Origin"


def plate_group() -> bpy.types.NodeTree:
    """Return the node group of this version, building it where the file has none yet."""
    return bpy.data.node_groups.get((GROUP_NAME, None)) or _build()


def _build() -> bpy.types.NodeTree:
    inputs = {"Mesh": "Geometry", DEPTH_OFFSET: "Float", NEARNESS: "Float", ORIGIN: "Vector"}
    wiring = Wiring(GROUP_NAME, inputs, {"Mesh": "Geometry"})
    with wiring.frame("Along the rays of the rest camera, then about the plate's own origin"):
        factor = wiring.math("ADD", wiring[DEPTH_OFFSET], 1.0)
        factor = wiring.math("MULTIPLY", factor, wiring[NEARNESS])
        position = wiring.add("GeometryNodeInputPosition").outputs[0]
        scaled = wiring.add("ShaderNodeVectorMath", operation="SCALE")
        wiring.connect(position, scaled.inputs["Vector"])
        wiring.connect(factor, scaled.inputs["Scale"])
        moved = wiring.vectors("SUBTRACT", scaled.outputs[0], wiring[ORIGIN])
    mesh: Any = wiring.add("GeometryNodeSetPosition", wiring["Mesh"], None, moved).outputs[0]
    wiring.tree.is_modifier = True
    return wiring.finish(mesh)
