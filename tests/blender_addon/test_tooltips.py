"""Whatever an artist can point at says what it is."""

import bpy
import pytest

OURS = "ZOGRASCOPE"
SETTINGS = "zograscope"


def own_classes() -> list[type]:
    """The registered operators, panels and menus."""
    return [getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith(OURS)]


def options_of(operator: type) -> bpy.types.Struct:
    """An operator with its options, as Blender shows them."""
    return getattr(bpy.ops.zograscope, operator.bl_idname.split(".")[1]).get_rna_type()


def groups(of: bpy.types.bpy_struct) -> list:
    """A group of properties, and those in it."""
    found = [of]
    for prop in of.properties:
        fixed = getattr(prop, "fixed_type", None)
        if fixed is not None and fixed.identifier not in {"bpy_struct", "Object"}:
            inner = fixed
            if any(base.identifier == "PropertyGroup" for base in _bases(inner)):
                found += groups(inner)
    return found


def _bases(of) -> list:
    bases = []
    while of.base is not None:
        of = of.base
        bases.append(of)
    return bases


def told_nothing(prop: bpy.types.Property, owner: str) -> list[str]:
    """Name a property, or its items, where they say nothing."""
    if prop.identifier in ("rna_type", "name", "bl_idname") or "HIDDEN" in prop.tags:
        return []
    silent = [] if prop.description else [f"{owner}.{prop.identifier}"]
    items = getattr(prop, "enum_items_static", ())
    return silent + [
        f"{owner}.{prop.identifier}: {item.identifier}"
        for item in items
        if item.identifier and not item.description
    ]


@pytest.fixture
def settings(scene, zograscope):
    """The extension's groups of settings, and its preferences."""
    names = [name for name in dir(scene) if name.startswith(SETTINGS)]
    preferences = bpy.context.preferences.addons[zograscope.__name__].preferences
    owners = [getattr(scene, name) for name in names]
    return [
        group
        for owner in (*owners, preferences)
        if hasattr(owner, "bl_rna")
        for group in groups(owner.bl_rna)
    ]


def test_every_operator_says_what_it_does(zograscope):
    operators = [kind for kind in own_classes() if "_OT_" in kind.__name__]
    assert len(operators) > 40
    assert [kind.__name__ for kind in operators if not options_of(kind).description] == []


def test_every_setting_says_what_it_is(settings):
    assert len(settings) > 4
    silent = [name for group in settings for prop in group.properties
              for name in told_nothing(prop, group.identifier)]  # fmt: skip
    assert silent == []


def test_every_option_of_an_operator_says_what_it_is(zograscope):
    """But those that only a button of ours fills in, which no artist sees."""
    silent = []
    for kind in own_classes():
        if "_OT_" in kind.__name__ and not {"INTERNAL"} & set(getattr(kind, "bl_options", ())):
            for prop in options_of(kind).properties:
                if not (prop.is_hidden or prop.is_skip_save):
                    silent += told_nothing(prop, kind.__name__)
    assert silent == []
