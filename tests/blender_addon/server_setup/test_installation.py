"""What lies where, which server is in use, and how big it all is."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def installation(modules):
    return modules.installation


def environment(installation, folder: Path, name: str) -> None:
    python = installation.python_of(folder, name)
    python.parent.mkdir(parents=True)
    python.write_text("")


def test_only_a_server_with_its_python_counts(installation, tmp_path):
    assert installation.installed(tmp_path) is None
    server = installation.Installation("one", "0.1.0", "cpu", "cpu")
    installation.switch_to(tmp_path, server)
    assert installation.installed(tmp_path) is None
    assert installation.noted(tmp_path) == server
    environment(installation, tmp_path, "one")
    assert installation.installed(tmp_path) == server


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"id": "one", "colour": "red"}'])
def test_a_damaged_note_is_none(installation, tmp_path, text):
    (tmp_path / "installation.json").write_text(text)
    assert installation.noted(tmp_path) is None


def test_leftovers_go_and_the_one_in_use_stays(installation, tmp_path):
    for name in ("one", "two"):
        environment(installation, tmp_path, name)
    (tmp_path / "cache" / ".tmpXYZ").mkdir(parents=True)
    installation.switch_to(tmp_path, installation.Installation("two", "0.1.0", "cpu", "cpu"))
    installation.remove_leftovers(tmp_path)
    assert [path.name for path in (tmp_path / "servers").iterdir()] == ["two"]
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_has_two_names_counts_once(installation, tmp_path):
    (tmp_path / "one").write_bytes(bytes(1000))
    os.link(tmp_path / "one", tmp_path / "two")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "three").write_bytes(bytes(10))
    assert installation.bytes_in(tmp_path) == 1010
    assert installation.bytes_in(tmp_path / "nothing") == 0


def test_a_held_folder_is_held_until_its_holder_ends(installation, tmp_path):
    assert not installation.is_held(tmp_path)
    with installation.held(tmp_path):
        assert installation.is_held(tmp_path)
        with pytest.raises(installation.BusyError), installation.held(tmp_path):
            pass
    assert not installation.is_held(tmp_path)


def test_the_place_is_the_same_for_every_blender(installation, tmp_path):
    state = tmp_path / "state"
    assert installation.folder_of(state) == state / "server"
    installation.choose_folder(state, tmp_path / "big disk")
    assert installation.folder_of(state) == tmp_path / "big disk"
    installation.choose_folder(state, None)
    assert installation.folder_of(state) == state / "server"


@pytest.mark.parametrize(
    ("version", "other", "newer"),
    [("0.2.0", "0.1.0", True), ("0.10.0", "0.9.9", True), ("0.1.0", "0.1.0", False)],
)
def test_versions_are_numbers(installation, version, other, newer):
    assert installation.is_newer(version, other) is newer
    assert not installation.is_newer(other, version)
