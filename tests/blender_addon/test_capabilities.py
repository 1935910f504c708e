"""A capability is a folder and a name: its record brings panel, menu, settings and commands."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest

from .test_install import registered


@pytest.fixture
def command_line(zograscope):
    return importlib.import_module(zograscope.__name__ + ".command_line")


def test_each_capability_has_its_settings_and_modules(zograscope, scene):
    capabilities = importlib.import_module(zograscope.__name__ + ".capabilities")
    assert [record.name for record in capabilities.records()] == list(capabilities.NAMES)
    for record in capabilities.records():
        choices = set(record.settings_of(scene).bl_rna.properties.keys())
        assert {"job_id", "own_scene"} <= choices
        assert record.purpose is None or "model" in choices
        assert capabilities.named(record.name) is record


def test_a_third_comes_and_goes_whole(zograscope, request):
    before = registered()
    request.getfixturevalue("drawing")
    assert registered() - before == {
        *("operator: draw_frames", "scene: zograscope_drawing", "ZOGRASCOPE_OT_draw_frames"),
        "ZOGRASCOPE_MT_drawing_models",
    }


def test_its_models_have_a_menu_and_their_choice_a_place(drawing, fake_link, scene, monkeypatch):
    models = [
        {"name": name, "title": name.title(), "task": purpose, "commercial": True}
        | {"installed": True, "good_for": "", "default": False}
        for name, purpose in (("pencil", "drawing"), ("ruler", "depth"))
    ]
    monkeypatch.setattr(fake_link, "models", models)
    layout = MagicMock()
    menu = bpy.types.ZOGRASCOPE_MT_drawing_models
    menu.draw(SimpleNamespace(layout=layout, purpose=menu.purpose), None)
    (call,) = layout.operator.call_args_list
    assert call.kwargs["text"] == "Pencil"
    bpy.ops.zograscope.choose_model(name="pencil", task="drawing")
    assert scene.zograscope_drawing.model == "pencil"
    assert scene.zograscope_depth.model == "default"


def test_settings_go_along_to_a_scene_of_its_own(drawing, zograscope, scene):
    scenes = importlib.import_module(zograscope.__name__ + ".scenes")
    scene.collection.objects.link(bpy.data.objects.new("in the way", None))
    scene.zograscope_drawing.strokes = 7
    scene.zograscope_depth.frames = 11
    scene.zograscope_drawing.job_id = "1 {}"
    own, built = scenes.build_in(
        scene, "drawing", "Own", lambda own: own.name, lambda own, built: own.update_tag()
    )
    assert (own.name, built) == ("Own", "Own")
    assert own.zograscope_drawing.strokes == 7
    assert own.zograscope_depth.frames == 11
    assert own.zograscope_drawing.job_id == "", "the other scene waits for that job"
    scene.zograscope_drawing.own_scene = False
    where, _ = scenes.build_in(scene, "drawing", "Own", lambda own: 1, lambda own, built: None)
    assert where == scene


def test_its_command_is_one_of_all(drawing, command_line, capsys):
    assert command_line.run(["draw", "--status", "3"]) == 3
    with pytest.raises(SystemExit):
        command_line.run(["--help"])
    words = capsys.readouterr().out
    for text in ("photographs become scenes", "a collection becomes", "frames are drawn"):
        assert text in words


def test_mistakes_are_told_in_a_sentence(zograscope, command_line, capsys):
    assert command_line.run(["diorama", "/gone.jpg", "--output", "/scene.blend"]) == 1
    assert capsys.readouterr().err.startswith("zograscope: There is no file /gone.jpg.")
