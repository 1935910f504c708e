"""Keys for what is done often. Each can be changed, in the preferences of the extension too.

Only Esc is taken; the others have no key until the artist gives them one.
"""

from typing import NamedTuple

import bpy
import rna_keymap_ui

from . import preferences
from .job_operators import STOP_LATEST

NONE = "NONE"


class Key(NamedTuple):
    """An entry of a key map.

    Attributes:
        keymap, space: name of the key map, and of the editor that it belongs to.
        operator: what the key starts.
        key: Blender's name of it.
    """

    keymap: str
    space: str
    operator: str
    key: str = NONE


KEYS = (
    # As a key of the screen it comes last: whatever else waits for Esc has had it by then.
    Key("Screen", "EMPTY", STOP_LATEST, "ESC"),
    *(
        Key("3D View", "VIEW_3D", f"zograscope.{name}")
        for name in (
            "import_photograph",
            "build_diorama",
            "apply_camera",
            "paint_depth",
            "click_object",
            "import_collection",
            "build_mosaic",
            "pick_tile",
            "move_portrait",
            "dream_walk",
        )
    ),
)

_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def draw_in_preferences(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the entries as the artist has them."""
    known = context.window_manager.keyconfigs.user
    box = layout.box()
    box.label(text="Keys", icon="KEYINGSET")
    for key in KEYS:
        keymap: bpy.types.KeyMap | None = known.keymaps.get(key.keymap)
        item = keymap.keymap_items.get(key.operator) if keymap else None
        if item is not None:
            column = box.column()
            column.context_pointer_set("keymap", keymap)
            rna_keymap_ui.draw_kmi([], known, keymap, item, column, 0)


def register() -> None:
    """Add the entries; a Blender that only registers has no manager of any."""
    manager = bpy.context.window_manager
    known = manager.keyconfigs.addon if manager else None
    for key in KEYS if known is not None else ():
        keymap = known.keymaps.new(key.keymap, space_type=key.space)  # type: ignore[arg-type]
        item = keymap.keymap_items.new(key.operator, key.key, "PRESS")  # type: ignore[arg-type]
        _added.append((keymap, item))
    preferences.sections_for_all.append(draw_in_preferences)


def unregister() -> None:
    """Take them away again."""
    preferences.sections_for_all.remove(draw_in_preferences)
    for keymap, item in _added:
        keymap.keymap_items.remove(item)
    _added.clear()
