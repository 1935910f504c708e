"""A server that does exactly what a test tells it to, over real sockets."""

import time
from collections.abc import Callable

import pytest
import zmq
from zograscope_protocol import wire
from zograscope_protocol.client import Client
from zograscope_protocol.connection import Connection

PATIENCE = 20.0
WELCOME = {"type": "welcome", "protocol": "1.1", "server": "fake", "heartbeat": 0.2}


class FakeServer:
    """A ROUTER in the same thread as the client: each side moves when the test says so."""

    def __init__(self, endpoint: str) -> None:
        self.context = zmq.Context()
        self.endpoint = endpoint
        self.open()

    def open(self) -> None:
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(self.endpoint)

    def close(self) -> None:
        self.socket.close()

    def receive(self, client: Client, wanted: str) -> dict:
        """Return the next message of that type; the client is polled meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            client.poll()
            if self.socket.poll(10):
                self.address, *frames = self.socket.recv_multipart(copy=False)
                header, buffer = wire.decode(frames)
                if header["type"] == wanted:
                    return {**header, "buffer": None if buffer is None else bytes(buffer)}
        raise AssertionError(f"no {wanted} came")

    def send(self, header: dict, buffer: bytes | memoryview | None = None) -> None:
        self.socket.send_multipart([self.address.bytes, *wire.encode(header, buffer)])

    def welcome(self, client: Client, **changes: object) -> None:
        hello = self.receive(client, "hello")
        assert hello["protocol"] == "1.1"
        self.send(WELCOME | changes)
        pump(client, lambda: client.state == "connected")


def pump(client: Client, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, (client.state, client.error)
        client.wait(0.01)
        client.poll()


@pytest.fixture
def server(tmp_path):
    server = FakeServer(f"ipc://{tmp_path}/s")
    yield server
    server.context.destroy(linger=0)


@pytest.fixture
def client(server):
    client = Client(Connection(server.endpoint), "test 1")
    yield client
    client.close()
