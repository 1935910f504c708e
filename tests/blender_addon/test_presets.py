"""Settings are kept under a name, as Blender keeps its own, and come back."""

import importlib

import bpy
import pytest


@pytest.fixture
def records(zograscope):
    return importlib.import_module(zograscope.__name__ + ".capabilities").records()


def value(settings, name: str):
    got = getattr(settings, name)
    return tuple(got) if getattr(settings.bl_rna.properties[name], "is_array", False) else got


def change(settings, name: str) -> None:
    """Give a setting another value than it has."""
    prop, old = settings.bl_rna.properties[name], getattr(settings, name)
    if prop.type == "ENUM":
        others = [item.identifier for item in prop.enum_items if item.identifier != old]
        new = {others[0]} if prop.is_enum_flag else others[0]
    elif prop.type == "STRING":
        new = old + "else"
    elif prop.type == "BOOLEAN":
        new = not old
    elif getattr(prop, "is_array", False):
        new = [prop.hard_max / 2] * prop.array_length
    else:
        new = prop.hard_min + 1 if old != prop.hard_min + 1 else prop.hard_min
    setattr(settings, name, new)


def test_every_capability_has_presets_that_come_back(scene, records):
    for record in records:
        settings = record.settings_of(scene)
        for name in record.presets:
            change(settings, name)
        chosen = {name: value(settings, name) for name in record.presets}
        add = getattr(bpy.ops.zograscope, f"add_{record.name}_preset")
        assert add(name="my own") == {"FINISHED"}
        for name in record.presets:
            settings.property_unset(name)
        assert all(value(settings, name) != chosen[name] for name in record.presets)
        path = bpy.utils.preset_find("my_own", f"zograscope/{record.name}")
        panel = f"ZOGRASCOPE_PT_{record.name}_presets"
        assert bpy.ops.script.execute_preset(filepath=path, menu_idname=panel) == {"FINISHED"}
        assert {name: value(settings, name) for name in record.presets} == chosen
        assert add(name="my own", remove_name=True) == {"FINISHED"}
        assert not bpy.utils.preset_find("my_own", f"zograscope/{record.name}")


def test_a_preset_holds_how_and_not_of_what(scene, records):
    for record in records:
        properties = record.settings_of(scene).bl_rna.properties
        for name in record.presets:
            assert properties[name].subtype not in ("FILE_PATH", "DIR_PATH")
        assert not {"job_id", "model"} & set(record.presets)
