"""A walk as a world: its frames all around, in mirrored tiles.

A model's images are no panoramas. Here longitude and latitude run through the picture as through a
floor of tiles, every other of which is mirrored, so that no edge shows anywhere, nor at the back.
An even number of tiles goes around. Straight above and below, the tiles draw together. A network's
outermost pixels are often darker than the rest, and are left out.
"""

import math

import bpy

from ..frame_sequences import add_picture, tree_shows
from ..shading import add_node

TILES, ASPECT = "Tiles", "Aspect"
USUAL_TILES = 6
RIM = 0.02  # of the picture, left out on each side
HALF_TURNS = 1 / math.pi
FIELD_OF_VIEW = math.radians(80)


def find(image: bpy.types.Image, scene: bpy.types.Scene) -> bpy.types.World | None:
    """Return a scene's world, if it shows an image sequence."""
    world = scene.world
    shows = world is not None and tree_shows(world.node_tree, image)
    return world if shows else None


def show(
    image: bpy.types.Image, size: tuple[int, int], scene: bpy.types.Scene
) -> bpy.types.Object | None:
    """Let a scene's world be an image sequence; return the camera, where one was missing.

    The world that the scene had stays in the file.
    """
    if scene.world is not None:
        scene.world.use_fake_user = True
    scene.world = _world(image, size)
    if scene.camera is not None:
        return None
    data = bpy.data.cameras.new(f"{image.name} camera")
    data.sensor_fit, data.angle = "HORIZONTAL", FIELD_OF_VIEW
    camera = bpy.data.objects.new(data.name, data)
    camera.rotation_euler = (math.radians(90), 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def fit(world: bpy.types.World, aspect: float) -> None:
    """Let a world's tiles have another shape, width over height."""
    node: bpy.types.Node | None = world.node_tree.nodes.get(ASPECT)
    if node is not None:
        node.outputs[0].default_value = aspect


def _world(image: bpy.types.Image, size: tuple[int, int]) -> bpy.types.World:
    world = bpy.data.worlds.new(f"{image.name} world")
    if world.node_tree is None:  # Blender before 5 makes worlds without nodes
        world.use_nodes = True
    tree = world.node_tree
    tree.nodes.clear()
    inner = (1.0 - 2.0 * RIM, RIM)
    way = add_node(tree, "ShaderNodeTexCoord", -1500, 0)
    parts = add_node(tree, "ShaderNodeSeparateXYZ", -1300, 0)
    around = _math(tree, -1100, 120, "ARCTAN2", parts.outputs["X"], parts.outputs["Y"])
    above = _math(tree, -1100, -80, "ARCSINE", parts.outputs["Z"])
    tiles = add_node(tree, "ShaderNodeValue", -1300, 320, name=TILES, label=TILES)
    tiles.outputs[0].default_value = USUAL_TILES
    aspect = add_node(tree, "ShaderNodeValue", -1300, -260, name=ASPECT, label=ASPECT)
    aspect.outputs[0].default_value = size[0] / size[1]
    # An even number around, so that the picture meets itself at the back.
    pairs = _math(tree, -1100, 320, "ROUND", _math(tree, -1200, 440, "MULTIPLY", tiles, 0.5))
    pairs = _math(tree, -1000, 320, "MAXIMUM", pairs, 1.0)
    # Half a turn, pi, is so many pairs of half tiles.
    scale = _math(tree, -900, 320, "MULTIPLY", pairs, HALF_TURNS)
    across = _math(tree, -700, 120, "MULTIPLY_ADD", around, scale, 0.5)
    up_scale = _math(tree, -900, -260, "MULTIPLY", scale, aspect)
    up = _math(tree, -700, -80, "MULTIPLY_ADD", above, up_scale, 0.5)
    across, up = (
        _math(tree, -550, y, "MULTIPLY_ADD", _math(tree, -620, y, "PINGPONG", way, 1.0), *inner)
        for y, way in ((120, across), (-80, up))
    )
    place = add_node(tree, "ShaderNodeCombineXYZ", -450, 0)
    picture = add_picture(tree, -300, 0, image)
    background = add_node(tree, "ShaderNodeBackground", 0, 0)
    output = add_node(tree, "ShaderNodeOutputWorld", 200, 0)
    for source, target in (
        (way.outputs["Generated"], parts.inputs[0]),
        (across, place.inputs["X"]),
        (up, place.inputs["Y"]),
        (place.outputs[0], picture.inputs["Vector"]),
        (picture.outputs["Color"], background.inputs["Color"]),
        (background.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(source, target)
    return world


def _math(
    tree: bpy.types.NodeTree,
    x: float,
    y: float,
    operation: str,
    *values: float | bpy.types.NodeSocket | bpy.types.Node,
) -> bpy.types.NodeSocket:
    """Add a node that computes with sockets, the first outputs of nodes, and numbers."""
    node = add_node(tree, "ShaderNodeMath", x, y, operation=operation)
    for value, socket in zip(values, node.inputs, strict=False):
        source = value.outputs[0] if isinstance(value, bpy.types.Node) else value
        if isinstance(source, bpy.types.NodeSocket):
            tree.links.new(source, socket)
        else:
            socket.default_value = source
    return node.outputs[0]
