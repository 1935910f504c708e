"""Ends a request to the web that takes too long, whatever it is doing at that moment.

A socket's own time limit begins anew with every byte: a host that sends one now and then, of a
header or of a picture, would never meet it. So each request has a limit for its next step, and one
for all of it, kept by a thread of its own which shuts the connection.
"""

import contextlib
import socket
import threading
import time
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Patience:
    """How long is waited for a request, in `with`: for its next step, and in all.

    Attributes:
        ended: whether it was over before the request was.
    """

    def __init__(self, step: float, in_all: float) -> None:
        """Give `step` seconds to each step, the first of which begins now, and `in_all` to all."""
        now = time.monotonic()
        self.ended = False
        self._step = step
        self._last = now + in_all
        self._until = min(now + step, self._last)
        self._change = threading.Condition()
        self._connection: socket.socket | None = None
        self._over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Patience":
        self._token = _PATIENCE.set(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _PATIENCE.reset(self._token)
        with self._change:
            self._over = True
            self._change.notify()
        self._thread.join()
        if self._connection is not None:
            self._connection.close()

    def next_step(self, step: float | None = None) -> None:
        """Wait anew, from now on: a step is done; those that follow may have another length."""
        with self._change:
            self._step = self._step if step is None else step
            self._until = min(time.monotonic() + self._step, self._last)
            self._change.notify()

    def hold(self, connection: socket.socket) -> None:
        """Take note of the connection that is to be shut; of the thread that is in `with`."""
        # A handle of our own: whoever speaks TLS over it may close the other meanwhile. What family
        # it is of does not matter for shutting it, and TLS over TLS does not tell.
        handle = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._change:
            former, self._connection = self._connection, handle
            if self.ended:
                _shut(handle)
        if former is not None:
            former.close()

    def _watch(self) -> None:
        with self._change:
            while not self._over:
                left = self._until - time.monotonic()
                if left <= 0:
                    self.ended = True
                    if self._connection is not None:
                        _shut(self._connection)
                    return
                self._change.wait(left)


_PATIENCE: ContextVar[Patience | None] = ContextVar("patience", default=None)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class PatientConnection(HTTPConnection):
    """A connection that tells this thread's patience of itself, new or used again."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        if patience := _PATIENCE.get():
            patience.hold(connection)
        return connection

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request."""
        patience = _PATIENCE.get()
        if patience is not None and self.sock is not None:
            patience.hold(self.sock)
        super().request(*args, **kwargs)


class PatientHTTPSConnection(PatientConnection, HTTPSConnection):
    """The same, encrypted."""


def pools_of(
    plain: type[HTTPConnection], encrypted: type[HTTPSConnection]
) -> dict[str, type[HTTPConnectionPool]]:
    """Return what keeps connections of these kinds, by the scheme of an address."""
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("EncryptedPool", (HTTPSConnectionPool,), {"ConnectionCls": encrypted}),
    }


class PatientAdapter(HTTPAdapter):
    """What gives a session its connections, to hosts and to proxies."""

    pools: ClassVar = pools_of(PatientConnection, PatientHTTPSConnection)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Prepare for connections to hosts."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        """Return what connects to a proxy; one of SOCKS has connections of its own kind."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self.pools
        return manager
