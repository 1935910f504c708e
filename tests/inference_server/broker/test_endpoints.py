"""The sockets' files come and go with their server, and only with theirs."""

import tempfile
from pathlib import Path

import pytest
import zmq
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker.broker import Broker
from zograscope_server.broker.endpoints import Endpoints
from zograscope_server.settings import ServerSettings

from .conftest import BrokerThread

pytestmark = pytest.mark.skipif(not zmq.has("ipc"), reason="sockets of the file system")


@pytest.fixture
def runtime(runtime_folder, monkeypatch):
    """The folder of all sockets' folders of this test."""
    folder = Path(tempfile.mkdtemp(dir=runtime_folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    assert [*folder.iterdir()] == [], "an orderly end leaves nothing"


def names(folder):
    return sorted(path.name for path in folder.glob("*/*"))


@pytest.mark.parametrize(("tcp", "bound"), [(None, ["clients", "workers"]), ("*", ["workers"])])
def test_an_orderly_end_removes_its_sockets(runtime, tmp_path, tcp, bound):
    endpoints = Endpoints(tmp_path, tcp and "127.0.0.1:*")
    assert names(runtime) == bound
    endpoints.close()


def test_what_a_killed_server_left_goes_with_the_next(runtime, tmp_path):
    killed, after = Endpoints(tmp_path, None), Endpoints(tmp_path, None)
    killed.close()  # whose files the other has taken the place of
    assert names(runtime) == ["clients", "workers"]
    after.close()


def test_what_somebody_else_put_there_stays(runtime, tmp_path):
    endpoints = Endpoints(tmp_path, None)
    (folder,) = runtime.iterdir()
    (folder / "notes").touch()
    endpoints.close()
    assert names(runtime) == ["notes"]
    (folder / "notes").unlink()
    folder.rmdir()


def test_a_server_that_is_refused_leaves_the_first_its_sockets(runtime, tmp_path):
    first = BrokerThread(tmp_path / "state").start()
    try:
        settings = ServerSettings(
            state_folder=tmp_path / "state", models_folder=tmp_path / "models", devices=()
        )
        with pytest.raises(ZograscopeError) as refused, Broker(settings):
            pass
        assert refused.value.code == "server-running"
        assert names(runtime) == ["clients", "workers"]
        with first.owner() as client:
            assert client.status()["jobs"] == []
    finally:
        first.stop()
