"""A broker in a thread, without workers: for whatever never comes to computing."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import Connection, client_keys
from zograscope_protocol.messages import PROTOCOL_VERSION
from zograscope_server.broker.authentication import allow_key
from zograscope_server.broker.broker import Broker
from zograscope_server.settings import ServerSettings

PATIENCE = 60.0


class BrokerThread:
    """A broker without workers on a state folder."""

    def __init__(self, state: Path, **settings) -> None:
        self.state = state
        self._settings = ServerSettings(
            state_folder=state, models_folder=state / "models", devices=(), **settings
        )
        self._thread = threading.Thread(target=self._run)
        self._ready = threading.Event()

    def start(self) -> "BrokerThread":
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self.broker.stop()
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        with Broker(self._settings) as self.broker:
            self._ready.set()
            self.broker.run()

    @property
    def connection(self) -> Connection:
        return Connection.read(self.state)

    def owner(self) -> BlockingClient:
        return BlockingClient(self.state, PATIENCE, "owner", folder=self.state)

    def guest(self, name: str) -> BlockingClient:
        """Return a client of another user, who is let in."""
        folder = self.state.parent / name
        allow_key(self.state / "allowed_keys", name, client_keys(folder)[0])
        return BlockingClient(self.connection, PATIENCE, name, folder=folder)

    def raw(self, folder: Path | None = None, identity: bytes = b"") -> "RawSocket":
        return RawSocket(self.connection, folder or self.state, identity)


class RawSocket:
    """Says whatever it is told to, without any manners."""

    def __init__(self, connection: Connection, folder: Path, identity: bytes = b"") -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvtimeo = int(1000 * PATIENCE)
        if identity:
            self.socket.identity = identity
        if connection.public_key:
            public, secret = client_keys(folder)
            self.socket.curve_publickey = public.encode()
            self.socket.curve_secretkey = secret.encode()
            self.socket.curve_serverkey = connection.public_key.encode()
        self.socket.connect(connection.endpoint)

    def __enter__(self) -> "RawSocket":
        return self

    def __exit__(self, *exception) -> None:
        self.socket.close()

    def say(self, **header) -> None:
        # As UTF-8, in which a character is shorter than in the broker's answers.
        self.socket.send(json.dumps(header, ensure_ascii=False).encode())

    def hear(self) -> dict:
        return json.loads(self.socket.recv_multipart()[0])

    def ask(self, **header) -> dict:
        self.say(**header)
        return self.hear()

    def hello(self) -> "RawSocket":
        assert self.ask(type="hello", protocol=PROTOCOL_VERSION)["type"] == "welcome"
        return self


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[..., BrokerThread]]:
    """A function that starts a broker without workers."""
    made: list[BrokerThread] = []

    def make(**settings) -> BrokerThread:
        made.append(BrokerThread(tmp_path / "state", **settings))
        return made[-1].start()

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def broker(make_broker) -> BrokerThread:
    """A broker without workers, for its own user."""
    return make_broker()


@pytest.fixture
def tcp_broker(make_broker) -> BrokerThread:
    """A broker without workers that listens on tcp."""
    return make_broker(tcp="127.0.0.1:*")
