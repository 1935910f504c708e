"""The broker's two sockets, who may connect to them, and the connection file that tells where.

Local sockets are `ipc` in a folder that only the user can read. Whatever is tcp is encrypted with
CURVE and asks for an allowed key: the clients' socket of `zograscope serve --tcp`, and both sockets
where the system has no ipc.
"""

import errno
import hashlib
import os
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

from zograscope_server.errors import ServerError

if TYPE_CHECKING:
    from zmq.auth.thread import ThreadAuthenticator

LOOPBACK = "127.0.0.1"


class Endpoints:
    """Bound ROUTER sockets `clients` and `workers`, until `close`.

    Raises ZograscopeError `port-in-use` or `bad-endpoint`.
    """

    def __init__(
        self, state_folder: Path, tcp: str | None, has_ipc: bool = bool(zmq.has("ipc"))
    ) -> None:
        self.server_id = uuid.uuid4().hex
        self.worker_keys: dict[str, str] = {}
        self._state_folder = state_folder
        self._context = zmq.Context()
        self._authenticator: ThreadAuthenticator | None = None
        self._public_key: str | None = None
        self._secret_key: str | None = None
        if tcp or not has_ipc:
            self._prepare_encryption()
        try:
            if tcp or not has_ipc:
                self.clients = self._bind_tcp(tcp or f"{LOOPBACK}:*", "clients")
            else:
                self.clients = self._bind_ipc("clients")
            if has_ipc:
                self.workers = self._bind_ipc("workers")
            else:
                self.workers = self._bind_tcp(f"{LOOPBACK}:*", "workers")
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

    def publish(self) -> None:
        """Write the connection file, so that clients find this server."""
        Connection(self.endpoint, self._public_key).write(self._state_folder)

    def withdraw(self) -> None:
        """Remove the connection file."""
        Connection.remove(self._state_folder)

    def close(self) -> None:
        """Close the sockets, letting last words out."""
        if self._authenticator is not None:
            self._authenticator.stop()
        self._context.destroy(linger=500)

    def _prepare_encryption(self) -> None:
        from zograscope_server.broker.authentication import AllowedKeys, start_authenticator

        self._public_key, self._secret_key = load_or_create_keys(
            self._state_folder / "server_key.json"
        )
        worker_public, worker_secret = (key.decode() for key in zmq.curve_keypair())
        self.worker_keys = {"public_key": worker_public, "secret_key": worker_secret}
        own_public, _ = client_keys(self._state_folder)
        self._authenticator = start_authenticator(
            self._context,
            {
                "clients": AllowedKeys(own_public, self._state_folder / "allowed_keys"),
                "workers": AllowedKeys(worker_public),
            },
        )

    def _router(self) -> zmq.Socket:
        socket = self._context.socket(zmq.ROUTER)
        # A client that comes back under its old name takes the place of its dead connection.
        socket.router_handover = True
        return socket

    def _bind_ipc(self, name: str) -> zmq.Socket:
        folder = make_private_folder(_runtime_folder(self._state_folder))
        socket = self._router()
        socket.bind(f"ipc://{folder / name}")
        return socket

    def _bind_tcp(self, address: str, domain: str) -> zmq.Socket:
        socket = self._router()
        socket.curve_server = True
        socket.curve_secretkey = (self._secret_key or "").encode()
        socket.zap_domain = domain.encode()
        try:
            socket.bind(f"tcp://{address}")
        except zmq.ZMQError as error:
            if error.errno == errno.EADDRINUSE:
                raise ServerError("port-in-use", endpoint=address) from error
            raise ServerError("bad-endpoint", details=str(error), endpoint=address) from error
        return socket


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
