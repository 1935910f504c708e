"""Frames that come one after the other: numbered files, and a moving picture that grows with them.

A job that streams frames sends each as a part with an array `file`, an encoded picture; part 0
becomes 0001.png. The scene shows them as an image sequence on a plane, before a camera that sees
exactly the picture. The files lie beside the .blend, so that it shows and renders them without
extension or server.
"""

import contextlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.errors import ZograscopeError

from . import sequencer
from .meshes import unit_plane
from .scenes import add_part, storable
from .shading import add_node, new_material

JOB_MARK = "zograscope_job"
"""On an image sequence, and on the scene that was made for it: the job that sends the frames."""

SEQUENCE_MARK = sequencer.MARK
"""On an image sequence, and on the strips that go with it: the job that sent its first frames. It
stays when a later job's frames take their place."""

FRAMES_MARK = "zograscope_frames"
"""On an image sequence: how many frames it has."""

SCENE_MARK = "zograscope_scene"
"""On an image sequence that a later job may take over: the scene that shows it."""

CAMERA_DISTANCE = 2.0


def new_folder(name: str) -> str:
    """Make a folder for frames, and return its path as a .blend should hold it.

    It lies beside a .blend that has been saved, else in the extension's own folder.
    Raises ZograscopeError `output-exists` where it cannot be made.
    """
    name = bpy.path.clean_name(name)
    if bpy.data.filepath:
        place = Path(bpy.path.abspath("//"))
    else:
        place = Path(bpy.utils.extension_path_user(__package__, path="frames", create=True))
    for number in itertools.count(1):
        folder = place / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise ZograscopeError("output-exists", str(error), path=str(folder)) from error
        return storable(str(folder))
    raise AssertionError("there is always another number")


def remove_empty(folder: str) -> None:
    """Remove a folder that nothing has come to be in, as a .blend holds its path."""
    with contextlib.suppress(OSError):
        Path(bpy.path.abspath(folder)).rmdir()


def find_image(job_id: str) -> bpy.types.Image | None:
    """Return the image sequence of a job's frames, if it is shown already."""
    return next((image for image in bpy.data.images if image.get(JOB_MARK) == job_id), None)


def folder_of(image: bpy.types.Image) -> Path:
    """Return the folder that an image sequence is read from."""
    return Path(bpy.path.abspath(image.filepath)).parent


def is_shown(image: bpy.types.Image) -> bool:
    """Whether the artist has left something that shows an image sequence."""
    if image.get(SCENE_MARK) is None:
        return False
    if any(sequencer.marked(image[SEQUENCE_MARK], "IMAGE")):
        return True
    used = {scene.world for scene in bpy.data.scenes} | {
        slot.material
        for scene in bpy.data.scenes
        for item in scene.objects
        for slot in item.material_slots
    }
    owners = bpy.data.user_map(subset=[image])[image]
    hidden = (bpy.types.Material, bpy.types.World)  # where no object and no scene has them
    return any(not isinstance(owner, hidden) or owner in used for owner in owners)


@dataclass(frozen=True)
class Screen:
    """What shows an image sequence: a plane, and a camera that sees exactly the picture."""

    image: bpy.types.Image
    size: tuple[int, int]
    plane: bpy.types.Object
    camera: bpy.types.Object


def measure(first: Path) -> tuple[int, int]:
    """Return a frame's width and height, which Blender knows of a sequence only once it is shown.

    Raises ZograscopeError `file-unreadable` where it is no picture.
    """
    image = bpy.data.images.load(str(first))
    width, height = image.size
    bpy.data.images.remove(image)
    if not width:
        raise ZograscopeError("file-unreadable", "a frame that is no picture", path=str(first))
    return width, height


def load(job_id: str, first: Path, name: str) -> bpy.types.Image:
    """Return a job's frames, of which the first is here, as an image sequence."""
    image = bpy.data.images.load(str(first))
    image.name, image.source = name, "SEQUENCE"
    image.filepath = storable(str(first))
    image[JOB_MARK] = image[SEQUENCE_MARK] = job_id
    image[FRAMES_MARK] = 1
    return image


def show_anew(image: bpy.types.Image, job_id: str, first: Path) -> None:
    """Let whatever shows an image sequence show another job's frames, of which the first is here.

    A scene that was made for it follows their number, unless the artist has changed its length.
    """
    for scene in bpy.data.scenes:
        if scene.get(JOB_MARK) == image[JOB_MARK]:
            if scene.frame_end == image[FRAMES_MARK]:
                scene[JOB_MARK] = job_id
            else:
                del scene[JOB_MARK]
    image.filepath = storable(str(first))
    image[JOB_MARK], image[FRAMES_MARK] = job_id, 1


def show(job_id: str, first: Path, name: str, scene: bpy.types.Scene) -> Screen:
    """Show a job's frames, of which the first is here, in a scene.

    Of the scene itself only a missing camera is set.
    Raises ZograscopeError `file-unreadable` where the first frame is no picture.
    """
    return show_image(load(job_id, first, name), measure(first), scene)


def show_image(image: bpy.types.Image, size: tuple[int, int], scene: bpy.types.Scene) -> Screen:
    """Show an image sequence, whose frames are of a size, in a scene.

    Of the scene itself only a missing camera is set.
    """
    name, (width, height) = image.name, size
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    plane = add_part(name, unit_plane(name), "frames", None, collection)
    plane.data.materials.append(_material(name, image))
    aspect = width / height
    plane.scale = (aspect, 1.0, 1.0)
    plane.rotation_euler = (math.radians(90), 0.0, 0.0)
    data = bpy.data.cameras.new(f"{name} camera")
    data.type, data.sensor_fit, data.ortho_scale = "ORTHO", "HORIZONTAL", aspect
    camera = add_part(f"{name} camera", data, "camera", None, collection)
    camera.location = (0.0, -CAMERA_DISTANCE, 0.0)
    camera.rotation_euler = plane.rotation_euler
    if scene.camera is None:
        scene.camera = camera
    return Screen(image, size, plane, camera)


def grow(image: bpy.types.Image, count: int) -> None:
    """Let whatever shows an image sequence, and the scene made for it, know how many frames it has.

    Goes through the users that Blender finds, for the artist may have put the image elsewhere too.
    """
    image[FRAMES_MARK] = count
    for user in image_users(image):
        user.frame_duration = count
    sequencer.grow(image[SEQUENCE_MARK], folder_of(image), count)
    for scene in bpy.data.scenes:
        if scene.get(JOB_MARK) == image[JOB_MARK]:
            scene.frame_end = count


def image_users(image: bpy.types.Image) -> Iterator[bpy.types.ImageUser]:
    """Yield how each material, empty and camera that shows an image runs through it."""
    for owner in bpy.data.user_map(subset=[image])[image]:
        for holder in _holders(owner):
            if getattr(holder, "image", None) == image:
                yield holder.image_user
        if getattr(owner, "data", None) == image:
            yield owner.image_user


def tree_shows(tree: bpy.types.NodeTree | None, image: bpy.types.Image) -> bool:
    """Whether a node of a material or a world shows an image."""
    nodes = tree.nodes if tree is not None else ()
    return any(getattr(node, "image", None) == image for node in nodes)


def _holders(owner: bpy.types.ID) -> list[Any]:
    """Return what a data-block has that may hold an image and say how it runs."""
    if isinstance(owner, bpy.types.Camera):
        return list(owner.background_images)
    tree = owner if isinstance(owner, bpy.types.NodeTree) else getattr(owner, "node_tree", None)
    return [node for node in tree.nodes if hasattr(node, "image_user")] if tree else []


def _material(name: str, image: bpy.types.Image) -> bpy.types.Material:
    """Make a material that shows the frames as they are, whatever light there is."""
    material = new_material(name)
    tree = material.node_tree
    picture = add_picture(tree, -400, 0, image)
    shine = add_node(tree, "ShaderNodeEmission", -100, 0)
    output = add_node(tree, "ShaderNodeOutputMaterial", 100, 0)
    tree.links.new(picture.outputs["Color"], shine.inputs["Color"])
    tree.links.new(shine.outputs["Emission"], output.inputs["Surface"])
    return material


def add_picture(
    tree: bpy.types.NodeTree, x: float, y: float, image: bpy.types.Image
) -> bpy.types.Node:
    """Add the node that shows an image sequence, to a material or a world."""
    picture = add_node(tree, "ShaderNodeTexImage", x, y, image=image, extension="EXTEND")
    picture.image_user.use_auto_refresh = True
    picture.image_user.frame_duration = image[FRAMES_MARK]
    tree.nodes.active = picture  # which Workbench shows
    return picture
