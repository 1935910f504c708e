"""Presets of a capability's settings, as Blender keeps its own: files in the user's folder.

A capability's record names which of its settings a preset holds: how things are made, not of what.
"""

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from . import capabilities
from .capabilities import Capability

_classes: list[type] = []


def panel_of(capability: str) -> str:
    """Return the name of the panel in which a capability's presets are."""
    return f"ZOGRASCOPE_PT_{capability}_presets"


def draw_presets(layout: bpy.types.UILayout, capability: str) -> None:
    """Draw the button that opens a capability's presets."""
    layout.popover(panel=panel_of(capability), text="", icon="PRESET")


def _classes_of(record: Capability) -> tuple[type, type]:
    """Make the panel of a capability's presets, and the operator that adds to them."""
    folder, adding = f"zograscope/{record.name}", f"zograscope.add_{record.name}_preset"
    panel = type(
        panel_of(record.name),
        (PresetPanel, bpy.types.Panel),
        {
            "__doc__": "Settings that were kept under a name",
            "bl_label": "Presets",
            "preset_subdir": folder,
            "preset_operator": "script.execute_preset",
            "preset_add_operator": adding,
        },
    )
    operator = type(
        f"ZOGRASCOPE_OT_add_{record.name}_preset",
        (AddPresetBase, bpy.types.Operator),
        {
            "__doc__": "Keep these settings under a name, or forget them",
            "bl_idname": adding,
            "bl_label": "Add Preset",
            "preset_menu": panel_of(record.name),
            "preset_defines": [f"settings = bpy.context.scene.{record.settings}"],
            "preset_values": [f"settings.{name}" for name in record.presets],
            "preset_subdir": folder,
        },
    )
    return panel, operator


def register() -> None:
    """Add presets for each capability whose record names what they hold."""
    for record in capabilities.records():
        if record.presets:
            for made in _classes_of(record):
                bpy.utils.register_class(made)
                _classes.append(made)


def unregister() -> None:
    """Take them away again; the files stay."""
    while _classes:
        bpy.utils.unregister_class(_classes.pop())
