"""What `zograscope serve` was asked for: one value, from the command line to the tasks."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class ServerSettings:
    """The settings of one server. Sizes in bytes, times in seconds.

    Attributes:
        state_folder: where jobs, keys and the spool are.
        models_folder: where downloaded models are.
        devices: of torch, one for each worker; "auto" is the fastest here.
        tcp: host:port to listen at, None for this user alone.
        memory_limit: of each worker, None for none.
        spool_limit: of inputs and kept results on disk.
        idle_seconds: after which a model that nobody uses is let go.
        collections: whose files jobs may name; see `shared_folders`.
        threads: of the processor, for each worker.
    """

    state_folder: Path = Path()
    models_folder: Path = Path()
    devices: tuple[str, ...] = ("auto",)
    tcp: str | None = None
    memory_limit: int | None = None
    spool_limit: int = 20_000_000_000
    idle_seconds: float = 600.0
    collections: tuple[Path, ...] = ()
    threads: int = 1

    @property
    def cache_folder(self) -> Path:
        """Where tasks keep what would be a pity to compute or fetch twice."""
        return self.state_folder / "cache"

    @property
    def shared_folders(self) -> tuple[Path, ...] | None:
        """Folders whose files jobs may name; None for all.

        A client on this user's own socket could read those files anyway. One that comes over the
        network must not choose paths here.
        """
        if self.tcp is None and not self.collections:
            return None
        return tuple(folder.resolve() for folder in self.collections)

    @property
    def public_web_only(self) -> bool:
        """Whether jobs may fetch from public addresses only, since their clients may be strangers.

        From this user's own network a client on this user's own socket could fetch by itself.
        """
        return self.tcp is not None

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes: the settings travel to worker processes."""
        return json.loads(json.dumps(asdict(self), default=str))

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return the settings that `to_json` wrote."""
        folders = {name: Path(content[name]) for name in ("state_folder", "models_folder")}
        collections = tuple(Path(folder) for folder in content["collections"])
        devices = tuple(content["devices"])
        return cls(**content | folders | {"collections": collections, "devices": devices})
