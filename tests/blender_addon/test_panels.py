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
def draw(scene):
    """draw(name of a panel or menu) -> the layout that took note of what it drew."""

    def draw(name: str) -> MagicMock:
        layout = MagicMock()
        for element in ("row", "column", "box", "split"):
            getattr(layout, element).return_value = layout
        layout.panel.return_value = layout, layout
        context = SimpleNamespace(
            scene=scene,
            object=None,
            preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
            region=SimpleNamespace(width=300),
        )
        panel = getattr(bpy.types, name)
        # A class of Blender's makes no instances outside of its interface.
        stand_in = SimpleNamespace(layout=layout, purpose=getattr(panel, "purpose", None))
        panel.draw(stand_in, context)
        return layout

    return draw


@pytest.fixture
def words(draw):
    """words(name of a panel or menu) -> all texts that it draws."""
    texts = ("label", "operator", "menu", "progress", "prop")

    def words(name: str) -> list[str]:
        calls = draw(name).method_calls
        return [call.kwargs.get("text", "") for call in calls if call[0] in texts]

    return words


@pytest.fixture
def drawn(draw):
    """drawn(name of a panel) -> the operators and icons that it draws."""

    def drawn(name: str) -> list[object]:
        calls = draw(name).method_calls
        return [call.args[0] for call in calls if call[0] in ("operator", "template_icon")]

    return drawn


def test_the_default_model_shows_its_licence(link, words):
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert "Licence: Apache-2.0" in texts


def test_a_better_model_is_recommended_until_it_is_declined(link, words, scene):
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert "Better, 99 MB" in texts
    download = bpy.types.ZOGRASCOPE_OT_download_model
    better = SimpleNamespace(name="better", task="depth")
    assert download.description(bpy.context, better).endswith(": Nearly all, more finely.")
    bpy.ops.zograscope.decline_model(name="better")
    bpy.ops.zograscope.decline_model(name="better")
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert not [text for text in texts if text.startswith("Better")]


def test_nothing_is_recommended_to_those_who_chose(link, words, scene, monkeypatch):
    module = importlib.import_module(link.__module__.replace("server_link", "preferences"))
    module.get().declined_models = ""
    bpy.ops.zograscope.choose_model(name="research")
    assert "Better, 99 MB" not in words("ZOGRASCOPE_PT_new_diorama")
    installed = [model | {"installed": True} for model in MODELS]
    bpy.ops.zograscope.choose_model(name="free")
    monkeypatch.setattr(link, "models", installed)
    assert "Better, 99 MB" not in words("ZOGRASCOPE_PT_new_diorama")


def test_a_non_commercial_model_is_marked_wherever_it_is_offered(link, words, scene):
    assert "Research (non-commercial)" in words("ZOGRASCOPE_MT_depth_models")
    bpy.ops.zograscope.choose_model(name="research")
    texts = words("ZOGRASCOPE_PT_new_diorama")
    assert "Licence: CC-BY-NC-4.0 (non-commercial)" in texts
    assert "Download, 390 MB" in texts


def test_without_a_server_the_menu_says_what_to_do(link, words, monkeypatch):
    monkeypatch.setattr(link, "models", [])
    assert words("ZOGRASCOPE_MT_depth_models") == ["Start the server to see its models"]


def test_errors_are_wrapped_whole_and_hide_none(fake_link, words):
    from zograscope_protocol.errors import ZograscopeError

    errors = [
        ZograscopeError("file-not-found", path="/a/folder/with a name that is long/picture.jpg"),
        ZograscopeError("out-of-memory"),
    ]
    for number, error in enumerate(errors):
        fake_link.tell(owner_of(fake_link, number), error)
    texts = [text for text in words("ZOGRASCOPE_PT_server") if text not in ("", "What to Do")]
    assert texts[0] == "Connected"
    assert " ".join(texts[1:]) == " ".join(error.sentence for error in errors)
    assert max(map(len, texts)) <= 300 / 7
    bpy.ops.zograscope.dismiss_error(index=0)
    assert fake_link.errors == errors[1:]
    bpy.ops.zograscope.dismiss_error()
    assert fake_link.errors == []


def owner_of(link, scene: int):
    return importlib.import_module(link.__module__.replace("server_link", "pending_jobs")).Owner(
        scene
    )


def submit(link, title: str):
    """Start a job of nobody's."""
    from zograscope_protocol.submission import Submission

    pending_jobs = importlib.import_module(link.__module__.replace("server_link", "pending_jobs"))
    waiting = pending_jobs.Waiting(title, lambda job: None)
    return link.submit(Submission("sleep", {}), waiting, job_id=title)


def test_each_job_shows_what_it_is_and_how_far(fake_link, words):
    first, second = submit(fake_link, "One"), submit(fake_link, "Two")
    first.stage, first.detail, first.fraction = "Estimating depth", "3 of 10", 0.3
    second.state = "queued"
    texts = words("ZOGRASCOPE_PT_server")
    assert [text for text in texts if text] == [
        *("Connected", "One", "Estimating depth", "3 of 10", "Two", "Queued")
    ]


def test_only_what_can_pause_has_a_button_for_it(fake_link, drawn):
    job = submit(fake_link, "One")
    assert "zograscope.pause_job" not in drawn("ZOGRASCOPE_PT_server")
    job.pausable = True
    assert "zograscope.pause_job" in drawn("ZOGRASCOPE_PT_server")
    bpy.ops.zograscope.pause_job(job_id=job.id)
    assert job.state == "paused"
    buttons = drawn("ZOGRASCOPE_PT_server")
    assert "zograscope.resume_job" in buttons
    assert "zograscope.pause_job" not in buttons
    bpy.ops.zograscope.resume_job(job_id=job.id)
    assert job.state == "running"


def test_a_preview_is_shown_where_there_is_a_window(fake_link, drawn, monkeypatch):
    submit(fake_link, "One")
    assert 7 not in drawn("ZOGRASCOPE_PT_server")
    monkeypatch.setattr(fake_link.previews, "icon", lambda job_id: 7)
    assert 7 in drawn("ZOGRASCOPE_PT_server")
