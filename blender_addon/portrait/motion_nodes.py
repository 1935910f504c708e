"""The node group "Zograscope motion": a diorama's layer follows a picture that moves.

It stands behind the group that makes the layer's relief, or on the baked mesh. A vertex carries
`projection` = (u z, v z, z), so its pixel is xy / z. The group samples there how far the head came
nearer, and moves the vertex along its own ray through the rest camera, in the layer's origin: from
there the picture stays exact at every frame. Once it is built it needs no extension.
"""

from typing import Any

import bpy

from ..node_wiring import Wiring

GROUP_NAME = "Zograscope motion 1"
"""The number rises with every change of geometry: an old .blend keeps the group it came with."""

MODIFIER = "Zograscope motion"
INPUTS = {
    "Mesh": "Geometry",
    "Relief": "Image",
    "Strength": "Float",
    "Face width": "Float",
    "Focal length": "Float",
    "First frame": "Int",
    "Frames": "Int",
    "Left": "Float",
    "Top": "Float",
    "Right": "Float",
    "Bottom": "Float",
    "Behind": "Bool",
    "Reach": "Float",
}
MIDDLE = 32768  # of a 16-bit relief: the head has not come nearer
FACE_WIDTH = 16384  # of a 16-bit relief: nearer by the width of the face
NEAREST = 0.1  # of a vertex's depth, whatever the strength


def motion_group() -> bpy.types.NodeTree:
    """Return the node group of this version, building it where the file has none yet."""
    return bpy.data.node_groups.get((GROUP_NAME, None)) or _build()


def _build() -> bpy.types.NodeTree:
    wiring = Wiring(GROUP_NAME, INPUTS, {"Mesh": "Geometry"})
    with wiring.frame("The pixel of a vertex, and the frame of the scene"):
        projection = wiring.named("FLOAT_VECTOR", "projection")
        uz, vz, z = wiring.split(projection)
        u, v = wiring.math("DIVIDE", uz, z), wiring.math("DIVIDE", vz, z)
        now = wiring.add("GeometryNodeInputSceneTime").outputs["Frame"]
        frame = wiring.math("FLOOR", wiring.math("SUBTRACT", now, wiring["First frame"]))
        frame = wiring.math("MAXIMUM", wiring.math("ADD", frame, 1.0), 1.0)
        frame = wiring.math("MINIMUM", frame, wiring["Frames"])

    with wiring.frame("How far the head came nearer, in face widths"):
        here = _nearer(wiring, u, v, frame)
        farthest = here
        for across in (-1.0, 0.0, 1.0):
            for down in (-1.0, 0.0, 1.0):
                beside = (
                    wiring.math("MULTIPLY_ADD", wiring["Reach"], across, u),
                    wiring.math("MULTIPLY_ADD", wiring["Reach"], down, v),
                )
                farthest = wiring.math("MINIMUM", farthest, _nearer(wiring, *beside, frame))
        # A background only makes way for a head that goes back.
        back = wiring.math("MINIMUM", farthest, 0.0)
        nearer = wiring.switch("FLOAT", wiring["Behind"], here, back)

    with wiring.frame("Along the ray through the rest camera"):
        widths = wiring.math("DIVIDE", wiring["Face width"], wiring["Focal length"])
        step = wiring.math("MULTIPLY", wiring.math("MULTIPLY", nearer, widths), wiring["Strength"])
        factor = wiring.math("MAXIMUM", wiring.math("SUBTRACT", 1.0, step), NEAREST)
        place = wiring.add("GeometryNodeInputPosition").outputs[0]
        moved = wiring.add(
            "GeometryNodeSetPosition", wiring["Mesh"], None, _scaled(wiring, place, factor)
        ).outputs[0]
        # Scaling all of it leaves xy / z, the vertex's pixel, as it is.
        scaled = _scaled(wiring, projection, factor)
        moved = wiring.store(moved, "projection", "FLOAT_VECTOR", "POINT", scaled)

    with wiring.frame("The moving picture's own UV map"):
        coordinates = wiring.vector(*_coordinates(wiring, u, v), 0.0)
        mapped = wiring.store(moved, "UVMap", "FLOAT2", "CORNER", coordinates)
        shown = wiring.switch("GEOMETRY", wiring["Behind"], mapped, moved)
    wiring.tree.is_modifier = True
    return wiring.finish(shown)


def _coordinates(wiring: Wiring, u: Any, v: Any) -> tuple[Any, Any]:
    """Return where a pixel lies in the moving picture: 0 to 1, second axis up."""
    left, top, right, bottom = (wiring[name] for name in ("Left", "Top", "Right", "Bottom"))
    across = wiring.math(
        "DIVIDE", wiring.math("SUBTRACT", u, left), wiring.math("SUBTRACT", right, left)
    )
    up = wiring.math(
        "DIVIDE", wiring.math("SUBTRACT", v, bottom), wiring.math("SUBTRACT", top, bottom)
    )
    return across, up


def _nearer(wiring: Wiring, u: Any, v: Any, frame: Any) -> Any:
    """Return how far the head came nearer at a pixel, in face widths."""
    texture = wiring.add(
        "GeometryNodeImageTexture",
        wiring["Relief"],
        wiring.vector(*_coordinates(wiring, u, v), 0.0),
        frame,
        interpolation="Linear",
        extension="EXTEND",
    )
    red = wiring.add("FunctionNodeSeparateColor", texture.outputs["Color"]).outputs[0]
    scale, middle = 65535 / FACE_WIDTH, MIDDLE / FACE_WIDTH
    return wiring.math("MULTIPLY_ADD", red, scale, -middle)


def _scaled(wiring: Wiring, vector: Any, factor: Any) -> Any:
    return wiring.vectors("MULTIPLY", vector, wiring.vector(factor, factor, factor))
