"""Where a server is and who may speak to it: folders, the connection file, and keys.

The server writes `connection.json` into its state folder, readable by its user alone, as Jupyter's
kernels do. Sockets of the file system lie in a folder that only the user can enter.
"""

import contextlib
import json
import os
import stat
import struct
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import zmq
from zmq.utils import z85

from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import PROTOCOL_VERSION

CONNECTION_FILE = "connection.json"
CLIENT_KEY_FILE = "client_key.json"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_KEY_CHARACTERS = 40
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def state_folder() -> Path:
    """Return where the server keeps its state: $ZOGRASCOPE_HOME, or the platform's data folder."""
    if chosen := os.environ.get("ZOGRASCOPE_HOME"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "zograscope"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "zograscope"
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "zograscope"


@dataclass(frozen=True)
class Connection:
    """How to reach a server.

    Attributes:
        endpoint: a ZeroMQ endpoint, `ipc://...` or `tcp://...`.
        public_key: the server's CURVE key (Z85), None for ipc.
        pid: the server's process, None when it is on another computer.
        version: of the server's package, for people.
    """

    endpoint: str
    public_key: str | None = None
    pid: int | None = None
    version: str = ""

    def write(self, folder: Path) -> None:
        """Write the connection file of this very process into a state folder."""
        content = {
            "endpoint": self.endpoint,
            "public_key": self.public_key,
            "pid": os.getpid(),
            "version": _package_version(),
            "protocol": PROTOCOL_VERSION,
        }
        write_private_json(folder / CONNECTION_FILE, content)

    @classmethod
    def read(cls, path: Path) -> "Connection":
        """Read a connection file, or the one in a state folder.

        Raises ZograscopeError `server-not-running` or `connection-file-wrong`.
        """
        if path.is_dir() or not path.suffix:
            path = path / CONNECTION_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                endpoint=_endpoint(content["endpoint"]),
                public_key=_key_or_none(content.get("public_key")),
                pid=_pid_or_none(content.get("pid")),
                version=str(content.get("version", "")),
            )
        except FileNotFoundError as error:
            raise ZograscopeError("server-not-running") from error
        except _UNREADABLE as error:
            raise ZograscopeError("connection-file-wrong", str(error), path=str(path)) from error

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove the connection file, if there is one."""
        (folder / CONNECTION_FILE).unlink(missing_ok=True)


def load_or_create_keys(path: Path) -> tuple[str, str]:
    """Return the (public, secret) CURVE keys of a key file, which is made when it is missing.

    A public key that is made begins with a letter or digit: with a hyphen, every command line would
    take it for an option.

    Raises ZograscopeError `connection-file-wrong` for a file that holds no keys.
    """
    if not path.exists():
        public = ""
        while not public[:1].isalnum():
            public, secret = (key.decode() for key in zmq.curve_keypair())
        make_home(path.parent)
        write_private_json(path, {"public_key": public, "secret_key": secret})
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
        return checked_key(keys["public_key"]), checked_key(keys["secret_key"])
    except _UNREADABLE as error:
        raise ZograscopeError("connection-file-wrong", str(error), path=str(path)) from error


def client_keys(folder: Path) -> tuple[str, str]:
    """Return this user's own (public, secret) CURVE keys, as a client."""
    return load_or_create_keys(folder / CLIENT_KEY_FILE)


def checked_key(key: object) -> str:
    """Return a CURVE key (Z85) that is one. Raises ValueError."""
    if not isinstance(key, str) or len(key) != _KEY_CHARACTERS or not key.isascii():
        raise ValueError("not a key")
    try:
        z85.decode(key)
    except (KeyError, OverflowError, struct.error) as error:
        raise ValueError("not a key") from error
    return key


def _endpoint(endpoint: object) -> str:
    if not isinstance(endpoint, str) or not endpoint.startswith(("ipc://", "tcp://")):
        raise ValueError("the endpoint is none")
    return endpoint


def _key_or_none(key: object) -> str | None:
    return None if key is None else checked_key(key)


def _pid_or_none(pid: object) -> int | None:
    if pid is None or (type(pid) is int and 0 < pid < 1 << 32):
        return pid
    raise ValueError("the pid is no process's")


def make_home(folder: Path) -> Path:
    """Make a state folder, or take one that is there; only its user can enter it from then on.

    Raises ZograscopeError `folder-not-private` when it is somebody else's, and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) != PRIVATE_FOLDER:
        try:
            folder.chmod(PRIVATE_FOLDER)
        except PermissionError as error:
            raise ZograscopeError("folder-not-private", folder=str(folder)) from error
    return folder


def make_private_folder(path: Path) -> Path:
    """Make a folder that only this user can enter, or check that it is one.

    Raises ZograscopeError `folder-not-private` when it is somebody else's or a link.
    """
    path.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    if hasattr(os, "getuid"):
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ZograscopeError("folder-not-private", folder=str(path))
        path.chmod(PRIVATE_FOLDER)
    return path


def write_private_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that only this user can read, so that no reader ever sees half of it."""
    # mkstemp makes a file of mode 0600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _package_version() -> str:
    try:
        return version("zograscope_protocol")
    except PackageNotFoundError:
        return ""
