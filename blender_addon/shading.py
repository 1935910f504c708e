"""What all materials of Zograscope share."""

import bpy

from .drivers import drive

EMISSION = "Emission"
LIT = "Lit"


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


def add_surface(
    tree: bpy.types.NodeTree,
    colour: bpy.types.NodeSocket,
    alpha: bpy.types.NodeSocket | None = None,
) -> None:
    """Let a material show a picture's colour, by its own light or by that of lamps.

    Its value node "Lit" mixes from 0, the picture as it is, untouched by lights and shadows, to 1,
    a rough surface with the picture as its base colour. Where alpha is 0, nothing is seen.
    """
    emission = add_node(tree, "ShaderNodeEmission", 0, 100, name=EMISSION)
    surface = add_node(tree, "ShaderNodeBsdfPrincipled", 0, -60)
    surface.inputs["Roughness"].default_value = 1.0
    surface.inputs["Specular IOR Level"].default_value = 0.0
    lit = add_node(tree, "ShaderNodeValue", 0, 220, name=LIT, label=LIT)
    lit.outputs[0].default_value = 0.0
    mix = add_node(tree, "ShaderNodeMixShader", 320, 100)
    output = add_node(tree, "ShaderNodeOutputMaterial", 520, 100)
    for source, target in (
        (colour, emission.inputs["Color"]),
        (colour, surface.inputs["Base Color"]),
        (lit.outputs[0], mix.inputs[0]),
        (emission.outputs[0], mix.inputs[1]),
        (surface.outputs[0], mix.inputs[2]),
        (mix.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(source, target)
    if alpha is not None:
        add_transparency(tree, alpha)


def add_transparency(tree: bpy.types.NodeTree, alpha: bpy.types.NodeSocket) -> None:
    """Let nothing be seen of a material's surface where alpha is 0."""
    output = next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL")
    surface = output.inputs["Surface"].links[0].from_socket
    clear = add_node(tree, "ShaderNodeBsdfTransparent", 320, -100)
    seen = add_node(tree, "ShaderNodeMixShader", 420, 0)
    for number, part in enumerate((alpha, clear.outputs[0], surface)):
        tree.links.new(part, seen.inputs[number])
    tree.links.new(seen.outputs[0], output.inputs["Surface"])


def drive_lit(material: bpy.types.Material, root: bpy.types.Object) -> None:
    """Let the material's "Lit" follow the setting `lit` on a root object."""
    lit = material.node_tree.nodes[LIT].outputs[0]
    drive(material.node_tree, lit.path_from_id("default_value"), root, "lit")


def declare_lit(root: bpy.types.Object) -> None:
    """Put the setting `lit` on a root object, with its range and description."""
    root["lit"] = 0.0
    root.id_properties_ui("lit").update(
        default=0.0,
        min=0.0,
        max=1.0,
        description="0 shows the photograph as it is, 1 lights it with the scene's lamps",
    )
