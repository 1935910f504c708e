"""Starting a server: where it listens, whom it lets in, and what it says when it cannot start."""

import json
import os
import socket
import stat
import subprocess
import sys

import numpy as np
import pytest
import zmq
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import Connection
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker.authentication import allow_key
from zograscope_server.broker.endpoints import Endpoints


def refusal(server, *options) -> str:
    """Return what a server that cannot start says."""
    process = subprocess.run(
        server.command(*options), capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    return process.stderr


def test_a_second_server_on_the_same_folder(server):
    assert "running on" in refusal(server)
    with server.client() as client:
        client.status()


def test_a_port_in_use(make_server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refusal(make_server("--tcp", f"127.0.0.1:{taken.getsockname()[1]}"))
    assert "listens at 127.0.0.1" in said


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:port", "256.0.0.1:80"])
def test_an_address_that_is_none(make_server, address):
    assert "cannot listen at" in refusal(make_server("--tcp", address))


def test_a_folder_that_cannot_be_written(make_server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    said = refusal(make_server(state=tmp_path / "file" / "state"))
    assert "cannot be written" in said


def test_a_full_disk(make_server, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(small)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system to fill needs the right to mount one")
    try:
        server = make_server(state=small / "state").start()
        with server.client() as client:
            with pytest.raises(ZograscopeError) as caught:
                client.run("null", {}, {"large": np.ones(30 << 20, np.uint8)})
            assert caught.value.code == "spool-full"
            with pytest.raises(ZograscopeError) as caught:
                client.run("null", {"reply_shape": [30 << 20], "reply_dtype": "|u1"}, {})
            assert caught.value.code == "spool-full"
            assert server.temporary_files() == []
            client.run("null", {}, {"small": np.ones(1 << 20, np.uint8)})
        server.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_the_broker_starts_without_the_heavy_libraries():
    code = (
        "import sys; import zograscope_server.command_line.serve, "
        "zograscope_server.broker.broker, zograscope_server.tasks as tasks; tasks.load_tasks(); "
        "print([name for name in ('torch', 'cv2', 'scipy', 'transformers', 'PIL') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_is_written_is_for_this_user_only(server):
    connection_file = server.state / "connection.json"
    connection = json.loads(connection_file.read_text())
    assert (connection["pid"], connection["public_key"]) == (server.process.pid, None)
    if os.name == "posix":
        assert stat.S_IMODE(connection_file.stat().st_mode) == 0o600
        socket_folder = os.path.dirname(connection["endpoint"].removeprefix("ipc://"))  # noqa: PTH120
        assert stat.S_IMODE(os.stat(socket_folder).st_mode) == 0o700  # noqa: PTH116
    server.stop()
    assert not connection_file.exists()


# CURVE


@pytest.fixture
def tcp_server(make_server):
    server = make_server("--tcp", "127.0.0.1:*").start()
    assert Connection.read(server.state).endpoint.startswith("tcp://127.0.0.1:")
    return server


def test_the_users_own_key_is_let_in(tcp_server):
    with tcp_server.client() as client:
        assert client.run("null", {}, {"a": b"abc"}).bytes("a") == b"abc"


def test_a_strangers_key_is_refused_until_it_is_allowed(tcp_server, tmp_path):
    connection = Connection.read(tcp_server.state)
    with pytest.raises(ZograscopeError) as caught:
        BlockingClient(connection, 30, folder=tmp_path / "stranger")
    assert caught.value.code == "key-refused"

    key = json.loads((tmp_path / "stranger" / "client_key.json").read_text())["public_key"]
    command = [sys.executable, "-m", "zograscope_server.command_line", "allow", "friend"]
    command += ["--state", str(tcp_server.state)]
    subprocess.run(command, input=f"{key}\n", text=True, check=True, timeout=60)
    with BlockingClient(connection, 30, folder=tmp_path / "stranger") as client:
        client.status()
    asked = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert asked.returncode == 1
    assert b"40 characters" in asked.stderr
    assert b"Traceback" not in asked.stderr

    (tcp_server.state / "allowed_keys" / "friend").unlink()
    with pytest.raises(ZograscopeError) as caught:
        BlockingClient(connection, 30, folder=tmp_path / "stranger")
    assert caught.value.code == "key-refused"


def test_an_unencrypted_client_hears_nothing(tcp_server):
    raw = zmq.Context.instance().socket(zmq.DEALER)
    raw.linger = 0
    raw.connect(Connection.read(tcp_server.state).endpoint)
    raw.send(b'{"type": "hello", "protocol": "1.0"}')
    assert raw.poll(1000) == 0
    raw.close()


@pytest.mark.parametrize("name", ["../friend", "", ".hidden", "a/b", "a" * 65])
def test_names_of_keys_never_become_paths(tmp_path, name):
    key = zmq.curve_keypair()[0].decode()
    with pytest.raises(ZograscopeError) as caught:
        allow_key(tmp_path, name, key)
    assert caught.value.code == "bad-key-name"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "short", "ä" * 40, "a" * 41, " " * 40])
def test_what_is_no_key_is_refused(tmp_path, key):
    with pytest.raises(ZograscopeError) as caught:
        allow_key(tmp_path, "friend", key)
    assert caught.value.code == "bad-key"


def test_without_ipc_the_workers_socket_lets_in_workers_only(tmp_path):
    """What a system without ipc gets: the user's own key is good for the other socket only."""
    endpoints = Endpoints(tmp_path, None, has_ipc=False)
    keys = endpoints.worker_keys
    own = Connection(endpoints.endpoint, keys["broker_public_key"])
    stranger = [key.decode() for key in zmq.curve_keypair()]
    try:
        assert own.endpoint.startswith("tcp://127.0.0.1:")
        assert reaches(endpoints, keys, keys["public_key"], keys["secret_key"])
        assert not reaches(endpoints, keys, *stranger)
    finally:
        endpoints.close()


def reaches(endpoints: Endpoints, keys: dict[str, str], public: str, secret: str) -> bool:
    worker = zmq.Context.instance().socket(zmq.DEALER)
    worker.linger = 0
    worker.curve_serverkey = keys["broker_public_key"].encode()
    worker.curve_publickey, worker.curve_secretkey = public.encode(), secret.encode()
    worker.connect(endpoints.workers_endpoint)
    worker.send(b"ready")
    heard = endpoints.workers.poll(1000) != 0
    if heard:
        assert endpoints.workers.recv_multipart()[1] == b"ready"
    worker.close()
    return heard
