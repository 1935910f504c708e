"""`zograscope allow`: let another machine's user work on this server."""

import argparse
from typing import Any

from zograscope_server.command_line.server_options import add_state_option


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "allow", help="let another user, known by a public key, work on this server"
    )
    parser.add_argument("name", help="who it is, to find the key again: letters, digits, . _ -")
    parser.add_argument(
        "key",
        nargs="?",
        help="the public key that the user's Zograscope preferences show, in quotes; "
        "left out, it is asked for, and no shell can misread it",
    )
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Add the key; a server that runs takes note by itself."""
    from zograscope_server.broker.authentication import allow_key

    folder = arguments.state / "allowed_keys"
    allow_key(folder, arguments.name, arguments.key or _asked_for(arguments.name))
    print(
        f"{arguments.name} may work on this server now. To revoke, delete {folder}/{arguments.name}"
    )
    return 0


def _asked_for(name: str) -> str:
    try:
        return input(f"The public key of {name}: ").strip()
    except EOFError:  # nobody is there to ask
        return ""
