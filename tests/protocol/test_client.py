"""The client against a server that does exactly what a test tells it to."""

import os
import time
from collections.abc import Callable

import numpy as np
import pytest
import zmq
from zmq.auth.thread import ThreadAuthenticator
from zograscope_protocol import wire
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.client import Client
from zograscope_protocol.connection import Connection, client_keys
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.transfers import Sender

from .conftest import PATIENCE, WELCOME, FakeServer, pump


def serve_result(server: FakeServer, client: Client, job: str, array: np.ndarray) -> None:
    description = wire.describe_array("a", array)
    done = {"type": "done", "job": job, "metadata": {"n": 1}, "arrays": [description]}
    server.send({**done, "cached": False})


def test_a_job_from_submit_to_result(server, client):
    server.welcome(client)
    photograph = np.arange(3 << 20, dtype=np.uint8)
    job = client.submit("double", {"p": 1}, {"x": photograph, "note": b"hello"})
    submitted = server.receive(client, "submit")
    assert submitted["parameters"] == {"p": 1}
    assert [array["name"] for array in submitted["inputs"]] == ["x", "note"]
    server.send(
        {"type": "credit", "job": job.id, "name": "x", "offset": 1 << 20, "window": 9 << 20}
    )
    chunks = [server.receive(client, "chunk") for _ in range(2)]
    assert [chunk["offset"] for chunk in chunks] == [1 << 20, 2 << 20]
    assert chunks[1]["buffer"] == photograph[2 << 20 :].tobytes()

    server.send(
        {"type": "progress", "job": job.id, "state": "running", "fraction": 0.5, "stage": "S"}
    )
    pump(client, lambda: job.stage == "S")
    assert (job.state, job.fraction) == ("running", 0.5)
    preview = np.eye(3, dtype=np.float32)
    description = wire.describe_array("preview", preview)
    server.send({"type": "preview", "job": job.id, **description}, preview.tobytes())
    pump(client, lambda: job.preview is not None)
    assert (job.preview == preview).all()

    answer = np.arange(100_000, dtype=">f8")
    serve_result(server, client, job.id, answer)
    credit = server.receive(client, "credit")
    for offset, chunk in Sender(wire.byte_view(answer)).credited(
        credit["offset"], credit["window"]
    ):
        server.send({"type": "chunk", "job": job.id, "name": "a", "offset": offset}, chunk)
    pump(client, lambda: job.finished)
    assert (job.result.arrays["a"] == answer).all()
    assert job.result.metadata == {"n": 1}


def test_a_lost_server_is_found_again_and_the_download_goes_on(server, client):
    server.welcome(client)
    answer = np.random.default_rng(0).integers(0, 256, 5 << 20, np.uint8)
    job = client.submit("t", {}, {})
    server.receive(client, "submit")
    serve_result(server, client, job.id, answer)
    server.receive(client, "credit")
    first = wire.byte_view(answer)[: 1 << 20]
    server.send({"type": "chunk", "job": job.id, "name": "a", "offset": 0}, first)
    pump(client, lambda: (job.fraction or 0) > 0)

    server.close()
    pump(client, lambda: client.state == "lost")
    assert client.error.code == "server-lost"
    server.open()
    server.welcome(client)
    assert server.receive(client, "submit")["job"] == job.id
    serve_result(server, client, job.id, answer)
    credit = server.receive(client, "credit")
    assert credit["offset"] == 1 << 20, "what is held is not asked for again"
    for offset, chunk in Sender(wire.byte_view(answer)).credited(credit["offset"], 60 << 20):
        server.send({"type": "chunk", "job": job.id, "name": "a", "offset": offset}, chunk)
    pump(client, lambda: job.finished)
    assert (job.result.arrays["a"] == answer).all()


def test_a_silent_server_is_lost(server, client):
    server.welcome(client)
    server.receive(client, "heartbeat")
    pump(client, lambda: client.state == "lost")


def test_a_server_that_forgot_us_is_greeted_again(server, client):
    server.welcome(client)
    job = client.submit("t", {}, {})
    server.receive(client, "submit")
    server.send({"type": "error", "code": "hello-first", "job": job.id})
    server.welcome(client)
    assert server.receive(client, "submit")["job"] == job.id
    assert not job.finished


@pytest.mark.parametrize("code", ["protocol-too-new", "protocol-too-old"])
def test_another_version_is_told_and_not_tried_again(server, client, code):
    server.receive(client, "hello")
    server.send({"type": "error", "code": code, "sentence": "Update."})
    pump(client, lambda: client.state == "refused")
    assert str(client.error) == "Update."
    client.poll()
    assert client.state == "refused"


def test_garbage_from_a_foreign_server_ends_in_words(server, client):
    server.receive(client, "hello")
    server.socket.send_multipart([server.address.bytes, b"HTTP/1.1 400 Bad Request"])
    pump(client, lambda: client.state == "refused")
    assert client.error.code == "bad-message"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "failed", "code": "worker-died", "sentence": "It died."},
        {"type": "error", "code": "unknown-job", "sentence": "Gone."},
        {"type": "cancelled"},
    ],
)
def test_jobs_end_in_words(server, client, message):
    server.welcome(client)
    job = client.attach("f" * 32)
    server.receive(client, "attach")
    server.send({**message, "job": job.id})
    pump(client, lambda: job.finished)
    assert job.error.code == message.get("code", "job-cancelled")
    assert job.state == ("cancelled" if message["type"] == "cancelled" else "failed")


def serve(server: FakeServer, client: Client, condition: Callable[[], bool]) -> list[str]:
    """Welcome the client and echo heartbeats, as a server does; return the types that came."""
    seen: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, (client.state, seen)
        client.poll()
        while server.socket.poll(5):
            server.address, *frames = server.socket.recv_multipart(copy=False)
            header, _ = wire.decode(frames)
            seen.append(header["type"])
            if header["type"] in ("hello", "heartbeat"):
                server.send(WELCOME if header["type"] == "hello" else header)
            elif header["type"] == "status":
                server.send({**header, "uptime": 1.0})
    return seen


def lose(server: FakeServer, client: Client) -> None:
    server.welcome(client)
    server.close()
    pump(client, lambda: client.state == "lost")
    server.open()


def test_a_cancel_while_the_server_is_away_reaches_it(server, client):
    server.welcome(client)
    job = client.submit("t", {}, {})
    server.receive(client, "submit")
    server.close()
    pump(client, lambda: client.state == "lost")
    job.cancel()
    server.open()
    server.welcome(client)
    server.receive(client, "submit")
    assert server.receive(client, "cancel")["job"] == job.id


def test_a_cancel_before_the_welcome_comes_after_the_submit(server, client):
    client.poll()
    client.submit("t", {}, {}).cancel()
    server.welcome(client)
    server.receive(client, "submit")
    server.receive(client, "cancel")


@pytest.mark.parametrize("away", [lose, lambda server, client: None])
def test_a_question_waits_for_a_server(server, client, away):
    away(server, client)
    answers: list[dict] = []
    client.request_status(answers.append)
    serve(server, client, lambda: bool(answers))
    assert answers[0]["uptime"] == 1.0


def test_who_was_busy_does_not_take_the_server_for_lost(server, client):
    server.welcome(client)
    serve(server, client, lambda: client.state == "connected")
    time.sleep(5 * WELCOME["heartbeat"])
    client.poll()
    assert client.state == "connected"


@pytest.mark.parametrize("heartbeat", [0, -1, float("inf"), True, "soon", None])
def test_a_senseless_heartbeat_is_not_taken(server, client, heartbeat):
    server.receive(client, "hello")
    server.send({**WELCOME, "heartbeat": heartbeat})
    pump(client, lambda: client.state != "connecting")
    assert client.state == "connected"
    assert client._socket.heartbeat > 1


def test_a_server_of_another_protocol_is_refused_in_words(server, client):
    server.receive(client, "hello")
    server.send({**WELCOME, "protocol": "2.0"})
    pump(client, lambda: client.state == "refused")
    assert "speaks protocol 2.0" in client.error.sentence
    assert "Update the extension" in client.error.sentence


@pytest.mark.parametrize(
    "message",
    [
        {"type": "progress", "job": [1]},
        {"type": "progress", "fraction": 0.5},
        {"type": "credit", "name": "x"},
        {"type": "chunk", "name": [1]},
        {"type": "preview", "name": "p", "dtype": "|u1", "shape": [0, 1 << 70], "bytes": 0},
        {"type": "done", "arrays": [{"name": "a", "dtype": "|u1", "shape": [1], "bytes": True}]},
    ],
)
def test_a_server_that_talks_nonsense_never_raises(server, client, message):
    server.welcome(client)
    job = client.submit("t", {}, {"x": b"abc"})
    server.receive(client, "submit")
    buffer = b"" if message["type"] in ("chunk", "preview") else None
    server.send({"job": job.id, **message}, buffer)
    pump(client, lambda: client.state == "refused")
    assert client.error.code == "bad-message"


def test_a_result_too_large_for_the_disk_fails_its_job_alone(server, client):
    server.welcome(client)
    job = client.submit("t", {}, {})
    server.receive(client, "submit")
    size = 1 << 47
    array = {"name": "a", "dtype": "|u1", "shape": [size], "bytes": size}
    server.send({"type": "done", "job": job.id, "metadata": {}, "arrays": [array]})
    pump(client, lambda: job.finished)
    assert job.error.code == "no-room"
    assert client.state == "connected"


def test_no_server_is_told_at_once(tmp_path):
    started = time.monotonic()
    with pytest.raises(ZograscopeError, match="No Zograscope server is running"):
        BlockingClient(tmp_path)
    Connection("ipc:///nowhere", None).write(tmp_path)
    text = (tmp_path / "connection.json").read_text()
    (tmp_path / "connection.json").write_text(text.replace(str(os.getpid()), "4194303"))
    with pytest.raises(ZograscopeError, match="No Zograscope server is running"):
        BlockingClient(tmp_path)
    assert time.monotonic() - started < PATIENCE


def test_a_wrong_key_is_told(tmp_path):
    context = zmq.Context()
    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    try:
        allowed, _ = client_keys(tmp_path / "friend")
        authenticator.configure_curve_callback(
            "*", type("Only", (), {"callback": lambda self, domain, key: key.decode() == allowed})()
        )
        public, secret = zmq.curve_keypair()
        socket = context.socket(zmq.ROUTER)
        socket.curve_server, socket.curve_secretkey = True, secret
        socket.bind("tcp://127.0.0.1:*")
        connection = Connection(socket.last_endpoint.decode(), public.decode())
        stranger = Client(connection, folder=tmp_path / "stranger")
        pump(stranger, lambda: stranger.state == "refused")
        assert stranger.error.code == "key-refused"
        friend = Client(connection, folder=tmp_path / "friend")
        friend.poll()
        assert socket.poll(1000 * PATIENCE), "an allowed key gets through"
        friend.close()
    finally:
        authenticator.stop()
        context.destroy(linger=0)
