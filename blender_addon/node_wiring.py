"""Builds node groups by script, one expression at a time, and sets their modifiers' inputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


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
            self.connect(value, socket)
        return node

    def connect(self, value: Any, socket: bpy.types.NodeSocket) -> None:
        """Give a socket a value or another socket's; None leaves it as it is."""
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

    def vectors(self, operation: str, *values: Any) -> bpy.types.NodeSocket:
        """Add a vector operation that gives a vector."""
        return self.add("ShaderNodeVectorMath", *values, operation=operation).outputs[0]

    def menu(self, kind: str, choice: Any, values: dict[str, Any]) -> bpy.types.NodeSocket:
        """Choose between named values of a type."""
        node = self.add("GeometryNodeMenuSwitch", data_type=kind)
        node.enum_items.clear()
        for name in values:
            node.enum_items.new(name)
        self.connect(choice, node.inputs[0])
        for name, value in values.items():
            self.connect(value, node.inputs[name])
        return node.outputs[0]

    def pick(self, kind: str, index: Any, values: list[Any]) -> bpy.types.NodeSocket:
        """Choose one of several values of a type by its number."""
        node = self.add("GeometryNodeIndexSwitch", data_type=kind)
        while len(node.index_switch_items) < len(values):
            node.index_switch_items.new()
        for value, socket in zip([index, *values], node.inputs, strict=False):
            self.connect(value, socket)
        return node.outputs[0]

    def named(self, kind: str, name: Any) -> bpy.types.NodeSocket:
        """Read a named attribute; 0 where there is none."""
        return self.add("GeometryNodeInputNamedAttribute", name, data_type=kind).outputs[0]

    def statistic(self, geometry: Any, value: Any) -> dict[str, bpy.types.NodeSocket]:
        """Return the statistics of a field of numbers over the points, by name."""
        node = self.add("GeometryNodeAttributeStatistic", geometry, None, value, domain="POINT")
        return {socket.name: socket for socket in node.outputs if socket.enabled}

    def mix(self, kind: str, factor: Any, start: Any, end: Any) -> bpy.types.NodeSocket:
        """Mix two values of a type."""
        node = self.add("ShaderNodeMix", factor, start, end, data_type=kind)
        return next(socket for socket in node.outputs if socket.enabled)

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
            self.connect(value, socket)
        return node.outputs

    def capture(
        self, domain: str, geometry: Any, **values: tuple[str, Any]
    ) -> tuple[bpy.types.NodeSocket, ...]:
        """Hold fields, name=(type, field), on the geometry; return it and what it holds."""
        node = self.add("GeometryNodeCaptureAttribute", geometry, domain=domain)
        for name, (kind, _) in values.items():
            node.capture_items.new(kind, name)
        for name, (_, field) in values.items():
            self.connect(field, node.inputs[name])
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


def _identifier(modifier: bpy.types.Modifier, name: str) -> str:
    return next(
        item.identifier
        for item in modifier.node_group.interface.items_tree
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name == name
    )


def input_socket(modifier: bpy.types.Modifier, name: str) -> bpy.types.NodeTreeInterfaceSocket:
    """Return the declaration of an input."""
    identifier = _identifier(modifier, name)
    items = modifier.node_group.interface.items_tree
    return next(item for item in items if getattr(item, "identifier", "") == identifier)


def _menu_numbers(group: bpy.types.NodeTree, identifier: str) -> dict[str, int]:
    """Return the numbers by which a modifier before Blender 5.2 holds the choices of a menu."""
    numbers = {}
    for node in group.nodes:
        links = node.inputs[0].links if node.bl_idname == "GeometryNodeMenuSwitch" else ()
        if any(link.from_socket.identifier == identifier for link in links):
            for item in node.inputs[1:]:
                _, _, number = item.identifier.partition("Item_")
                if number:
                    numbers[item.name] = int(number)
    return numbers


def get_input(modifier: bpy.types.Modifier, name: str) -> Any:
    """Return an input of a modifier's group."""
    identifier = _identifier(modifier, name)
    if hasattr(modifier, "properties"):
        return getattr(modifier.properties.inputs, identifier).value
    value, numbers = modifier[identifier], _menu_numbers(modifier.node_group, identifier)
    return next((choice for choice, number in numbers.items() if number == value), value)


def draw_input(layout: bpy.types.UILayout, modifier: bpy.types.Modifier, name: str) -> None:
    """Show an input of a modifier's group in a panel."""
    identifier = _identifier(modifier, name)
    if hasattr(modifier, "properties"):
        layout.prop(getattr(modifier.properties.inputs, identifier), "value", text=name)
    else:
        layout.prop(modifier, f'["{identifier}"]', text=name)


def set_input(modifier: bpy.types.Modifier, name: str, value: Any) -> None:
    """Set an input of a modifier's group; Blender 5.2 gave these inputs a proper place."""
    identifier = _identifier(modifier, name)
    if hasattr(modifier, "properties"):
        getattr(modifier.properties.inputs, identifier).value = value
    else:
        modifier[identifier] = _menu_numbers(modifier.node_group, identifier).get(value, value)


def input_path(modifier: bpy.types.Modifier, name: str) -> str:
    """Return the data path, from the object, at which an input of a modifier's group is driven."""
    identifier = _identifier(modifier, name)
    if hasattr(modifier, "properties"):
        return f'modifiers["{modifier.name}"].properties.inputs.{identifier}.value'
    return f'modifiers["{modifier.name}"]["{identifier}"]'
