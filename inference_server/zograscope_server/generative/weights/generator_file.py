"""One file for a generator of any kind: weights as safetensors, and beside them its measures.

The header says which kind it is, so that the file alone is enough.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from zograscope_server.models.weights import check_fits

if TYPE_CHECKING:
    import torch
    from torch import nn

KIND = "zograscope.generator"
Network = TypeVar("Network", bound="nn.Module")
State = dict[str, "torch.Tensor"]


@dataclass(frozen=True)
class GeneratorFile:
    """What such a file holds.

    Attributes:
        kind: of the generator: `styled`, `stylegan2`, `fastgan`.
        measures: what its network is built by.
        card: where it comes from, for people.
        state: its weights by name.
    """

    kind: str
    measures: Mapping[str, Any]
    card: Mapping[str, Any]
    state: State

    def write(self, path: Path) -> None:
        """Write the file. Raises OSError."""
        from safetensors.torch import save

        about = {"shape": json.dumps(dict(self.measures)), "card": json.dumps(dict(self.card))}
        state = {key: value.contiguous().cpu() for key, value in self.state.items()}
        path.write_bytes(save(state, {KIND: self.kind, **about}))

    @classmethod
    def read(cls, path: Path, kind: str) -> "GeneratorFile":
        """Read a file of that kind. Raises ValueError, also for another kind, and OSError."""
        from safetensors.torch import load_file

        about = header_of(path)
        if about.get(KIND) != kind:
            raise ValueError(f"it is no generator of the kind {kind!r}")
        measures, card = json.loads(about.get("shape", "")), json.loads(about.get("card", "{}"))
        if not isinstance(measures, dict) or not isinstance(card, dict):
            raise ValueError("its header is damaged")
        return cls(kind, measures, card, load_file(path))


def header_of(path: Path) -> dict[str, str]:
    """Return the texts in the header of a safetensors file. Raises ValueError, OSError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"it is no safetensors file: {error}") from error


def filled(network: Network, state: State) -> Network:
    """Give a network exactly these weights, in single precision, and make it ready to be used.

    Raises ValueError, in words for the artist, where a key or a shape does not fit.
    """
    import torch

    check_fits(network.state_dict(), state)
    # A copy of its own: what was read may be a view of a file that is gone soon.
    given = {
        key: value.to(torch.float32, copy=True) if value.is_floating_point() else value.clone()
        for key, value in state.items()
    }
    network.load_state_dict(given, assign=True)
    return network.requires_grad_(False).eval()
