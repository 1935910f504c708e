"""Takes FastGAN's generator out of a checkpoint of the official program.

A checkpoint has the generator's state dict as `g`, and sometimes its averaged weights as `g_ema`: a
list of tensors in the order of the parameters, without names and without buffers. The names come
from `g`, which lists its keys in that order, and so do the buffers: running means were never
averaged.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zograscope_server.models.errors import ModelError

if TYPE_CHECKING:
    import torch

    from zograscope_server.generative.networks.fastgan import FastGan, Measures

FIRST = "init.init.0.weight_orig"
BUFFERS = ("weight_u", "weight_v", "running_mean", "running_var", "num_batches_tracked")
State = dict[str, "torch.Tensor"]


def read_fastgan(path: Path) -> "FastGan | None":
    """Return the generator of a checkpoint, averaged where the file has averages; it is not folded.

    Returns None for what is no checkpoint of FastGAN. Raises ZograscopeError `model-file-wrong` for
    one that does not fit.
    """
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds; whatever it cannot read is none of these
        return None
    state = _state_of(content)
    if FIRST not in state:
        return None
    try:
        from zograscope_server.generative.networks.fastgan import FastGan

        if "g_ema" in content:
            state = _averaged(state, content["g_ema"])
        return FastGan.filled(_measures(state), state)
    except Exception as error:
        told = str(error) if isinstance(error, ValueError) else "it is damaged"
        raise ModelError("model-file-wrong", repr(error), name=str(path), problem=told) from error


def _state_of(content: Any) -> State:
    """Return the generator's weights, or nothing; several cards left `module.` before keys."""
    if not isinstance(content, Mapping):
        return {}
    state = content.get("g", content)
    if not isinstance(state, Mapping):
        return {}
    return {str(key).removeprefix("module."): value for key, value in state.items()}


def _averaged(state: State, averages: Any) -> State:
    if isinstance(averages, Mapping):  # as programs after the official one have them
        return {**state, **_state_of(averages)}
    names = [name for name in state if not name.endswith(BUFFERS)]
    if not isinstance(averages, list) or len(averages) != len(names):
        raise ValueError("its averaged weights (g_ema) are not as many as its weights (g)")
    for name, average in zip(names, averages, strict=True):
        if average.shape != state[name].shape:
            raise ValueError(f"its averaged weights (g_ema) do not fit its weights (g) at {name!r}")
    return {**state, **dict(zip(names, averages, strict=True))}


def _measures(state: State) -> "Measures":
    from zograscope_server.generative.networks.fastgan import SIZES, WIDTHS, Measures

    sides = [side for side in SIZES if any(name.startswith(f"feat_{side}.") for name in state)]
    latent, doubled = state[FIRST].shape[:2]
    if not sides or "to_big.weight_orig" not in state:
        raise ValueError("it is of another architecture than FastGAN")
    return Measures(
        side=sides[-1],
        channels=doubled // 2 // int(WIDTHS[4]),
        latent=latent,
        colours=state["to_big.weight_orig"].shape[0],
    )
