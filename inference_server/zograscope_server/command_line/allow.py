"""`zograscope allow`: let another machine's user work on this server."""

import argparse
from pathlib import Path
from typing import Any

from zograscope_protocol.connection import state_folder


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "allow", help="let another user, known by a public key, work on this server"
    )
    parser.add_argument("name", help="who it is, to find the key again: letters, digits, . _ -")
    parser.add_argument("key", help="the public key that the user's Zograscope preferences show")
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="the server's state folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Add the key; a server that runs takes note by itself."""
    from zograscope_server.broker.authentication import allow_key

    folder = (arguments.state or state_folder()) / "allowed_keys"
    allow_key(folder, arguments.name, arguments.key)
    print(
        f"{arguments.name} may work on this server now. To revoke, delete {folder}/{arguments.name}"
    )
    return 0
