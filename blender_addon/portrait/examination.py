"""What was found in a portrait: its picture, and handles that the artist can move.

The root turns picture space, x right and y up, so that it stands upright before the viewer. The
picture is one unit high and its centre is the root's. A handle that was moved stays moved when the
same face is examined again.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from zograscope_protocol.portrait.tasks import Handle

from ..pictures import image_from_bytes
from ..scenes import PART_MARK, add_part, same_path

ROOT_MARK = "zograscope_examined"
"""On the root: the key of the portrait that was examined."""

FACES = "zograscope_faces"
"""On the root: size, boxes and handles of all faces, in pixels, as JSON."""

FACE = "zograscope_face"
"""On the root: the face whose handles are shown."""

REST = "zograscope_rest"
"""On a handle: where the server found its point, in the root's space."""

HANDLE_SIZE = 0.04  # of the face's width
AROUND = 0.6  # of the faces' height, which is looked at around them
IN_FRONT = 0.004
PARALLEL = 1e-9
MOVED = 1e-4  # of the picture's height; less is rounding


@dataclass(frozen=True)
class Examination:
    """The objects of an examined portrait; found by their marks, so the artist may rename them."""

    root: bpy.types.Object
    picture: bpy.types.Object
    handles: dict[str, bpy.types.Object]

    @property
    def faces(self) -> dict[str, Any]:
        """What was found: `size`, `boxes`, `handles` by face and `names`, in pixels."""
        return json.loads(self.root[FACES])

    def moved_handles(self) -> tuple[Handle, ...]:
        """Return the handles that the artist has moved, in pixels of the whole picture."""
        return tuple(
            (name, *self._pixel(handle.location))
            for name, handle in self.handles.items()
            if _is_moved(handle)
        )

    def around_faces(self) -> tuple[float, float, float, float]:
        """Return left, bottom, right and top of what holds all faces, in the root's space."""
        faces = self.faces
        width, height = faces["size"]
        boxes = np.array(faces["boxes"] or [(0, 0, width, height)], np.float64)
        margin = AROUND * boxes[:, 3].max()
        left, top = np.maximum(boxes[:, :2].min(axis=0) - margin, 0)
        right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) + margin
        ends = np.array([(left, bottom), (min(right, width), top)])
        ends[:, 1] = np.minimum(ends[:, 1], height)
        (left, bottom), (right, top) = (
            (ends - (width / 2, height / 2)) * (1, -1) / height
        ).tolist()
        return left, bottom, right, top

    def _pixel(self, place: Vector) -> tuple[float, float]:
        """Return the pixel at a place in the root's space."""
        width, height = self.faces["size"]
        return (place.x * height / width + 0.5) * width, (0.5 - place.y) * height

    def face_along(
        self, origin: Vector | Sequence[float], direction: Vector | Sequence[float]
    ) -> int | None:
        """Return the face that a ray in world space meets, or the next to it; None beside it all.

        Args:
            origin, direction: three numbers each; the direction's length does not matter.
        """
        inverse = np.array(self.root.matrix_world.inverted())
        start = inverse[:3, :3] @ np.array(origin) + inverse[:3, 3]
        along = inverse[:3, :3] @ np.array(direction)
        faces = self.faces
        if abs(along[2]) < PARALLEL or not faces["boxes"] or -start[2] / along[2] <= 0:
            return None
        place = Vector(start - along * (start[2] / along[2]))
        width, height = faces["size"]
        point = np.array(self._pixel(place))
        if (point < 0).any() or (point > (width, height)).any():
            return None
        boxes = np.array(faces["boxes"], np.float64)
        nearest = np.clip(point, boxes[:, :2], boxes[:, :2] + boxes[:, 2:])
        beside = np.linalg.norm(point - nearest, axis=1)
        middle = np.linalg.norm(point - (boxes[:, :2] + boxes[:, 2:] / 2), axis=1)
        return int(np.lexsort((middle, beside))[0])

    def choose_face(self, face: int) -> None:
        """Show the handles of a face where the server found them."""
        self.root[FACE] = face
        self.place_handles(keep_moved=False)

    def place_handles(self, *, keep_moved: bool) -> None:
        """Put handles where the server found the face's points; those moved by hand may stay."""
        faces, face = self.faces, self.root[FACE]
        width, height = faces["size"]
        places = faces["handles"][face] if face < len(faces["handles"]) else ()
        for name, (x, y) in zip(faces["names"], places, strict=False):
            handle = self.handles[name]
            handle.empty_display_size = HANDLE_SIZE * faces["boxes"][face][2] / height
            if keep_moved and _is_moved(handle):
                continue
            rest = ((x / width - 0.5) * width / height, 0.5 - y / height, IN_FRONT)
            handle.location = handle[REST] = rest


def _is_moved(handle: bpy.types.Object) -> bool:
    return (handle.location - Vector(handle[REST])).to_2d().length > MOVED


def find(scene: bpy.types.Scene, key: str) -> Examination | None:
    """Return what was found in a portrait, if the scene shows it."""
    for root in scene.objects:
        if ROOT_MARK in root and same_path(root[ROOT_MARK], key):
            parts = {child.get(PART_MARK): child for child in root.children}
            names = json.loads(root[FACES])["names"]
            if "picture" in parts and all(name in parts for name in names):
                handles = {name: parts[name] for name in names}
                return Examination(root, parts["picture"], handles)
    return None


def show(
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    key: str,
    face: int,
    scene: bpy.types.Scene,
) -> Examination:
    """Show the result of `examine_portrait`, in place of an earlier one of the same portrait.

    Args:
        arrays, metadata: the result.
        key: of the portrait; also its name.
        face: whose handles are shown.
        scene: where a new one is linked; beside what is there.
    """
    found = find(scene, key) or _build(key, metadata, scene)
    faces = {
        "size": [int(side) for side in metadata["size"]],
        "boxes": arrays["boxes"].tolist(),
        "handles": arrays["handles"].tolist(),
        "names": list(metadata["handles"]),
    }
    same = (found.root.get(FACE), found.faces["size"]) == (face, faces["size"])
    found.root[FACES], found.root[FACE] = json.dumps(faces), face
    width, height = faces["size"]
    found.picture.empty_display_size = max(1.0, width / height)  # of its longer side
    found.place_handles(keep_moved=same)
    shown = image_from_bytes(f"{Path(key).stem} examined", arrays["picture"].tobytes())
    old, found.picture.data = found.picture.data, shown
    if old is not None:
        bpy.data.images.remove(old)
    return found


def _build(key: str, metadata: Mapping[str, Any], scene: bpy.types.Scene) -> Examination:
    name = f"{Path(key).stem} examined"
    collection = bpy.data.collections.new(name)
    width, height = metadata["size"]
    root = add_part(name, None, "root", None, collection)
    root.rotation_euler = (math.radians(90), 0.0, 0.0)
    # Beside a portrait at the origin, and beside its rig, which is twice as large.
    root.location = (-(1.5 * width / height + 0.1), 0.0, 0.0)
    root.empty_display_size = 0.1
    names = list(metadata["handles"])
    root[ROOT_MARK], root[FACE] = key, -1
    root[FACES] = json.dumps({"size": [0, 0], "boxes": [], "handles": [], "names": names})
    # An empty shows its image in every viewport, and in no render.
    picture = add_part(f"{name} picture", None, "picture", root, collection)
    picture.empty_display_type, picture.empty_image_depth = "IMAGE", "FRONT"
    picture.hide_select = True
    handles = {}
    for handle_name in names:
        shown = handle_name.replace("_", " ").capitalize()
        handle = add_part(shown, None, handle_name, root, collection)
        handle.empty_display_type = "SPHERE"
        handle.show_name, handle.show_in_front = True, True
        handle.lock_location = (False, False, True)  # type: ignore[assignment]
        handle[REST] = (0.0, 0.0, 0.0)
        handles[handle_name] = handle
    scene.collection.children.link(collection)
    collection.hide_render = True
    return Examination(root, picture, handles)
