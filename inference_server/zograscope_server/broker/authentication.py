"""Who may speak to a server that listens on tcp: the keys in a folder, and the user's own."""

import re
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils import z85
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.errors import ServerError

CLIENTS = "clients"
WORKERS = "workers"

_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_BYTES = 32


class AllowedKeys:
    """The public keys (Z85) that may connect.

    The folder holds one file for each, named for whom it belongs to. It is read at each connection,
    so that a key that comes or goes counts from then on.
    """

    def __init__(self, own_key: str, folder: Path | None = None) -> None:
        self._own_key = own_key
        self._folder = folder

    def callback(self, domain: str, key: bytes) -> bool:
        """Say whether the key may connect; pyzmq's authenticator asks, under this name."""
        return key.decode() in self.keys()

    def keys(self) -> set[str]:
        """Return all keys that may connect."""
        keys = {self._own_key}
        if self._folder is not None and self._folder.is_dir():
            keys |= {path.read_text().strip() for path in self._folder.iterdir() if path.is_file()}
        return keys


def start_authenticator(
    context: zmq.Context, domains: dict[str, AllowedKeys]
) -> ThreadAuthenticator:
    """Answer, in a thread, who may connect to the context's CURVE sockets, by their ZAP domain."""
    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    for domain, allowed in domains.items():
        authenticator.configure_curve_callback(domain, allowed)
    return authenticator


def allow_key(folder: Path, name: str, key: str) -> None:
    """Add a client's public key under a name, replacing an earlier one of that name.

    Raises ZograscopeError `bad-key-name` or `bad-key`.
    """
    if not _KEY_NAME.fullmatch(name):
        raise ServerError("bad-key-name", name=name)
    try:
        valid = len(z85.decode(key)) == _KEY_BYTES
    except (ValueError, KeyError, OverflowError):
        valid = False
    if not valid:
        raise ZograscopeError("bad-key", key=key)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(key + "\n")
