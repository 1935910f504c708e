"""Arrays become Blender data: the diorama's objects, images, materials and camera at rest.

Everything hangs below one root empty. Its children live in rest-camera space (x right, y up,
looking along -z), and the root turns that so that the camera looks along the world's +Y with Z up.
The artist's settings are custom properties of the root, animatable like any other; plain drivers
without Python carry them to every layer: the .blend needs no extension and no permission to run
scripts.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from ..drivers import drive, drive_by_least
from ..meshes import mesh_of_faces, sphere
from ..node_wiring import input_path, set_input
from ..pictures import file_bytes, image_from_bytes, map_image
from ..scenes import PART_MARK, add_part, show_untouched
from ..shading import declare_lit, drive_lit
from . import materials
from .attention import keep_attention
from .brush import edits
from .diorama import (
    DISPARITY,
    HOLES,
    INTRINSICS,
    PROXY,
    RECTANGLE,
    ROOT_MARK,
    STILL,
    Diorama,
    front_image,
)
from .geometry_nodes import (
    SETTING_RANGES,
    add_relief_modifier,
    picture_inputs,
    relief_modifier,
)
from .plates import depth as plate_depth
from .relief import (
    Intrinsics,
    Rectangle,
    Relief,
    Settings,
    photograph_rectangle,
)

SENSOR_WIDTH = 36.0
VIEWPORT_CELLS = 640
RENDER_CELLS = 2048
"""Cells along the long side that a new diorama starts with, if it has as many pixels."""

UNITS = {"near": "DISTANCE", "far": "DISTANCE", "smoothing": "PIXEL"}
"""In what a setting is shown where it is not a share."""

DOME_RADIUS = 8.0
CLIP_START = 0.02
CLIP_END = 20.0
"""The surround's radius and the camera's clipping, as factors of far, near and far."""


def build_diorama(
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    name: str,
    scene: bpy.types.Scene,
) -> Diorama:
    """Build a diorama from the result of the server's task `diorama` and link it into a scene.

    Of the scene itself only a missing camera is set; see `prepare_scene`.
    """
    collection = bpy.data.collections.new(f"{name} diorama")
    scene.collection.children.link(collection)
    intrinsics = _intrinsics(metadata)

    root = add_part(name, None, "root", None, collection)
    root.rotation_euler = (math.radians(90), 0, 0)
    root[ROOT_MARK] = 1
    root[INTRINSICS] = vars(intrinsics)
    _declare_settings(root, metadata["depth"], intrinsics)

    rig = add_part(f"{name} camera rig", None, "camera rig", root, collection)
    camera_data = bpy.data.cameras.new(f"{name} camera")
    camera = add_part(f"{name} camera", camera_data, "camera", rig, collection)
    set_rest_lens(camera_data, intrinsics)
    drive(camera_data, "clip_start", root, "near", factor=CLIP_START)
    drive(camera_data, "clip_end", root, "far", factor=CLIP_END)

    photograph = add_layer(f"{name} photograph", "photograph", collection, root)
    background = dome = None
    if "background" in arrays:
        background = add_layer(f"{name} background", "background", collection, root)
    if "dome" in arrays:
        dome = _add_dome(f"{name} dome", arrays["dome"], collection, root)
    diorama = Diorama(collection, root, photograph, background, dome, rig, camera)
    _set_pictures(diorama, arrays, metadata)
    if scene.camera is None:
        scene.camera = camera
    return diorama


def update_depth(
    diorama: Diorama, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> Diorama:
    """Give a diorama the depth of a new estimate of the same photograph.

    Camera, rig, animation, lens and every setting on the root stay as the artist left them; the
    estimate's near and far become the defaults that "Reset to Default Value" brings back. What the
    depth brush painted lies over the new estimate as it lay over the old. A baked diorama is baked
    anew.

    Raises ValueError where the result is of a picture of another size.
    """
    photograph = metadata["photograph"]
    expected = diorama.intrinsics
    if (photograph["width"], photograph["height"]) != (expected.width, expected.height):
        raise ValueError(
            f"the new depth is for a picture of {photograph['width']} x {photograph['height']} "
            f"pixels, but {diorama.root.name} was built from {expected.width} x {expected.height}"
        )
    for key in ("near", "far"):
        diorama.root.id_properties_ui(key).update(default=float(metadata["depth"][key]))

    was_live = diorama.is_live
    for layer in diorama.reliefs if not was_live else ():
        make_live(layer, diorama.root)
    if "background" in arrays:
        diorama = _with_background(diorama)
    elif diorama.background is not None:
        bpy.data.objects.remove(diorama.background)
        diorama = replace(diorama, background=None)
    _set_dome(diorama, arrays)
    _set_pictures(diorama, arrays, metadata)
    if not was_live:
        bake(diorama)
    return diorama


def set_background(
    diorama: Diorama,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    *,
    surroundings: bool = False,
) -> Diorama:
    """Give a diorama the background of the server's task `paint_background`.

    With `surroundings` it takes the result's dome and matte as well, or none where no edge is soft.
    """
    was_live = diorama.is_live
    diorama = _with_background(diorama)
    if not was_live:
        make_live(diorama.background, diorama.root)
    _set_background(diorama, arrays, metadata)
    if surroundings:
        _set_dome(diorama, arrays)
        _set_matte(diorama, arrays)
    plate_depth.keep_behind(diorama)
    if not was_live:
        _bake_layer(diorama.background, diorama.relief(diorama.background), diorama.root)
    return diorama


def bake(diorama: Diorama) -> None:
    """Replace the live relief by plain meshes that render the same, at the render's resolution."""
    if not diorama.is_live:
        return
    reliefs = [diorama.relief(layer) for layer in diorama.reliefs]
    for layer, relief in zip(diorama.reliefs, reliefs, strict=True):
        _bake_layer(layer, relief, diorama.root)


def _bake_layer(layer: bpy.types.Object, relief: Relief, root: bpy.types.Object) -> None:
    mesh = mesh_from_arrays(layer.name, relief)
    mesh.materials.append(layer.data.materials[0])
    modifier = relief_modifier(layer)
    for setting, (label, *_) in SETTING_RANGES.items():
        if setting in root:
            layer.driver_remove(input_path(modifier, label))
    layer.modifiers.remove(modifier)
    empty, layer.data = layer.data, mesh
    bpy.data.meshes.remove(empty)


def mesh_from_arrays(name: str, relief: Relief) -> bpy.types.Mesh:
    """Make a mesh of a relief, with its UV map and its `projection` attribute."""
    return mesh_of_faces(name, relief.vertices, relief.faces, relief.uv, relief.projection)


def diorama_layers(diorama: Diorama) -> dict[str, dict[str, Any]]:
    """Return what `export_mesh` needs of each layer, with the artist's own modifiers applied.

    name -> {"vertices": float32 (n, 3), y up, in the diorama's own space; "triangles": int32
    (m, 3); "uv": float32 (n, 2); "texture": the picture file's bytes}.
    """
    root = diorama.root
    viewport = root["viewport_resolution"]
    root["viewport_resolution"], root[PROXY] = root["render_resolution"], 1.0
    root.update_tag()
    try:
        dependencies = bpy.context.evaluated_depsgraph_get()
        dependencies.update()
        return {
            layer[PART_MARK]: _evaluated_arrays(layer.evaluated_get(dependencies))
            | {"texture": file_bytes(materials.picture_of(layer.data.materials[0]))}
            for layer in diorama.layers
        }
    finally:
        root["viewport_resolution"] = viewport
        root.update_tag()


def _evaluated_arrays(layer: bpy.types.Object) -> dict[str, np.ndarray]:
    mesh = layer.to_mesh()
    vertices = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", vertices.ravel())
    triangles = np.empty((len(mesh.loop_triangles), 3), np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles.ravel())
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    corner_uv = np.empty((len(mesh.loops), 2), np.float32)
    mesh.attributes["UVMap"].data.foreach_get("vector", corner_uv.ravel())
    uv = np.empty((len(vertices), 2), np.float32)
    uv[corners] = corner_uv  # all corners of a vertex share its place in the picture
    layer.to_mesh_clear()
    return {"vertices": vertices, "triangles": triangles, "uv": uv}


def set_rest_lens(camera: bpy.types.Camera, intrinsics: Intrinsics) -> None:
    """Give a camera the field of view of the photograph: at rest it sees exactly its pixels."""
    width, height = intrinsics.width, intrinsics.height
    camera.sensor_fit = "HORIZONTAL"
    camera.sensor_width = SENSOR_WIDTH
    camera.lens = intrinsics.focal_length * SENSOR_WIDTH / width
    camera.shift_x = 0.5 - intrinsics.cx / width
    camera.shift_y = (intrinsics.cy - height / 2) / width


def prepare_scene(
    scene: bpy.types.Scene, diorama: Diorama, size: tuple[int, int] | None = None
) -> None:
    """Set a scene up to show a diorama's colours untouched, at `size` or at the photograph's.

    Takes over the camera, resolution, colour management, pixel filter and Workbench's shading: for
    a new scene, or where the artist asks for it.
    """
    own_size = diorama.intrinsics.width, diorama.intrinsics.height
    show_untouched(scene, diorama.camera, size or own_size)
    # A pixel then is the mean of its own area and nothing of its neighbours'.
    scene.cycles.pixel_filter_type = "BOX"


def is_prepared(scene: bpy.types.Scene, diorama: Diorama) -> bool:
    """Whether a scene shows a diorama as `prepare_scene` does: through its camera, at its size."""
    size = diorama.intrinsics.width, diorama.intrinsics.height
    render = scene.render
    return scene.camera == diorama.camera and (render.resolution_x, render.resolution_y) == size


def set_smooth_filter(diorama: Diorama, smooth: bool) -> None:
    """Choose between the exact picture (sharp pixels) and one interpolated for close views."""
    for layer in diorama.reliefs:
        materials.set_smooth_filter(layer.data.materials[0], smooth)


def disparity_image(name: str, disparity: np.ndarray) -> bpy.types.Image:
    """Make a float image of a disparity map (h, w) whose row 0 is the top, packed without loss."""
    return map_image(name, disparity[..., None])


def _intrinsics(metadata: Mapping[str, Any]) -> Intrinsics:
    camera, photograph = metadata["intrinsics"], metadata["photograph"]
    return Intrinsics(
        focal_length=float(camera["focal_length"]),
        cx=float(camera["cx"]),
        cy=float(camera["cy"]),
        width=int(photograph["width"]),
        height=int(photograph["height"]),
    )


def _declare_settings(
    root: bpy.types.Object, depth: Mapping[str, Any], intrinsics: Intrinsics
) -> None:
    """Put the artist's settings on the root, with ranges, defaults and descriptions."""
    start = Settings(near=float(depth["near"]), far=float(depth["far"]))
    long_side = max(intrinsics.width, intrinsics.height)
    resolutions = {
        "viewport_resolution": min(1.0, VIEWPORT_CELLS / long_side),
        "render_resolution": min(1.0, RENDER_CELLS / long_side),
    }
    for key, (_, minimum, soft_maximum, maximum, description) in SETTING_RANGES.items():
        value = resolutions.get(key) or getattr(start, key)
        root[key] = value
        root.id_properties_ui(key).update(
            default=value,
            min=minimum,
            max=maximum,
            soft_min=minimum,
            soft_max=soft_maximum,
            description=description,
            subtype=UNITS.get(key, "NONE"),
        )
    root[PROXY] = 1.0
    root.id_properties_ui(PROXY).update(
        default=1.0, min=0.0, max=1.0, description="Held down while a slider is dragged"
    )
    declare_lit(root)


def _with_background(diorama: Diorama) -> Diorama:
    """Return a diorama that has a background, still without its picture where it had none."""
    if diorama.background is not None:
        return diorama
    name = f"{diorama.root.name} background"
    background = add_layer(name, "background", diorama.collection, diorama.root)
    return replace(diorama, background=background)


def add_layer(
    name: str, part: str, collection: bpy.types.Collection, root: bpy.types.Object
) -> bpy.types.Object:
    """Add a layer that its modifier will shape (see `replace_picture` and `shape_layer`)."""
    layer = add_part(name, bpy.data.meshes.new(name), part, root, collection)
    material = materials.picture_material(name)
    layer.data.materials.append(material)
    drive_lit(material, root)
    make_live(layer, root)
    return layer


def make_live(layer: bpy.types.Object, root: bpy.types.Object) -> None:
    """Let a modifier make the layer's relief, driven by the settings on the root."""
    old = layer.data
    if len(old.vertices):
        layer.data = bpy.data.meshes.new(layer.name)
        layer.data.materials.append(old.materials[0])
        bpy.data.meshes.remove(old)
    modifier = add_relief_modifier(layer, {"Material": layer.data.materials[0]})
    for key, (label, *_) in SETTING_RANGES.items():
        path = input_path(modifier, label)
        if key == "viewport_resolution" and PROXY in root:
            drive_by_least(layer, path, root, (key, PROXY))
        else:
            drive(layer, path, root, key)


def _set_pictures(
    diorama: Diorama, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> None:
    """Show a result's pictures and disparities on the layers, in place of those they had."""
    keep_attention(diorama.root, arrays)
    layer, rectangle = diorama.photograph, photograph_rectangle(diorama.intrinsics)
    still = layer.get(STILL)
    if still is not None:
        layer[STILL] = image_from_bytes(layer.name, arrays["photograph"].tobytes())
        bpy.data.images.remove(still)
    elif HOLES not in layer:  # else it has lost its plates' pixels, and they shall stay away
        picture = image_from_bytes(layer.name, arrays["photograph"].tobytes())
        replace_picture(layer, picture, rectangle)
    shape_layer(diorama, layer, arrays["disparity"], rectangle)
    _set_matte(diorama, arrays)
    if diorama.background:
        _set_background(diorama, arrays, metadata)
    plate_depth.follow(diorama)


def _set_matte(diorama: Diorama, arrays: Mapping[str, np.ndarray]) -> None:
    """Give the photograph the matte of a result, or none where it has none."""
    layer, matte = diorama.photograph, arrays.get("matte")
    materials.set_matte(
        layer.data.materials[0],
        None if matte is None else image_from_bytes(f"{layer.name} matte", matte.tobytes()),
    )


def _set_background(
    diorama: Diorama, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> None:
    layer = diorama.background
    left, top, right, bottom = map(float, metadata["background"]["rectangle"])
    rectangle = (left, top, right, bottom)
    replace_picture(layer, image_from_bytes(layer.name, arrays["background"].tobytes()), rectangle)
    shape_layer(diorama, layer, arrays["background_disparity"], rectangle)


def replace_picture(
    layer: bpy.types.Object, picture: bpy.types.Image, rectangle: Rectangle
) -> None:
    """Let a layer show another picture, which fills a rectangle of the photograph's pixels."""
    material = layer.data.materials[0]
    old = materials.picture_of(material)
    materials.set_picture(material, picture, rectangle)
    if old is not None:
        bpy.data.images.remove(old)


def shape_layer(
    diorama: Diorama, layer: bpy.types.Object, disparity: np.ndarray, rectangle: Rectangle
) -> None:
    """Give a live layer the relief of a disparity map that fills a rectangle of pixels."""
    old = layer.get(DISPARITY)
    layer[DISPARITY] = disparity_image(f"{layer.name} disparity", disparity)
    layer[RECTANGLE] = rectangle
    edits.carry_over(layer)
    inputs = picture_inputs(diorama.intrinsics, rectangle) | {"Disparity": layer[DISPARITY]}
    if layer == diorama.background:
        inputs |= {"Behind": True, "Disparity in front": front_image(diorama)}
    for name, value in inputs.items():
        set_input(relief_modifier(layer), name, value)
    if old is not None:
        bpy.data.images.remove(old)
    layer.update_tag()


def _set_dome(diorama: Diorama, arrays: Mapping[str, np.ndarray]) -> None:
    """Show the dome of a result in place of the one that was there; nothing without both."""
    if "dome" in arrays and diorama.dome is not None:
        material = diorama.dome.data.materials[0]
        old = materials.picture_of(material)
        image = image_from_bytes(old.name, arrays["dome"].tobytes())
        material.node_tree.nodes[materials.PICTURE].image = image
        bpy.data.images.remove(old)


def _add_dome(
    name: str, picture: np.ndarray, collection: bpy.types.Collection, root: bpy.types.Object
) -> bpy.types.Object:
    """Add the surround, a sphere about the rest camera that only cameras see; it grows with far."""
    dome = add_part(name, sphere(name, DOME_RADIUS), "dome", root, collection)
    image = image_from_bytes(name, picture.tobytes())
    dome.data.materials.append(materials.dome_material(name, image))
    dome.hide_select = True
    dome.visible_shadow = dome.visible_diffuse = dome.visible_glossy = False
    dome.visible_transmission = dome.visible_volume_scatter = False
    for axis in range(3):
        drive(dome, "scale", root, "far", index=axis)
    return dome
