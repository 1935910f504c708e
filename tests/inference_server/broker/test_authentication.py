"""The folder of keys lets in whom it names, and is not put out by what else lies in it."""

import os

import pytest
import zmq
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker.authentication import AllowedKeys, allow_key
from zograscope_server.broker.endpoints import Endpoints

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files")


def new_key() -> str:
    return zmq.curve_keypair()[0].decode()


@pytest.fixture
def folder(tmp_path):
    allow_key(tmp_path / "home" / "allowed_keys", "friend", FRIEND)
    return tmp_path / "home" / "allowed_keys"


OWN, FRIEND = new_key(), new_key()


def leave_rubbish(folder, kind: str) -> None:
    path = folder / "rubbish"
    match kind:
        case "a file manager's file":
            (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1\xff\xfe" + bytes(6000))
        case "an editor's swap file":
            (folder / ".friend.swp").write_bytes(b"b0VIM 9.0\xff\xfe" + bytes(4000))
        case "a sparse file":
            path.touch()
            os.truncate(path, 8 << 30)
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a broken link":
            path.symlink_to("nowhere")
        case "bytes":
            path.write_bytes(b"\xff\xfe\xfd" * 10)
        case "an unreadable name":
            (os.fsencode(folder) + b"/\xff\xfe").decode("utf-8", "surrogateescape")
            os.close(os.open(os.fsencode(folder) + b"/\xff\xfe", os.O_CREAT))


@pytest.mark.parametrize(
    "kind",
    [
        "a file manager's file",
        "an editor's swap file",
        "a sparse file",
        "a pipe",
        "a folder",
        "a broken link",
        "bytes",
        "an unreadable name",
    ],
)
def test_rubbish_locks_nobody_out(folder, kind):
    leave_rubbish(folder, kind)
    allowed = AllowedKeys(OWN, folder)
    assert allowed.keys() == {OWN, FRIEND}
    assert allowed.callback("clients", FRIEND.encode())
    assert not allowed.callback("clients", b"\xff" * 40)


def test_a_key_that_others_may_write_lets_nobody_in(folder):
    (folder / "friend").chmod(0o666)
    assert AllowedKeys(OWN, folder).keys() == {OWN}


def test_a_folder_of_keys_that_others_may_write_is_refused(folder):
    folder.chmod(0o777)
    assert AllowedKeys(OWN, folder).keys() == {OWN}
    with pytest.raises(ZograscopeError, match="let themselves in") as caught:
        Endpoints(folder.parent, "127.0.0.1:*")
    assert caught.value.code == "keys-not-private"
    with pytest.raises(ZograscopeError) as caught:
        allow_key(folder, "other", new_key())
    assert caught.value.code == "keys-not-private"


def test_allowing_makes_a_home_that_is_private_and_replaces_an_earlier_key(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    for key in (new_key(), FRIEND):
        allow_key(home / "allowed_keys", "friend", key)
    assert AllowedKeys(OWN, home / "allowed_keys").keys() == {OWN, FRIEND}
    modes = [path.stat().st_mode & 0o777 for path in (home, home / "allowed_keys")]
    assert modes == [0o700, 0o700]
    assert (home / "allowed_keys" / "friend").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "address", ["", ":", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:7345x", "7345", " :1", "a b:1"]
)
def test_an_address_that_is_none_is_refused_in_words(tmp_path, address):
    with pytest.raises(ZograscopeError, match="cannot listen at") as caught:
        Endpoints(tmp_path, address)
    assert caught.value.code == "bad-endpoint"


def test_a_socket_whose_path_is_too_long_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    with pytest.raises(ZograscopeError, match="XDG_RUNTIME_DIR"):
        Endpoints(tmp_path, None)
