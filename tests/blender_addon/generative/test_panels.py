"""What the panels of dreams say, drawn on a layout that takes notes."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy

from .conftest import answer, mapped, sampled, settle, stream, walked

PARTS = "keyframes", "place", "look", "sound", "map", "pictures", "training", "training_more"
PANELS = ("dreams", *(f"dreams_{part}" for part in PARTS))


def draw(name: str) -> tuple[set[str], str]:
    """Return the operators and properties that a panel draws, and its words."""
    layout = MagicMock()
    for element in ("row", "column", "box", "split"):
        getattr(layout, element).return_value = layout
    context = SimpleNamespace(
        scene=bpy.context.scene,
        object=None,
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        region=SimpleNamespace(width=300),
    )
    panel = getattr(bpy.types, f"ZOGRASCOPE_PT_{name}")
    stand_in = SimpleNamespace(layout=layout)
    if hasattr(panel, "draw_part"):
        stand_in.draw_part = panel.draw_part
    panel.draw(stand_in, context)
    drawn = set()
    for call in layout.method_calls:
        if call[0] == "operator":
            drawn.add(call.args[0])
        elif call[0] in ("prop", "prop_search"):
            drawn.add(call.args[1])
        elif call[0] == "template_list":
            drawn |= {call.args[3], call.args[5]}
    words = [call.kwargs["text"] for call in layout.method_calls if call[0] == "label"]
    return drawn, " ".join(words)


def test_all_that_can_be_chosen_is_drawn(settings):
    settings.mix, settings.show = True, "RELIEF"
    bpy.context.scene.sequence_editor_create()
    drawn = set().union(*(draw(name)[0] for name in PANELS))
    choices = {choice.identifier for choice in settings.bl_rna.properties}
    hidden = {"rna_type", "name", "model", "warnings", "job_id", "train_metrics", "train_job"}
    assert choices - drawn == hidden
    buttons = ("dream_walk", "show_samples", "show_latent_map", "project_picture", "train_model")
    assert {f"zograscope.{name}" for name in (*buttons, "mosaic_of_dreams")} <= drawn
    assert not {"zograscope.pick_samples", "zograscope.walk_keyed_path"} & drawn


def test_what_is_there_can_be_used(settings, fake_link):
    bpy.ops.zograscope.show_samples()
    answer(fake_link, *sampled())
    bpy.ops.zograscope.show_latent_map()
    answer(fake_link, *mapped())
    settings = bpy.context.scene.zograscope_generative
    settings.show, settings.height, settings.own_scene = "RELIEF", "DEPTH", False
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, 0)
    (job,) = fake_link.jobs
    job.finish("cancelled")
    settle(fake_link, job)
    assert "zograscope.pick_samples" in draw("dreams_keyframes")[0]
    drawn, words = draw("landscape")
    assert {"zograscope.go_on_with_depth", '["lit"]', "zograscope.light"} <= drawn
    assert "Depth of 0 of 1 frames" in words
    drawn, words = draw("dreams_map")
    assert "zograscope.walk_keyed_path" in drawn
    assert "Place 0.50, 0.50" in words


def test_warnings_are_shown(settings, fake_link):
    bpy.ops.zograscope.dream_walk()
    stream(fake_link, 0)
    arrays, metadata = walked(1)
    answer(fake_link, arrays, metadata | {"warnings": ["The sound is silent."]})
    assert "The sound is silent." in draw("dreams")[1]


def test_a_keyframe_s_row_shows_seed_or_picture(settings, module):
    import numpy as np

    keyframes = module("generative.keyframes")
    keyframes.add_seed(settings, 7)
    keyframes.add_latent(settings, "bridge", np.zeros((1, 4), np.float32))
    texts, props = [], []
    for number, keyframe in enumerate(settings.keyframes):
        layout = MagicMock()
        layout.row.return_value = layout
        draw_item = bpy.types.ZOGRASCOPE_UL_keyframes.draw_item
        draw_item(SimpleNamespace(), None, layout, settings, keyframe, 0, settings, "", number)
        texts += [call.kwargs["text"] for call in layout.label.call_args_list]
        props += [call.args[1] for call in layout.prop.call_args_list]
    assert texts == ["1", "2", "bridge"]
    assert props == ["seed"]
