"""Which server the preferences mean, and what is refused before anything goes over a network."""

import importlib

import bpy
import pytest

from .conftest import forget_everything

KEY = "a" * 40
ENDPOINT = "tcp://127.0.0.1:9"  # the discard port, where no server of ours listens


@pytest.fixture
def module(zograscope):
    return importlib.import_module(zograscope.__name__ + ".preferences")


@pytest.fixture
def link(zograscope, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path))
    link = importlib.import_module(zograscope.__name__ + ".server_link").link
    forget_everything(link)
    yield link
    forget_everything(link)


@pytest.fixture
def preferences(module):
    preferences = module.get()
    yield preferences
    for name in ("use_remote", "remote_endpoint", "remote_key", "server_command"):
        preferences.property_unset(name)


@pytest.fixture
def online(monkeypatch):
    """Online access, allowed as in Preferences > System."""
    system = bpy.context.preferences.system
    kept = system.use_online_access
    system.use_online_access = True
    yield
    system.use_online_access = kept


def test_this_computers_own_server_needs_no_connection(module, preferences):
    assert module.remote_connection(preferences) is None


def refusal(module, preferences) -> str:
    """The code with which the preferences are refused."""
    # Comes with the extension, so not before it is installed.
    from zograscope_protocol.errors import ZograscopeError

    with pytest.raises(ZograscopeError) as refused:
        module.remote_connection(preferences)
    return refused.value.code


def test_a_remote_server_while_offline(module, preferences):
    preferences.use_remote = True
    preferences.remote_endpoint, preferences.remote_key = ENDPOINT, KEY
    assert refusal(module, preferences) == "online-access-off"


@pytest.mark.parametrize("key", ["", "short", KEY + "a"])
def test_a_remote_server_without_its_key(module, preferences, online, key):
    """Nothing travels in the clear."""
    preferences.use_remote = True
    preferences.remote_endpoint, preferences.remote_key = ENDPOINT, key
    assert refusal(module, preferences) == "bad-key"


def test_a_remote_server(module, preferences, online):
    preferences.use_remote = True
    preferences.remote_endpoint, preferences.remote_key = f" {ENDPOINT}", f"{KEY}\n"
    connection = module.remote_connection(preferences)
    assert (connection.endpoint, connection.public_key) == (ENDPOINT, KEY)


def test_another_server_means_another_connection(module, link, preferences, online):
    link._connected_client()
    first = link._client
    preferences.use_remote = True
    assert link._client is None
    preferences.remote_endpoint, preferences.remote_key = ENDPOINT, KEY
    assert link._connected_client() is not first


def test_a_named_program_goes_before_the_search_path(module, preferences, tmp_path, monkeypatch):
    for folder in ("named", "found"):
        program = tmp_path / folder / "zograscope"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "found"))
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(tmp_path))
    assert module.find_command(preferences) == [str(tmp_path / "found" / "zograscope"), "serve"]
    preferences.server_command = str(tmp_path / "named" / "zograscope")
    assert module.find_command(preferences) == [preferences.server_command, "serve"]
    preferences.server_command = str(tmp_path / "gone")
    assert module.find_command(preferences) is None


def test_this_computers_key_can_be_given_away(link, tmp_path, capfd):
    """Reported as well as copied: without a window there is no clipboard."""
    from zograscope_protocol.connection import client_keys

    assert bpy.ops.zograscope.copy_public_key() == {"FINISHED"}
    public_key, _ = client_keys(tmp_path)
    assert len(public_key) == 40
    assert public_key in capfd.readouterr().out


def test_a_server_that_knows_nobody_is_not_started_twice(link, preferences, online):
    """A remote server is its owner's to start."""
    preferences.use_remote = True
    preferences.remote_endpoint, preferences.remote_key = ENDPOINT, KEY
    bpy.ops.zograscope.start_server()
    assert not link.process.running
    assert link.state == "Not running"
