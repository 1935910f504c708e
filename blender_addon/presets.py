"""Presets of settings, as Blender keeps its own: files in the user's folder.

A capability's record names which of its settings a preset holds: how things are made, not of what.
"""

from collections.abc import Iterator

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from . import capabilities
from .capabilities import Presets

_classes: list[type] = []


def panel_of(presets: str) -> str:
    """Return the name of the panel in which presets are."""
    return f"ZOGRASCOPE_PT_{presets}_presets"


def draw_presets(layout: bpy.types.UILayout, presets: str) -> None:
    """Draw the button that opens presets."""
    layout.popover(panel=panel_of(presets), text="", icon="PRESET")


def all_presets() -> Iterator[Presets]:
    """Yield each capability's presets: of its settings, named as it is, and others."""
    for record in capabilities.records():
        if record.presets:
            owner = f"bpy.context.scene.{record.settings}"
            yield Presets(record.name, owner, tuple(f".{name}" for name in record.presets))
        yield from record.more_presets


def _classes_of(presets: Presets) -> tuple[type, type]:
    """Make the panel of presets, and the operator that adds to them."""
    folder, adding = f"zograscope/{presets.name}", f"zograscope.add_{presets.name}_preset"
    panel = type(
        panel_of(presets.name),
        (PresetPanel, bpy.types.Panel),
        {
            "__doc__": "Settings that were kept under a name",
            "bl_label": "Presets",
            "preset_subdir": folder,
            "preset_operator": "script.execute_preset",
            "preset_add_operator": adding,
            "post_cb": lambda context, path: presets.changed(context),
        },
    )
    operator = type(
        f"ZOGRASCOPE_OT_add_{presets.name}_preset",
        (AddPresetBase, bpy.types.Operator),
        {
            "__doc__": "Keep these settings under a name, or forget them",
            "bl_idname": adding,
            "bl_label": "Add Preset",
            "preset_menu": panel_of(presets.name),
            "preset_defines": [f"settings = {presets.owner}"],
            "preset_values": [f"settings{value}" for value in presets.values],
            "preset_subdir": folder,
        },
    )
    return panel, operator


def register() -> None:
    """Add panel and operator of all presets."""
    for presets in all_presets():
        for made in _classes_of(presets):
            bpy.utils.register_class(made)
            _classes.append(made)


def unregister() -> None:
    """Take them away again; the files stay."""
    while _classes:
        bpy.utils.unregister_class(_classes.pop())
