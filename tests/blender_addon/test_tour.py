"""The first steps are shown once: one card after the other, or none where they are skipped."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest


@pytest.fixture
def tour(zograscope, scene, server_link):
    """The tour as a new user has it."""
    module = importlib.import_module(zograscope.__name__ + ".tour")
    preferences = bpy.context.preferences.addons[zograscope.__name__].preferences
    server_link.link.reconnect()
    preferences.tour_step, preferences.server_command = 0, ""
    bpy.context.preferences.is_dirty = False
    yield module
    preferences.tour_step = 0


def drawn() -> list[str]:
    """The operators of the card that is shown; none where it is not."""
    if not bpy.types.ZOGRASCOPE_PT_tour.poll(bpy.context):
        return []
    layout = MagicMock()
    for element in ("row", "column", "box"):
        getattr(layout, element).return_value = layout
    context = SimpleNamespace(
        scene=bpy.context.scene,
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        region=SimpleNamespace(width=300),
    )
    bpy.types.ZOGRASCOPE_PT_tour.draw(SimpleNamespace(layout=layout), context)
    return [call.args[0].removeprefix("zograscope.") for call in layout.operator.call_args_list]


def test_without_a_server_it_is_installed_or_started(tour, monkeypatch):
    set_up = bpy.types.ZOGRASCOPE_PT_server_setup
    monkeypatch.setattr(tour.preferences, "find_command", lambda _: None)
    assert {"install_server", "userpref_allow_online"} & {name.split(".")[-1] for name in drawn()}
    assert not set_up.poll(bpy.context)  # which would show the same
    monkeypatch.setattr(tour.preferences, "find_command", lambda _: ["zograscope", "serve"])
    assert drawn() == ["start_server", "skip_tour"]
    bpy.ops.zograscope.skip_tour()
    monkeypatch.setattr(tour.preferences, "find_command", lambda _: None)
    assert set_up.poll(bpy.context)


def test_the_cards_come_one_after_the_other_and_never_again(tour, fake_link):
    assert fake_link.connected
    for number, example in enumerate(("example_photograph", "example_collection"), 2):
        assert drawn() == ["take_step", "skip_tour"]
        assert bpy.ops.zograscope.take_step(operator=example) == {"FINISHED"}
        assert tour.preferences.get().tour_step == number
    assert drawn() == []
    assert len(fake_link.jobs) == 2
    assert bpy.context.preferences.is_dirty  # else Blender forgets it as it ends


def test_what_is_refused_is_shown_again(tour, fake_link):
    bpy.ops.zograscope.take_step(operator="example_photograph")
    assert bpy.ops.zograscope.take_step(operator="example_photograph") == {"CANCELLED"}
    assert tour.preferences.get().tour_step == 2


def offers(panel: str, operator: str) -> bool:
    """Whether the panel of what is new offers an example."""
    layout = MagicMock()
    layout.panel.return_value = layout, None
    getattr(bpy.types, panel).draw(SimpleNamespace(layout=layout), bpy.context)
    return operator in [call.args[0] for call in layout.operator.call_args_list]


def test_examples_are_offered_in_one_place_at_a_time(tour):
    offered = (
        ("ZOGRASCOPE_PT_new_diorama", "zograscope.example_photograph"),
        ("ZOGRASCOPE_PT_new_mosaic", "zograscope.example_collection"),
    )
    assert not any(offers(*one) for one in offered)
    bpy.ops.zograscope.skip_tour()
    assert all(offers(*one) for one in offered)


def test_skipped_is_skipped(tour):
    bpy.ops.zograscope.skip_tour()
    assert drawn() == []
    assert bpy.context.preferences.is_dirty
