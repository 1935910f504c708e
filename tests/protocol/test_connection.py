"""The connection file and keys are the user's alone, and damage is told in words."""

import json
import os
import stat

import pytest
from zograscope_protocol.connection import (
    CONNECTION_FILE,
    Connection,
    client_keys,
    load_or_create_keys,
    make_home,
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


@pytest.mark.parametrize(
    "wrong",
    [
        {"pid": "4711"},
        {"pid": -1},
        {"pid": 1 << 80},
        {"pid": 3.5},
        {"pid": True},
        {"public_key": 3},
        {"public_key": "short"},
        {"public_key": "ä" * 40},
        {"endpoint": 7},
        {"endpoint": "elsewhere"},
    ],
)
def test_a_connection_file_with_wrong_contents_is_told_in_words(tmp_path, wrong):
    content = {"endpoint": "ipc:///tmp/nowhere", "public_key": None, "pid": 1} | wrong
    (tmp_path / "connection.json").write_text(json.dumps(content))
    with pytest.raises(ZograscopeError, match="cannot be used") as caught:
        Connection.read(tmp_path)
    assert caught.value.code == "connection-file-wrong"


@pytest.mark.parametrize("key", [3, "", "short", "ä" * 40, '"' * 40])
def test_a_key_file_with_wrong_contents_is_told_in_words(tmp_path, key):
    path = tmp_path / "client_key.json"
    load_or_create_keys(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"secret_key": key}))
    with pytest.raises(ZograscopeError) as caught:
        load_or_create_keys(path)
    assert caught.value.code == "connection-file-wrong"


def test_a_public_key_is_never_taken_for_an_option(tmp_path, monkeypatch):
    made = iter(
        [(b"-" + b"a" * 39, b"b" * 40), (b"?" + b"a" * 39, b"b" * 40), (b"a" * 40, b"b" * 40)]
    )
    monkeypatch.setattr("zmq.curve_keypair", lambda: next(made))
    assert load_or_create_keys(tmp_path / "home" / "client_key.json")[0] == "a" * 40


@pytest.mark.skipif(os.name != "posix", reason="modes of folders")
def test_a_home_is_private_from_the_first_key_on(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    load_or_create_keys(home / "client_key.json")
    assert home.stat().st_mode & 0o777 == 0o700
    assert make_home(home) == home
