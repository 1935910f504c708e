"""While a slider is dragged, a coarse relief answers in the viewport; at rest the whole is back.

Before Blender evaluates a scene, its dioramas' settings are compared with those of the last time.
Where one has changed, the viewport's resolution is held down by a further setting, `PROXY`: the
driver takes the lower of both. A timer gives it back once nothing has changed for a moment. Renders
do not know of it, and a script without a window has no proxies.
"""

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ..scenes import PART_MARK
from .diorama import INTRINSICS, PLATE, PROXY, ROOT_MARK
from .plates.depth import DEPTH_OFFSET, FLATNESS

PROXY_CELLS = 200
"""Along the long side, while a slider is dragged."""

REST = 0.3  # seconds without a change until the whole relief is back
SLIDERS = (
    *("near", "far", "relief_strength", "cut_threshold", "smoothing", "render_resolution", "lit"),
    *(DEPTH_OFFSET, FLATNESS),
)
"""The settings of a diorama and of its plates. Blender evaluates the relief after each of them: all
that follows a setting of the root is evaluated with whatever else follows one.
"""

Values = tuple[float | None, ...]

_known: dict[int, Values] = {}
"""The settings of each object at the last evaluation, by its `session_uid`."""

_places: dict[int, tuple[bytes, list[int]]] = {}
"""Which objects a scene had, and the places of those with settings among them, by `session_uid`.

No objects are kept: Undo makes others of them.
"""


def rest(root: bpy.types.Object) -> None:
    """Show the whole relief of a diorama again."""
    if root.get(PROXY, 1.0) != 1.0:
        root[PROXY] = 1.0
        root.update_tag()


def hold_down(root: bpy.types.Object) -> None:
    """Show a coarse relief of a diorama in viewports, if its file knows of proxies."""
    if root.get(PROXY) == 1.0:
        camera = root[INTRINSICS]
        root[PROXY] = min(1.0, PROXY_CELLS / max(camera["width"], camera["height"]))
        root.update_tag()


def changed_roots(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the dioramas whose settings have changed since this was asked last."""
    roots = []
    for item in _with_settings(scene):
        values = tuple(item.get(name) for name in SLIDERS)
        before, _known[item.session_uid] = _known.get(item.session_uid, values), values
        root = item if ROOT_MARK in item else item.parent
        if before != values and root is not None:
            roots.append(root)
    return roots


def _with_settings(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the dioramas and plates of a scene; where objects came or went, look for them anew."""
    objects = scene.objects
    numbers = np.empty(len(objects), np.int32)
    objects.foreach_get("session_uid", numbers)
    there, places = _places.get(scene.session_uid, (b"", []))
    if there != numbers.tobytes():
        places = [place for place, item in enumerate(objects) if _has_settings(item)]
        _places[scene.session_uid] = numbers.tobytes(), places
    return [objects[place] for place in places]


def _has_settings(item: bpy.types.Object) -> bool:
    return ROOT_MARK in item or item.get(PART_MARK) == PLATE


@persistent
def _before_evaluation(scene: bpy.types.Scene, *_: object) -> None:
    roots = changed_roots(scene)
    for root in roots:
        hold_down(root)
    if roots:
        if bpy.app.timers.is_registered(_rest_later):
            bpy.app.timers.unregister(_rest_later)
        bpy.app.timers.register(_rest_later, first_interval=REST)


def _rest_later() -> float | None:
    """Rest, unless a slider has moved since the last evaluation."""
    if any(changed_roots(scene) for scene in bpy.data.scenes):
        return REST
    rest_all()
    return None


@persistent
def _after_a_frame(scene: bpy.types.Scene, *_: object) -> None:
    """What key frames have changed is no slider's doing."""
    changed_roots(scene)


@persistent
def rest_all(*_: object) -> None:
    """Show all dioramas whole: after a moment's rest, before a file is saved, and after Undo."""
    _places.clear()  # a mark may have come to an object that was there
    for scene in bpy.data.scenes:
        changed_roots(scene)
    for item in bpy.data.objects:
        if ROOT_MARK in item:
            rest(item)


_HANDLERS = (
    (bpy.app.handlers.depsgraph_update_pre, _before_evaluation),
    (bpy.app.handlers.frame_change_post, _after_a_frame),
    (bpy.app.handlers.save_pre, rest_all),
    (bpy.app.handlers.undo_post, rest_all),
    (bpy.app.handlers.redo_post, rest_all),
    (bpy.app.handlers.load_post, rest_all),
)


def register() -> None:
    """Watch sliders, where there are any."""
    if not bpy.app.background:
        for handlers, handler in _HANDLERS:
            handlers.append(handler)


def unregister() -> None:
    """Watch no longer."""
    for handlers, handler in _HANDLERS:
        if handler in handlers:
            handlers.remove(handler)
    if bpy.app.timers.is_registered(_rest_later):
        bpy.app.timers.unregister(_rest_later)
    _known.clear()
    _places.clear()
