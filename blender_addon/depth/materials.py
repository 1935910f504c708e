"""How a diorama looks: the photograph as its own light, projected exactly, or lit by lamps.

A vertex carries `projection` = (u z, v z, z), which is linear along any straight line in space. So
xy / z is the exact photograph pixel wherever a ray meets a face, at any resolution of the mesh, in
Cycles and EEVEE. Workbench shows the active image texture through the UV map.
"""

import bpy

from ..shading import EMISSION, add_node, add_surface, add_transparency, new_material
from .relief import Rectangle

PICTURE = "Picture"
SCALE = "Picture scale"
OFFSET = "Picture offset"
CLIP = "Clip"


def picture_material(name: str) -> bpy.types.Material:
    """Make a layer's material, still without its picture (see `set_picture`).

    Its value node "Lit" shows the photograph as it is, or lit by lamps (see `shading.add_surface`).
    """
    material = new_material(name)
    tree = material.node_tree
    projection = add_node(tree, "ShaderNodeAttribute", -1300, 0, attribute_name="projection")
    parts = add_node(tree, "ShaderNodeSeparateXYZ", -1100, -160)
    depth = add_node(tree, "ShaderNodeCombineXYZ", -920, -160, label="Depth")
    pixel = add_node(tree, "ShaderNodeVectorMath", -740, 0, operation="DIVIDE", label="Pixel")
    scale = add_node(tree, "ShaderNodeCombineXYZ", -740, -220, name=SCALE, label=SCALE)
    offset = add_node(tree, "ShaderNodeCombineXYZ", -740, -400, name=OFFSET, label=OFFSET)
    place = add_node(
        tree, "ShaderNodeVectorMath", -540, 0, operation="MULTIPLY_ADD", label="Picture place"
    )
    texture = _picture_node(tree, -340, 0)
    texture.interpolation = "Closest"
    for source, target in (
        (projection.outputs["Vector"], parts.inputs[0]),
        (parts.outputs["Z"], depth.inputs["X"]),
        (parts.outputs["Z"], depth.inputs["Y"]),
        (parts.outputs["Z"], depth.inputs["Z"]),
        (projection.outputs["Vector"], pixel.inputs[0]),
        (depth.outputs[0], pixel.inputs[1]),
        (pixel.outputs[0], place.inputs[0]),
        (scale.outputs[0], place.inputs[1]),
        (offset.outputs[0], place.inputs[2]),
        (place.outputs[0], texture.inputs["Vector"]),
    ):
        tree.links.new(source, target)
    add_surface(tree, texture.outputs["Color"])
    return material


def set_picture(material: bpy.types.Material, image: bpy.types.Image, rectangle: Rectangle) -> None:
    """Show a picture that fills `rectangle` of the photograph's pixel plane."""
    left, top, right, bottom = rectangle
    nodes = material.node_tree.nodes
    nodes[PICTURE].image = image
    for name, x, y in (
        (SCALE, 1 / (right - left), 1 / (top - bottom)),
        (OFFSET, -left / (right - left), -bottom / (top - bottom)),
    ):
        nodes[name].inputs["X"].default_value = x
        nodes[name].inputs["Y"].default_value = y


def clip(material: bpy.types.Material) -> None:
    """Show nothing where the picture's alpha is 0, with a hard edge: whoever lies behind shows.

    Workbench does so by itself.
    """
    tree = material.node_tree
    if CLIP in tree.nodes:
        return
    alpha = add_node(tree, "ShaderNodeMath", 0, -420, name=CLIP, operation="GREATER_THAN")
    tree.links.new(tree.nodes[PICTURE].outputs["Alpha"], alpha.inputs[0])
    alpha.inputs[1].default_value = 0.5
    add_transparency(tree, alpha.outputs[0])


def set_smooth_filter(material: bpy.types.Material, smooth: bool) -> None:
    """Choose between the exact picture (sharp pixels) and one interpolated for close views."""
    material.node_tree.nodes[PICTURE].interpolation = "Linear" if smooth else "Closest"


def is_smooth(material: bpy.types.Material) -> bool:
    """Whether a material's picture is interpolated."""
    return material.node_tree.nodes[PICTURE].interpolation == "Linear"


def dome_material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    """Make the material of the surround: the equirectangular picture through the dome's UV map."""
    material = new_material(name)
    tree = material.node_tree
    texture = _picture_node(tree, -340, 0)
    texture.image = image
    emission = add_node(tree, "ShaderNodeEmission", 0, 0, name=EMISSION)
    output = add_node(tree, "ShaderNodeOutputMaterial", 200, 0)
    tree.links.new(texture.outputs["Color"], emission.inputs["Color"])
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return material


def picture_of(material: bpy.types.Material) -> bpy.types.Image:
    """Return the image that a material of this module shows."""
    return material.node_tree.nodes[PICTURE].image


def _picture_node(tree: bpy.types.NodeTree, x: float, y: float) -> bpy.types.Node:
    """Add the image texture; as the active one it is what Workbench and the viewport show."""
    texture = add_node(tree, "ShaderNodeTexImage", x, y, name=PICTURE, extension="EXTEND")
    tree.nodes.active = texture
    return texture
