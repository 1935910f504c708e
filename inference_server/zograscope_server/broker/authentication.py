"""Who may speak to a server that listens on tcp: the keys in a folder, and the user's own."""

import logging
import os
import re
import stat
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zograscope_protocol.connection import PRIVATE_FILE, PRIVATE_FOLDER, checked_key, make_home
from zograscope_protocol.errors import ZograscopeError

from zograscope_server.errors import ServerError

logger = logging.getLogger(__name__)

CLIENTS = "clients"
WORKERS = "workers"

_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# A key, a line's end, and what an editor may have put around it.
_MOST_FILE_BYTES = 256


class AllowedKeys:
    """The public keys (Z85) that may connect.

    The folder holds one file for each, named for whom it belongs to. It is read at each connection,
    so that a key that comes or goes counts from then on. What is no key of the user's (what file
    managers and editors leave, a file that others may write) lets nobody in, and locks nobody out.
    """

    def __init__(self, own_key: str, folder: Path | None = None) -> None:
        self.own_key = own_key
        self._folder = folder
        self._told: set[str] = set()

    def callback(self, domain: str, key: bytes) -> bool:
        """Say whether the key may connect; pyzmq's authenticator asks, under this name."""
        return key.decode("ascii", "replace") in self.keys()

    def keys(self) -> set[str]:
        """Return all keys that may connect."""
        keys = {self.own_key}
        if self._folder is None:
            return keys
        try:
            check_keys_folder(self._folder)
            names = os.listdir(self._folder)  # noqa: PTH208 - as text: it makes no paths of rubbish
        except FileNotFoundError:
            return keys
        except (OSError, ZograscopeError) as error:
            self._tell_once(str(error))
            return keys
        for name in names:
            if not _KEY_NAME.fullmatch(name):
                continue
            try:
                keys.add(_read_key(self._folder / name))
            except FileNotFoundError:
                pass
            except (OSError, ValueError) as error:
                self._tell_once(f"{self._folder / name} lets nobody in: {error}")
        return keys

    def _tell_once(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            logger.warning("%s", words)


def check_keys_folder(folder: Path) -> None:
    """Raise ServerError `keys-not-private` for a folder of keys that others may write.

    Raises FileNotFoundError when there is none.
    """
    if _others_may_write(folder.stat()):
        raise ServerError("keys-not-private", folder=str(folder))


def _read_key(path: Path) -> str:
    """Return the key in a file. Raises OSError, and ValueError for what holds none."""
    # Without waiting: somebody may have put a pipe there.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_FILE_BYTES:
            raise ValueError("it is no file with a key")
        if _others_may_write(found):
            raise ValueError("others may write it")
        return checked_key(os.read(descriptor, _MOST_FILE_BYTES).decode("ascii").strip())
    finally:
        os.close(descriptor)


def _others_may_write(found: os.stat_result) -> bool:
    if os.name != "posix":
        return False
    strangers = found.st_uid not in (os.getuid(), 0)
    return strangers or bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


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

    The folder lies in the state folder; both are the user's alone from then on. Raises
    ZograscopeError `bad-key-name`, `bad-key` or `keys-not-private`.
    """
    if not _KEY_NAME.fullmatch(name):
        raise ServerError("bad-key-name", name=name)
    try:
        checked_key(key)
    except ValueError as error:
        raise ZograscopeError("bad-key", key=key) from error
    make_home(folder.parent)
    folder.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)
    check_keys_folder(folder)
    file = folder / name
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as out:
        out.write(key + "\n")
