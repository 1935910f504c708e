"""The broker's two sockets, who may connect to them, and the connection file that tells where.

Local sockets are `ipc` in a folder that only the user can read. Whatever is tcp is encrypted with
CURVE and asks for an allowed key: the clients' socket of `zograscope serve --tcp`, and both sockets
where the system has no ipc.
"""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import zmq
from zograscope_protocol.connection import (
    Connection,
    client_keys,
    load_or_create_keys,
    make_private_folder,
)
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.wire import MOST_FRAME_BYTES

from zograscope_server.broker.connections import Connections
from zograscope_server.errors import ServerError

if TYPE_CHECKING:
    from zmq.auth.thread import ThreadAuthenticator

    from zograscope_server.broker.authentication import AllowedKeys

LOOPBACK = "127.0.0.1"
_ADDRESS = re.compile(r"(?P<host>[^\s:;|/\[\]]+|\[[0-9A-Fa-f:.%\w]+\]):(?P<port>\*|[0-9]{1,5})")
_MOST_PORT = 65_535
# Messages that wait for the broker on each connection; its client's system holds more.
_RECEIVE_QUEUE = 128
# Milliseconds. A client's connection that does not answer by then is closed.
_PING_INTERVAL = 15_000
_PING_TIME = 45_000
_BACKLOG = 1024


class Endpoints:
    """Bound ROUTER sockets `clients` and `workers`, until `close`.

    Attributes:
        connections: those of `clients`; its messages are read through them.

    Raises ZograscopeError `port-in-use`, `bad-endpoint`, `keys-not-private` or
    `connection-file-wrong`.
    """

    def __init__(
        self, state_folder: Path, tcp: str | None, has_ipc: bool = bool(zmq.has("ipc"))
    ) -> None:
        self.server_id = uuid.uuid4().hex
        self.worker_keys: dict[str, str] = {}
        self._state_folder = state_folder
        self._context = zmq.Context()
        self._bound: dict[Path, int] = {}  # the ipc sockets' files, with their inodes
        self._authenticator: ThreadAuthenticator | None = None
        self._allowed: AllowedKeys | None = None
        self._public_key: str | None = None
        self._secret_key: str | None = None
        self.clients = self._router()
        self.clients.heartbeat_ivl = _PING_INTERVAL
        self.clients.heartbeat_timeout = _PING_TIME
        self.connections = Connections(self.clients)
        self.workers = self._router()
        try:
            if tcp is not None or not has_ipc:
                self._prepare_encryption()
                address = f"{LOOPBACK}:*" if tcp is None else tcp
                self._bind_tcp(self.clients, address, "clients")
            else:
                self._bind_ipc(self.clients, "clients")
            if has_ipc:
                self._bind_ipc(self.workers, "workers")
            else:
                self._bind_tcp(self.workers, f"{LOOPBACK}:*", "workers")
                self.worker_keys["broker_public_key"] = self._public_key or ""
        except ZograscopeError:
            self.close()
            raise

    @property
    def endpoint(self) -> str:
        """Where a client on this machine connects."""
        return _reachable(_endpoint_of(self.clients))

    @property
    def workers_endpoint(self) -> str:
        """Where a worker connects."""
        return _endpoint_of(self.workers)

    def is_owners(self, key: str | None) -> bool:
        """Whether a client with that key, or on a socket without keys, is this server's owner."""
        return self._allowed is None or key == self._allowed.own_key

    def allowed(self, keys: set[str]) -> set[str]:
        """Return those of the keys that may still connect."""
        return keys if self._allowed is None else keys & self._allowed.keys()

    def publish(self) -> None:
        """Write the connection file, so that clients find this server."""
        Connection(self.endpoint, self._public_key).write(self._state_folder)

    def withdraw(self) -> None:
        """Remove the connection file."""
        Connection.remove(self._state_folder)

    def close(self) -> None:
        """Close the sockets, letting last words out, and remove their files and an empty folder."""
        if self._authenticator is not None:
            self._authenticator.stop()
        self.clients.disable_monitor()
        self._context.destroy(linger=500)
        for path, inode in self._bound.items():
            with contextlib.suppress(OSError):  # gone, or in company
                if path.lstat().st_ino == inode:  # else another server's, in the place of ours
                    path.unlink()
                path.parent.rmdir()

    def _prepare_encryption(self) -> None:
        from zograscope_server.broker.authentication import (
            AllowedKeys,
            check_keys_folder,
            start_authenticator,
        )

        self._public_key, self._secret_key = load_or_create_keys(
            self._state_folder / "server_key.json"
        )
        worker_public, worker_secret = (key.decode() for key in zmq.curve_keypair())
        self.worker_keys = {"public_key": worker_public, "secret_key": worker_secret}
        own_public, _ = client_keys(self._state_folder)
        keys_folder = self._state_folder / "allowed_keys"
        if keys_folder.exists():
            check_keys_folder(keys_folder)
        self._allowed = AllowedKeys(own_public, keys_folder)
        self._authenticator = start_authenticator(
            self._context, {"clients": self._allowed, "workers": AllowedKeys(worker_public)}
        )

    def _router(self) -> zmq.Socket:
        socket = self._context.socket(zmq.ROUTER)
        # Whoever takes another's name hears nothing: a connection keeps the name it came with.
        socket.router_handover = False
        socket.maxmsgsize = MOST_FRAME_BYTES
        socket.rcvhwm = _RECEIVE_QUEUE
        socket.backlog = _BACKLOG
        return socket

    def _bind_ipc(self, socket: zmq.Socket, name: str) -> None:
        path = make_private_folder(_runtime_folder(self._state_folder)) / name
        try:
            socket.bind(f"ipc://{path}")
        except zmq.ZMQError as error:
            raise ServerError("bad-socket", details=str(error), path=str(path)) from error
        self._bound[path] = path.lstat().st_ino

    def _bind_tcp(self, socket: zmq.Socket, address: str, domain: str) -> None:
        found = _ADDRESS.fullmatch(address)
        if found is None or (found["port"] != "*" and int(found["port"]) > _MOST_PORT):
            raise ServerError("bad-endpoint", endpoint=address)
        socket.curve_server = True
        socket.curve_secretkey = (self._secret_key or "").encode()
        socket.zap_domain = domain.encode()
        socket.ipv6 = found["host"].startswith("[")
        try:
            socket.bind(f"tcp://{address}")
        except zmq.ZMQError as error:
            if error.errno == errno.EADDRINUSE:
                raise ServerError("port-in-use", endpoint=address) from error
            raise ServerError("bad-endpoint", details=str(error), endpoint=address) from error


def _runtime_folder(state_folder: Path) -> Path:
    """Return a short path of the user's own: that of an ipc socket may have 107 characters."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    digest = hashlib.sha256(str(state_folder.resolve()).encode()).hexdigest()[:12]
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(base) / f"zograscope-{user}-{digest}"


def _endpoint_of(socket: zmq.Socket) -> str:
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def _reachable(endpoint: str) -> str:
    """Return where the endpoint is found from this machine: one cannot connect to "any"."""
    return endpoint.replace("tcp://0.0.0.0:", f"tcp://{LOOPBACK}:").replace(
        "tcp://[::]:", f"tcp://{LOOPBACK}:"
    )
