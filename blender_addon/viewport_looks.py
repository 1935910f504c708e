"""How viewports look while they show what was built, and how they looked before.

Blender keeps the look of a viewport with the window and not with the scene, and Undo leaves it
alone. So whoever goes back to a scene of their own, or undoes what was built, gets the viewport
back as it was; and on returning, as it was left.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .windows import viewports

Look = dict[str, Any]
"""Values by where a space has them."""

FIELDS = (
    "shading.type",
    "shading.light",
    "shading.color_type",
    "shading.use_scene_world",
    "shading.use_scene_lights",
    "shading.show_object_outline",
    "overlay.show_relationship_lines",
    "overlay.show_object_origins",
    "overlay.show_cursor",
    "overlay.show_floor",
    "overlay.show_axis_x",
    "overlay.show_axis_y",
    "region_3d.view_location",
    "region_3d.view_rotation",
    "region_3d.view_distance",
    "region_3d.view_perspective",  # after the rest, which would leave the camera's view
    "region_3d.view_camera_zoom",
    "region_3d.view_camera_offset",
)


@dataclass
class _Changed:
    """A viewport that shows what was built.

    Attributes:
        scene: `session_uid` of the scene for which it was changed.
        camera: of the camera that it looks through; 0 for none.
        before: how it looked.
    """

    scene: int
    camera: int
    before: Look


_changed: dict[int, _Changed] = {}
"""For each viewport, by its place in memory."""

_left: dict[tuple[int, int], tuple[_Changed, Look]] = {}
"""For a viewport and a scene: what was noted, and how it looked when another scene came."""


def note(space: bpy.types.SpaceView3D, scene: bpy.types.Scene) -> None:
    """Note how a viewport looks before it is changed to show what was built in a scene."""
    key, camera = space.as_pointer(), scene.camera.session_uid if scene.camera else 0
    former = _changed.get(key)
    before = look_of(space) if former is None else former.before
    if former is not None:
        _note_left(space, former, scene)
    _changed[key] = _Changed(scene.session_uid, camera, before)
    _left.pop((key, scene.session_uid), None)


def look_of(space: bpy.types.SpaceView3D) -> Look:
    """Return how a viewport looks."""
    return {field: _copy(_get(space, field)) for field in FIELDS}


def give_back() -> None:
    """Let viewports look as they did, where what they were changed for is not shown any more."""
    for _, space, scene in viewports():
        key = space.as_pointer()
        changed = _changed.get(key)
        if changed is not None and not _is_shown(changed, scene):
            _note_left(space, changed, scene)
            _apply(space, changed.before)
            del _changed[key]
        if key not in _changed and (key, scene.session_uid) in _left:
            _changed[key], look = _left.pop((key, scene.session_uid))
            _apply(space, look)


def _note_left(space: bpy.types.SpaceView3D, changed: _Changed, now: bpy.types.Scene) -> None:
    """Note how a viewport was left, where it shows another scene now."""
    if changed.scene == now.session_uid:
        return
    look = look_of(space)
    if changed.camera and now.camera is None:  # Blender has turned it away from the camera
        look["region_3d.view_perspective"] = "CAMERA"
    _left[space.as_pointer(), changed.scene] = changed, look


def _is_shown(changed: _Changed, scene: bpy.types.Scene) -> bool:
    if changed.scene != scene.session_uid:
        return False
    return not changed.camera or any(
        item.session_uid == changed.camera for item in scene.objects if item.type == "CAMERA"
    )


def _apply(space: bpy.types.SpaceView3D, look: Look) -> None:
    for field, value in look.items():
        *way, last = field.split(".")
        setattr(reduce(getattr, way, space), last, value)


def _get(space: bpy.types.SpaceView3D, field: str) -> Any:
    return reduce(getattr, field.split("."), space)


def _copy(value: Any) -> Any:
    return value if isinstance(value, bool | str | int | float) else tuple(value)


@persistent
def _forget(*_: object) -> None:
    """Another file has other viewports."""
    _changed.clear()
    _left.clear()


def register() -> None:
    """Forget what was noted as files are opened."""
    bpy.app.handlers.load_post.append(_forget)


def unregister() -> None:
    """Look no longer."""
    bpy.app.handlers.load_post.remove(_forget)
    _forget()
