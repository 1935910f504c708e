"""What the panels say, drawn on a layout that takes notes, since these tests have no window."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy
import pytest

MODELS = [
    {
        "name": "free",
        "title": "Free",
        "task": "depth",
        "licence": "Apache-2.0",
        "commercial": True,
        "good_for": "All.",
        "bytes": 0,
        "installed": True,
        "default": True,
        "embedded": True,
        "recommended": False,
    },
    {
        "name": "better",
        "title": "Better",
        "task": "depth",
        "licence": "Apache-2.0",
        "commercial": True,
        "good_for": "Nearly all, more finely.",
        "bytes": 99_000_000,
        "installed": False,
        "default": False,
        "embedded": False,
        "recommended": True,
    },
    {
        "name": "research",
        "title": "Research",
        "task": "depth",
        "licence": "CC-BY-NC-4.0",
        "commercial": False,
        "good_for": "Some.",
        "bytes": 390_000_000,
        "installed": False,
        "default": False,
        "embedded": False,
        "recommended": False,
    },
]


@pytest.fixture
def link(zograscope, monkeypatch):
    link = importlib.import_module(zograscope.__name__ + ".server_link").link
    monkeypatch.setattr(link, "models", MODELS)
    return link


@pytest.fixture
def words(scene):
    """words(name of a panel or menu) -> all texts that it draws."""

    def words(name: str) -> list[str]:
        texts: list[str] = []

        def note(*_: object, text: str = "", **__: object) -> MagicMock:
            texts.append(text)
            return layout

        layout = MagicMock()
        for element in ("label", "operator", "menu", "progress", "prop"):
            getattr(layout, element).side_effect = note
        for element in ("row", "column", "box", "split"):
            getattr(layout, element).return_value = layout
        context = SimpleNamespace(
            scene=scene,
            object=None,
            preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
            region=SimpleNamespace(width=300),
        )
        panel = getattr(bpy.types, name)
        # A class of Blender's makes no instances outside of its interface.
        stand_in = SimpleNamespace(layout=layout, task=getattr(panel, "task", None))
        panel.draw(stand_in, context)
        return texts

    return words


def test_the_default_model_shows_its_licence(link, words):
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert "Licence: Apache-2.0" in texts


def test_a_better_model_is_recommended_until_it_is_declined(link, words, scene):
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert {"Better sees more.", "Nearly all, more finely.", "Download (99 MB)"} <= set(texts)
    bpy.ops.zograscope.decline_model(name="better")
    bpy.ops.zograscope.decline_model(name="better")
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert not [text for text in texts if text.startswith("Download")]


def test_nothing_is_recommended_to_those_who_chose(link, words, scene, monkeypatch):
    module = importlib.import_module(link.__module__.replace("server_link", "preferences"))
    module.get().declined_models = ""
    bpy.ops.zograscope.choose_model(name="research")
    assert "Better sees more." not in words("ZOGRASCOPE_PT_new_diorama")
    installed = [model | {"installed": True} for model in MODELS]
    bpy.ops.zograscope.choose_model(name="free")
    monkeypatch.setattr(link, "models", installed)
    assert "Better sees more." not in words("ZOGRASCOPE_PT_new_diorama")


def test_a_non_commercial_model_is_marked_wherever_it_is_offered(link, words, scene):
    assert "Research (non-commercial)" in words("ZOGRASCOPE_MT_depth_models")
    bpy.ops.zograscope.choose_model(name="research")
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert "Licence: CC-BY-NC-4.0 (non-commercial)" in texts
    assert "Download (390 MB)" in texts


def test_without_a_server_the_menu_says_what_to_do(link, words, monkeypatch):
    monkeypatch.setattr(link, "models", [])
    assert words("ZOGRASCOPE_MT_depth_models") == ["Start the server to see its models"]


def test_an_error_is_wrapped_whole(link, words, monkeypatch):
    from zograscope_protocol.errors import ZograscopeError

    error = ZograscopeError("file-not-found", path="/a/folder/with a name that is long/picture.jpg")
    monkeypatch.setattr(link, "error", error)
    texts = [text for text in words("ZOGRASCOPE_PT_server") if text]
    assert texts[0] == "Not running"
    assert " ".join(texts[1:]) == error.sentence
    assert max(map(len, texts)) <= 300 / 7


def test_progress_shows_stage_and_fraction(link, words, monkeypatch):
    from zograscope_protocol.client import Job

    job = Job("1", "diorama", "running", 0.5, "Estimating depth")
    waiting = SimpleNamespace(job=job)
    monkeypatch.setattr(link, "_waiting", {"1": waiting})
    assert "Estimating depth" in words("ZOGRASCOPE_PT_server")
