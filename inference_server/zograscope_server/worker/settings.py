"""What a broker tells a worker process at its start, as one line of JSON on its standard input."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class WorkerSettings:
    """Where the broker listens and what the worker works with.

    `collection_folders` are those that a job may name files in; None for all that the user reads.
    The keys (Z85 text) are None where the endpoint is ipc in a folder of the user's own.
    """

    endpoint: str
    identity: str
    device: str
    models_folder: str
    cache_folder: str
    idle_seconds: float
    collection_folders: list[str] | None = None
    broker_public_key: str | None = None
    public_key: str | None = None
    secret_key: str | None = None

    def to_line(self) -> bytes:
        """Return the line to send."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "WorkerSettings":
        """Return the settings that `to_line` wrote."""
        return cls(**json.loads(line))
