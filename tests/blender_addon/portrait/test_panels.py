"""What the panels of portraits say, drawn on a layout that takes notes."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy

from .conftest import answer, made_up_examination


def draw(name: str) -> tuple[set[str], str]:
    """Return the operators and properties that a panel draws, and its words."""
    layout = MagicMock()
    for element in ("row", "column", "box"):
        getattr(layout, element).return_value = layout
    context = SimpleNamespace(
        scene=bpy.context.scene,
        object=None,
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        region=SimpleNamespace(width=300),
    )
    getattr(bpy.types, name).draw(SimpleNamespace(layout=layout), context)
    drawn = {
        call.args[0] if call[0] == "operator" else call.args[1]
        for call in layout.method_calls
        if call[0] in ("operator", "prop", "prop_search")
    }
    words = [call.kwargs["text"] for call in layout.method_calls if call[0] == "label"]
    return drawn, " ".join(words)


def test_all_that_can_be_chosen_is_drawn(settings):
    parts = ("", "_place", "_motion")
    drawn = set().union(*(draw(f"ZOGRASCOPE_PT_portrait{part}")[0] for part in parts))
    choices = {choice.identifier for choice in settings.bl_rna.properties if not choice.is_readonly}
    bpy.context.scene.sequence_editor_create()
    drawn |= draw("ZOGRASCOPE_PT_portrait")[0]
    assert choices - drawn == {"model", "warnings", "job_id", "name"}
    buttons = ("examine_portrait", "move_portrait", "track_driver", "make_portrait_rig", "likeness")
    assert {f"zograscope.{name}" for name in buttons} <= drawn
    assert "zograscope.choose_face" not in drawn


def test_what_was_found_is_told(settings, fake_link):
    bpy.ops.zograscope.examine_portrait()
    answer(fake_link, *made_up_examination())
    drawn, words = draw("ZOGRASCOPE_PT_portrait")
    assert "The face is 18 pixels wide; below 80 it moves badly." in words
    assert "zograscope.choose_face" in drawn


def test_the_page_on_likeness_is_a_text_of_the_file(scene, repository):
    for _ in range(2):
        assert bpy.ops.zograscope.likeness() == {"FINISHED"}
    (text,) = bpy.data.texts
    assert text.as_string() == (repository / "docs" / "likeness.md").read_text("utf-8")
