"""The node group "Zograscope relief": the geometry of `relief`, live in a plain .blend.

It is built by script, so that it can be read, versioned and tested here, and once built it needs no
extension: a render farm opens the .blend and gets the same relief. Every function that wires a
group names the function of `relief` it corresponds to; a test holds the two against each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .relief import HALF, RE_EMITTED_OVERLAP, SET_BACK, Settings

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


class Wiring:
    """Adds nodes to a tree, one expression at a time, and lays them out in named frames."""

    def __init__(self, name: str, inputs: dict[str, str], outputs: dict[str, str]) -> None:
        """Start a new group with sockets name -> type, such as {"Near": "Float"}."""
        self.tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
        self._frame: bpy.types.Node | None = None
        self._group_inputs: dict[Any, bpy.types.Node] = {}
        for direction, sockets in (("INPUT", inputs), ("OUTPUT", outputs)):
            for socket, kind in sockets.items():
                self.tree.interface.new_socket(
                    socket, in_out=direction, socket_type=f"NodeSocket{kind}"
                )

    @contextmanager
    def frame(self, label: str) -> Iterator[None]:
        """Collect the nodes added inside the block in one labelled frame."""
        self._frame = self.tree.nodes.new("NodeFrame")
        self._frame.label = label
        yield
        self._frame = None

    def add(self, kind: str, *inputs: Any, **properties: Any) -> bpy.types.Node:
        """Add a node; `inputs` are sockets or values in the order in which the node shows them."""
        node = self.tree.nodes.new(kind)
        node.parent = self._frame
        for name, value in properties.items():
            setattr(node, name, value)
        shown = [socket for socket in node.inputs if socket.enabled]
        for socket, value in zip(shown, inputs, strict=False):
            self._connect(value, socket)
        return node

    def _connect(self, value: Any, socket: bpy.types.NodeSocket) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif value is not None:
            socket.default_value = value

    def __getitem__(self, name: str) -> bpy.types.NodeSocket:
        """Return one of the group's inputs, from a group input node of the frame being filled."""
        key = self._frame.name if self._frame else None
        if key not in self._group_inputs:
            self._group_inputs[key] = self.add("NodeGroupInput")
        return self._group_inputs[key].outputs[name]

    def math(self, operation: str, *values: Any) -> bpy.types.NodeSocket:
        """Add a float operation."""
        return self.add("ShaderNodeMath", *values, operation=operation).outputs[0]

    def rounded(self, value: Any) -> bpy.types.NodeSocket:
        """Round as `relief.rounded`."""
        return self.math("FLOOR", self.math("ADD", value, HALF))

    def integer(self, operation: str, *values: Any) -> bpy.types.NodeSocket:
        """Add an integer operation."""
        return self.add("FunctionNodeIntegerMath", *values, operation=operation).outputs[0]

    def compare(self, operation: str, kind: str, *values: Any) -> bpy.types.NodeSocket:
        """Compare two values of a type."""
        node = self.add("FunctionNodeCompare", *values, data_type=kind, operation=operation)
        return node.outputs[0]

    def switch(self, kind: str, condition: Any, if_false: Any, if_true: Any) -> Any:
        """Choose between two values of a type."""
        values = (condition, if_false, if_true)
        return self.add("GeometryNodeSwitch", *values, input_type=kind).outputs[0]

    def value_at(self, value: Any, index: Any) -> bpy.types.NodeSocket:
        """Read a field of numbers at another vertex."""
        values = (value, index)
        node = self.add("GeometryNodeFieldAtIndex", *values, domain="POINT", data_type="FLOAT")
        return node.outputs[0]

    def store(self, geometry: Any, name: str, kind: str, domain: str, value: Any) -> Any:
        """Store a named attribute; return the geometry."""
        values = (geometry, None, name, value)
        node = self.add("GeometryNodeStoreNamedAttribute", *values, data_type=kind, domain=domain)
        return node.outputs[0]

    def vector(self, x: Any, y: Any, z: Any) -> bpy.types.NodeSocket:
        """Combine components."""
        return self.add("ShaderNodeCombineXYZ", x, y, z).outputs[0]

    def split(self, vector: Any) -> tuple[bpy.types.NodeSocket, ...]:
        """Separate components."""
        return tuple(self.add("ShaderNodeSeparateXYZ", vector).outputs)

    def group(self, tree: bpy.types.NodeTree, *inputs: Any) -> bpy.types.NodeOutputs:
        """Use another group; return its outputs."""
        node = self.tree.nodes.new("GeometryNodeGroup")
        node.parent = self._frame
        node.node_tree = tree
        node.width = 220
        for socket, value in zip(node.inputs, inputs, strict=True):
            self._connect(value, socket)
        return node.outputs

    def capture(
        self, domain: str, geometry: Any, **values: tuple[str, Any]
    ) -> tuple[bpy.types.NodeSocket, ...]:
        """Hold fields, name=(type, field), on the geometry; return it and what it holds."""
        node = self.add("GeometryNodeCaptureAttribute", geometry, domain=domain)
        for name, (kind, _) in values.items():
            node.capture_items.new(kind, name)
        for name, (_, field) in values.items():
            self._connect(field, node.inputs[name])
        return (node.outputs[0], *(node.outputs[name] for name in values))

    def finish(self, *outputs: Any) -> bpy.types.NodeTree:
        """Connect the outputs, hide what is not used and put the nodes in rows and columns."""
        node = self.add("NodeGroupOutput", *outputs)
        node.is_active_output = True
        for group_input in self._group_inputs.values():
            for socket in group_input.outputs:
                socket.hide = not socket.is_linked
        _lay_out(self.tree)
        return self.tree


def _lay_out(tree: bpy.types.NodeTree) -> None:
    """Put every node right of what it reads, and every frame in a band of its own."""
    column: dict[str, int] = {}

    def column_of(node: bpy.types.Node) -> int:
        if node.name not in column:
            column[node.name] = 0
            sources = [link.from_node for socket in node.inputs for link in socket.links]
            column[node.name] = max((column_of(source) + 1 for source in sources), default=0)
        return column[node.name]

    top = 0.0
    frames = [node for node in tree.nodes if node.bl_idname == "NodeFrame"]
    for frame in [*frames, None]:
        bottom: dict[int, float] = {}
        for node in tree.nodes:
            if node.parent == frame and node.bl_idname != "NodeFrame":
                place = column_of(node)
                node.location = (260 * place, bottom.get(place, top))
                visible = sum(not socket.hide for socket in [*node.inputs, *node.outputs])
                bottom[place] = node.location.y - 90 - 24 * visible
        top = min(bottom.values(), default=top) - 120


def _corners_of_cell() -> bpy.types.NodeTree:
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


def _lattice_axis() -> bpy.types.NodeTree:
    """`relief.lattice`, for one axis."""
    wiring = Wiring(
        "Zograscope lattice axis",
        {"Size": "Float", "Resolution": "Float", "Start": "Float", "End": "Float"},
        {"Vertices": "Int", "Length": "Float", "Centre": "Float", "Step": "Float"},
    )
    padded = wiring.math("ADD", wiring["Size"], 1.0)
    cells = wiring.rounded(wiring.math("MULTIPLY", padded, wiring["Resolution"]))
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


def _depth() -> bpy.types.NodeTree:
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


def _sampled_disparity(
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
    iterations = wiring.rounded(wiring.math("MULTIPLY", variance, 2.5))
    # On the vertices a face's cut becomes "touches a cut face"; weight 0 keeps those still.
    free = wiring.add("FunctionNodeBooleanMath", cut, operation="NOT").outputs[0]
    blurred = wiring.add(
        "GeometryNodeBlurAttribute", sampled, iterations, free, data_type="FLOAT"
    ).outputs[0]
    mesh, smoothed = wiring.capture("POINT", mesh, Smoothed=("FLOAT", blurred))
    return wiring.finish(mesh, smoothed, cut)


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
    existing = bpy.data.node_groups.get((GROUP_NAME, None))
    return existing or _build_relief_group()


def _build_relief_group() -> bpy.types.NodeTree:
    wiring = Wiring(GROUP_NAME, {}, {"Mesh": "Geometry"})
    _declare_inputs(wiring.tree.interface)
    depth_group, corners_group = _depth(), _corners_of_cell()
    axis_group = _lattice_axis()
    sampled_group = _sampled_disparity(depth_group, corners_group)

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


def _identifier(modifier: bpy.types.Modifier, name: str) -> str:
    return next(
        item.identifier
        for item in modifier.node_group.interface.items_tree
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name == name
    )


def set_input(modifier: bpy.types.Modifier, name: str, value: Any) -> None:
    """Set one of the relief's inputs. Blender 5.2 gave the inputs of a modifier a proper place."""
    identifier = _identifier(modifier, name)
    if hasattr(modifier, "properties"):
        getattr(modifier.properties.inputs, identifier).value = value
    else:
        modifier[identifier] = value


def input_path(modifier: bpy.types.Modifier, name: str) -> str:
    """Return the data path, from the object, at which one of the relief's inputs is driven."""
    identifier = _identifier(modifier, name)
    if hasattr(modifier, "properties"):
        return f'modifiers["{modifier.name}"].properties.inputs.{identifier}.value'
    return f'modifiers["{modifier.name}"]["{identifier}"]'
