"""The command line: its subcommands, and what it hands on to Blender."""

import contextlib
import json
import sys
from types import SimpleNamespace

import pytest
from zograscope_server.command_line import blender_work
from zograscope_server.command_line.find_blender import Blender
from zograscope_server.command_line.main import main
from zograscope_server.depth.commands import diorama


@pytest.fixture
def handed_on(monkeypatch):
    """The command lines that Blender is started with, of a Blender that does nothing."""
    commands = []

    def run(command, **_):
        commands.append(command)
        return SimpleNamespace(returncode=7)

    @contextlib.contextmanager
    def no_server(*, wanted):
        yield

    monkeypatch.setattr(blender_work, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(diorama, "running_server", no_server)
    return commands


def test_help_names_every_subcommand(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name in ("serve", "status", "stop", "allow", "models", "doctor"):
        assert f"    {name} " in text
    for name in ("diorama", "mosaic", "embed", "portrait"):
        assert f"    {name} " in text


def test_what_was_typed_reaches_blender_whatever_else_this_process_was_started_with(
    handed_on, monkeypatch, tmp_path
):
    photograph = tmp_path / "diorama"  # called as the command is
    photograph.write_bytes(b"no picture, and nobody looks")
    monkeypatch.setattr(sys, "argv", ["embedding-program", "diorama", "--other"])
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path))
    typed = ["diorama", str(photograph), "--output", "a.blend", "--frames=5", "--camera", "orbit"]
    own = ["--blender", sys.executable, "--extension", str(_extension(tmp_path))]
    assert main([*typed[:2], *own, *typed[2:]]) == 7
    (line,) = handed_on
    zips, _, *arguments = line[line.index("--") + 1 :]
    assert arguments == typed
    assert len(json.loads(zips)) == 1


def test_what_the_extension_prints_is_all_that_is_printed(monkeypatch, tmp_path, capfd):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; from pathlib import Path; print('Fra:1 Mem:2M', flush=True);"
        "Path(sys.argv[sys.argv.index('--') + 2]).write_text('[1]\\n')"
    )
    monkeypatch.setattr(blender_work, "SCRIPT", script)
    monkeypatch.setattr(blender_work, "find_blender", lambda _: Blender(sys.executable, True))
    asked = SimpleNamespace(typed=["diorama"], blender=None, extension=_extension(tmp_path))
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path))
    assert blender_work.run_in_blender(asked) == 0
    seen = capfd.readouterr()
    assert seen.out == "[1]\n"
    assert "Fra:1" in seen.err


def test_an_error_is_one_sentence_and_exit_code_1(capsys, tmp_path):
    assert main(["diorama", str(tmp_path / "none.jpg"), "--output", "a.blend"]) == 1
    assert "There is no file" in capsys.readouterr().err


def _extension(folder):
    path = folder / "zograscope.zip"
    path.write_bytes(b"zip")
    return path
