"""The socket to a server: found by its connection file, opened, listened to, watched, closed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import zmq
from zmq.utils.monitor import recv_monitor_message

from zograscope_protocol import wire
from zograscope_protocol.connection import Connection, client_keys
from zograscope_protocol.errors import ZograscopeError

# Seconds.
HEARTBEAT = 2.0
SILENT_HEARTBEATS = 3
RECONNECT_INTERVAL = 0.5

RECEIVE_QUEUE = 256
"""Messages that wait for a program that does not poll, or polls too slowly: at most 1 MiB each."""

_LOST_EVENTS = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
_REFUSED_EVENTS = zmq.EVENT_HANDSHAKE_FAILED_AUTH


class ServerSocket:
    """A socket that may be open or not; it knows nothing of jobs.

    Attributes:
        endpoint: of the server that it was opened to last.
        heartbeat: seconds between signs of life.
        last_heard: when the server was heard last, in seconds of the monotonic clock.
    """

    def __init__(self, where: Connection | Path, folder: Path) -> None:
        """Prepare a socket, closed.

        Args:
            where: a server, or a connection file that names one.
            folder: the state folder that holds the client's keys.
        """
        self.endpoint = ""
        self.heartbeat = HEARTBEAT
        self.last_heard = 0.0
        self._where = where
        self._folder = folder
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self._last_sent = 0.0
        self._next_attempt = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there is a socket, which need not reach anybody."""
        return self._socket is not None

    def open(self) -> bool:
        """Open it, unless that was tried a moment ago; say whether it is open now.

        Raises ZograscopeError where there is no server, or none can be spoken to.
        """
        now = time.monotonic()
        if now < self._next_attempt:
            return False
        self._next_attempt = now + RECONNECT_INTERVAL
        connection = self._find_server()
        self.endpoint = connection.endpoint
        self._socket = self._connected_socket(connection)
        self.last_heard = now
        return True

    def close(self) -> None:
        """Close it; it can be opened again."""
        if self._socket is not None:
            self._socket.disable_monitor()
            if self._monitor is not None:
                self._monitor.close(linger=0)
            self._socket.close(linger=0)
        self._socket = self._monitor = None

    def send(self, header: dict[str, Any], buffer: wire.Buffer | None = None) -> None:
        """Send a message; nothing where it is closed."""
        if self._socket is None:
            return
        self._last_sent = time.monotonic()
        self._socket.send_multipart(wire.encode(header, buffer), copy=False)

    def receive(self) -> list[zmq.Frame] | None:
        """Return the frames of the next message, or None when none has come."""
        assert self._socket is not None
        try:
            frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        self.last_heard = time.monotonic()
        return frames

    def wait(self, seconds: float) -> None:
        """Sleep until something has come, or so long."""
        if self._socket is None:
            time.sleep(min(seconds, RECONNECT_INTERVAL))
            return
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        if self._monitor is not None:
            poller.register(self._monitor, zmq.POLLIN)
        poller.poll(int(1000 * seconds))

    def events(self) -> Iterator[Literal["refused", "lost"]]:
        """Yield what has happened to the connection since the last call, until it is closed."""
        while self._monitor is not None and self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            if event & _REFUSED_EVENTS:
                yield "refused"
            elif event & _LOST_EVENTS:
                yield "lost"

    @property
    def is_silent(self) -> bool:
        """Whether the server was not heard for so long that it must be gone."""
        return time.monotonic() - self.last_heard > SILENT_HEARTBEATS * self.heartbeat

    @property
    def owes_heartbeat(self) -> bool:
        """Whether the server should hear that we live."""
        return time.monotonic() - self._last_sent > self.heartbeat

    def _find_server(self) -> Connection:
        where = self._where
        connection = where if isinstance(where, Connection) else Connection.read(where)
        if connection.pid is not None and not _process_lives(connection.pid):
            raise ZograscopeError("server-not-running")
        return connection

    def _connected_socket(self, connection: Connection) -> "zmq.Socket[bytes]":
        socket = self._context.socket(zmq.DEALER)
        try:
            socket.linger = 0
            # Credit bounds what we send; of what comes, a flood waits where it comes from.
            socket.sndhwm, socket.rcvhwm = 0, RECEIVE_QUEUE
            socket.maxmsgsize = wire.MOST_FRAME_BYTES
            if connection.public_key:
                public, secret = client_keys(self._folder)
                socket.curve_publickey, socket.curve_secretkey = public.encode(), secret.encode()
                socket.curve_serverkey = connection.public_key.encode()
            self._monitor = socket.get_monitor_socket(_LOST_EVENTS | _REFUSED_EVENTS)
            socket.connect(connection.endpoint)
        except (zmq.ZMQError, ValueError) as error:
            socket.close()
            self._monitor = None
            raise ZograscopeError(
                "server-unreachable", str(error), endpoint=connection.endpoint
            ) from error
        return socket


def _process_lives(pid: int) -> bool:
    """Whether the process is there, as far as this system tells."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
