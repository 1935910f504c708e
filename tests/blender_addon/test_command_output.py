"""What commands tell a terminal."""

import importlib

import pytest


@pytest.fixture
def command_output(zograscope):
    return importlib.import_module(zograscope.__name__ + ".command_output")


def test_where_nobody_watches_each_stage_has_one_line(command_output, capsys):
    with command_output.show_progress("meadow.jpg") as progress:
        progress.show(None, "")
        for number in range(1, 4):
            progress.show(number / 3, "Reading page", f"{number} of 3")
        progress.show(0.5, "Reading pageoff")  # whose last letters once were cut off
        progress.show(1.0, "Done")
    assert capsys.readouterr().err.splitlines() == [
        *("meadow.jpg: Reading page", "meadow.jpg: Reading pageoff", "meadow.jpg: Done")
    ]


def test_where_somebody_watches_a_bar_shows_details(command_output, capsys, monkeypatch):
    monkeypatch.setattr(command_output.sys.stderr, "isatty", lambda: True)
    with command_output.show_progress("meadow.jpg") as progress:
        progress.show(0.5, "Reading", "3 of 10")
    words = capsys.readouterr().err
    assert "#" * 15 + "." * 15 in words
    assert "Reading 3 of 10" in words
    assert words.endswith("\n")


def test_a_job_is_shown_with_its_detail(command_output, capsys):
    from zograscope_protocol.job import Job

    with command_output.show_job("meadow.jpg") as on_progress:
        on_progress(Job("1", "diorama", "running", 0.5, "Estimating depth", "1 of 2"))
    assert capsys.readouterr().err == "meadow.jpg: Estimating depth\n"


def test_places_are_whole_and_made(command_output, tmp_path, monkeypatch, capsys):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    outputs = command_output.Outputs()
    assert outputs.place("scene", Path("new/scene.blend")) == tmp_path / "new" / "scene.blend"
    assert (tmp_path / "new").is_dir()
    outputs.print()
    assert capsys.readouterr().out == f"scene: {tmp_path / 'new' / 'scene.blend'}\n"


def test_answers_go_where_they_are_wanted(command_output, capsys, tmp_path):
    outputs = command_output.Outputs()
    outputs.place("scene", tmp_path / "a.blend")
    outputs.print()
    assert capsys.readouterr().out == f"scene: {tmp_path / 'a.blend'}\n"
    with (tmp_path / "answer").open("w") as file:
        command_output.answer_to(file)
        command_output.print_json([1])
        command_output._answer.clear()
    assert (tmp_path / "answer").read_text() == "[\n  1\n]\n"
    assert capsys.readouterr().out == ""
