"""What a set-up is told to do, by the Blender that starts it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

INSTALL, REPAIR, MOVE, REMOVE, TIDY = "install", "repair", "move", "remove", "tidy"


@dataclass(frozen=True)
class Order:
    """All that a set-up must know; it asks nobody else.

    Attributes:
        action: one of the five above.
        folder: where the server is to be.
        version: of the server that the extension brings.
        backend, system: what it is to compute on, and what this computer is; see `backends`.
        uv: the program as the extension brings it.
        requirements: the folder of the locked lists.
        wheels: of the packages that no registry has.
        trial: the script that tries the new server.
        blenders_python: Blender's own, for where no other is to be had.
        python_version: as uv takes it.
        online: whether anything may be fetched.
        index: a package index in place of the registry, or "".
        proxy: for everything that is fetched, or "".
        wheelhouse: a folder of wheels from which alone is installed, or "".
        former: for a move, where the server was.
    """

    action: str
    folder: str
    version: str = ""
    backend: str = "cpu"
    system: str = ""
    uv: str = ""
    requirements: str = ""
    wheels: list[str] = field(default_factory=list)
    trial: str = ""
    blenders_python: str = ""
    python_version: str = "3.13"
    online: bool = False
    index: str = ""
    proxy: str = ""
    wheelhouse: str = ""
    former: str = ""

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """Read such text."""
        return cls(**json.loads(text))

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.folder)
