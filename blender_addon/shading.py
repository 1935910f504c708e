"""What all materials of Zograscope share."""

import bpy


def new_material(name: str) -> bpy.types.Material:
    """Make a material with an empty node tree that lights nothing."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # Blender before 5 makes materials without nodes
        material.use_nodes = True
    material.node_tree.nodes.clear()
    # A million glowing faces in Cycles' light tree cost seconds and gigabytes, and light nothing.
    material.cycles.emission_sampling = "NONE"
    return material


def add_node(
    tree: bpy.types.NodeTree, kind: str, x: float, y: float, **properties: object
) -> bpy.types.Node:
    """Add a node at a place, with its properties set."""
    node = tree.nodes.new(kind)
    node.location = (x, y)
    for name, value in properties.items():
        setattr(node, name, value)
    return node
