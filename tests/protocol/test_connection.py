"""The connection file and keys are the user's alone, and damage is told in words."""

import os
import stat

import pytest
from zograscope_protocol.connection import (
    CONNECTION_FILE,
    Connection,
    client_keys,
    make_private_folder,
    state_folder,
    write_private_json,
)
from zograscope_protocol.errors import ZograscopeError

posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_connection_comes_back(tmp_path):
    Connection("tcp://127.0.0.1:7345", "k" * 40).write(tmp_path)
    for where in (tmp_path, tmp_path / CONNECTION_FILE):
        found = Connection.read(where)
        assert (found.endpoint, found.public_key) == ("tcp://127.0.0.1:7345", "k" * 40)
        assert found.pid == os.getpid()
    Connection.remove(tmp_path)
    with pytest.raises(ZograscopeError, match="No Zograscope server is running"):
        Connection.read(tmp_path)


@posix
def test_files_are_private(tmp_path):
    Connection("ipc:///x").write(tmp_path)
    keys = client_keys(tmp_path)
    assert client_keys(tmp_path) == keys
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


@posix
def test_a_private_folder_is_made_private(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    assert mode(make_private_folder(folder)) == 0o700
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(ZograscopeError, match="belongs to somebody else"):
        make_private_folder(tmp_path / "link")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"x"', "\0"])
def test_a_damaged_connection_file_is_told(tmp_path, text):
    (tmp_path / CONNECTION_FILE).write_text(text)
    with pytest.raises(ZograscopeError) as caught:
        Connection.read(tmp_path)
    assert caught.value.code == "connection-file-wrong"


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_private_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_private_json(path, {"a": object()})
    assert path.read_text() == '{\n  "a": 1\n}'
    assert list(tmp_path.iterdir()) == [path]


def test_the_state_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path))
    assert state_folder() == tmp_path
    monkeypatch.delenv("ZOGRASCOPE_HOME")
    assert state_folder().name == "zograscope"
