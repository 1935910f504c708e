"""How a diorama looks: the photograph as its own light, projected exactly, or lit by lamps.

A vertex carries `projection` = (u z, v z, z), which is linear along any straight line in space. So
xy / z is the exact photograph pixel wherever a ray meets a face, at any resolution of the mesh, in
Cycles and EEVEE. Workbench shows the active image texture through the UV map.

Soft edges have a matte, the near thing's own colour and share. The photograph is that blended with
what was behind it, so a matte counts only as far as a pixel is not seen along its own ray: from the
rest camera the picture stays exact. Workbench, which blends no textures, shows the photograph.
"""

import math

import bpy

from ..shading import EMISSION, add_node, add_surface, add_transparency, new_material
from .relief import Rectangle

PICTURE = "Picture"
SCALE = "Picture scale"
OFFSET = "Picture offset"
CLIP = "Clip"
PLACE = "Picture place"
MATTE = "Matte"
MATTE_SHARE = "Matte share"
ASIDE = (math.radians(0.01), math.radians(0.1))
"""Between these angles off a pixel's own ray its matte fades in."""
SOFT = 0.99  # opacity from which on a pixel has its own colour in the photograph


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
        tree, "ShaderNodeVectorMath", -540, 0, operation="MULTIPLY_ADD", name=PLACE, label=PLACE
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


def set_matte(material: bpy.types.Material, image: bpy.types.Image | None) -> None:
    """Give a layer's soft edges their matte, over all of its picture; None takes it away."""
    tree = material.node_tree
    if MATTE not in tree.nodes:
        if image is None:
            return
        _add_matte(tree)
    old = tree.nodes[MATTE].image
    tree.nodes[MATTE].image = image
    tree.nodes[MATTE_SHARE].inputs[1].default_value = 0.0 if image is None else 1.0
    if old is not None:
        bpy.data.images.remove(old)


def _add_matte(tree: bpy.types.NodeTree) -> None:
    """Wire a matte in between a picture and its surface."""
    texture = add_node(tree, "ShaderNodeTexImage", -340, 500, name=MATTE, extension="EXTEND")
    share = add_node(
        tree, "ShaderNodeMath", -100, 700, name=MATTE_SHARE, label=MATTE_SHARE, operation="MULTIPLY"
    )
    tree.links.new(_aside(tree), share.inputs[0])
    soft = add_node(tree, "ShaderNodeMath", -100, 520, operation="LESS_THAN", label="Soft")
    soft.inputs[1].default_value = SOFT
    own = add_node(tree, "ShaderNodeMath", 80, 620, operation="MULTIPLY", label="Own colour")
    colour = add_node(tree, "ShaderNodeMixRGB", 80, 420, label="Near colour")
    missing = add_node(tree, "ShaderNodeMath", 80, 820, operation="SUBTRACT", label="Missing")
    missing.inputs[0].default_value = 1.0
    shown = add_node(tree, "ShaderNodeMath", 260, 820, operation="MULTIPLY", label="Uncovered")
    alpha = add_node(tree, "ShaderNodeMath", 440, 820, operation="SUBTRACT", label="Opacity")
    alpha.inputs[0].default_value = 1.0
    picture = tree.nodes[PICTURE].outputs["Color"]
    surfaces = [link.to_socket for link in picture.links]
    for source, target in (
        (tree.nodes[PLACE].outputs[0], texture.inputs["Vector"]),
        (texture.outputs["Alpha"], soft.inputs[0]),
        (soft.outputs[0], own.inputs[0]),
        (share.outputs[0], own.inputs[1]),
        (own.outputs[0], colour.inputs[0]),
        (picture, colour.inputs[1]),
        (texture.outputs["Color"], colour.inputs[2]),
        (texture.outputs["Alpha"], missing.inputs[1]),
        (missing.outputs[0], shown.inputs[0]),
        (share.outputs[0], shown.inputs[1]),
        (shown.outputs[0], alpha.inputs[1]),
        *((colour.outputs[0], surface) for surface in surfaces),
    ):
        tree.links.new(source, target)
    add_transparency(tree, alpha.outputs[0])


def _aside(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    """Add nodes that tell, from 0 to 1, how far a place is not seen along its own ray.

    In a layer's own space the rest camera is the origin, so that the ray of a place is the place.
    """
    view = add_node(tree, "ShaderNodeNewGeometry", -1100, 700)
    local = add_node(
        tree,
        "ShaderNodeVectorTransform",
        -920,
        700,
        vector_type="VECTOR",
        convert_from="WORLD",
        convert_to="OBJECT",
    )
    here = add_node(tree, "ShaderNodeTexCoord", -1100, 480)
    directions = [
        add_node(tree, "ShaderNodeVectorMath", -740, y, operation="NORMALIZE") for y in (700, 500)
    ]
    across = add_node(tree, "ShaderNodeVectorMath", -560, 620, operation="CROSS_PRODUCT")
    sine = add_node(tree, "ShaderNodeVectorMath", -400, 700, operation="LENGTH", label="Aside")
    fade = add_node(tree, "ShaderNodeMapRange", -250, 700, label="Aside")
    fade.inputs["From Min"].default_value, fade.inputs["From Max"].default_value = ASIDE
    for source, target in (
        (view.outputs["Incoming"], local.inputs[0]),
        (local.outputs[0], directions[0].inputs[0]),
        (here.outputs["Object"], directions[1].inputs[0]),
        (directions[0].outputs[0], across.inputs[0]),
        (directions[1].outputs[0], across.inputs[1]),
        (across.outputs[0], sine.inputs[0]),
        (sine.outputs["Value"], fade.inputs["Value"]),
    ):
        tree.links.new(source, target)
    return fade.outputs[0]


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
