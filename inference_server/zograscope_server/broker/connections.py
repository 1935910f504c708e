"""The connections of a ROUTER socket: how many there are, who sends on which, and their end.

ZeroMQ hides connections; a monitor tells of their file descriptors as they come and go, and each
message says which one it came on. So they can be counted and, where one must end, be shut.
"""

import contextlib
import os
import socket as sockets
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import recv_monitor_message

# Files that a process may have open, sockets among them. macOS tells of no end, and has one.
_WANTED_FILES = 65_536
_MACOS_FILES = 10_240
_SHARE_OF_FILES = 2
MOST_CONNECTIONS = 4096
# Frames of a message beside its header and buffer, which are none of the protocol's, are read and
# forgotten: so many at a turn.
_FORGOTTEN_AT_A_TURN = 2048
_MOST_FRAMES = 3
_ENDED = -1
UNKNOWN = -1
"""In the place of a connection: that of a peer whose ZeroMQ is older than what tells of them."""

_EVENTS = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED


@dataclass(frozen=True)
class Message:
    """A message as it came: whose, on which connection, and with which key (Z85), if any.

    Of a peer that speaks ZeroMQ's protocols 1 or 2 the connection is `UNKNOWN`.
    """

    address: bytes
    connection: int
    key: str | None
    frames: list[zmq.Frame]


class Connections:
    """Reads a ROUTER's messages and knows its connections.

    Args:
        socket: not yet bound.
        most: of connections; the oldest that never said anything proper makes way for a new one.
    """

    def __init__(self, socket: zmq.Socket, most: int | None = None) -> None:
        self._socket = socket
        self._most = (
            min(MOST_CONNECTIONS, file_limit() // _SHARE_OF_FILES) if most is None else most
        )
        self.monitor = socket.get_monitor_socket(_EVENTS)
        # From the oldest on; true where somebody said hello.
        self._welcomed: dict[int, bool] = {}
        # Those that were shut and are not gone: a second time might meet another of that number.
        self._ending: set[int] = set()
        # The connection of a message that is longer than any of the protocol's, while it is read.
        self._forgetting: int | None = None

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._welcomed)

    def receive(self) -> Message | None:
        """Return the next message, or None when none is here or enough was read for one turn.

        Of a message of too many frames come the first few, enough for it to be refused.
        """
        try:
            if self._forgetting is not None and not self._forget():
                # Once: its number is soon another's.
                self.end(self._forgetting)
                self._forgetting = _ENDED
                return None
            address = self._socket.recv(zmq.NOBLOCK, copy=False)
            frames: list[zmq.Frame] = []
            while self._socket.getsockopt(zmq.RCVMORE) and len(frames) < _MOST_FRAMES:
                frames.append(self._socket.recv(zmq.NOBLOCK, copy=False))
        except zmq.Again:
            return None
        last = frames[-1] if frames else address
        connection = _descriptor(last)
        if self._socket.getsockopt(zmq.RCVMORE):
            self._forgetting = connection
        return Message(address.bytes, connection, _key(last), frames)

    def watch(self) -> list[int]:
        """Note which connections have come and gone; return those that are gone."""
        gone = []
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)
            self._ending.discard(event["value"])
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._welcomed[event["value"]] = False
            elif self._welcomed.pop(event["value"], None) is not None:
                gone.append(event["value"])
        for connection in self._too_many():
            self.end(connection)
        return gone

    def welcome(self, connection: int) -> None:
        """Note that somebody said hello on a connection."""
        if connection in self._welcomed:
            self._welcomed[connection] = True

    def end(self, connection: int) -> None:
        """End a connection; `watch` will tell that it is gone."""
        if connection not in self._welcomed or connection in self._ending:
            return
        self._ending.add(connection)
        # It is ZeroMQ's, which finds out and closes it.
        with contextlib.suppress(OSError):
            borrowed = sockets.socket(fileno=connection)
            try:
                borrowed.shutdown(sockets.SHUT_RDWR)
            finally:
                borrowed.detach()

    def _too_many(self) -> list[int]:
        excess = len(self._welcomed) - self._most
        if excess <= 0:
            return []
        silent = [connection for connection, welcomed in self._welcomed.items() if not welcomed]
        latest = list(reversed(self._welcomed))
        return (silent or latest)[:excess]

    def _forget(self) -> bool:
        """Read on in a message that nobody wants; say whether that was its end.

        A few frames too many are a mistake; who sends thousands is shown the door.
        """
        for _ in range(_FORGOTTEN_AT_A_TURN):
            self._socket.recv(zmq.NOBLOCK)
            if not self._socket.getsockopt(zmq.RCVMORE):
                self._forgetting = None
                return True
        return False


def raise_file_limit() -> None:
    """Let this process open as many files as it may ask for: each connection is one."""
    if os.name != "posix":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (_WANTED_FILES, _MACOS_FILES):
        wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return


def file_limit() -> int:
    """Return how many files this process may have open."""
    if os.name != "posix":
        return _WANTED_FILES
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED_FILES if soft == resource.RLIM_INFINITY else soft


def _descriptor(frame: zmq.Frame) -> int:
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:  # ZMTP 1 and 2, which rubbish may look like
        return UNKNOWN


def _key(frame: zmq.Frame) -> str | None:
    """Return the key that CURVE has proved the sender to have; None on a socket without keys."""
    try:
        return str(frame.get("User-Id"))
    except zmq.ZMQError:
        return None
