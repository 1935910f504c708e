"""The command line's reference says what the parsers take."""

import pytest

from tools.documentation import command_line


@pytest.fixture(scope="module")
def page():
    return command_line.page()


def test_every_command_has_a_section(page, repository):
    server = repository / "inference_server" / "zograscope_server"
    modules = [*server.glob("*/commands/*.py")]
    names = {path.stem for path in modules if path.stem != "__init__"}
    assert {"diorama", "mosaic", "walk"} <= names
    for name in {*names, "serve", "status", "stop", "allow", "models", "doctor"}:
        assert f"\n## zograscope {name}\n" in page


def test_options_say_what_they_take(page):
    assert "| `--size` `WxH` | of the film; the picture's own by default |" in page
    assert "| `--bake` | plain meshes in place of live modifiers |" in page
    assert "| `--quality` | `draft`, `standard`, `high`, `full` |" in page
    assert "`PHOTO [PHOTO ...]`" in page


def test_defaults_are_filled_in_and_nobody_s_home_is_shown(page, tmp_path):
    assert "%(" not in page
    assert str(command_line.Path.home()) not in page


def test_blender_s_commands_are_the_server_s_too(page):
    names = set(command_line.blender_commands())
    assert names == {"diorama", "mosaic", "walk", "portrait"}
