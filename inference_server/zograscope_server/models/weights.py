"""Whether weights that were read are those of a network."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def check_fits(wanted: "Mapping[str, torch.Tensor]", given: "Mapping[str, torch.Tensor]") -> None:
    """Raise ValueError, in words for the artist, where a key or a shape does not fit."""
    missing, strange = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or strange:
        raise ValueError(
            f"its weights are of another architecture: {len(missing)} are missing"
            f" and {len(strange)} are strange, such as {(missing + strange)[0]!r}"
        )
    for key, value in given.items():
        if value.shape != wanted[key].shape:
            raise ValueError(f"{key!r} has the shape of another architecture")
