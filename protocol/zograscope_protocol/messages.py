"""The version of the protocol, and which peers go together. SPEC.md describes the messages."""

from typing import Any

from zograscope_protocol.errors import ZograscopeError, quoted

PROTOCOL_VERSION = "1.1"
STREAMS_SINCE = (1, 1)
"""The version whose servers have parts, and jobs that pause."""

LIVE_STATES = frozenset({"receiving", "queued", "running", "paused"})
FINISHED_STATES = frozenset({"done", "failed", "cancelled"})


def parse_version(version: Any) -> tuple[int, int]:
    """Return (major, minor) of "major.minor". Raises ZograscopeError `bad-message`."""
    try:
        major, minor = str(version).split(".")
        return int(major), int(minor)
    except ValueError as error:
        raise ZograscopeError(
            "bad-message", f"not a protocol version: {quoted(version)}"
        ) from error


def check_protocol(client: Any, server: Any = PROTOCOL_VERSION) -> None:
    """Accept a peer of the same major version.

    Within a major version, minor versions only add: who does not know a field ignores it.
    Raises ZograscopeError `protocol-too-new`, `protocol-too-old` or `bad-message`.
    """
    client_major, server_major = parse_version(client)[0], parse_version(server)[0]
    if client_major != server_major:
        code = "protocol-too-new" if client_major > server_major else "protocol-too-old"
        raise ZograscopeError(code, mine=str(server), theirs=str(client))
