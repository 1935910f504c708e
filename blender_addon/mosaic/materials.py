"""How tiles look: each instance says which part of the atlas, or of its close-up, it shows.

The picture is its own light, as in a diorama. Attributes are the instance's; where tiles are plain
meshes ("Realise") there are none, and the UV map itself leads into the atlas.
"""

import bpy

from ..shading import add_node, new_material

PICTURE = "Picture"


def tile_material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    """Make the material of a mosaic's tiles, or of one close-up: it shows `image`, unlit."""
    material = new_material(name)
    tree = material.node_tree
    uv = add_node(tree, "ShaderNodeUVMap", -1100, 100, uv_map="UVMap")
    offset, scale, brightness = (
        add_node(
            tree,
            "ShaderNodeAttribute",
            -1100,
            -60 - 180 * row,
            attribute_name=attribute,
            attribute_type="INSTANCER",
        )
        for row, attribute in enumerate(("picture_offset", "picture_scale", "brightness"))
    )
    within = add_node(
        tree, "ShaderNodeVectorMath", -860, 0, operation="MULTIPLY_ADD", label="Part of picture"
    )
    size = add_node(tree, "ShaderNodeVectorMath", -860, -240, operation="LENGTH")
    instanced = add_node(
        tree, "ShaderNodeMath", -660, -240, operation="GREATER_THAN", label="Is an instance"
    )
    instanced.inputs[1].default_value = 0.0
    place = add_node(tree, "ShaderNodeMix", -460, 0, data_type="VECTOR", label="Place")
    light = add_node(tree, "ShaderNodeMix", -460, -240, data_type="FLOAT", label="Brightness")
    light.inputs["A"].default_value = 1.0
    texture = add_node(tree, "ShaderNodeTexImage", -260, 0, name=PICTURE, extension="EXTEND")
    texture.image = image
    tree.nodes.active = texture  # what Workbench and the viewport show
    emission = add_node(tree, "ShaderNodeEmission", 40, 0)
    output = add_node(tree, "ShaderNodeOutputMaterial", 240, 0)
    _, plain, part = (socket for socket in place.inputs if socket.enabled)
    for source, target in (
        (uv.outputs["UV"], within.inputs[0]),
        (scale.outputs["Vector"], within.inputs[1]),
        (offset.outputs["Vector"], within.inputs[2]),
        (scale.outputs["Vector"], size.inputs[0]),
        (size.outputs["Value"], instanced.inputs[0]),
        (instanced.outputs[0], place.inputs["Factor"]),
        (uv.outputs["UV"], plain),
        (within.outputs[0], part),
        (instanced.outputs[0], light.inputs["Factor"]),
        (brightness.outputs["Fac"], light.inputs["B"]),
        (next(socket for socket in place.outputs if socket.enabled), texture.inputs["Vector"]),
        (texture.outputs["Color"], emission.inputs["Color"]),
        (light.outputs["Result"], emission.inputs["Strength"]),
        (emission.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(source, target)
    return material


def plain_material(name: str, colour: tuple[float, float, float, float]) -> bpy.types.Material:
    """Make a material of one colour that is its own light."""
    material = new_material(name)
    tree = material.node_tree
    emission = add_node(tree, "ShaderNodeEmission", 0, 0)
    emission.inputs["Color"].default_value = colour
    output = add_node(tree, "ShaderNodeOutputMaterial", 200, 0)
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    material.diffuse_color = colour
    return material
