"""The image of the latent point: while it is moved, the server is asked what is there.

One image is asked for at a time, and the next is that of where the point is by then, so that a slow
server is never behind. Nothing is asked where no server answers.
"""

import bpy
import numpy as np
from bpy.app.handlers import persistent
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job, Part

from ..pending_jobs import Owner, Waiting, blender_can_be_changed
from ..scenes import PART_MARK
from ..server_link import link
from . import building, latent_map, submissions

DELAY = 0.1  # seconds in which movements are gathered
TITLE = "Image of the latent point"

_moved: set[int] = set()
"""Scenes, by `session_uid`, whose point may have moved."""

_asked: dict[int, tuple[float, float]] = {}
"""For each scene the place that was asked for last."""

_waiting: set[int] = set()
"""Scenes for which an image is on its way."""


@persistent
def _notice(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Take note of points that have moved."""
    for update in depsgraph.updates:
        item = update.id.original
        if isinstance(item, bpy.types.Object) and item.get(PART_MARK) == latent_map.POINT:
            _moved.add(scene.session_uid)
            if not bpy.app.timers.is_registered(ask):
                bpy.app.timers.register(ask, first_interval=DELAY)


def ask() -> float | None:
    """Ask for the images of points that have moved; return when to come again, or None."""
    if not link.connected:
        _moved.clear()
        return None
    if not blender_can_be_changed():
        return DELAY
    for uid in [*_moved - _waiting]:
        _moved.discard(uid)
        _ask_for(Owner(uid, building.NAME))
    return DELAY if _moved else None


def _ask_for(owner: Owner) -> None:
    scene = building.scene_of(owner)
    found = latent_map.find(scene) if scene is not None else None
    if found is None or _asked.get(owner.scene) == found.place():
        return
    place = found.place()

    def on_part(part: Part) -> None:
        there = building.scene_of(owner)
        shown = latent_map.find(there) if there is not None else None
        if shown is not None:
            latent_map.show_preview(shown, part.arrays["file"].tobytes())

    def on_end(_job: Job | None = None) -> None:
        _waiting.discard(owner.scene)

    places = np.array([place], np.float32)
    seed = scene.zograscope_generative.seed
    submission = submissions.places_submission(found.asked, places, 24.0, seed)
    waiting = Waiting(TITLE, on_end, owner, on_stopped=on_end, on_part=on_part)
    try:
        link.submit(submission, waiting)
    except ZograscopeError as error:
        link.tell(owner, error)
        return
    _asked[owner.scene] = place
    _waiting.add(owner.scene)


@persistent
def _forget(*_: object) -> None:
    """Another file has other scenes."""
    for known in (_moved, _asked, _waiting):
        known.clear()


def register() -> None:
    """Watch for points that move."""
    bpy.app.handlers.depsgraph_update_post.append(_notice)
    bpy.app.handlers.load_post.append(_forget)


def unregister() -> None:
    """Watch no longer."""
    bpy.app.handlers.load_post.remove(_forget)
    bpy.app.handlers.depsgraph_update_post.remove(_notice)
    if bpy.app.timers.is_registered(ask):
        bpy.app.timers.unregister(ask)
