"""What a broker tells a worker process at its start, as one line of JSON on its standard input."""

import json
from dataclasses import asdict, dataclass
from typing import Self

from zograscope_server.settings import ServerSettings


@dataclass(frozen=True)
class WorkerSettings:
    """Where the broker listens, what the worker computes on, and the server's settings.

    The keys (Z85 text) are None where the endpoint is ipc in a folder of the user's own.
    """

    endpoint: str
    identity: str
    device: str
    server: ServerSettings
    broker_public_key: str | None = None
    public_key: str | None = None
    secret_key: str | None = None

    def to_line(self) -> bytes:
        """Return the line to send."""
        return json.dumps(asdict(self) | {"server": self.server.to_json()}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Return the settings that `to_line` wrote."""
        content = json.loads(line)
        return cls(**content | {"server": ServerSettings.from_json(content["server"])})
