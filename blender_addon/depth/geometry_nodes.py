"""The node group "Zograscope relief": the geometry of `relief`, live in a plain .blend.

It is built by script, so that it can be read, versioned and tested here, and once built it needs no
extension: a render farm opens the .blend and gets the same relief. Every function that wires a
group names the function of `relief` it corresponds to; a test holds the two against each other.
"""

from typing import Any

import bpy

from ..node_wiring import Wiring, set_input
from .node_groups import corners_of_cell, disparity_to_depth, lattice_axis, sampled_disparity
from .relief import RE_EMITTED_OVERLAP, SET_BACK, Intrinsics, Rectangle, Settings

GROUP_NAME = "Zograscope relief 1"
"""The number rises with every change of geometry: an old .blend keeps the group it came with."""

SETTING_RANGES: dict[str, tuple[str, float, float, float, str]] = {
    # name: label, hard minimum, soft maximum, hard maximum, description
    "near": ("Near", 1e-4, 100.0, 1e6, "Depth of the nearest point of the picture"),
    "far": ("Far", 1e-4, 1000.0, 1e6, "Depth of the farthest point of the picture"),
    "relief_strength": (
        "Relief strength",
        0.0,
        1.5,
        2.0,
        "0 is a flat card, 1 the depth as estimated, more exaggerates",
    ),
    "cut_threshold": (
        "Cut threshold",
        0.0,
        1.0,
        1e6,
        "Tears the surface where depth jumps by more than this share",
    ),
    "smoothing": (
        "Smoothing",
        0.0,
        10.0,
        200.0,
        "Blur of the depth in photograph pixels; edges that are cut stay sharp",
    ),
    "viewport_resolution": (
        "Viewport resolution",
        0.001,
        1.0,
        1.0,
        "Faces for each photograph pixel along one axis, while working",
    ),
    "render_resolution": (
        "Render resolution",
        0.001,
        1.0,
        1.0,
        "Faces for each photograph pixel along one axis, in renders and when baked",
    ),
}
"""The artist's settings, which all layers of a diorama share, and how an interface shows them."""

NEVER_CUT = 1e12


def _neighbour_minimum(
    wiring: Wiring, mesh: Any, value: Any, rows: Any, columns: Any
) -> tuple[Any, Any]:
    """`relief.behind`'s 3 x 3 minimum over the lattice, first along rows, then along columns.

    A grid numbers its vertices column by column. A neighbour beyond the rim is the vertex itself.
    """
    index = wiring.add("GeometryNodeInputIndex").outputs[0]
    row = wiring.integer("MODULO", index, rows)
    last_row = wiring.integer("SUBTRACT", rows, 1)
    last_column = wiring.integer("MULTIPLY", wiring.integer("SUBTRACT", columns, 1), rows)
    steps = (
        (
            1,
            wiring.compare("LESS_THAN", "INT", row, last_row),
            wiring.compare("GREATER_THAN", "INT", row, 0),
        ),
        (
            rows,
            wiring.compare("LESS_THAN", "INT", index, last_column),
            wiring.compare("GREATER_EQUAL", "INT", index, rows),
        ),
    )
    for stride, has_next, has_previous in steps:
        following = wiring.integer("MULTIPLY_ADD", has_next, stride, index)
        preceding = wiring.integer(
            "SUBTRACT", index, wiring.integer("MULTIPLY", has_previous, stride)
        )
        ends = [wiring.value_at(value, place) for place in (following, preceding)]
        smallest = wiring.math("MINIMUM", value, wiring.math("MINIMUM", *ends))
        mesh, value = wiring.capture("POINT", mesh, Minimum=("FLOAT", smallest))
    return mesh, value


def relief_group() -> bpy.types.NodeTree:
    """Return the node group of this version, building it where the file has none yet."""
    return bpy.data.node_groups.get((GROUP_NAME, None)) or _build_relief_group()


def _build_relief_group() -> bpy.types.NodeTree:
    wiring = Wiring(GROUP_NAME, {}, {"Mesh": "Geometry"})
    _declare_inputs(wiring.tree.interface)
    depth_group, corners_group = disparity_to_depth(), corners_of_cell()
    axis_group = lattice_axis()
    sampled_group = sampled_disparity(depth_group, corners_group)

    with wiring.frame("A lattice of vertices over the picture"):
        resolution = wiring.switch(
            "FLOAT",
            wiring.add("GeometryNodeIsViewport").outputs[0],
            wiring["Render resolution"],
            wiring["Viewport resolution"],
        )
        across = wiring.group(
            axis_group, wiring["Width"], resolution, wiring["Left"], wiring["Right"]
        )
        down = wiring.group(
            axis_group, wiring["Height"], resolution, wiring["Top"], wiring["Bottom"]
        )
        columns, rows = across["Vertices"], down["Vertices"]
        mesh = wiring.add(
            "GeometryNodeMeshGrid", across["Length"], down["Length"], columns, rows
        ).outputs[0]

    with wiring.frame("Disparity at the vertices"):
        u, v = _pixel(wiring, across["Centre"], down["Centre"])
        own = _texture_coordinates(wiring, u, v, _rectangle(wiring))
        shared = [wiring[name] for name in ("Near", "Far", "Relief strength")]
        smoothing = [wiring["Smoothing"], across["Step"]]
        threshold = wiring.switch("FLOAT", wiring["Behind"], wiring["Cut threshold"], NEVER_CUT)
        sampled = wiring.group(
            sampled_group, mesh, wiring["Disparity"], own, *shared, threshold, *smoothing
        )

    with wiring.frame("A background stays behind the photograph"):
        u, v = _pixel(wiring, across["Centre"], down["Centre"])
        over = _texture_coordinates(wiring, u, v, (0.0, 0.0, wiring["Width"], wiring["Height"]))
        front = wiring.group(
            sampled_group,
            sampled["Mesh"],
            wiring["Disparity in front"],
            over,
            *(wiring[name] for name in ("Near", "Far", "Relief strength", "Cut threshold")),
            wiring["Smoothing"],
            across["Step"],
        )
        clamped, limit = _neighbour_minimum(
            wiring, front["Mesh"], front["Disparity"], rows, columns
        )
        pushed = wiring.math("MINIMUM", sampled["Disparity"], limit)
        mesh = wiring.switch("GEOMETRY", wiring["Behind"], sampled["Mesh"], clamped)
        disparity = wiring.switch("FLOAT", wiring["Behind"], sampled["Disparity"], pushed)
        set_back = wiring.switch("FLOAT", wiring["Behind"], 1.0, SET_BACK)

    with wiring.frame("Depth"):
        depth = wiring.group(
            depth_group, disparity, wiring["Near"], wiring["Far"], wiring["Relief strength"]
        )[0]
        mesh, depth = wiring.capture(
            "POINT", mesh, Depth=("FLOAT", wiring.math("MULTIPLY", depth, set_back))
        )
        farthest = wiring.group(corners_group, depth)["Maximum"]
        mesh, farthest = wiring.capture("FACE", mesh, Farthest=("FLOAT", farthest))

    with wiring.frame("Cut cells leave the sheet and come back flat at their farthest depth"):
        parts = wiring.add("GeometryNodeSeparateGeometry", mesh, sampled["Cut"], domain="FACE")
        loose = wiring.add("GeometryNodeSplitEdges", parts.outputs["Selection"]).outputs[0]
        loose = wiring.add(
            "GeometryNodeScaleElements", loose, None, RE_EMITTED_OVERLAP, domain="FACE"
        ).outputs[0]
        u, v = _pixel(wiring, across["Centre"], down["Centre"])
        surfaces = [
            wiring.store(
                part,
                "projection",
                "FLOAT_VECTOR",
                "POINT",
                wiring.vector(wiring.math("MULTIPLY", u, z), wiring.math("MULTIPLY", v, z), z),
            )
            for part, z in ((parts.outputs["Inverted"], depth), (loose, farthest))
        ]
        join = wiring.add("GeometryNodeJoinGeometry")
        for surface in reversed(surfaces):  # the last link comes first in the joined geometry
            wiring.tree.links.new(surface, join.inputs[0])

    surfaced = _unproject(wiring, join.outputs[0])
    wiring.tree.is_modifier = True
    return wiring.finish(surfaced)


def _unproject(wiring: Wiring, geometry: Any) -> Any:
    """`relief.unproject`, and the UV map and material of the finished surface."""
    with wiring.frame("Unprojection through the pinhole camera"):
        named = wiring.add("GeometryNodeInputNamedAttribute", data_type="FLOAT_VECTOR")
        named.inputs["Name"].default_value = "projection"
        uz, vz, z = wiring.split(named.outputs["Attribute"])
        x = wiring.math("SUBTRACT", uz, wiring.math("MULTIPLY", wiring["Centre x"], z))
        y = wiring.math("SUBTRACT", wiring.math("MULTIPLY", wiring["Centre y"], z), vz)
        focal_length = wiring["Focal length"]
        position = wiring.vector(
            wiring.math("DIVIDE", x, focal_length),
            wiring.math("DIVIDE", y, focal_length),
            wiring.math("MULTIPLY", z, -1.0),
        )
        moved = wiring.add("GeometryNodeSetPosition", geometry, None, position).outputs[0]
        coordinates = _texture_coordinates(
            wiring,
            wiring.math("DIVIDE", uz, z),
            wiring.math("DIVIDE", vz, z),
            _rectangle(wiring),
        )
        mapped = wiring.store(moved, "UVMap", "FLOAT2", "CORNER", coordinates)
        smooth = wiring.add("GeometryNodeSetShadeSmooth", mapped).outputs[0]
        return wiring.add("GeometryNodeSetMaterial", smooth, None, wiring["Material"]).outputs[0]


def _declare_inputs(interface: bpy.types.NodeTreeInterface) -> None:
    """Declare the modifier's inputs: what the artist sets, and what the picture fixes."""
    defaults = Settings()
    panel = interface.new_panel("Settings", description="Driven by the diorama's root object")
    for name, (label, minimum, _, maximum, description) in SETTING_RANGES.items():
        socket = interface.new_socket(
            label, in_out="INPUT", socket_type="NodeSocketFloat", parent=panel
        )
        socket.default_value = getattr(defaults, name, defaults.resolution)
        socket.min_value, socket.max_value = minimum, maximum
        socket.description = description
    picture = interface.new_panel(
        "Picture", description="Fixed by the photograph", default_closed=True
    )
    for label, kind, description in (
        ("Disparity", "Image", "Relative inverse depth: 1 is near, 0 is far"),
        ("Behind", "Bool", "A background: never cut, and kept behind the photograph"),
        ("Disparity in front", "Image", "The photograph's disparity, for a background"),
        ("Material", "Material", "The picture's material"),
        ("Width", "Float", "Of the photograph, in pixels"),
        ("Height", "Float", "Of the photograph, in pixels"),
        ("Focal length", "Float", "Of the camera that took it, in pixels"),
        ("Centre x", "Float", "Where the optical axis meets the photograph, from its left"),
        ("Centre y", "Float", "Where the optical axis meets the photograph, from its top"),
        ("Left", "Float", "Edge of this layer's picture, in photograph pixels"),
        ("Top", "Float", "Edge of this layer's picture, in photograph pixels"),
        ("Right", "Float", "Edge of this layer's picture, in photograph pixels"),
        ("Bottom", "Float", "Edge of this layer's picture, in photograph pixels"),
    ):
        socket = interface.new_socket(
            label, in_out="INPUT", socket_type=f"NodeSocket{kind}", parent=picture
        )
        socket.description = description


def _pixel(wiring: Wiring, centre_u: Any, centre_v: Any) -> tuple[Any, Any]:
    """Return the pixel coordinates of a vertex of the flat lattice, whose y points up."""
    x, y, _ = wiring.split(wiring.add("GeometryNodeInputPosition").outputs[0])
    return wiring.math("ADD", x, centre_u), wiring.math("SUBTRACT", centre_v, y)


def _rectangle(wiring: Wiring) -> tuple[Any, Any, Any, Any]:
    """Return the edges of the layer's picture."""
    return wiring["Left"], wiring["Top"], wiring["Right"], wiring["Bottom"]


def _texture_coordinates(
    wiring: Wiring, u: Any, v: Any, rectangle: tuple[Any, Any, Any, Any]
) -> bpy.types.NodeSocket:
    """Return where a pixel lies in a picture that fills a rectangle: 0 to 1, second axis up."""
    left, top, right, bottom = rectangle
    across = wiring.math("SUBTRACT", u, left)
    up = wiring.math("SUBTRACT", v, bottom)
    return wiring.vector(
        wiring.math("DIVIDE", across, wiring.math("SUBTRACT", right, left)),
        wiring.math("DIVIDE", up, wiring.math("SUBTRACT", top, bottom)),
        0.0,
    )


def add_relief_modifier(layer: bpy.types.Object, inputs: dict[str, Any]) -> bpy.types.Modifier:
    """Give an object the relief, with the named inputs of its group set."""
    modifier = layer.modifiers.new("Zograscope relief", "NODES")
    modifier.node_group = relief_group()
    # It makes the mesh, so whatever changes one comes behind it.
    layer.modifiers.move(len(layer.modifiers) - 1, 0)
    for name, value in inputs.items():
        set_input(modifier, name, value)
    return modifier


def relief_modifier(layer: bpy.types.Object) -> bpy.types.Modifier | None:
    """Return the modifier that makes this layer's relief; None once it is baked."""
    return next(
        (
            modifier
            for modifier in layer.modifiers
            if modifier.type == "NODES"
            and modifier.node_group
            and modifier.node_group.name.startswith("Zograscope relief")
        ),
        None,
    )


def picture_inputs(intrinsics: Intrinsics, rectangle: Rectangle) -> dict[str, float]:
    """Return the inputs that say where a layer's picture lies, and what camera took it."""
    return {
        "Width": float(intrinsics.width),
        "Height": float(intrinsics.height),
        "Focal length": intrinsics.focal_length,
        "Centre x": intrinsics.cx,
        "Centre y": intrinsics.cy,
        **dict(zip(("Left", "Top", "Right", "Bottom"), rectangle, strict=True)),
    }
