"""The node group "Zograscope mosaic": the geometry of `places`, live in a plain .blend.

One object whose vertices are the tiles becomes one instanced plane for each. What an instance
shows is told to its material by three attributes: where its picture lies in the atlas
(`picture_offset`, `picture_scale`; whole numbers count atlas pages, as UDIM tiles) and its
`brightness`. Once built the group needs no extension.
"""

import math
from typing import Any

import bpy

from ..node_wiring import Wiring, set_input
from .places import LEAST_BEND, LEAST_SIZE, SHAPES, Settings

GROUP_NAME = "Zograscope mosaic 1"
"""The number rises with every change of geometry: an old .blend keeps the group it came with."""

LAYOUT_ATTRIBUTE = "layout {}"
NO_HEIGHT = "none"

# label: type, the setting of `places.Settings` or None, minimum, maximum, description
INPUTS: dict[str, tuple[str, str | None, float, float, str]] = {
    "From": ("Int", "start", 0, 99, "Number of the layout that the morph starts at"),
    "To": ("Int", "end", 0, 99, "Number of the layout that the morph ends at"),
    "Morph": ("Float", "morph", 0, 1, "From the first layout to the second"),
    "Stagger": ("Float", "stagger", 0, 4, "0 moves all tiles together, more one after the other"),
    "Spacing": ("Float", "spacing", 1e-3, 1e3, "Scene units from tile to tile"),
    "Tile size": ("Float", "tile_size", 1e-3, 10, "Of a cell; at 1 squares touch"),
    "Crop to fill": ("Bool", "fill", 0, 1, "Crop pictures to squares in place of showing all"),
    "Height by": ("String", None, 0, 0, "Attribute whose largest value stands out farthest"),
    "Height": ("Float", "height", -1e3, 1e3, "How far that is, in tiles"),
    "Shape": ("Menu", "shape", 0, 0, "The surface that carries the tiles"),
    "Bend": ("Float", "bend", 0, 360, "Degrees that a cylinder or dome spans"),
    "Lift matches": ("Float", "lift", -1e3, 1e3, "How far found tiles stand out, in tiles"),
    "Dim others": ("Float", "dim", 0, 1, "Brightness of tiles that a search did not find"),
}

Socket = Any


def mosaic_group() -> bpy.types.NodeTree:
    """Return the node group, making it where the .blend has none."""
    if GROUP_NAME in bpy.data.node_groups:
        return bpy.data.node_groups[GROUP_NAME]
    wiring = Wiring(GROUP_NAME, {}, {})
    _declare_interface(wiring.tree.interface)
    with wiring.frame("Between two layouts"):
        flat = _morphed_layout(wiring)
    with wiring.frame("On the wall, the floor, a cylinder or a dome"):
        position, rotation, narrowing = _on_shape(wiring, flat)
    with wiring.frame("Which part of which picture"):
        points, size = _choose_picture(wiring)
    with wiring.frame("One plane for each tile"):
        geometry = _instances(wiring, points, position, rotation, size, narrowing)
    group = wiring.finish(geometry)
    group.interface.items_tree["Shape"].default_value = SHAPES[0]
    return group


def add_mosaic_modifier(item: bpy.types.Object, inputs: dict[str, Any]) -> bpy.types.Modifier:
    """Give an object of tiles its mosaic, with the named inputs set."""
    modifier = item.modifiers.new("Zograscope mosaic", "NODES")
    modifier.node_group = mosaic_group()
    for name, value in inputs.items():
        set_input(modifier, name, value)
    return modifier


def mosaic_modifier(item: bpy.types.Object) -> bpy.types.Modifier | None:
    """Return the modifier that makes an object's mosaic."""
    for modifier in item.modifiers:
        group = modifier.node_group if modifier.type == "NODES" else None
        if group and group.name.startswith("Zograscope mosaic"):
            return modifier
    return None


def _declare_interface(interface: bpy.types.NodeTreeInterface) -> None:
    """Declare the sockets, in panels, with ranges and descriptions."""
    interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    interface.new_socket("Tiles", in_out="INPUT", socket_type="NodeSocketGeometry")
    defaults = Settings()
    for label, (kind, setting, minimum, maximum, description) in INPUTS.items():
        socket = interface.new_socket(label, in_out="INPUT", socket_type=f"NodeSocket{kind}")
        socket.description = description
        if kind == "String":
            socket.default_value = NO_HEIGHT
        elif kind != "Menu":  # a menu has its default once its switch is connected
            socket.default_value = getattr(defaults, str(setting))
        if kind in ("Float", "Int"):
            socket.min_value, socket.max_value = minimum, maximum
    panel = interface.new_panel("Pictures", description="Fixed by the atlas", default_closed=True)
    for label, kind, description in (
        ("Material", "Material", "Shows the atlas"),
        ("Atlas columns", "Int", "Pictures side by side on a page of the atlas"),
        ("Half pixel", "Float", "Of an atlas page, whose side is 1: pictures do not bleed"),
        ("Close-ups", "Collection", "Planes with pictures at full resolution, in order of name"),
        ("Realise", "Bool", "Plain meshes in place of instances: for Workbench and for export"),
    ):
        socket = interface.new_socket(
            label, in_out="INPUT", socket_type=f"NodeSocket{kind}", parent=panel
        )
        socket.description = description
        if label == "Atlas columns":
            socket.default_value = socket.min_value = 1


def _morphed_layout(wiring: Wiring) -> Socket:
    """`places.morphed`: the vector of the layout in between."""
    layouts = []
    for label in ("From", "To"):
        number = wiring.add("FunctionNodeValueToString", data_type="INT")
        wiring.connect(wiring[label], next(item for item in number.inputs if item.enabled))
        name = wiring.add("GeometryNodeStringJoin")
        wiring.tree.links.new(number.outputs[0], name.inputs["Strings"])
        word = wiring.add("FunctionNodeInputString", string=LAYOUT_ATTRIBUTE.format(""))
        wiring.tree.links.new(word.outputs[0], name.inputs["Strings"])
        layouts.append(wiring.named("FLOAT_VECTOR", name.outputs[0]))
    count = wiring.add("GeometryNodeAttributeDomainSize", wiring["Tiles"], component="MESH")
    last = wiring.math("MAXIMUM", wiring.math("SUBTRACT", count.outputs[0], 1.0), 1.0)
    index = wiring.add("GeometryNodeInputIndex").outputs[0]
    late = wiring.math("MULTIPLY", wiring.math("DIVIDE", index, last), wiring["Stagger"])
    span = wiring.math("ADD", wiring["Stagger"], 1.0)
    moment = wiring.math("MULTIPLY", wiring["Morph"], span)
    smooth = wiring.add(
        "ShaderNodeMapRange",
        wiring.math("SUBTRACT", moment, late),
        interpolation_type="SMOOTHSTEP",
    ).outputs[0]
    return wiring.mix("VECTOR", smooth, *layouts)


def _on_shape(wiring: Wiring, flat: Socket) -> tuple[Socket, Socket, Socket]:
    """`places._on_shape`: position, rotation, and how much a dome narrows its tiles."""
    spacing = wiring["Spacing"]
    x, y, out = (wiring.math("MULTIPLY", value, spacing) for value in wiring.split(flat))
    value = wiring.named("FLOAT", wiring["Height by"])
    share = _share_of_range(wiring, value)
    lift = wiring.math("MULTIPLY", wiring.named("FLOAT", "match"), wiring["Lift matches"])
    raised = wiring.math("MULTIPLY_ADD", share, wiring["Height"], lift)
    out = wiring.math("MULTIPLY_ADD", raised, spacing, out)

    bend = wiring.math("MAXIMUM", wiring["Bend"], LEAST_BEND)
    width = wiring.statistic(wiring["Tiles"], x)["Range"]
    radius = wiring.math("DIVIDE", width, wiring.math("RADIANS", bend))
    radius = wiring.math("MAXIMUM", radius, 1e-6)
    turn, tilt = wiring.math("DIVIDE", x, radius), wiring.math("DIVIDE", y, radius)
    near = wiring.math("SUBTRACT", radius, out)
    across = wiring.math("MULTIPLY", near, wiring.math("SINE", turn))
    along = wiring.math("MULTIPLY", near, wiring.math("COSINE", turn))
    level = wiring.math("COSINE", tilt)
    back = wiring.math("MULTIPLY", along, level)
    positions = {
        "Wall": wiring.vector(x, wiring.math("MULTIPLY", out, -1.0), y),
        "Floor": wiring.vector(x, y, out),
        "Cylinder": wiring.vector(across, wiring.math("SUBTRACT", along, radius), y),
        "Dome": wiring.vector(
            wiring.math("MULTIPLY", across, level),
            wiring.math("SUBTRACT", back, radius),
            wiring.math("MULTIPLY", near, wiring.math("SINE", tilt)),
        ),
    }
    upright = math.pi / 2
    left = wiring.math("MULTIPLY", turn, -1.0)
    rotations = {
        "Wall": (upright, 0.0, 0.0),
        "Floor": (0.0, 0.0, 0.0),
        "Cylinder": wiring.vector(upright, 0.0, left),
        "Dome": wiring.vector(wiring.math("ADD", tilt, upright), 0.0, left),
    }
    narrowing: dict[str, Any] = dict.fromkeys(SHAPES, 1.0)
    narrowing["Dome"] = wiring.math("MAXIMUM", level, LEAST_SIZE)
    # A menu of Blender 4.5 can serve one switch only.
    number = wiring.menu("INT", wiring["Shape"], {name: i for i, name in enumerate(SHAPES)})
    return (
        wiring.pick("VECTOR", number, [positions[name] for name in SHAPES]),
        wiring.pick("VECTOR", number, [rotations[name] for name in SHAPES]),
        wiring.pick("FLOAT", number, [narrowing[name] for name in SHAPES]),
    )


def _share_of_range(wiring: Wiring, value: Socket) -> Socket:
    """Return where a value lies between the least and the largest of all tiles."""
    statistic = wiring.statistic(wiring["Tiles"], value)
    above = wiring.math("SUBTRACT", value, statistic["Min"])
    return wiring.math("DIVIDE", above, wiring.math("MAXIMUM", statistic["Range"], 1e-6))


def _choose_picture(wiring: Wiring) -> tuple[Socket, Socket]:
    """Store what the material needs on the points; return them and the planes' sizes in cells."""
    width, height, _ = wiring.split(wiring.named("FLOAT_VECTOR", "extent"))
    shorter = wiring.math("MINIMUM", width, height)
    one = wiring.vector(1.0, 1.0, 1.0)
    # A square out of the picture's middle, in the picture's own coordinates.
    square = wiring.vector(
        wiring.math("DIVIDE", shorter, width), wiring.math("DIVIDE", shorter, height), 1.0
    )
    part = wiring.switch("VECTOR", wiring["Crop to fill"], one, square)
    size = wiring.switch("VECTOR", wiring["Crop to fill"], wiring.vector(width, height, 1.0), one)
    margin = wiring.vectors("MULTIPLY", wiring.vectors("SUBTRACT", one, part), (0.5, 0.5, 0.0))

    corner, whole = _place_in_atlas(wiring, width, height)
    close_up = wiring.compare("GREATER_THAN", "INT", wiring.named("INT", "close_up"), 0)
    corner = wiring.switch("VECTOR", close_up, corner, (0.0, 0.0, 0.0))
    whole = wiring.switch("VECTOR", close_up, whole, one)
    points = wiring.store(
        wiring["Tiles"],
        "picture_offset",
        "FLOAT_VECTOR",
        "POINT",
        wiring.vectors("ADD", corner, wiring.vectors("MULTIPLY", whole, margin)),
    )
    scale = wiring.vectors("MULTIPLY", whole, part)
    points = wiring.store(points, "picture_scale", "FLOAT_VECTOR", "POINT", scale)
    bright = wiring.mix("FLOAT", wiring.named("FLOAT", "match"), wiring["Dim others"], 1.0)
    points = wiring.store(points, "brightness", "FLOAT", "POINT", bright)
    return points, size


def _place_in_atlas(wiring: Wiring, width: Socket, height: Socket) -> tuple[Socket, Socket]:
    """Return the lower left corner and the size of a tile's picture in the atlas.

    Cells fill a page row by row from its top left, and a picture its cell from there; pages are
    UDIM tiles, ten in a row. Half a pixel keeps off the neighbours.
    """
    columns, tile = wiring["Atlas columns"], wiring.named("INT", "tile")
    page_size = wiring.integer("MULTIPLY", columns, columns)
    page = wiring.integer("DIVIDE", tile, page_size)
    cell = wiring.integer("MODULO", tile, page_size)
    column, row = wiring.integer("MODULO", cell, columns), wiring.integer("DIVIDE", cell, columns)
    step = wiring.math("DIVIDE", 1.0, columns)

    def length(share: Socket) -> Socket:
        return wiring.math(
            "MULTIPLY_ADD", wiring["Half pixel"], -2.0, wiring.math("MULTIPLY", share, step)
        )

    left = wiring.math("MULTIPLY_ADD", column, step, wiring["Half pixel"])
    above = wiring.math("ADD", wiring.integer("SUBTRACT", columns, row), -1.0)
    above = wiring.math("ADD", above, wiring.math("SUBTRACT", 1.0, height))
    bottom = wiring.math("MULTIPLY_ADD", above, step, wiring["Half pixel"])
    page_column = wiring.integer("MODULO", page, 10)
    page_row = wiring.integer("DIVIDE", page, 10)
    corner = wiring.vector(
        wiring.math("ADD", left, page_column),
        wiring.math("ADD", bottom, page_row),
        0.0,
    )
    return corner, wiring.vector(length(width), length(height), 1.0)


def _instances(
    wiring: Wiring,
    points: Socket,
    position: Socket,
    rotation: Socket,
    size: Socket,
    narrowing: Socket,
) -> Socket:
    """Put a plane, or a tile's close-up, on each point."""
    points, turned, narrowed = wiring.capture(
        "POINT", points, Rotation=("VECTOR", rotation), Narrowing=("FLOAT", narrowing)
    )
    points = wiring.add("GeometryNodeSetPosition", points, None, position).outputs[0]
    # A million instances need not carry every layout.
    points = wiring.add("GeometryNodeRemoveAttribute", points)
    points.inputs["Name"].default_value = LAYOUT_ATTRIBUTE.format("*")
    if hasattr(points, "pattern_mode"):
        points.pattern_mode = "WILDCARD"
    else:  # a socket since Blender 5
        points.inputs["Pattern Mode"].default_value = "Wildcard"
    plane = wiring.add("GeometryNodeMeshGrid", 1.0, 1.0, 2, 2)
    mesh = wiring.store(plane.outputs["Mesh"], "UVMap", "FLOAT2", "CORNER", plane.outputs["UV Map"])
    mesh = wiring.add("GeometryNodeSetMaterial", mesh, None, wiring["Material"]).outputs[0]
    choices = wiring.add("GeometryNodeJoinGeometry")
    close_ups = wiring.add("GeometryNodeCollectionInfo", wiring["Close-ups"], True, True)
    # What is joined first comes last.
    wiring.tree.links.new(close_ups.outputs[0], choices.inputs[0])
    single = wiring.add("GeometryNodeGeometryToInstance", mesh).outputs[0]
    wiring.tree.links.new(single, choices.inputs[0])

    cell = wiring.math("MULTIPLY", wiring["Spacing"], wiring["Tile size"])
    cell = wiring.math("MULTIPLY", cell, narrowed)
    instances = wiring.add("GeometryNodeInstanceOnPoints")
    for name, value in {
        "Points": points.outputs[0],
        "Instance": choices.outputs[0],
        "Pick Instance": True,
        "Instance Index": wiring.named("INT", "close_up"),
        "Rotation": turned,
        "Scale": wiring.vectors("MULTIPLY", size, wiring.vector(cell, cell, cell)),
    }.items():
        wiring.connect(value, instances.inputs[name])
    realised = wiring.add("GeometryNodeRealizeInstances", instances.outputs[0]).outputs[0]
    uv = wiring.vectors(
        "MULTIPLY_ADD",
        wiring.named("FLOAT_VECTOR", "UVMap"),
        wiring.named("FLOAT_VECTOR", "picture_scale"),
        wiring.named("FLOAT_VECTOR", "picture_offset"),
    )
    realised = wiring.store(realised, "UVMap", "FLOAT2", "CORNER", uv)
    return wiring.switch("GEOMETRY", wiring["Realise"], instances.outputs[0], realised)
