"""Keys that an artist can change."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest


@pytest.fixture
def key_map(zograscope):
    return importlib.import_module(zograscope.__name__ + ".key_map")


def test_every_key_starts_an_operator_that_is_there(key_map):
    for key in key_map.KEYS:
        assert getattr(bpy.ops.zograscope, key.operator.split(".")[1]).get_rna_type().description
    assert [key.operator for key in key_map.KEYS if key.key != "NONE"] == ["zograscope.stop_latest"]


def test_they_are_entries_of_blender_and_are_drawn_in_the_preferences(key_map, monkeypatch):
    keymaps = bpy.context.window_manager.keyconfigs.addon.keymaps
    items = {
        key.operator: keymaps[key.keymap].keymap_items.get(key.operator) for key in key_map.KEYS
    }
    assert None not in items.values()
    assert items["zograscope.stop_latest"].type == "ESC"
    assert items["zograscope.paint_depth"].type == "NONE"
    drawn = []
    monkeypatch.setattr(
        key_map.rna_keymap_ui, "draw_kmi", lambda *given: drawn.append(given[3].idname)
    )
    keyconfigs = SimpleNamespace(user=bpy.context.window_manager.keyconfigs.addon)
    context = SimpleNamespace(window_manager=SimpleNamespace(keyconfigs=keyconfigs))
    key_map.draw_in_preferences(MagicMock(), context)
    assert drawn == [key.operator for key in key_map.KEYS]


def test_they_go_with_the_extension(key_map):
    key_map.unregister()
    keymaps = bpy.context.window_manager.keyconfigs.addon.keymaps
    assert keymaps["3D View"].keymap_items.get("zograscope.paint_depth") is None
    key_map.register()
    assert keymaps["3D View"].keymap_items.get("zograscope.paint_depth") is not None
